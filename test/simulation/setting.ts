/** What holds for a whole seed: how Google behaves, what it permits, what the pacer knows of that, and the engine's limits. */
import type { ApplyOptions } from "../../src/engine/verbs.ts";
import type { QuotaConfig, QuotaLimit } from "../../src/emulator/quota.ts";
import { noQuotas } from "../../src/emulator/quota.ts";
import type { TransferPace } from "../../src/emulator/data-transfer.ts";
import { defaultRates, noRates } from "../../src/google/pacer.ts";
import type { Rates } from "../../src/google/pacer.ts";
import { Chance } from "./chance.ts";
import { drawSwitches } from "./switches.ts";

/** `remote`: the model behind a network, shared by several workers (remote-database.ts). */
export type StoreKind = "model" | "sqlite" | "remote";

export interface Setting {
  /** Nothing goes wrong, and everything must succeed. */
  readonly isCalm: boolean;
  readonly store: StoreKind;
  /** Whether Data Transfer requests are made by Google's generated client (transfers.ts). */
  readonly isGenerated: boolean;
  readonly switches: Readonly<Record<string, string>>;
  readonly quotas: QuotaConfig;
  readonly rates: Rates;
  /** Calls in any minute that the pacer was told are permitted; undefined where it was told nothing. */
  readonly perMinuteMax: number | undefined;
  readonly perActorMinuteMax: number | undefined;
  readonly options: ApplyOptions;
  /** For processes that are given little time while things go wrong. */
  readonly hurried: ApplyOptions;
  readonly transferPace: TransferPace;
  readonly names: readonly string[];
}

const hour = 3_600_000;
/** Of the seeds whose transfers are quick, which half are: one of seven has its runs behind a network. */
const remoteShare = 0.3;

const baseOptions: ApplyOptions = {
  concurrency: 16,
  perActor: 16,
  failuresMax: undefined,
  attemptsMax: 30,
  conflictsMax: 8,
  settleMs: 90_000,
  transferPollMs: 2000,
  transferPollMaxMs: 60_000,
  transferWaitMs: 6 * hour,
  durationMs: undefined,
};

/**
 * The real SQLite in one of thirty-seven, as the seed's number tells, at three times the price: what it does otherwise than
 * the model, the differential test and every sweep look for. Workers of a shared run look at each other twice a second:
 * none waits for days there.
 */
function storeOf(seed: number, isSlow: boolean): StoreKind {
  if (seed % 37 === 6) return "sqlite";
  return !isSlow && new Chance(seed, "remote setting").hits(remoteShare) ? "remote" : "model";
}

function isCalmSeed(seed: number): boolean {
  return seed % 8 === 0;
}

export function drawSetting(seed: number): Setting {
  const chance = new Chance(seed, "setting");
  const isCalm = isCalmSeed(seed);
  const switches = drawSwitches(chance, isCalm);
  const pace = drawPace(chance, isCalm);
  const transferPace = {
    startMs: chance.pick([0, chance.between(0, 5000), chance.between(0, 600_000)]),
    perAssetMs: chance.pick([0, 20, 2000, 60_000]),
  };
  const workers = chance.pick([1, 3, 16]);
  const options = {
    ...baseOptions,
    concurrency: workers,
    perActor: chance.pick([1, 2, workers]),
    attemptsMax: isCalm ? 30 : chance.pick([3, 6, 30]),
    conflictsMax: isCalm ? 8 : chance.pick([2, 8]),
    transferPollMaxMs: chance.pick([60_000, 600_000, 600_000]),
  };
  const isHurried = !isCalm && chance.hits(0.15);
  const hurried = isHurried
    ? { ...options, durationMs: chance.pick([2000, 60_000]), transferWaitMs: chance.pick([10_000, 120_000]) }
    : options;
  const isGenerated = seed % 8 === 1;
  const isSlow = transferPace.startMs > 60_000 || transferPace.perAssetMs >= 60_000;
  const store = storeOf(seed, isSlow);
  const names = [
    isGenerated ? "generated client" : "lean client",
    isCalm ? "calm" : "rough",
    `store ${store}`,
    ...Object.entries(switches).map(([name, position]) => `switch ${name} = ${position}`),
    isSlow ? "transfers slow" : "transfers quick",
    ...pace.names,
  ];
  return { isCalm, store, isGenerated, switches, options, hurried, transferPace, ...pace, names };
}

