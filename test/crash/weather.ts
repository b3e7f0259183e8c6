/** What goes wrong in a run of the campaign: faults of the server, and how and when processes meet their end. */
import type { Chance } from "../simulation/chance.ts";

const write = { route: "assets.updatePermissions" };
const insert = { route: "transfers.insert" };

/** When something is done to a process, counted from its start. */
export type Moment =
  | { readonly kind: "time"; readonly ms: number }
  /** Once the server has seen so many more requests, or writes. */
  | { readonly kind: "total" | "writes"; readonly count: number }
  /** While this write is on its way: the server holds its answer back, and carries it out first, never, or later. */
  | {
      readonly kind: "held";
      readonly route: string;
      readonly nth: number;
      readonly effect: "before" | "never" | "after";
    };

/** What is done to it. */
export type Deed =
  | "SIGKILL"
  | "SIGTERM"
  | "SIGINT"
  | "SIGHUP"
  /** A second one as soon as the first was heard. */
  | "SIGINT twice"
  /** The process stands still for a while and goes on. */
  | "SIGSTOP"
  /** Nobody reads its output any more. */
  | "EPIPE";

export interface Doom {
  readonly moment: Moment;
  readonly deed: Deed;
  /** How long it stands still, for SIGSTOP. */
  readonly stillMs: number;
  /** Before it is started again. */
  readonly pauseMs: number;
}

/** How late a held write may land, at most: well within the time that Handover grants it on this machine. */
export const lateMaxMs = 3000;

const gentle: readonly Deed[] = ["SIGTERM", "SIGINT", "SIGHUP", "SIGINT twice", "SIGSTOP", "EPIPE"];

export function drawDoom(chance: Chance): Doom {
  const moment = drawMoment(chance);
  // A process that is asked to stop while an answer is held back would wait for it for a minute.
  const isKilled = moment.kind === "held" || chance.hits(0.5);
  return {
    moment,
    deed: isKilled ? "SIGKILL" : chance.pick(gentle),
    stillMs: chance.between(50, 1500),
    pauseMs: chance.hits(0.7) ? 0 : chance.between(0, 1500),
  };
}

function drawMoment(chance: Chance): Moment {
  const kind = chance.whole(0, 9);
  if (kind < 2) return { kind: "time", ms: chance.between(0, 1500) };
  if (kind < 4) return { kind: "total", count: chance.whole(1, 25) };
  if (kind < 6) return { kind: "writes", count: chance.whole(1, 8) };
  const effect = chance.pick(["before", "never", "after"] as const);
  return { kind: "held", ...write, nth: chance.whole(1, 4), effect };
}

/** A process killed while the server is being asked for a transfer. */
export function drawInsertDoom(chance: Chance): Doom {
  const effect = chance.pick(["before", "never", "after"] as const);
  return { moment: { kind: "held", ...insert, nth: 1, effect }, deed: "SIGKILL", stillMs: 0, pauseMs: 0 };
}

/** The rule that holds a write. */
export function holdingRule(moment: Extract<Moment, { kind: "held" }>, chance: Chance): object {
  const fault = {
    before: { kind: "hang", applied: true },
    never: { kind: "hang" },
    after: { kind: "hang", lateMs: chance.whole(100, lateMaxMs) },
  }[moment.effect];
  return { route: moment.route, nth: moment.nth, fault };
}

/** Answers lost, spoilt, refused and late, and people at work in between. */
export function drawFaults(chance: Chance): readonly object[] {
  const every = (): number => chance.whole(4, 13);
  const pool: readonly object[] = [
    { ...write, every: every(), fault: { kind: "reset", applied: true } },
    { ...write, every: every(), fault: { kind: "reset" } },
    { ...write, every: every(), fault: { kind: "status", status: 503 } },
    { ...write, every: every(), fault: { kind: "status", status: 500, applied: true } },
    { ...write, every: every(), fault: { kind: "truncate" } },
    { ...write, every: every(), fault: { kind: "nonsense" } },
    { ...write, every: every(), times: 2, fault: { kind: "status", status: 429, retryAfterS: 1 } },
    { ...write, every: every(), fault: { kind: "concurrentEditor" } },
    { route: "assets.getPermissions", every: every(), fault: { kind: "html", status: 502 } },
    { route: "assets.*", probability: 0.2, fault: { kind: "delay", ms: chance.whole(20, 200) } },
    { route: "assets.*", every: 25, fault: { kind: "expireTokens" } },
    { route: "token", probability: 0.1, fault: { kind: "status", status: 503 } },
    { ...insert, nth: 1, fault: { kind: "reset", applied: true } },
    { ...insert, nth: 1, fault: { kind: "status", status: 503, applied: true } },
    { route: "transfers.get", every: 3, fault: { kind: "status", status: 503 } },
    { route: "transfers.list", nth: 1, fault: { kind: "status", status: 500 } },
  ];
  return chance.some(pool, 0.3);
}
