/** What today's code makes of a kept run: looked at, gone on with, verified, taken back; written down for comparison. */
import { copyFile, chmod } from "node:fs/promises";
import { join } from "node:path";
import { examineRun } from "../../src/journal/sqlite/examine.ts";
import { openReader } from "../../src/journal/sqlite/reader.ts";
import { isSound } from "../../src/model/examination.ts";
import { Bench } from "./bench.ts";
import type { Roles, SavedWorld } from "./bench.ts";

/** Everything about a passage that must stay as it was when the run was made. */
export interface Passage {
  readonly digest: string;
  /** Head of the audit chain as found, and whether the file was sound. */
  readonly head: string | undefined;
  readonly sound: boolean;
  /** `seq state`, with the class of failure. */
  readonly found: readonly string[];
  readonly applied: readonly string[];
  readonly rolesFound: Roles;
  readonly rolesApplied: Roles;
  readonly verified: { readonly verified: number; readonly drifted: number; readonly unreadable: number };
  readonly undo: string;
  readonly undone: readonly string[];
  readonly rolesUndone: Roles;
}

const undoId = "01KB0GOLDEN0000000000000UN";

/** `from` is not touched; everything happens in `folder`. */
export async function passageOf(from: string, world: SavedWorld, folder: string): Promise<Passage> {
  const path = join(folder, "run.handover");
  const undo = join(folder, "undo.handover");
  await copyFile(from, path);
  // What git checks out others may read, and with some settings write.
  await chmod(path, 0o600);
  const bench = await Bench.over(world);
  const examination = await examineRun(path, { head: undefined });
  const { digest, found } = await stepsOf(path);
  const rolesFound = bench.roles();
  await bench.apply(path);
  const rolesApplied = bench.roles();
  const { verified, drifted, unreadableCount } = await bench.verify(path);
  const applied = await stepsOf(path);
  const outcome = await bench.undo(path, undo, undoId);
  if (outcome.kind === "made") await bench.apply(undo);
  return {
    digest,
    head: examination.head?.hash,
    sound: isSound(examination) && applied.digest === digest,
    found,
    applied: applied.found,
    rolesFound,
    rolesApplied,
    verified: { verified, drifted, unreadable: unreadableCount },
    undo: outcome.kind,
    undone: outcome.kind === "made" ? (await stepsOf(undo)).found : [],
    rolesUndone: bench.roles(),
  };
}

async function stepsOf(path: string): Promise<{ readonly digest: string; readonly found: readonly string[] }> {
  const reader = await openReader(path);
  const rows = await reader.page({}, 0, 1000);
  await reader.close();
  const found = rows.map(({ step, state, result }) =>
    [step.seq, step.kind, state, result?.failure ?? ""].join(" ").trimEnd(),
  );
  return { digest: reader.digest, found };
}
