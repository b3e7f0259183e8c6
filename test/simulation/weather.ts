/** What goes wrong in a seed: which faults there are and how strong, who interferes, and when processes die. Drawn once. */
import type { Emulator } from "../../src/emulator/emulator.ts";
import type { Fault, FaultRule } from "../../src/emulator/fault-rules.ts";
import { member } from "../../src/model/member.ts";
import { EDITOR, OWNER, VIEWER } from "../../src/model/permissions.ts";
import type { Pair } from "../../src/model/permissions.ts";
import type { Chance } from "./chance.ts";
import type { Doom } from "./process.ts";
import type { Scene } from "./scene.ts";
import type { TokenWeather } from "./tokens.ts";
import type { Event, VirtualTime } from "./time.ts";
import { fairNetwork } from "./wire.ts";
import type { NetworkWeather, Wire } from "./wire.ts";

/** How long a request may be under way after its client gave up: less than the engine allows for (`settleMs`). */
const landsWithinMs = 88_000;

export interface Weather {
  readonly rules: readonly FaultRule[];
  readonly network: NetworkWeather;
  readonly tokensFailing: number;
  /** How long things go wrong, from the beginning of an apply. */
  readonly lastsMs: number;
  readonly delegationFails: boolean;
  readonly suspensions: number;
  readonly edits: number;
  readonly crashes: number;
  readonly stops: number;
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
  edits: 0,
  crashes: 0,
  stops: 0,
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
    suspensions: chance.hits(0.15) ? chance.whole(1, 2) : 0,
    edits: chance.hits(0.6) ? chance.whole(1, 25) : 0,
    crashes: isCrashLoop ? chance.whole(15, 40) : chance.hits(0.7) ? chance.whole(1, 6) : 0,
    stops: chance.hits(0.2) ? chance.whole(1, 2) : 0,
    isCrashLoop,
  };
}

/** Off in half of the seeds, else anything up to `most`, rather weak than strong. */
function swarm(chance: Chance, most: number): number {
  return chance.hits(0.5) ? 0 : most * chance.random() ** 2;
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
  add({ kind: "status", status: 429, retryAfterS: chance.whole(1, 120) }, 0.2);
  add({ kind: "status", status: 403, reason: "rateLimitExceeded", message: "Rate Limit Exceeded" }, 0.2);
  add({ kind: "status", status: 503, retryAfterS: chance.whole(1, 30) }, 0.1);
  add({ kind: "quotaText" }, 0.2);
  add({ kind: "nonsense", applied: chance.hits(0.5) }, 0.2);
  add({ kind: "truncate" }, 0.2);
  add({ kind: "status", status: 401 }, 0.2);
  add({ kind: "expireTokens" }, 0.05);
  add({ kind: "delay", ms: chance.between(100, 20_000) });
  add({ kind: "concurrentEditor" }, 0.2);
  if (chance.hits(0.4)) {
    const outcome = chance.pick(["stuck", "failed", "partial"] as const);
    rules.push({ route: "transfers.insert", fault: { kind: "transfer", outcome }, probability: 0.7 });
  }
  return rules;
}

/** The doom of the next process, while there are any left. */
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

export interface Sky {
  readonly time: VirtualTime;
  readonly emulator: Emulator;
  readonly wire: Wire;
  readonly tokens: TokenWeather;
  readonly scene: Scene;
  /** Pairs the plan adds or removes, by asset: what people undo or do themselves. */
  readonly planned: ReadonlyMap<string, readonly Pair[]>;
  readonly trace: (line: string) => void;
}

/** Lets the weather loose; answers how to end it. */
export function begin(sky: Sky, weather: Weather, people: Chance): () => void {
  const { time, emulator, wire, tokens } = sky;
  const events: Event[] = [];
  const within = (share: number): number => people.between(0, weather.lastsMs * share);
  emulator.setFaults(weather.rules);
  wire.weather = weather.network;
  tokens.failing = weather.tokensFailing;
  for (let edit = 0; edit < weather.edits; edit += 1) {
    // Most of what the engine does, it does at once.
    const at = people.hits(0.6) ? people.between(0, 3000) : within(1);
    events.push(time.after(at, () => interfere(sky, people)));
  }
  if (weather.delegationFails) {
    events.push(
      time.after(people.hits(0.5) ? people.between(0, 2000) : within(0.5), () => {
        emulator.tokens.delegationRevoked = true;
        if (people.hits(0.5)) emulator.tokens.expireAll();
        sky.trace("- delegation revoked");
      }),
      time.after(within(1), () => {
        emulator.tokens.delegationRevoked = false;
      }),
    );
  }
  const suspended: string[] = [];
  for (let count = 0; count < weather.suspensions; count += 1) {
    const email = people.pick(sky.scene.people);
    const at = people.hits(0.5) ? people.between(0, 2000) : within(0.5);
    events.push(
      time.after(at, () => {
        emulator.world.changeUser(email, { suspended: true });
        suspended.push(email);
        sky.trace(`- ${email} suspended`);
      }),
    );
  }
  return () => {
    for (const event of events) event.cancel();
    for (const email of suspended) emulator.world.changeUser(email, { suspended: false });
    emulator.setFaults([]);
    emulator.tokens.delegationRevoked = false;
    wire.weather = fairNetwork;
    tokens.failing = 0;
    freeTransfers(emulator);
    sky.trace("- the sky clears");
  };
}

/** A job that would never end goes on like any other. */
function freeTransfers(emulator: Emulator): void {
  const jobs = [...emulator.transfers.jobs.values()];
  if (!jobs.some((job) => job.fate.outcome === "stuck")) return;
  emulator.transfers.restore(
    jobs.map((job) => (job.fate.outcome === "stuck" ? { ...job, fate: { outcome: "normal", share: 1 } } : job)),
  );
}

/** A person changes something in the web UI. */
function interfere(sky: Sky, people: Chance): void {
  const { emulator, scene, planned } = sky;
  const name = people.pick(scene.assets);
  const asset = emulator.state.assets.get(name);
  if (asset === undefined) return;
  const cause = { at: emulator.now(), actor: "somebody", via: "person" };
  const pairs = planned.get(name) ?? [];
  const what = people.whole(0, 19);
  sky.trace(`- a person edits ${name} (${what})`);
  if (what < 6 || (pairs.length === 0 && what < 15)) {
    const bystander = {
      role: people.pick([VIEWER, EDITOR]),
      member: member(`user:by${people.whole(1, 3)}@acme.example`),
    };
    const held = asset.roles.get(bystander.role)?.includes(bystander.member) === true;
    emulator.state.edit(name, held ? { add: [], remove: [bystander] } : { add: [bystander], remove: [] }, cause);
  } else if (what < 15) {
    const pair = people.pick(pairs);
    if (pair.role === OWNER) return;
    const held = asset.roles.get(pair.role)?.includes(pair.member) === true;
    emulator.state.edit(name, held ? { add: [], remove: [pair] } : { add: [pair], remove: [] }, cause);
  } else if (what < 17) {
    emulator.state.setTrashed(asset, !asset.trashed, cause);
  } else if (what < 19) {
    const roles = new Map(asset.roles);
    roles.set(OWNER, [member(`user:${people.pick(["ana", "bob", "cyd", "hei", "hal"])}@acme.example`)]);
    emulator.state.setRoles(asset, roles, cause);
  } else emulator.state.remove(asset, cause);
}
