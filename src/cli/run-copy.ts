/** `handover run copy`: a run goes into another store, with everything that proves it, and is checked there before it has a name. */
import { guardsName, guardsWithDrift } from "../engine/guard-memory.ts";
import { callsName } from "../engine/guarding.ts";
import type { Kept } from "../journal/checkpoints.ts";
import type { RunDump } from "../journal/dump.ts";
import { recordIn, recordName, recordText } from "../journal/record.ts";
import type { RunRecord } from "../journal/record.ts";
import { RunFileError, RunLockedError, UsageError } from "../model/errors.ts";
import { isSound } from "../model/examination.ts";
import { counted, printable } from "../model/text.ts";
import { jsonText } from "../report/json.ts";
import { shellWord } from "../report/words.ts";
import type { Context } from "./context.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { print } from "./output.ts";
import type { RunOptions } from "./run-options.ts";
import type { RunPlace } from "./run-place.ts";
import { existingRun, freshRun } from "./run-store.ts";

export async function copyRun(context: Context, options: RunOptions): Promise<ExitCode> {
  const [fromWord = "", toWord = ""] = options.words;
  // One option names a database for the one of the two that is no file.
  const storeFor = (word: string): RunOptions["store"] => (isFileWord(word) ? withoutJournal(options) : options.store);
  const from = await existingRun(context, storeFor(fromWord), fromWord);
  const to = await freshRun(context, storeFor(toWord), toWord);
  if (from.full === to.full) throw new UsageError("a run cannot be copied onto itself", "choose another name");
  if (await to.isThere()) {
    throw new UsageError(`${printable(to.name, 500)} exists already`, "choose another name: a copy replaces nothing");
  }
  if (await from.isHeld()) throw new RunLockedError(from.name);
  const at = context.clock.now();
  const earlier = await recordOf(from);
  if (options.move) await moveAway(from, { kind: "moved", other: to.full, at }, earlier);
  // The copy of a record names the run that is none.
  const record = options.move ? undefined : recordText({ kind: "copy", other: earlier?.other ?? from.full, at });
  const dump = await from.openDump();
  let copied: { readonly steps: number; readonly rows: number; readonly head: string };
  try {
    const kept = keptThere(await dump.allKept(), await from.driftFound?.());
    if (record !== undefined) kept.push({ name: recordName, body: record });
    await to.receive(dump, kept, (copy) => refuseOtherThan(dump, copy, from));
    copied = { steps: dump.header.totals.steps, rows: dump.frozen.rows, head: dump.frozen.head };
  } finally {
    await dump.close();
  }
  await say(context, options, from, to, copied);
  return exitCode({ kind: "done" });
}

/**
 * Everything but what is of the other store only: which worker has which step, and how many calls an apply has used of
 * its budget, which the next one has anew. Drift counts over the whole run, so that it goes along.
 */
function keptThere(kept: readonly Kept[], drift: Parameters<typeof guardsWithDrift>[1] | undefined): Kept[] {
  const bodies = new Map(kept.map(({ name, body }) => [name, body]));
  bodies.delete(recordName);
  bodies.delete(callsName);
  if (drift !== undefined) bodies.set(guardsName, guardsWithDrift(bodies.get(guardsName), drift));
  return [...bodies].map(([name, body]) => ({ name, body }));
}

function isFileWord(word: string): boolean {
  return /[/\\]|\.handover$/.test(word);
}

function withoutJournal({ store }: RunOptions): RunOptions["store"] {
  const { journal: _, ...rest } = store;
  return rest;
}

async function recordOf(place: RunPlace): Promise<RunRecord | undefined> {
  const reader = await place.openReader();
  try {
    return recordIn(await reader.kept(recordName));
  } finally {
    await reader.close();
  }
}

/**
 * First of all, and durable: were it to happen last, a power cut could leave two runs that both go on. A copy is no run
 * to go on with, and what was moved away went somewhere else already, unless it is this move that was interrupted.
 */
async function moveAway(from: RunPlace, record: RunRecord, earlier: RunRecord | undefined): Promise<void> {
  if (earlier === undefined) return from.leave(record);
  if (earlier.kind === "moved" && earlier.other === record.other) return;
  const name = printable(from.name, 500);
  throw new RunFileError(
    "moved",
    earlier.kind === "copy"
      ? `${name} is a copy to look at, made from ${earlier.other}`
      : `${name} was moved to ${earlier.other}`,
    "move that run instead",
  );
}

/** Throws unless the copy is sound, and holds what the run holds. */
async function refuseOtherThan(dump: RunDump, copy: RunDump, from: RunPlace): Promise<void> {
  const { examineDump } = await import("../journal/sqlite/rebuild.ts");
  const examination = await examineDump(copy, { head: undefined });
  const { digest, head } = dump.frozen;
  const isSame = copy.frozen.digest === digest && copy.frozen.head === head && examination.head?.hash === head;
  if (isSame && isSound(examination)) return;
  const broken = examination.findings.find(({ verdict }) => verdict === "broken");
  throw new RunFileError(
    "tampered",
    `${printable(from.name, 500)} is not as it was written (${broken?.check ?? "head"}: ${broken?.flaw?.problem ?? "another head"}), and no copy of it was made`,
    `see what is wrong with it: handover evidence verify ${shellWord(from.name)}`,
  );
}

async function say(
  context: Context,
  options: RunOptions,
  from: RunPlace,
  to: RunPlace,
  { steps, rows, head }: { readonly steps: number; readonly rows: number; readonly head: string },
): Promise<void> {
  if (options.json) {
    const copied = { from: from.name, to: to.name, moved: options.move, steps, auditRows: rows, head };
    await print(context.stdout, [jsonText({ type: "run-copy", version: 1, ...copied })]);
    return;
  }
  await print(context.stdout, [
    `${options.move ? "Moved" : "Copied"} ${printable(from.name, 500)}`,
    `to ${printable(to.name, 500)}`,
    `Checked   ${counted(steps, "step")}, ${counted(rows, "audit row")}; the head is the same: ${head.slice(0, 16)}…`,
    options.move
      ? `Record    ${printable(from.name, 500)} can be looked at, and is not carried out any more`
      : "Record    the copy is to look at, verify and bundle; it is not carried out",
    `Next      handover status ${shellWord(to.name)}`,
  ]);
}
