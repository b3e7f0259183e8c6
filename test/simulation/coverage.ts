/** What happened in a seed, by name, and what must happen in some seed: a fault that never strikes tests nothing. */
import type { Sim } from "./sim.ts";
import type { Sent } from "./wire.ts";

/** Everything seen in the seed: what was written down as it happened, and what its requests and jobs tell. */
export function coverageOf(sim: Sim): ReadonlySet<string> {
  const { seen, wire, emulator } = sim;
  for (const sent of wire.sent) for (const name of namesOf(sent)) seen.add(name);
  for (const { fate, id } of emulator.transfers.jobs.values()) {
    seen.add(wire.jobs.has(id) ? `job ${fate.outcome}` : `job of another hand`);
  }
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
