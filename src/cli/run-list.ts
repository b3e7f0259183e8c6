/** `handover run list`: the runs that are kept, newest first, and how each stands. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { JournalDatabase } from "../journal/postgres/database.ts";
import { listRuns } from "../journal/postgres/listing.ts";
import { purgedRuns } from "../journal/postgres/purging.ts";
import { recordIn, recordName } from "../journal/record.ts";
import { instantText } from "../model/clock.ts";
import { RunFileError, UsageError } from "../model/errors.ts";
import type { Counts } from "../model/run.ts";
import { counted, printable, thousands } from "../model/text.ts";
import { openOf, totalOf } from "../report/counts-text.ts";
import { jsonText } from "../report/json.ts";
import { fit, pad } from "../report/style.ts";
import type { Style } from "../report/style.ts";
import { timeText } from "../report/words.ts";
import type { Context } from "./context.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { print, styleOf } from "./output.ts";
import { filePlace } from "./run-file.ts";
import type { RunOptions } from "./run-options.ts";
import { journalAddress } from "./run-store.ts";

const purgedMax = 1000;
const nameWidth = 26;

interface Listed {
  readonly name: string;
  readonly domain: string;
  readonly createdAt: number;
  readonly counts: Counts;
  readonly isHeld: boolean;
  readonly isRecord: boolean;
}

export async function listAll(context: Context, options: RunOptions): Promise<ExitCode> {
  const address = await journalAddress(context, options.store);
  const style = styleOf(context, context.stdout, options.color);
  if (address === undefined) {
    if (options.purged) throw new UsageError("--purged is for runs in a database", "add --journal URL");
    await show(context, options, await filesHere(context), style, "this folder");
    return exitCode({ kind: "done" });
  }
  const database = new JournalDatabase(address);
  try {
    await (options.upgrade ? database.prepare() : database.expectReady());
    if (options.purged) await showPurged(context, options, database, style);
    else await show(context, options, await listRuns(database), style, database.shown);
  } catch (error) {
    if (!(error instanceof RunFileError && error.kind === "missing")) throw error;
    await show(context, options, [], style, database.shown);
  } finally {
    await database.close();
  }
  return exitCode({ kind: "done" });
}

/** A file that cannot be read is told on stderr, and the others are listed. */
async function filesHere(context: Context): Promise<readonly Listed[]> {
  const listed: Listed[] = [];
  for (const file of (await readdir(context.cwd)).filter((name) => name.endsWith(".handover")).toSorted()) {
    const place = filePlace(context, join(context.cwd, file));
    try {
      const reader = await place.openReader();
      const { tenant: domain, createdAt } = reader.header;
      const isRecord = recordIn(await reader.kept(recordName)) !== undefined;
      const isHeld = await place.isHeld();
      listed.push({ name: file, domain, createdAt, counts: await reader.counts(), isHeld, isRecord });
      await reader.close();
    } catch (error) {
      if (!(error instanceof RunFileError)) throw error;
      await print(context.stderr, [`${printable(file)}: ${printable(error.message, 500)}`]);
    }
  }
  return listed.toSorted((a, b) => b.createdAt - a.createdAt);
}

async function show(
  context: Context,
  options: RunOptions,
  runs: readonly Listed[],
  style: Style,
  where: string,
): Promise<void> {
  if (options.json) {
    const rows = runs.map(({ name, domain, createdAt, counts, isHeld, isRecord }) => ({
      run: name,
      tenant: domain,
      createdAt: instantText(createdAt),
      counts,
      held: isHeld,
      record: isRecord,
    }));
    await print(context.stdout, [jsonText({ type: "runs", version: 1, runs: rows })]);
    return;
  }
  if (runs.length === 0) {
    await print(context.stdout, [`No runs in ${where}.`, "Next      handover plan FILE"]);
    return;
  }
  const width = Math.min(nameWidth, Math.max(...runs.map(({ name }) => name.length)));
  await print(
    context.stdout,
    runs.map((run) => {
      const made = timeText(run.createdAt);
      const name = pad(fit(printable(run.name), width, style), width);
      return fit(`${name}  ${made}  ${printable(run.domain, 40)}  ${standing(run)}`, style.width, style);
    }),
  );
}

function standing({ counts, isHeld, isRecord }: Listed): string {
  const [open, all] = [openOf(counts), totalOf(counts)];
  if (isRecord) return "a record";
  const held = isHeld ? ", under way" : "";
  if (open === 0) return counts.failed > 0 ? `ended, ${thousands(counts.failed)} failed` : "ended";
  return `${thousands(open)} of ${counted(all, "step")} open${held}`;
}

async function showPurged(
  context: Context,
  options: RunOptions,
  database: JournalDatabase,
  style: Style,
): Promise<void> {
  const purged = await purgedRuns(database, purgedMax);
  if (options.json) {
    const rows = purged.map(({ name, at, ...row }) => ({ run: name, at: instantText(at), ...row }));
    await print(context.stdout, [jsonText({ type: "purged-runs", version: 1, runs: rows })]);
    return;
  }
  await print(
    context.stdout,
    purged.length === 0
      ? [`Nothing was purged from ${database.shown}.`]
      : purged.map(({ name, at, rows, head, by }) =>
          fit(
            `${timeText(at)}  ${printable(name)}  by ${printable(by)}  row ${thousands(rows)}: ${head}`,
            Math.max(style.width, 160),
            style,
          ),
        ),
  );
}
