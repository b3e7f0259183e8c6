/** One gate that several processes share: who waits here, the block of slots in hand, and what is told of answers. */
import { createHash } from "node:crypto";
import type { Clock } from "../model/clock.ts";
import { ApiError } from "../model/errors.ts";
import type { SharedCells } from "../model/shared-cells.ts";
import type { GateStanding } from "../model/slowness.ts";
import type { Quota } from "./pace.ts";
import { rateSource } from "./pace.ts";
import { reasonText } from "./pacer.ts";
import type { GateName, PaceChange, PacedRefusal } from "./pacer.ts";
import { handOut, wantsMax } from "./slots.ts";
import type { Slots } from "./slots.ts";
import type { Spacing } from "./spacing.ts";
import { spacingOf, spacingText } from "./spacing-text.ts";

/** How late a slot may be used. With what a gate catches up and a call may be kept, within the slack of every minute. */
const lateMs = 150;
/** How long calls pass without asking where nothing limits them. */
const freeMs = 1000;
const firstRetryMs = 50;
const longestRetryMs = 5000;

interface Waiter {
  readonly actor: string;
  readonly pass: () => void;
  readonly refuse: (error: ApiError) => void;
  readonly leave: () => void;
  state: "waits" | "has a slot" | "gone";
  /** Monotonic ms of the slot it has, or had last: one that was taken away is not used when its time comes. */
  slotAt: number | undefined;
}

export interface SharedGateOptions {
  readonly name: GateName;
  readonly clock: Clock;
  readonly cells: SharedCells;
  readonly scope: string;
  readonly quota: Quota;
  readonly actorQuota: Quota;
  readonly announce: (change: PaceChange) => void;
}

/** What is to be told of calls that were answered, at the next look at the cells. */
type Report = (cells: ReadonlyMap<string, Spacing>, now: number, offset: number) => void;

export class SharedGate {
  readonly #options: SharedGateOptions;
  readonly #projectKey: string;
  #waiters: Waiter[] = [];
  #quota: Quota;
  #isPaused = false;
  #isClosed = false;
  #isAsking = false;
  #wake = new AbortController();
  #reports: { readonly actor: string | undefined; readonly report: Report }[] = [];
  readonly #met = new Set<string>();
  /** Calls that passed while nothing limited them, to be counted. */
  #passedFreely = 0;
  #freeUntil = -Infinity;
  /** Whether users are limited one by one. */
  #limitsActors: boolean;
  /** Monotonic ms until which the server wants no calls, as this process was told itself or has read. */
  #heldUntil = -Infinity;
  readonly #actorHeldUntil = new Map<string, number>();
  /** The sequence of the project as it was last read. */
  #project: Spacing | undefined;
  #waitsFor: Slots["waitsFor"];

  constructor(options: SharedGateOptions) {
    this.#options = options;
    this.#quota = options.quota;
    this.#limitsActors = options.actorQuota.perMinute < Infinity;
    this.#projectKey = this.#keyOf(undefined);
  }

  take(actor: string, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true || this.#isClosed) return Promise.reject(stopped());
    if (!this.#isPaused && this.#waiters.length === 0 && this.#now < this.#freeUntil) {
      this.#passedFreely += 1;
      return Promise.resolve();
    }
    return new Promise((pass, refuse) => {
      const onAbort = (): void => this.#dismiss(waiter);
      const leave = (): void => signal?.removeEventListener("abort", onAbort);
      const waiter: Waiter = { actor, pass, refuse, leave, state: "waits", slotAt: undefined };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiters.push(waiter);
      this.#ask();
    });
  }

  isHeldBack(actor: string): boolean {
    return this.#isPaused || Math.max(this.#heldUntil, this.#actorHeldUntil.get(actor) ?? -Infinity) > this.#now;
  }

