/** An apply over a real journal in memory, and a Google that does what it is asked ten seconds later, unless a test says otherwise. */
import { applyRun } from "../../src/engine/apply.ts";
import type { Fleet } from "../../src/engine/fleet.ts";
import type { ApplyOptions, ApplySummary, Surroundings } from "../../src/engine/verbs.ts";
import type { Journal } from "../../src/journal/journal.ts";
import { createMemoryRun } from "../../src/journal/sqlite/memory.ts";
import type { Api, DataTransferApi } from "../../src/model/api.ts";
import { etag } from "../../src/model/brand.ts";
import type { Email } from "../../src/model/email.ts";
import type { EngineEvent } from "../../src/model/event.ts";
import type { Permissions } from "../../src/model/permissions.ts";
import type { StepDraft } from "../../src/model/step.ts";
import { anna, header } from "../journal/samples.ts";
import { ManualClock } from "../support/clock.ts";
import { allowed, no } from "./scripted.ts";

/** Each write takes this long, ms. */
export const writeMs = 10_000;

export interface Given {
  readonly options?: Partial<ApplyOptions>;
  readonly more?: Partial<Surroundings>;
  readonly journal?: (inner: Journal, clock: ManualClock) => Journal;
  readonly fleet?: (log: string[], clock: ManualClock) => Fleet;
  /** What comes of a write; it is made, unless told otherwise. */
  readonly writes?: (actor: Email, name: string, count: number) => Error | undefined;
  /** What Google says of Data Transfer jobs; there are none otherwise. */
  readonly jobs?: Pick<DataTransferApi, "list" | "get">;
  /** How long a write takes, ms. */
  readonly takes?: (count: number) => number;
  /** What comes of looking at an asset; undefined shows it as it was left, where it was written to. */
  readonly reads?: (name: string) => Error | undefined;
  /** What earlier processes did. */
  readonly before?: (journal: Journal) => Promise<unknown>;
}

export interface Applied {
  readonly summary: ApplySummary;
  readonly events: readonly EngineEvent[];
  /** Assets written to, in order. */
  readonly written: readonly string[];
  /** The most writes that were under way at once. */
  readonly atOnceMax: number;
  readonly notes: readonly (readonly [string, object])[];
  readonly log: readonly string[];
  readonly tookMs: number;
}

/** A run of these steps, carried out by a Google that does what it is asked, ten seconds later. */
export async function applied(drafts: readonly StepDraft[], given: Given = {}): Promise<Applied> {
  const clock = new ManualClock();
  const run = createMemoryRun();
  await run.writer.add(drafts);
  await run.writer.seal(header({ totals: { ...header().totals, steps: drafts.length }, limits: {} }));
  if (given.before !== undefined) await clock.drive(beforehand(await run.openJournal({ clock }), given.before));
  const events: EngineEvent[] = [];
  const written: string[] = [];
  const log: string[] = [];
  const seen = new Map<string, Permissions>();
  let underWay = 0;
  let atOnceMax = 0;
  const patchPermissions = async (
    actor: Email,
    name: string,
    { roles }: Permissions,
    beforeSend: () => Promise<void>,
  ): Promise<Permissions> => {
    await beforeSend();
    written.push(name);
    underWay += 1;
    atOnceMax = Math.max(atOnceMax, underWay);
    const error = given.writes?.(actor, name, written.length);
    await clock.sleep(given.takes?.(written.length) ?? writeMs);
    underWay -= 1;
    if (error !== undefined) throw error;
    const after = { roles, etag: etag("after") };
    seen.set(name, after);
    return after;
  };
  const getPermissions = async (_actor: Email, name: string): Promise<Permissions> => {
    const error = given.reads?.(name) ?? (seen.has(name) ? undefined : no("refuse", "not-found"));
    if (error !== undefined) throw error;
    return seen.get(name) ?? { roles: new Map(), etag: undefined };
  };
  const opened = await run.openJournal({ clock });
  const surroundings: Surroundings = {
    api: { dataStudio: { patchPermissions, getPermissions }, dataTransfer: given.jobs } as unknown as Api,
    clock,
    random: () => 0.5,
    onEvent: (event) => events.push(event),
    stop: new AbortController().signal,
    ...(given.fleet === undefined ? {} : { fleet: given.fleet(log, clock) }),
    ...given.more,
  };
  const journal = given.journal?.(opened, clock) ?? opened;
  const summary = await clock.drive(applyRun(surroundings, journal, { ...allowed, ...given.options }));
  const notes = (await opened.audit(0, 1000))
    .map(({ body }) => JSON.parse(body) as { readonly kind: string; readonly details: object })
    .filter(({ kind }) => kind.startsWith("note:"))
    .map(({ kind, details }) => [kind.slice("note:".length), details] as const);
  return { summary, events, written, atOnceMax, notes, log, tookMs: clock.monotonic() };
}

async function beforehand(journal: Journal, work: (journal: Journal) => Promise<unknown>): Promise<void> {
  await work(journal);
  await journal.close();
}

export function ended(outcome: "failed" | "applied"): Parameters<Journal["result"]>[1] {
  return {
    outcome,
    failure: outcome === "failed" ? "permission-denied" : undefined,
    reason: undefined,
    evidence: outcome === "failed" ? "refusal" : "answer",
    changed: { add: [], remove: [] },
    newOwner: undefined,
    etagBefore: etag("e1"),
    etagAfter: undefined,
    actor: anna,
    calls: 1,
  };
}

export function wrapped(inner: Journal, given: Partial<Journal>): Journal {
  return new Proxy(inner, {
    get: (target, name) => {
      const own: unknown = Reflect.get(given, name);
      const found: unknown = own ?? Reflect.get(target, name, target);
      return typeof found === "function" && own === undefined
        ? (...args: unknown[]): unknown => Reflect.apply(found, target, args)
        : found;
    },
  });
}
