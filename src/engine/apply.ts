/**
 * Carries a run out, or resumes it: claims steps, at most so many at a time and so many for one acting user, and brings
 * each to its end. Resuming is the same as beginning, because every step starts by looking at what is there.
 */
import PQueue from "p-queue";
import type { Claim, Journal } from "../journal/journal.ts";
import type { Email } from "../model/email.ts";
import { RunFileError } from "../model/errors.ts";
import type { Counts } from "../model/run.ts";
import type { ByHandStep, StepResult } from "../model/step.ts";
import { counted } from "../model/text.ts";
import { Actors } from "./actors.ts";
import type { HaltedActor } from "./actors.ts";
import { convergeEdit } from "./converge.ts";
import { ended, result } from "./ending.ts";
import type { Ending } from "./ending.ts";
import { convergeTransfer } from "./transfer.ts";
import type { ApplyEnd, ApplyOptions, ApplyRun, ApplySummary, Surroundings } from "./verbs.ts";
import { Workers } from "./workers.ts";

/** Claims held per worker: one under way and one waiting, so that no worker idles while the journal is asked. */
const claimsPerWorker = 2;
/** Data Transfer jobs waited for at once; they mostly sleep, so that they have workers of their own. */
const transfersMax = 64;
/** No actor is left out of a claim: a step whose first actor is halted may have another one listed. */
const noActor: ReadonlySet<Email> = new Set();

export const applyRun: ApplyRun = (surroundings, journal, options) =>
  new Applying(surroundings, journal, options).run();

interface Halt {
  readonly end: ApplyEnd;
  readonly reason: string;
}

class Applying {
  readonly #s: Surroundings;
  readonly #journal: Journal;
  readonly #options: ApplyOptions;
  readonly #workers: Workers;
  readonly #queue: PQueue;
  readonly #transfers: PQueue = new PQueue({ concurrency: transfersMax });
  readonly #startedAt: number;
  readonly #actors: Actors;
  readonly #blocked = new Map<string, HaltedActor>();
  /** Claims not yet ended or given back: edits and lines by hand, and transfers. */
  #held = 0;
  #transfersHeld = 0;
  #failures = 0;
  #ended = 0;
  #halt: Halt | undefined;
  #crash: { readonly error: unknown } | undefined;
  #wake: () => void = () => undefined;

  constructor(surroundings: Surroundings, journal: Journal, options: ApplyOptions) {
    this.#s = surroundings;
    this.#journal = journal;
    this.#options = options;
    this.#workers = surroundings.workers ?? new Workers(options.concurrency, options.perActor);
    this.#queue = new PQueue({ concurrency: this.#workers.concurrency });
    this.#workers.follow({
      changed: (concurrency) => {
        this.#queue.concurrency = concurrency;
        this.#wake();
      },
      work: () => ({ steps: this.#queue.pending, waiting: this.#queue.size, transfers: this.#transfers.pending }),
    });
    this.#actors = new Actors(surroundings.onEvent);
    this.#startedAt = surroundings.clock.monotonic();
  }

