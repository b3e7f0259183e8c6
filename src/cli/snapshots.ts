/** Snapshots given to a verb: opened when they are finished, and shown by how much of the tenant they cover. */
import { resolve } from "node:path";
import type { SnapshotReader } from "../journal/snapshot.ts";
import { isRunHeld } from "../journal/sqlite/held.ts";
import { openSnapshot } from "../journal/sqlite/snapshot-reader.ts";
import { UsageError } from "../model/errors.ts";
import { printable } from "../model/text.ts";
import { inventoryJson } from "../report/inventory-json.ts";
import { inventoryText } from "../report/inventory-text.ts";
import type { InventoryView } from "../report/inventory-text.ts";
import { plainStyle } from "../report/style.ts";
import type { Context } from "./context.ts";
import { existingSnapshotPath, refuseTakenFile, shownPath, writeWhole } from "./files.ts";
import { print, styleOf } from "./output.ts";

/** A snapshot that is whole. Throws UsageError for one in the making, RunFileError. */
export async function openFinished(
  context: Context,
  name: string,
): Promise<{ readonly reader: SnapshotReader; readonly finishedAt: number }> {
  const reader = await openSnapshot(await existingSnapshotPath(context, name));
  if (reader.finished !== undefined) return { reader, finishedAt: reader.finished.at };
  await reader.close();
  throw new UsageError(`${printable(name)} was never finished`, "finish it first, by the command that began it");
}

export interface CoverageView {
  readonly json: boolean;
  readonly color: boolean;
  /** As given; undefined: stdout. */
  readonly output: string | undefined;
  readonly replace: boolean;
}

/** Shows the snapshot at `path` as `inventory` showed it when it ended. */
export async function showCoverage(context: Context, path: string, view: CoverageView): Promise<void> {
  const output = view.output === undefined ? undefined : resolve(context.cwd, view.output);
  if (output !== undefined) await refuseTakenFile(context, output, view.replace);
  const style = output === undefined ? styleOf(context, context.stdout, view.color) : plainStyle;
  const name = shownPath(context, path);
  const shown = await coverageOf(path);
  const lines = view.json ? [inventoryJson(shown, name)] : inventoryText(shown, name, style);
  if (output === undefined) {
    await print(context.stdout, lines);
    return;
  }
  await writeWhole(
    output,
    lines.map((line) => `${line}\n`),
  );
  await print(context.stderr, [`Written: ${printable(shownPath(context, output))}`]);
}

/** How far the inventory at `path` is, also while another process takes it. */
export async function showProgress(
  context: Context,
  path: string,
  view: { readonly json: boolean; readonly color: boolean },
): Promise<void> {
  const name = shownPath(context, path);
  const shown = { ...(await coverageOf(path)), held: isRunHeld(path) };
  await print(
    context.stdout,
    view.json ? [inventoryJson(shown, name)] : inventoryText(shown, name, styleOf(context, context.stdout, view.color)),
  );
}

async function coverageOf(path: string): Promise<InventoryView> {
  const reader = await openSnapshot(path);
  try {
    const { header, finished } = reader;
    return { header, finished, coverage: await reader.coverage() };
  } finally {
    await reader.close();
  }
}
