/**
 * How much of a quota is used and how often the server refuses: apply itself, its pool, pacer and gates unchanged, on a
 * clock moved by hand, so that an hour at five calls a minute takes no hour. One case runs in real time as well.
 */
import { setMaxListeners } from "node:events";
import { wallClock } from "../../src/cli/context.ts";
import { applyRun } from "../../src/engine/apply.ts";
import type { QuotaLimit, QuotaModel } from "../../src/emulator/quota.ts";
import { seededRandom } from "../../src/emulator/random.ts";
import { connect } from "../../src/google/client.ts";
import { Pacer, defaultRates, noRates } from "../../src/google/pacer.ts";
import type { Rates } from "../../src/google/pacer.ts";
import { createMemoryRun } from "../../src/journal/sqlite/memory.ts";
import type { Clock } from "../../src/model/clock.ts";
import { ManualClock } from "../support/clock.ts";
import { address, applyDefaults } from "../support/rig.ts";
import { atLeast, atMost, brief, exactly, figure } from "./figure.ts";
import type { Figure, Goal } from "./figure.ts";
import { Served, within } from "./served.ts";
import type { Setting } from "./setting.ts";
import { editDraft, headerFor } from "./tenant.ts";

const minuteMs = 60_000;

interface Case {
  readonly name: string;
  readonly model: QuotaModel;
  /** Calls a minute that the server lets in, in all and for each user. */
  readonly project: number | undefined;
  readonly user: number | undefined;
  readonly users: number;
  /** What apply is told of them. */
  readonly rates: Rates;
  /** Whether a refusal names the limit. */
  readonly showLimit: boolean;
  /** Calls a minute of another tool in the project, every other so many minutes. */
  readonly other?: { readonly perMinute: number; readonly everyMinutes: number };
  readonly minutes: number;
  /** The first minute is for finding out. */
  readonly countsFrom: number;
  readonly used: Goal;
  readonly refused: Goal;
}

function given(project: number | undefined, user: number | undefined): Rates {
  const toldQuota = (perMinute: number | undefined): Rates["project"]["writes"] =>
    perMinute === undefined ? { perMinute: Infinity, known: false } : { perMinute, known: true };
  return {
    project: { ...noRates.project, writes: toldQuota(project) },
    actor: { ...noRates.actor, writes: toldQuota(user) },
  };
}

const models: readonly QuotaModel[] = ["fixed", "sliding", "bucket"];
/** At 5 a minute the slot before the first call alone is a hundredth of twenty minutes. */
const minutesFor = new Map([
  [5, 120],
  [60, 30],
  [600, 10],
  [3000, 5],
]);

function known(project: number | undefined, user: number | undefined, users: number): readonly Case[] {
  const all = Math.min(project ?? Infinity, (user ?? Infinity) * users);
  const what = [
    project === undefined ? "" : `${brief(project)} a minute`,
    user === undefined ? "" : `${brief(user)} for each of ${users} users`,
  ];
  return models.map((model) => ({
    name: `known, ${what.filter((part) => part !== "").join(" and ")}, ${model}`,
    model,
    project,
    user,
    users,
    rates: given(project, user),
    showLimit: true,
    minutes: minutesFor.get(all) ?? 10,
    countsFrom: 0,
    used: exactly(atLeast(98.5)),
    refused: exactly(atMost(0)),
  }));
}

function unknown(project: number, showLimit: boolean): readonly Case[] {
  return models.map((model) => ({
    name: `unknown, ${brief(project)} a minute, ${model}${showLimit ? ", named when refused" : ""}`,
    model,
    project,
    user: undefined,
    users: 50,
    rates: defaultRates,
    showLimit,
    minutes: 15,
    countsFrom: 1,
    used: atLeast(95),
    refused: atMost(1),
  }));
}

function swinging(showLimit: boolean): readonly Case[] {
  return models.map((model) => ({
    name: `another tool takes 300 of 600, ten minutes of twenty, ${model}${showLimit ? ", named when refused" : ""}`,
    model,
    project: 600,
    user: undefined,
    users: 50,
    rates: defaultRates,
    showLimit,
    other: { perMinute: 300, everyMinutes: 10 },
    minutes: 40,
    countsFrom: 1,
    used: atLeast(80),
    refused: atMost(1),
  }));
}

const allCases: readonly Case[] = [
  ...known(5, undefined, 1),
  ...known(60, undefined, 10),
  ...known(600, undefined, 50),
  ...known(3000, undefined, 50),
  ...known(undefined, 60, 10),
  ...known(600, 60, 20),
  ...unknown(60, false),
  ...unknown(600, false),
  ...unknown(600, true),
  ...unknown(3000, false),
  ...swinging(false),
  ...swinging(true),
];
const fewCases: readonly Case[] = [
  ...known(60, undefined, 10),
  ...known(600, 60, 20),
  ...unknown(600, true).slice(0, 1),
];