  throttled(actor: string, refusal: PacedRefusal): void {
    const isActors = refusal.quotaOf === "actor";
    if (isActors) this.#limitsActors = true;
    this.#hold(isActors ? actor : undefined, refusal.retryAfterMs ?? 0);
    const areWaiting = this.#areWaiting;
    this.#tell(isActors ? actor : undefined, (cells, now, offset) => {
      const spacing = cells.get(isActors ? this.#keyOf(actor) : this.#projectKey);
      if (spacing?.refused({ ...refusal, now, sentAt: refusal.sentAt + offset, areWaiting }) !== true) return;
      this.#announce(isActors ? actor : undefined, spacing, now);
    });
  }

  heldBack(retryAfterMs: number): void {
    this.#hold(undefined, retryAfterMs);
    this.#tell(undefined, (cells, now) => {
      const project = cells.get(this.#projectKey);
      if (project?.holdUntil(now + retryAfterMs) === true) this.#announce(undefined, project, now);
    });
  }

  succeeded(actor: string, sentAt: number): void {
    // With nobody waiting there is nothing to raise, unless one call at a time is tried after a refusal.
    const isTrial = (this.#project?.pace.streak ?? 0) > 0;
    if (!isTrial && !this.#areWaiting) return;
    const areWaiting = this.#areWaiting;
    const report: Report = (cells, now, offset) => {
      for (const spacing of [cells.get(this.#projectKey), cells.get(this.#keyOf(actor))]) {
        if (spacing?.succeeded(now, sentAt + offset, areWaiting) === true && spacing === cells.get(this.#projectKey)) {
          this.#announce(undefined, spacing, now);
        }
      }
    };
    if (isTrial) this.#tell(this.#limitsActors ? actor : undefined, report);
    else if (this.#reports.length < wantsMax) this.#reports.push({ actor: undefined, report });
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (!isPaused) this.#ask();
  }

  setQuota(quota: Quota): void {
    this.#quota = quota;
    this.#freeUntil = -Infinity;
    this.#tell(undefined, (cells, now) => {
      const project = cells.get(this.#projectKey);
      if (project === undefined || project.quota.perMinute === quota.perMinute) return;
      project.setQuota(quota, now);
      this.#announce(undefined, project, now, true);
    });
  }

  standing(): GateStanding {
    const users = new Set(this.#waiters.map(({ actor }) => actor));
    const [user] = users;
    const holds = [...users].map((each) => this.#wall(this.#actorHeldUntil.get(each) ?? -Infinity) ?? 0);
    return {
      gate: this.#options.name,
      waiting: this.#waiters.length,
      waitsFor: this.#waiters.length === 0 ? undefined : (this.#waitsFor ?? "project"),
      perMinute: this.#project?.pace.perMinute ?? this.#quota.perMinute,
      rateSource: this.#project === undefined ? "set" : rateSource(this.#project.pace),
      serverUntilMs: this.#wall(this.#heldUntil),
      users: users.size,
      user: users.size === 1 ? user : undefined,
      usersUntilMs: holds.length === 0 || holds.includes(0) ? undefined : Math.min(...holds),
      usersPerMinute: this.#options.actorQuota.perMinute,
      usersRateSource: this.#options.actorQuota.known ? "set" : "guess",
    };
  }

  close(): void {
    this.#isClosed = true;
    for (const waiter of this.#waiters) this.#dismiss(waiter);
    this.#wake.abort("closed");
  }

  get #now(): number {
    return this.#options.clock.monotonic();
  }

  get #areWaiting(): boolean {
    return this.#waiters.length > 0;
  }

  /** Addresses are nobody's business who may read the store. */
  #keyOf(actor: string | undefined): string {
    const { scope, name } = this.#options;
    return createHash("sha256")
      .update(JSON.stringify([scope, name, actor ?? null]))
      .digest("hex");
  }

  /** At once, whatever the store says later; slots in hand are given up. */
  #hold(actor: string | undefined, ms: number): void {
    const until = this.#now + ms;
    if (actor === undefined) this.#heldUntil = Math.max(this.#heldUntil, until);
    else this.#actorHeldUntil.set(actor, Math.max(this.#actorHeldUntil.get(actor) ?? -Infinity, until));
    this.#freeUntil = -Infinity;
    for (const waiter of this.#waiters) {
      if (waiter.state === "has a slot" && (actor === undefined || waiter.actor === actor)) waiter.state = "waits";
    }
  }

  #tell(actor: string | undefined, report: Report): void {
    this.#reports.push({ actor, report });
    this.#wake.abort("news");
    this.#ask();
  }

  #ask(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    void this.#keepAsking();
  }

  get #hasWork(): boolean {
    if (this.#isClosed) return false;
    return this.#reports.length > 0 || (!this.#isPaused && this.#waiters.some(({ state }) => state === "waits"));
  }

  async #keepAsking(): Promise<void> {
    let retryMs = firstRetryMs;
    while (this.#hasWork) {
      this.#wake = new AbortController();
      let againMs: number;
      try {
        againMs = await this.#look();
        retryMs = firstRetryMs;
      } catch {
        // Nothing passes without a slot: whoever waits goes on waiting until the store answers, or until it is stopped.
        againMs = retryMs;
        retryMs = Math.min(retryMs * 2, longestRetryMs);
      }
      if (this.#hasWork && againMs > 0) await this.#options.clock.sleep(againMs, this.#wake.signal);
    }
    // With nothing in between: whoever comes after the last look begins another one.
    this.#isAsking = false;
  }

  /** One look at the cells: tells what is to be told, and takes slots for those who wait. Answers when to look again. */
  async #look(): Promise<number> {
    const reports = this.#reports;
    this.#reports = [];
    const free = this.#passedFreely;
    this.#passedFreely = 0;
    const asking = this.#isPaused ? [] : this.#waiters.filter(({ state }) => state === "waits").slice(0, wantsMax);
    const actors = new Set(reports.flatMap(({ actor }) => actor ?? []));
    if (this.#limitsActors) for (const { actor } of asking) actors.add(actor);
    const keys = [this.#projectKey, ...[...actors].map((actor) => this.#keyOf(actor))];
    let readAt = 0;
    const wants = asking.map(({ actor }) => actor);
    const { slots, project } = await this.#options.cells
      .change(keys, (texts, now) => {
        readAt = this.#now;
        const offset = now - readAt;
        const cells = this.#read(keys, texts, now);
        const spacing = cells.get(this.#projectKey);
        if (spacing === undefined) throw new Error("the cell of the project was asked for");
        spacing.counted(free, now);
        for (const { report } of reports) report(cells, now, offset);
        const handed = handOut(spacing, (actor) => cells.get(this.#keyOf(actor)), wants, now);
        const kept = new Map([...cells].map(([key, cell]) => [key, spacingText(cell)]));
        return { texts: kept, answer: { slots: handed, project: spacing, now } };
      })
      .then(({ now, ...answer }) => {
        this.#learn(answer.project, now, readAt, answer.slots);
        return answer;
      })
      .catch((error: unknown) => {
        this.#reports = [...reports, ...this.#reports];
        this.#passedFreely += free;
        throw error;
      });
    for (const key of keys) this.#met.add(key);
    this.#project = project;
    for (const [index, waiter] of asking.entries()) {
      const wait = slots.waits[index];
      if (wait !== undefined && waiter.state === "waits") this.#give(waiter, readAt + wait);
    }
    return slots.againMs;
  }

  #read(keys: readonly string[], texts: ReadonlyMap<string, string>, now: number): Map<string, Spacing> {
    const cells = new Map<string, Spacing>();
    for (const key of keys) {
      const quota = key === this.#projectKey ? this.#quota : this.#options.actorQuota;
      cells.set(key, spacingOf(texts.get(key), quota, now, !this.#met.has(key)));
    }
    return cells;
  }

  /** What all have been told holds here too. */
  #learn(project: Spacing, now: number, readAt: number, slots: Slots): void {
    if (project.serverHold > now) this.#heldUntil = Math.max(this.#heldUntil, readAt + project.serverHold - now);
    this.#waitsFor = slots.waitsFor;
    const isFree = project.pace.perMinute === Infinity && project.pace.streak === 0 && project.notBefore <= now;
    this.#freeUntil = isFree && !this.#limitsActors ? readAt + freeMs : -Infinity;
  }

  #give(waiter: Waiter, at: number): void {
    waiter.state = "has a slot";
    waiter.slotAt = at;
    const use = (): void => {
      if (waiter.state !== "has a slot" || waiter.slotAt !== at) return;
      if (this.#now > at + lateMs || this.isHeldBack(waiter.actor)) {
        waiter.state = "waits";
        this.#ask();
        return;
      }
      this.#forget(waiter);
      waiter.pass();
    };
    const wait = at - this.#now;
    if (wait <= 0) use();
    else void this.#options.clock.sleep(Math.ceil(wait)).then(use);
  }

  #forget(waiter: Waiter): void {
    waiter.state = "gone";
    waiter.leave();
    this.#waiters = this.#waiters.filter((each) => each !== waiter);
  }

  #dismiss(waiter: Waiter): void {
    if (waiter.state === "gone") return;
    this.#forget(waiter);
    waiter.refuse(stopped());
  }

  #announce(actor: string | undefined, spacing: Spacing, now: number, asked = false): void {
    const perSecond = spacing.pace.perMinute / 60;
    const untilMs = spacing.notBefore > now ? this.#options.clock.now() + spacing.notBefore - now : undefined;
    const reason = `${this.#options.name}: ${reasonText(spacing, now)}`;
    this.#options.announce({ gate: this.#options.name, actor, perSecond, reason, untilMs, asked });
  }

  #wall(at: number): number | undefined {
    const ms = at - this.#now;
    return ms > 0 ? this.#options.clock.now() + ms : undefined;
  }
}

function stopped(): ApiError {
  return new ApiError("stopped while waiting for its turn; nothing was sent", {
    disposition: "retry",
    failure: "stopped",
  });
}