  async run(): Promise<ApplySummary> {
    try {
      await this.#begin();
      await this.#takeSteps();
    } catch (error) {
      this.#fault(error);
    }
    await Promise.all([this.#queue.onIdle(), this.#transfers.onIdle()]);
    return this.#summary();
  }

  async #begin(): Promise<void> {
    const counts = await this.#journal.counts();
    const open = openIn(counts);
    const steps = this.#journal.header.totals.steps;
    const resumed = open < steps || counts["in-flight"] > 0;
    this.#failures = counts.failed;
    if (open > 0) await this.#journal.note(resumed ? "resumed" : "started", { open });
    this.#s.onEvent({ type: "apply-started", runId: this.#journal.header.runId, steps, open, resumed });
  }

  async #takeSteps(): Promise<void> {
    while (this.#crash === undefined && !this.#mustEnd()) {
      const pause = this.#s.paused?.();
      if (pause !== undefined) {
        await Promise.race([pause, this.#woken()]);
        continue;
      }
      const idle = this.#held + this.#transfersHeld === 0;
      const { concurrency, perActor } = this.#workers;
      const window = concurrency * claimsPerWorker;
      const room = window - this.#held;
      const claims = room > 0 ? await this.#journal.claim({ max: room, perActor, halted: noActor }) : [];
      for (const claim of claims) this.#start(claim);
      // Only a claim made while nothing was under way proves that nothing is left: a step that ends may open others.
      if (claims.length === 0 && idle) return;
      if (claims.length < room || this.#held >= window) await this.#somethingEnds();
    }
  }

  #start(claim: Claim): void {
    const isTransfer = claim.step.kind === "transfer";
    this.#hold(isTransfer, 1);
    void (isTransfer ? this.#transfers : this.#queue).add(async () => {
      try {
        if (this.#crash !== undefined || this.#mustEnd()) await this.#journal.setAside(claim);
        else if (this.#s.paused?.() !== undefined) await this.#journal.release(claim);
        else await this.#carryOut(claim);
      } catch (error) {
        this.#fault(error);
      } finally {
        this.#hold(isTransfer, -1);
        this.#wake();
      }
    });
  }

  async #carryOut(claim: Claim): Promise<void> {
    const begunAt = this.#s.clock.monotonic();
    await this.#settle(claim, await this.#converge(claim), begunAt);
  }

  #hold(isTransfer: boolean, change: 1 | -1): void {
    if (isTransfer) this.#transfersHeld += change;
    else this.#held += change;
  }

  async #converge(claim: Claim): Promise<Ending> {
    const { step } = claim;
    switch (step.kind) {
      case "edit":
        return convergeEdit(this.#s, this.#journal, claim, step, this.#options, this.#actors);
      case "transfer":
        return convergeTransfer(this.#s, this.#journal, claim, step, this.#transferOptions());
      case "by-hand":
        return this.#byHand(step);
    }
  }

  /** A transfer is waited for no longer than the process may take. */
  #transferOptions(): ApplyOptions {
    const { durationMs, transferWaitMs } = this.#options;
    if (durationMs === undefined) return this.#options;
    const left = durationMs - (this.#s.clock.monotonic() - this.#startedAt);
    return { ...this.#options, transferWaitMs: Math.min(transferWaitMs, left) };
  }

  /** A line of the hand-over sheet is needed unless the edit before it has moved the owner already. */
  async #byHand(step: ByHandStep): Promise<Ending> {
    const tried = step.unless === undefined ? undefined : await this.#journal.step(step.unless);
    const moved = tried?.result?.newOwner === step.to;
    const reason = moved ? "the owner was changed through the API" : "an owner change only a person can make";
    return ended(result(moved ? "unchanged" : "by-hand", step.actor, { reason }));
  }

  async #settle(claim: Claim, ending: Ending, begunAt: number): Promise<void> {
    switch (ending.kind) {
      case "ended":
        if ((await this.#journal.result(claim, ending.result)) === "ok") this.#count(claim, ending.result, begunAt);
        return;
      case "lost":
        return;
      case "stopped":
        return this.#journal.setAside(claim);
      case "overdue":
        await this.#journal.setAside(claim);
        this.#end("budget", ending.reason);
        return;
      case "halted":
        await this.#journal.setAside(claim);
        this.#end("halted", ending.reason);
        return;
      case "blocked":
        await this.#journal.setAside(claim);
        return this.#block(ending);
    }
  }

  #block(ending: HaltedActor): void {
    const { actor, failure, reason } = ending;
    this.#blocked.set(`${actor}\u0000${failure}`, { actor, failure, reason });
    const lost = this.#actors.allSeemLost;
    if (lost !== undefined)
      this.#end("halted", `${counted(lost, "user")} in a row cannot be acted as; the last: ${reason}`);
  }

  #count(claim: Claim, stepResult: StepResult, begunAt: number): void {
    const { step } = claim;
    this.#ended += 1;
    if (step.kind !== "by-hand") this.#actors.worked();
    if (stepResult.outcome === "failed") {
      this.#failures += 1;
      const max = this.#options.failuresMax ?? this.#journal.header.limits.failures;
      if (max !== undefined && this.#failures >= max) {
        this.#end("breaker", `${counted(this.#failures, "failed step")}, the limit is ${max}`);
      }
    }
    this.#s.onEvent({
      type: "step",
      seq: step.seq,
      outcome: stepResult.outcome,
      failure: stepResult.failure,
      reason: stepResult.reason,
      asset: step.kind === "transfer" ? undefined : step.asset.name,
      ms: Math.round(this.#s.clock.monotonic() - begunAt),
      calls: stepResult.calls,
    });
  }

  /** Whether nothing new may be begun; the first reason stays. */
  #mustEnd(): boolean {
    const { durationMs } = this.#options;
    if (this.#halt === undefined && this.#s.stop.aborted) this.#end("stopped", "stopped on request");
    if (durationMs !== undefined && this.#s.clock.monotonic() - this.#startedAt >= durationMs) {
      this.#end("budget", "the time allowed is used up");
    }
    return this.#halt !== undefined;
  }

  #end(end: ApplyEnd, reason: string): void {
    if (this.#halt !== undefined) return;
    this.#halt = { end, reason };
    this.#s.onEvent({ type: "stopping", why: reason });
    this.#wake();
  }

  /** A run file that takes no more writes ends the run cleanly; anything else unexpected is a bug and ends it loudly. */
  #fault(error: unknown): void {
    if (error instanceof RunFileError) this.#end("journal", `${error.message}; ${error.remedy}`);
    else this.#crash ??= { error };
    this.#wake();
  }

  async #somethingEnds(): Promise<void> {
    if (this.#held + this.#transfersHeld > 0) await this.#woken();
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async #summary(): Promise<ApplySummary> {
    if (this.#crash === undefined && this.#halt?.end !== "journal") {
      await this.#close().catch((error: unknown) => this.#fault(error));
    }
    if (this.#crash !== undefined) throw this.#crash.error;
    const counts = await this.#journal.counts();
    const { end, reason } = this.#halt ?? endOf(counts);
    this.#s.onEvent({ type: "apply-ended", counts });
    return { end, reason, counts, blocked: [...this.#blocked.values()], ended: this.#ended };
  }

  /** Everything durable, and how it ended in the audit chain. */
  async #close(): Promise<void> {
    await this.#journal.flush();
    const counts = await this.#journal.counts();
    const { end } = this.#halt ?? endOf(counts);
    if (this.#ended > 0) await this.#journal.note("ended", { end, open: openIn(counts) });
  }
}

/** How it ends when nothing made it end. */
function endOf(counts: Counts): { readonly end: ApplyEnd; readonly reason: string | undefined } {
  const open = openIn(counts);
  if (open === 0) return { end: "finished", reason: undefined };
  return { end: "blocked", reason: `${counted(open, "step")} cannot go on now` };
}

function openIn(counts: Counts): number {
  return counts.planned + counts["in-flight"];
}
