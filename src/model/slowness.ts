/** Why a run goes no faster at this moment: the one reason that matters most, decided from what is so. */

export const slownessKinds = [
  /** Asked to end: nothing new is begun. */
  "stopping",
  /** Somebody has paused it. */
  "paused",
  /** A wave is over, and is read back before the next one may begin. */
  "wave",
  /** Making things durable takes most of the time. */
  "disk",
  /** Google wants no calls for some time, from anybody or as some users. */
  "held",
  "held-user",
  /** What Google accepts, or has named as its limit, for the project or for some users. */
  "quota",
  "user-quota",
  /** The rate given with `--rate` or by steering, for the project or for one user. */
  "rate",
  "user-rate",
  /** No limit is known yet: it begins low, and rises. */
  "careful",
  /** Calls fail and are made again after a while. */
  "trouble",
  /** Nothing is left to do but wait for transfers at Google. */
  "transfer",
  /** The steps left belong to users who have as many under way as they may. */
  "per-user",
  /** As many steps are under way as may be. */
  "workers",
  "none",
] as const;

export type SlownessKind = (typeof slownessKinds)[number];

export interface Slowness {
  readonly kind: SlownessKind;
  /** Wall times, ms: since when, and until when, where that is known. */
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
  /** Who did it, such as `ctl`; what fails, in a word. */
  readonly by?: string | undefined;
  /** Which calls, such as `writes`. */
  readonly calls?: string | undefined;
  readonly perSecond?: number | undefined;
  /** Users, transfers or steps it is about. */
  readonly count?: number | undefined;
  /** The only user it is about. */
  readonly user?: string | undefined;
}

/** Where a permitted rate comes from. */
export type RateSource =
  /** Set by the user. */
  | "set"
  /** A first guess. */
  | "guess"
  /** Told or shown by the server. */
  | "learned";

/** A gate that calls pass, as it stands. Wall times, ms. */
export interface GateStanding {
  readonly gate: string;
  /** Calls waiting. */
  readonly waiting: number;
  /** What they wait for: the slots of the whole project, or those of their own users. */
  readonly waitsFor: "project" | "users" | undefined;
  readonly perMinute: number;
  readonly rateSource: RateSource;
  /** Until when the server wants no calls of the project. */
  readonly serverUntilMs: number | undefined;
  /** The users whose calls wait. */
  readonly users: number;
  /** The only one. */
  readonly user: string | undefined;
  /** The earliest time at which the server wants calls as one of them again; undefined when it wants them now. */
  readonly usersUntilMs: number | undefined;
  readonly usersPerMinute: number;
  readonly usersRateSource: RateSource;
}

/** What is so around a run. Wall times, ms. */
export interface Circumstances {
  readonly now: number;
  readonly stopping: boolean;
  readonly paused: { readonly by: string; readonly sinceMs: number } | undefined;
  /** A wave is over, and is read back. */
  readonly wave: boolean;
  readonly gates: readonly GateStanding[];
  /** Steps that have not ended. */
  readonly open: number;
  readonly steps: number;
  readonly transfers: number;
  readonly concurrency: number;
  /** The share of the last seconds that went into making things durable, from 0 to 1. */
  readonly storeShare: number;
  /** Steps that wait before they try again, and why most of them do. */
  readonly retrying: { readonly steps: number; readonly failure: string; readonly untilMs: number } | undefined;
}

/** Half of the time spent on the disk is more than the network leaves to wait for. */
const storeShareMax = 0.5;
const wordMax = 300;

const projectKinds: Readonly<Record<RateSource, SlownessKind>> = { set: "rate", guess: "careful", learned: "quota" };
const userKinds: Readonly<Record<RateSource, SlownessKind>> = {
  set: "user-rate",
  guess: "careful",
  learned: "user-quota",
};

export function slownessOf(c: Circumstances): Slowness {
  if (c.stopping) return { kind: "stopping" };
  if (c.paused !== undefined) return { kind: "paused", by: c.paused.by, sinceMs: c.paused.sinceMs };
  if (c.wave) return { kind: "wave" };
  if (c.storeShare >= storeShareMax) return { kind: "disk" };
  const limiting = c.gates.reduce<GateStanding | undefined>(
    (most, gate) => (gate.waiting > (most?.waiting ?? 0) ? gate : most),
    undefined,
  );
  if (limiting !== undefined) return limiting.waitsFor === "users" ? byUsers(limiting, c) : byProject(limiting, c);
  if (c.retrying !== undefined && 2 * c.retrying.steps >= c.steps + c.transfers) {
    return { kind: "trouble", by: c.retrying.failure, count: c.retrying.steps, untilMs: c.retrying.untilMs };
  }
  if (c.transfers > 0 && c.steps === 0) return { kind: "transfer", count: c.transfers };
  if (c.steps >= c.concurrency) return { kind: "workers", count: c.concurrency };
  if (c.steps > 0 && c.open > c.steps + c.transfers) return { kind: "per-user", count: c.steps };
  return { kind: "none" };
}

function byProject(gate: GateStanding, { now }: Circumstances): Slowness {
  const calls = gate.gate;
  if (gate.serverUntilMs !== undefined && gate.serverUntilMs > now) {
    return { kind: "held", calls, untilMs: gate.serverUntilMs };
  }
  return { kind: projectKinds[gate.rateSource], calls, perSecond: gate.perMinute / 60 };
}

function byUsers(gate: GateStanding, { now }: Circumstances): Slowness {
  const about = { calls: gate.gate, count: gate.users, user: gate.user };
  if (gate.usersUntilMs !== undefined && gate.usersUntilMs > now) {
    return { kind: "held-user", ...about, untilMs: gate.usersUntilMs };
  }
  const kind = userKinds[gate.usersRateSource];
  return { kind, ...about, perSecond: gate.usersPerMinute / 60 };
}

/** Reads back what a run file keeps, which may be anything; undefined when it is not that. */
export function parseSlowness(text: string | undefined): Slowness | undefined {
  let kept: unknown;
  try {
    kept = JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
  if (typeof kept !== "object" || kept === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(kept));
  const kind = slownessKinds.find((each) => each === fields.get("kind"));
  if (kind === undefined) return undefined;
  const word = (name: string): string | undefined => {
    const value = fields.get(name);
    return typeof value === "string" ? value.slice(0, wordMax) : undefined;
  };
  const figure = (name: string): number | undefined => {
    const value = fields.get(name);
    return typeof value === "number" && value >= 0 && value <= 8.64e15 ? value : undefined;
  };
  return {
    kind,
    sinceMs: figure("sinceMs"),
    untilMs: figure("untilMs"),
    by: word("by"),
    calls: word("calls"),
    perSecond: figure("perSecond"),
    count: figure("count"),
    user: word("user"),
  };
}
