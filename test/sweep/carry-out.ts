/** Carries a run out through one death after another, then once more than needed, and judges what came of it. */
import type { StepRow } from "../../src/journal/journal.ts";
import type { MemoryRun } from "../../src/journal/sqlite/memory.ts";
import { applyDefaults } from "../support/rig.ts";
import type { Ground } from "./ground.ts";
import { effectsOf, judge, stateText } from "./judge.ts";
import type { Boundary, Doom, Life } from "./life.ts";
import { applyIn } from "./verbs.ts";

/** What a carrying-out comes to: the same however often it is interrupted. */
export interface Ending {
  readonly effects: readonly string[];
  readonly state: string;
  readonly rows: readonly string[];
}

export interface Carried {
  /** How many of the dooms were met. */
  readonly met: number;
  /** Those the first life came to. */
  readonly boundaries: readonly Boundary[];
  readonly ending: Ending;
  readonly violations: readonly string[];
}

/** Everything late has landed by then. */
const drainMs = 400_000;
const rowsMax = 10_000;

/** `digest`: what the run's must still be at the end. */
export async function carryOut(
  ground: Ground,
  run: MemoryRun,
  digest: string,
  dooms: readonly Doom[],
): Promise<Carried> {
  const violations: string[] = [];
  await watchIntents(ground, run, violations);
  const sentBefore = ground.sent.length;
  const jobsBefore = ground.emulator.transfers.jobs.size;
  const changesBefore = ground.emulator.history.length;
  const lives: Life[] = [];
  for (const doom of [...dooms, undefined]) {
    const life = ground.life(doom);
    lives.push(life);
    const end = await ground.drive(applyIn(ground, life, run), life);
    if (end === "killed") continue;
    if (end.end !== "finished") violations.push(`I7: it ended ${end.end}: ${end.reason ?? ""}`);
    break;
  }
  violations.push(...(await applyOnceMore(ground, run)));
  await ground.clock.advance(drainMs);
  ground.emulator.settle();
  const reader = await run.openReader();
  const rows = await reader.page({}, 0, rowsMax);
  const changes = ground.emulator.history.slice(changesBefore);
  violations.push(
    ...judge({
      rows,
      changes,
      meanwhile: ground.emulator.history.slice(0, changesBefore),
      sent: ground.sent.slice(sentBefore),
      jobs: [...ground.emulator.transfers.jobs.values()].slice(jobsBefore),
      state: ground.emulator.state,
      attemptsMax: applyDefaults.attemptsMax,
      isOver: true,
    }),
  );
  const bad = await reader.firstBadAuditRow();
  if (bad !== undefined) violations.push(`I8: the audit chain breaks at row ${bad}`);
  await reader.verifyDigest().catch((error: unknown) => violations.push(`digest: ${String(error)}`));
  if (reader.digest !== digest) violations.push("the digest is another one");
  const ending = { effects: effectsOf(changes), state: stateText(ground.emulator.state), rows: rows.map(rowText) };
  return { met: lives.length - 1, boundaries: lives[0]?.boundaries ?? [], ending, violations };
}

/** I4: a write leaves only when the store holds an intent for it, which the store is asked at that very moment. */
export async function watchIntents(ground: Ground, run: MemoryRun, violations: string[]): Promise<void> {
  const reader = await run.openReader();
  const seqs = new Map<string, number>();
  for (const { step } of await reader.page({}, 0, rowsMax)) {
    if (step.kind === "edit") seqs.set(step.asset.name, step.seq);
    if (step.kind === "transfer") seqs.set(step.from.id, step.seq);
  }
  const left = new Map<number, number>();
  ground.onLeave = ({ kind, asset, body }) => {
    if (kind !== "patch" && kind !== "insert") return;
    const seq = seqs.get(kind === "patch" ? asset : (/"oldOwnerUserId":"(\d+)"/.exec(body)?.[1] ?? ""));
    if (seq === undefined) {
      violations.push(`I2: a ${kind} that no step asks for`);
      return;
    }
    const count = (left.get(seq) ?? 0) + 1;
    left.set(seq, count);
    void reader.step(seq).then((row) => {
      const intents = row?.attempts ?? 0;
      if (intents < count) violations.push(`I4: write ${count} of step ${seq} leaves with ${intents} durable intents`);
    });
  };
}

/** A run that has finished is left alone. */
export async function applyOnceMore(ground: Ground, run: MemoryRun): Promise<readonly string[]> {
  const sentBefore = ground.sent.length;
  const changesBefore = ground.emulator.history.length;
  const life = ground.life();
  const end = await ground.drive(applyIn(ground, life, run), life);
  const found: string[] = [];
  if (end === "killed" || end.end !== "finished" || end.ended > 0) found.push("again: it did not end at once");
  if (ground.sent.length > sentBefore) found.push(`again: ${ground.sent.length - sentBefore} requests were sent`);
  if (ground.emulator.history.length > changesBefore) found.push("again: something was changed");
  return found;
}

const done: ReadonlySet<string> = new Set(["applied", "confirmed"]);

/** Whether it was an answer or a later look that showed a change is all that an interruption may alter. */
export function rowText({ step, state, result }: StepRow): string {
  // Of an asset that is gone, what may have been done counts as done.
  const isGone = result?.failure === "not-found";
  const claims = isGone
    ? []
    : [
        ...(result?.changed.add ?? []).map((pair) => `+${pair.role} ${pair.member}`),
        ...(result?.changed.remove ?? []).map((pair) => `-${pair.role} ${pair.member}`),
      ];
  const failure = result?.failure === undefined ? "" : ` ${result.failure}`;
  const end = `${step.kind} ${done.has(state) ? "applied" : state}${failure}`;
  return [end, ...claims.toSorted(), result?.newOwner ?? ""].join("|");
}

/** Where `got` is not what came of the undisturbed way. */
export function differences(got: Ending, calm: Ending, mayDoubt: boolean): readonly string[] {
  const found: string[] = [];
  const compare = (what: string, is: readonly string[], should: readonly string[]): void => {
    if (is.join("\n") !== should.join("\n")) {
      found.push(`${what}: [${is.join("; ")}] instead of [${should.join("; ")}]`);
    }
  };
  compare("effects", got.effects, calm.effects);
  compare("state", [got.state], [calm.state]);
  if (!mayDoubt) compare("steps", got.rows, calm.rows);
  return found;
}
