/** What happened in a seed, by name, and what must happen in some seed: a fault that never strikes tests nothing. */
import type { Sim } from "./sim.ts";
import { drawnPositions } from "./switches.ts";
import type { Sent } from "./wire.ts";

/** Everything seen in the seed: what was written down as it happened, and what its requests and jobs tell. */
export function coverageOf(sim: Sim): ReadonlySet<string> {
  const { seen, wire, emulator } = sim;
  for (const sent of wire.sent) for (const name of namesOf(sent)) seen.add(name);
  for (const { fate, id } of emulator.transfers.jobs.values()) {
    seen.add(wire.jobs.has(id) ? `job ${fate.outcome}` : `job of another hand`);
  }
  if (sim.tokenWeather.hasFailed) seen.add("token endpoint failing");
  if (hasRivalConflict(sim)) seen.add("conflict with the other run");
  return seen;
}

function namesOf(sent: Sent): readonly string[] {
  const { kind, status, deliveredAt, handledAt, isLate, waitUntil, isDoubtful } = sent;
  const names: string[] = [];
  const isWrite = kind === "patch" || kind === "insert";
  if (status !== undefined && status !== 200) names.push(`${isWrite ? "write" : "read"} answered ${status}`);
  if (waitUntil !== undefined) names.push(sent.ofActor ? "told to wait, as one user" : "told to wait");
  if (isLate) names.push(isWrite ? "write landed late" : "read landed late");
  if (isWrite && handledAt === undefined) names.push("write never arrived");
  if (isWrite && handledAt !== undefined && deliveredAt === undefined) names.push("answer to a write lost");
  if (isWrite && deliveredAt !== undefined && isDoubtful) names.push("doubtful answer to a write");
  return names;
}

/** A write refused for its etag, which the other run had moved. */
function hasRivalConflict({ wire, emulator, wallStart }: Sim): boolean {
  const refused = wire.sent.filter(
    (each) => each.kind === "patch" && (each.status === 409 || each.status === 412) && each.handledAt !== undefined,
  );
  return refused.some(({ asset, run, handledAt = 0 }) => {
    const before = emulator.history.findLast(
      (change) => change.asset === asset && change.at <= wallStart + handledAt && change.before !== change.after,
    );
    const maker = before === undefined ? undefined : wire.makers.get(before);
    return maker !== undefined && maker.run !== run;
  });
}

/** Everything that must happen in some seed. */
const expected: readonly string[] = [
  ...drawnPositions.map(([name, position]) => `switch ${name} = ${position}`),
  "calm",
  "rough",
  "store model",
  "store sqlite",
  "store remote",
  ...[
    "slow",
    "asked again until it answered",
    "away at the start",
    "denied",
    "wrong",
    "others are at work",
    "a claim whose answer was lost is made again",
    "a commit whose answer was lost is known to be in",
    "a lease that ran out is taken over",
    "lost, an intent",
    "lost, a result",
    "given up, and the last commit is in",
    "given up, and the last commit is not in",
  ].map((what) => `remote store: ${what}`),
  "generated client",
  "lean client",
  "transfers slow",
  "transfers quick",
  // What requests meet.
  ...["read", "write"].flatMap((kind) =>
    [400, 401, 403, 404, 408, 429, 500, 502, 503, 504].map((status) => `${kind} answered ${status}`),
  ),
  "write answered 409",
  "write answered 412",
  "told to wait",
  "told to wait, as one user",
  "write landed late",
  "read landed late",
  "write never arrived",
  "answer to a write lost",
  "doubtful answer to a write",
  "quota none",
  "quota guessed",
  "quota known",
  "quota known for each user",
  ...["bucket", "fixed", "sliding", "named", "not named"].map((how) => `quota of the server, ${how}`),
  ...["none", "seconds", "date"].map((how) => `quota of the server, retry-after ${how}`),
  ...["datastudio per project", "datastudio per user", "datatransfer per user"].map(
    (what) => `quota of the server, ${what}`,
  ),
  // What becomes of processes and machines.
  "apply killed",
  "apply without power",
  "apply asked to stop",
  "power loss",
  "apply replaced while it lives",
  "apply replaced, and told so",
  "sleep, the clock stands still",
  "sleep, the clock jumps",
  "clock slightly wrong",
  "clock wrong by more than Google takes",
  ...["finished", "stopped", "halted", "budget", "journal", "blocked"].map((end) => `apply ends ${end}`),
  "store slow",
  "store full",
  "store lost",
  // What people and administrators do.
  ...["edits", "edits what is planned", "moves to or from the trash", "hands over", "deletes"].map(
    (what) => `a person ${what}`,
  ),
  "delegation revoked",
  "user suspended",
  "service off for a user",
  "token endpoint failing",
  // What runs there are.
  "plan made under faults",
  "plan killed, and there is no run",
  "plan killed, and there is a whole run",
  "plan given up: Google could not be read",
  "undo made under faults",
  "undo",
  "undo of half a run",
  "undo killed and resumed",
  "the rest of a run after its undo",
  "the same again after an undo",
  "second run at the same time",
  "second run after the first, planned before",
  "second run, planned in the middle of the first",
  "conflict with the other run",
  ...["normal", "stuck", "failed", "partial"].map((outcome) => `job ${outcome}`),
  // How steps end.
  ...["applied", "confirmed", "unchanged"].flatMap((state) => [`step edit ${state}`]),
  ...["attempts", "contention", "not-found", "permission-denied"].map((failure) => `step edit failed ${failure}`),
  "step edit skipped owner-drift",
  "step edit skipped predecessor",
  "step by-hand by-hand",
  "step transfer applied",
  "step transfer unchanged",
  "step transfer failed transfer-failed",
  "step transfer failed transfer-incomplete",
  "step transfer failed transfer-conflict",
];

/** What has never happened although it must. */
export function missingFrom(seen: ReadonlyMap<string, number> | ReadonlySet<string>): readonly string[] {
  return expected.filter((name) => !seen.has(name));
}
