/** Judges how fast a run asked: never more in any minute than it was told is permitted, and never before it was told to. */
import type { Evidence } from "./evidence.ts";
import type { Sent } from "./wire.ts";

export function judgePace(evidence: Evidence): readonly string[] {
  return [...waitsObeyed(evidence), ...withinQuota(evidence)];
}

const gates: ReadonlyMap<Sent["kind"], string> = new Map([
  ["read", "reads"],
  ["search", "reads"],
  ["patch", "writes"],
  ["insert", "transfers"],
  ["transfers", "transfers"],
]);

/** I9: no process sends what it was told to hold back. */
function waitsObeyed({ sent }: Evidence): readonly string[] {
  const found: string[] = [];
  for (const told of sent) {
    const { waitUntil, deliveredAt, process, kind, actor, ofActor } = told;
    if (waitUntil === undefined || deliveredAt === undefined || !gates.has(kind)) continue;
    const early = sent.find(
      (each) =>
        each.process === process &&
        gates.get(each.kind) === gates.get(kind) &&
        (!ofActor || each.actor === actor) &&
        each.sentAt > deliveredAt &&
        each.sentAt < waitUntil - 1,
    );
    if (early !== undefined) {
      found.push(`I9: a ${early.kind} was sent at ${early.sentAt}, told at ${deliveredAt} to wait until ${waitUntil}`);
    }
  }
  return found;
}

/** I5: in no minute are more calls sent than are permitted, however many processes of the run share the minute. */
function withinQuota({ sent, setting, isShared }: Evidence): readonly string[] {
  const { perMinuteMax, perActorMinuteMax } = setting;
  // Two processes that do not know of each other have one quota each.
  if (perMinuteMax === undefined || isShared) return [];
  const found: string[] = [];
  for (const gate of ["reads", "writes"]) {
    const calls = sent.filter((each) => gates.get(each.kind) === gate);
    found.push(...overIn(calls, perMinuteMax, gate));
    if (perActorMinuteMax === undefined) continue;
    for (const actor of new Set(calls.map((each) => each.actor))) {
      const own = calls.filter((each) => each.actor === actor);
      found.push(...overIn(own, perActorMinuteMax, `${gate} as ${actor}`));
    }
  }
  return found;
}

function overIn(calls: readonly Sent[], max: number, what: string): readonly string[] {
  const times = calls.map((each) => each.sentAt);
  const over = times.findIndex((at, index) => at - (times[index - max] ?? -Infinity) < 60_000);
  return over < 0 ? [] : [`I5: over ${max} ${what} in the minute before ${times[over]}`];
}