export async function quota(setting: Setting): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const each of setting.scale === "small" ? fewCases : allCases) {
    figures.push(...(await played(each, new ManualClock(undefined, 1))));
    setting.say(
      `quota: ${each.name}: ${figures
        .slice(-2)
        .map((found) => brief(found.median))
        .join(" % used, ")} % refused`,
    );
  }
  const [short] = known(600, undefined, 50);
  if (setting.scale === "full" && short !== undefined) {
    figures.push(...(await played({ ...short, name: `${short.name}, in real time`, minutes: 3 }, wallClock)));
  }
  return figures;
}

async function played(each: Case, clock: Clock): Promise<readonly Figure[]> {
  const { name, project, user, users, minutes } = each;
  const available = Math.min(project ?? Infinity, (user ?? Infinity) * users);
  const limit = (per: QuotaLimit["per"], perMinute: number | undefined): readonly QuotaLimit[] =>
    perMinute === undefined ? [] : [{ service: "datastudio", per, kind: "write", perMinute }];
  const limits = [...limit("project", project), ...limit("user", user)];
  const server = new Served(clock, seededRandom(11), { model: each.model, limits, showLimit: each.showLimit });
  const startedAt = clock.monotonic();
  const stopOther = otherTool(server, clock, each, startedAt);
  await carriedOut(server, clock, each, available * minutes);
  stopOther.abort();

  const from = startedAt + each.countsFrom * minuteMs;
  const to = Math.min(startedAt + minutes * minuteMs, (server.accepted.at(-1) ?? startedAt) + 1);
  const accepted = within(server.accepted, from, to);
  const refused = within(server.refused, from, to);
  const permitted = (available * (to - from)) / minuteMs - taken(each, from - startedAt, to - startedAt);
  const used = (100 * accepted) / permitted;
  const share = (100 * refused) / (accepted + refused);
  const note = `${brief(accepted)} of ${brief(permitted)} calls in ${brief((to - from) / minuteMs)} minutes, ${refused} refused`;
  return [
    figure("quota", `${name}: used`, "%", [used], each.used, note),
    figure("quota", `${name}: refused`, "%", [share], each.refused),
  ];
}

/** Enough steps that calls are waiting all the while; the time allowed ends it. */
async function carriedOut(server: Served, clock: Clock, each: Case, calls: number): Promise<void> {
  const { users, minutes, rates } = each;
  const steps = Math.ceil(calls * 1.3);
  const run = createMemoryRun();
  await run.writer.add(Array.from({ length: steps }, (_, i) => editOf(i, users)));
  await run.writer.seal(headerFor(steps, clock.now()));
  const journal = await run.openJournal({ clock });
  const random = seededRandom(5);
  const stop = new AbortController();
  // As the verbs do: every call that waits for its turn listens to it.
  setMaxListeners(0, stop.signal);
  const pacer = new Pacer(clock, rates);
  const tokens = { token: async () => "token", drop: () => undefined };
  const api = connect({
    tokens,
    exchange: server.exchange,
    admin: address("admin"),
    access: "write",
    pacer,
    clock,
    random,
    signal: stop.signal,
  });
  const surroundings = { api, clock, random, onEvent: () => undefined, stop: stop.signal };
  const options = { ...applyDefaults, concurrency: 64, perActor: 16, durationMs: minutes * minuteMs };
  // The time allowed lets calls that wait for their turn go out; a stop sends them away.
  void clock.sleep(minutes * minuteMs).then(() => stop.abort("the time is over"));
  const work = applyRun(surroundings, journal, options);
  await (clock instanceof ManualClock ? clock.drive(work, 1e9) : work);
  await journal.close();
  await api.close();
  run.dispose();
}

function editOf(i: number, users: number): ReturnType<typeof editDraft> {
  // Assets of the first so many owners only.
  return editDraft(Math.floor(i / users) * 200 + (i % users));
}

/** Evenly spaced calls of somebody else, in every second stretch; what it is refused it does not repeat. */
function otherTool(server: Served, clock: Clock, { other }: Case, startedAt: number): AbortController {
  const stop = new AbortController();
  if (other === undefined) return stop;
  void (async () => {
    while (!stop.signal.aborted) {
      await clock.sleep(minuteMs / other.perMinute, stop.signal);
      const minute = (clock.monotonic() - startedAt) / minuteMs;
      if (Math.floor(minute / other.everyMinutes) % 2 === 1) server.other("somebody.else@acme.example");
    }
  })();
  return stop;
}

/** What the other tool asks for between two instants. */
function taken({ other }: Case, fromMs: number, toMs: number): number {
  if (other === undefined) return 0;
  let minutes = 0;
  for (let stretch = 1; stretch * other.everyMinutes * minuteMs < toMs; stretch += 2) {
    const begins = stretch * other.everyMinutes * minuteMs;
    const ends = begins + other.everyMinutes * minuteMs;
    minutes += Math.max(0, Math.min(toMs, ends) - Math.max(fromMs, begins)) / minuteMs;
  }
  return minutes * other.perMinute;
}