type Pace = Pick<Setting, "quotas" | "rates" | "perMinuteMax" | "perActorMinuteMax" | "names">;

/** Who knows what of how many calls are permitted: nobody limits, the pacer is told, or only the server knows. */
function drawPace(chance: Chance, isCalm: boolean): Pace {
  const free = { quotas: noQuotas, perMinuteMax: undefined, perActorMinuteMax: undefined };
  switch (chance.whole(0, isCalm ? 5 : 9)) {
    case 0:
    case 1:
    case 2:
      return { ...free, rates: noRates, names: ["quota none"] };
    case 3:
      return { ...free, rates: defaultRates, names: ["quota guessed"] };
    case 4:
    case 5:
      return drawKnown(chance, isCalm);
    default: {
      const quotas = drawQuotas(chance);
      return { ...free, quotas, rates: chance.pick([noRates, defaultRates]), names: namesOf(quotas) };
    }
  }
}

/** The pacer was told. Few calls a minute, so that a restart that sends one too many shows. */
function drawKnown(chance: Chance, isCalm: boolean): Pace {
  const perMinuteMax = chance.pick(isCalm ? [30, 120, 600] : [6, 12, 30, 120]);
  const perActorMinuteMax = chance.hits(0.5) ? Math.max(3, Math.ceil(perMinuteMax / 3)) : undefined;
  const quota = { perMinute: perMinuteMax, known: true };
  const actor = perActorMinuteMax === undefined ? undefined : { perMinute: perActorMinuteMax, known: true };
  const rates = {
    project: { ...noRates.project, reads: quota, writes: quota },
    actor: actor === undefined ? noRates.actor : { ...noRates.actor, reads: actor, writes: actor },
  };
  const names = ["quota known", ...(actor === undefined ? [] : ["quota known for each user"])];
  return { quotas: noQuotas, rates, perMinuteMax, perActorMinuteMax, names };
}

/** The server counts, and the pacer learns of it by being refused. */
function drawQuotas(chance: Chance): QuotaConfig {
  const perMinute = chance.pick([20, 60, 240]);
  const limits: QuotaLimit[] = [];
  const isPerUser = chance.hits(0.6);
  if (!isPerUser || chance.hits(0.5)) {
    for (const kind of chance.pick([["all"], ["read", "write"]] as const)) {
      limits.push({ service: "datastudio", per: "project", kind, perMinute });
    }
  }
  if (isPerUser) {
    for (const kind of chance.pick([["all"], ["read", "write"]] as const)) {
      limits.push({ service: "datastudio", per: "user", kind, perMinute: Math.ceil(perMinute / 2) });
    }
  }
  if (chance.hits(0.3)) limits.push({ service: "datatransfer", per: "user", kind: "all", perMinute: 10 });
  return {
    model: chance.pick(["bucket", "fixed", "sliding"]),
    limits,
    showLimit: chance.hits(0.5),
    retryAfter: chance.pick(["none", "seconds", "date"]),
  };
}

function namesOf({ model, limits, showLimit, retryAfter }: QuotaConfig): readonly string[] {
  return [
    `quota of the server, ${model}`,
    `quota of the server, ${showLimit === true ? "named" : "not named"}`,
    `quota of the server, retry-after ${retryAfter ?? "none"}`,
    ...limits.map((limit) => `quota of the server, ${limit.service} per ${limit.per}`),
  ];
}
