/** What goes wrong in a seed: which faults there are and how strong, who interferes, and when processes die. Drawn once. */
import type { Fault, FaultRule } from "../../src/emulator/fault-rules.ts";
import type { Chance } from "./chance.ts";
import type { Doom } from "./process.ts";
import type { Scene } from "./scene.ts";
import { fairNetwork } from "./wire.ts";
import type { NetworkWeather } from "./wire.ts";

/** How long a request may be under way after its client gave up: less than the engine allows for (`settleMs`). */
export const landsWithinMs = 88_000;

export interface Weather {
  readonly rules: readonly FaultRule[];
  readonly network: NetworkWeather;
  readonly tokensFailing: number;
  /** How long things go wrong, from the beginning of an apply. */
  readonly lastsMs: number;
  readonly delegationFails: boolean;
  readonly suspensions: number;
  /** Users for whom the service is switched off for a while. */
  readonly servicesOff: number;
  /** An API of the project that is switched off for a while. */
  readonly apiOff: "dataStudioApi" | "adminApi" | undefined;
  readonly edits: number;
  readonly crashes: number;
  readonly stops: number;
  /** Of the whole machine: every process on it at once, and what it has not sent yet. */
  readonly powerLosses: number;
  readonly sleeps: number;
  readonly sleepMaxMs: number;
  /** Whether the monotonic clock stands still while a machine sleeps, as on some systems. */
  readonly clockSleeps: boolean;
  /** Most that a machine's wall clock may be wrong, ms. */
  readonly skewMaxMs: number;
  readonly storeSlow: number;
  readonly storeSlowMaxMs: number;
  readonly storeLost: number;
  /** How often the disk fills up. */
  readonly storeFull: number;
  /** Times a process is taken for dead and another one takes its place. */
  readonly replacements: number;
  /** Crashes come within a few boundaries of each start. */
  readonly isCrashLoop: boolean;
}

export const calm: Weather = {
  rules: [],
  network: fairNetwork,
  tokensFailing: 0,
  lastsMs: 0,
  delegationFails: false,
  suspensions: 0,
  servicesOff: 0,
  apiOff: undefined,
  edits: 0,
  crashes: 0,
  stops: 0,
  powerLosses: 0,
  sleeps: 0,
  sleepMaxMs: 0,
  clockSleeps: false,
  skewMaxMs: 0,
  storeSlow: 0,
  storeSlowMaxMs: 0,
  storeLost: 0,
  storeFull: 0,
  replacements: 0,
  isCrashLoop: false,
};

export function drawWeather(chance: Chance, scene: Scene): Weather {
  const isCrashLoop = chance.hits(0.05);
  return {
    rules: drawRules(chance, scene),
    network: {
      latencyMs: chance.pick([5, 40, 300, 3000]),
      unreachable: swarm(chance, 0.2),
      late: swarm(chance, 0.15),
      lateMaxMs: landsWithinMs,
    },
    tokensFailing: swarm(chance, 0.3),
    lastsMs: chance.between(10_000, 1_200_000),
    delegationFails: chance.hits(0.1),
    suspensions: some(chance, 0.15, 2),
    servicesOff: some(chance, 0.08, 2),
    apiOff: chance.hits(0.06) ? chance.pick(["dataStudioApi", "adminApi"] as const) : undefined,
    edits: some(chance, 0.6, 25),
    crashes: isCrashLoop ? chance.whole(15, 40) : some(chance, 0.7, 6),
    stops: some(chance, 0.2, 2),
    powerLosses: some(chance, 0.15, 3),
    sleeps: some(chance, 0.12, 2),
    sleepMaxMs: chance.pick([120_000, 8 * 3_600_000]),
    clockSleeps: chance.hits(0.5),
    // The engine allows for five minutes; Google's token endpoint for as much.
    skewMaxMs: chance.hits(0.2) ? chance.pick([60_000, 240_000, 7_200_000]) : 0,
    storeSlow: swarm(chance, 0.5, 0.75),
    storeSlowMaxMs: chance.pick([50, 5000, 60_000]),
    storeLost: swarm(chance, 0.15, 0.85),
    storeFull: some(chance, 0.12, 2),
    replacements: some(chance, 0.08, 2),
    isCrashLoop,
  };
}

/** Off in so many of the seeds, half unless told; else anything up to `most`, rather weak than strong. */
function swarm(chance: Chance, most: number, off = 0.5): number {
  return chance.hits(off) ? 0 : most * chance.random() ** 2;
}

/** With chance `p` from one to `most`, else none. */
function some(chance: Chance, p: number, most: number): number {
  return chance.hits(p) ? chance.whole(1, most) : 0;
}

function drawRules(chance: Chance, scene: Scene): readonly FaultRule[] {
  const rules: FaultRule[] = [];
  const add = (fault: Fault, most = 0.4): void => {
    const probability = swarm(chance, most);
    if (probability > 0) rules.push({ fault, probability });
  };
  const hot = chance.hits(0.1) ? chance.pick(scene.assets) : undefined;
  if (hot !== undefined) {
    const route = chance.pick(["assets.getPermissions", "assets.updatePermissions"]);
    rules.push({ route, asset: hot, fault: { kind: "concurrentEditor" }, probability: chance.pick([0.5, 1]) });
  }
  add({ kind: "reset" });
  add({ kind: "reset", applied: true });
  add({ kind: "status", status: chance.pick([500, 502, 503, 504, 408]) });
  add({ kind: "status", status: chance.pick([500, 502, 503, 504, 408]), applied: true });
  add({ kind: "html", applied: chance.hits(0.5) }, 0.2);
  add({ kind: "hang", lateMs: chance.between(0, landsWithinMs) }, 0.2);
  add({ kind: "hang", applied: chance.hits(0.5) }, 0.1);
  add({ kind: "status", status: 429 });
  const retryAfterAs = chance.pick(["seconds", "date"] as const);
  add({ kind: "status", status: 429, retryAfterS: chance.whole(1, 120), retryAfterAs }, 0.2);
  add({ kind: "status", status: 403, reason: "rateLimitExceeded", message: "Rate Limit Exceeded" }, 0.2);
  add({ kind: "status", status: 503, retryAfterS: chance.whole(1, 30) }, 0.1);
  add({ kind: "quotaText" }, 0.2);
  add({ kind: "nonsense", applied: chance.hits(0.5) }, 0.2);
  add({ kind: "truncate" }, 0.2);
  add({ kind: "status", status: 401 }, 0.2);
  add({ kind: "expireTokens" }, 0.05);
  add({ kind: "delay", ms: chance.between(100, 20_000) });
  add({ kind: "concurrentEditor" }, 0.2);
  if (chance.hits(0.5)) {
    const outcome = chance.pick(["stuck", "failed", "partial"] as const);
    const share = chance.pick([0, 0.5, 0.9]);
    rules.push({
      route: "transfers.insert",
      fault: { kind: "transfer", outcome, share },
      probability: chance.pick([0.4, 1]),
    });
  }
  if (chance.hits(0.2))
    rules.push({ route: "assets.search", fault: { kind: "searchLag", ms: 30_000 }, probability: 0.5 });
  if (chance.hits(0.1)) rules.push({ fault: { kind: "concurrentTrash" }, probability: 0.05 });
  return rules;
}

/** The doom of the next process, while there are crashes left. */
export function drawDoom(chance: Chance, weather: Weather): Doom {
  if (weather.isCrashLoop) return { boundary: chance.whole(1, 14) };
  return chance.hits(0.6) ? { boundary: chance.whole(1, 60) } : { afterMs: chance.between(0, weather.lastsMs) };
}

/** How long until somebody starts the command again. */
export function drawPause(chance: Chance, weather: Weather): number {
  if (weather.isCrashLoop) return chance.between(0, 100);
  if (chance.hits(0.6)) return chance.between(0, 3000);
  return chance.hits(0.7) ? chance.between(0, 300_000) : chance.between(0, 8 * 3_600_000);
}
