/**
 * Carries a run out, or resumes it: claims steps, at most so many at a time and so many for one acting user, and brings
 * each to its end. Resuming is the same as beginning, because every step starts by looking at what is there.
 */
import PQueue from "p-queue";
import type { Claim, Journal } from "../journal/journal.ts";
import type { Email } from "../model/email.ts";
import { ApiError, JournalError, RunFileError } from "../model/errors.ts";
import { isSuccess } from "../model/step.ts";
import type { StepResult } from "../model/step.ts";
import { counted } from "../model/text.ts";
import { Actors } from "./actors.ts";
import type { HaltedActor } from "./actors.ts";
import { Crew } from "./crew.ts";
import { convergeEdit } from "./converge.ts";
import { endByHand } from "./by-hand.ts";
import type { Ending } from "./ending.ts";
import { Guarding } from "./guarding.ts";
import { KnownCounts } from "./known-counts.ts";
import type { GateVerdict } from "./waves.ts";
import { convergeTransfer } from "./transfer.ts";
import type { ApplyOptions, ApplyRun, ApplySummary, Surroundings } from "./verbs.ts";
import { endOf, openIn } from "./apply-end.ts";
import type { Halt } from "./apply-end.ts";
import { Workers } from "./workers.ts";

/** Claims held per worker: one under way and one waiting, so that no worker idles while the journal is asked. */
const claimsPerWorker = 2;
/** Data Transfer jobs waited for at once; they mostly sleep, so that they have workers of their own. */
const transfersMax = 64;
/** How soon a worker without anything to take looks again at what the others do. */
const lookAgainMs = 500;
const quietMs = 50;
/** No actor is left out of a claim: a step whose first actor is halted may have another one listed. */
const noActor: ReadonlySet<Email> = new Set();

export const applyRun: ApplyRun = (surroundings, journal, options) =>
  new Applying(surroundings, journal, options).run();

class Applying {
  readonly #s: Surroundings;
  /** The user's; `#s.stop` also fires when no call is left. */
  readonly #stopAsked: AbortSignal;
  readonly #journal: Journal;
  readonly #options: ApplyOptions;
  readonly #workers: Workers;
  readonly #crew: Crew<Claim>;
  readonly #transfers: PQueue = new PQueue({ concurrency: transfersMax });
  readonly #startedAt: number;
  readonly #actors: Actors;
  readonly #blocked = new Map<string, HaltedActor>();
  /** Claims not yet ended or given back: edits and lines by hand, and transfers. */
  #held = 0;
  #transfersHeld = 0;
  /** Of those held, steps that have succeeded and whose results are not durable yet. */
  #lingering = 0;
  #guarding: Guarding | undefined;
  #openAtStart = 0;
  /** Open steps as they were last seen, where other workers end some as well. */
  #openSeen: number | undefined;
  /** Open steps when last nothing was to be had, and nobody else held any. */
  #quietAt: number | undefined;
  readonly #known: KnownCounts;
  #ended = 0;
  #halt: Halt | undefined;
  #crash: { readonly error: unknown } | undefined;
  #wake: () => void = () => undefined;
  /** Ends a look that nobody waits for; one that was not needed serves again, because making and firing it takes 6 us. */
  #spare: AbortController | undefined;

  constructor(surroundings: Surroundings, journal: Journal, options: ApplyOptions) {
    this.#stopAsked = surroundings.stop;
    this.#s = {
      ...surroundings,
      stop: options.guards?.calls?.stopsWith(surroundings.stop) ?? surroundings.stop,
      onEvent: (event) => {
        this.#guarding?.see(event);
        surroundings.onEvent(event);
      },
    };
    this.#journal = journal;
    this.#known = new KnownCounts(journal, surroundings.fleet === undefined);
    this.#options = options;
    this.#workers = surroundings.workers ?? new Workers(options.concurrency, options.perActor);
    this.#crew = new Crew(
      () => this.#workers.concurrency,
      (claim) => this.#take(claim, false),
    );
    this.#workers.follow({
      changed: () => {
        this.#crew.reconsider();
        this.#wake();
      },
      work: () => ({ steps: this.#crew.working, waiting: this.#crew.waiting, transfers: this.#transfers.pending }),
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
    await this.#transfers.onIdle();
    while (this.#held + this.#transfersHeld > 0) await this.#woken();
    return this.#summary();
  }

  async #begin(): Promise<void> {
    const counts = this.#known.said(await this.#journal.counts());
    const open = openIn(counts);
    this.#openAtStart = open;
    const steps = this.#journal.header.totals.steps;
    const resumed = open < steps || counts["in-flight"] > 0;
    if (open > 0) await this.#journal.note(resumed ? "resumed" : "started", { open });
    this.#s.onEvent({ type: "apply-started", runId: this.#journal.header.runId, steps, open, resumed });
    this.#guarding = await Guarding.begin(this.#s, this.#journal, this.#options, counts);
  }

  async #takeSteps(): Promise<void> {
    while (this.#crash === undefined && !this.#mustEnd()) {
      const pause = this.#s.paused?.();
      if (pause !== undefined) {
        await Promise.race([pause, this.#woken()]);
        continue;
      }
      // One that works alone has nobody to ask: a promise for each step that ends, 0.4 kB.
      if (this.#s.fleet !== undefined && !(await this.#lookAround())) return;
      const idle = this.#held + this.#transfersHeld === 0;
      const { concurrency, perActor } = this.#workers;
      const window = concurrency * claimsPerWorker;
      const room = Math.min(window - this.#held, this.#guarding?.room(this.#held + this.#transfersHeld) ?? Infinity);
      const among = this.#guarding?.among;
      const claims =
        room > 0 && this.#isWorth(room)
          ? await this.#journal.claim({ max: room, perActor, halted: noActor, among })
          : [];
      for (const claim of claims) this.#start(claim);
      if (claims.length > 0) this.#quietAt = undefined;
      // Only a claim made while nothing was under way proves that nothing is left: a step that ends may open others.
      if (claims.length === 0 && idle && !(await this.#isMoreToCome())) return;
      if (room <= 0 || claims.length < room) await this.#somethingEnds();
    }
  }

  /** What other workers have done meanwhile may end this one; answers whether it goes on. */
  async #lookAround(): Promise<boolean> {
    const news = await this.#guarding?.follow();
    if (news === undefined) return true;
    this.#openSeen = openIn(this.#known.said(news.counts));
    if (news.ended !== undefined) this.#end(news.ended.end, news.ended.reason);
    return !this.#mustEnd();
  }

  /** Nothing was to be had: whether there will be, from other workers, or behind the gate of a wave. */
  async #isMoreToCome(): Promise<boolean> {
    const news = await this.#guarding?.follow(true);
    if (news === undefined) return this.#nextWave();
    const open = (this.#openSeen = openIn(this.#known.said(news.counts)));
    // A worker may die, and what it held is then taken over. Between two looks others may have given something back.
    if (news.heldElsewhere > 0 || (open > 0 && this.#quietAt !== open)) {
      this.#quietAt = news.heldElsewhere > 0 ? undefined : open;
      await this.#rest(news.heldElsewhere > 0 ? lookAgainMs : quietMs);
      return true;
    }
    this.#quietAt = undefined;
    return this.#nextWave();
  }

  async #rest(ms: number): Promise<void> {
    await this.#s.clock.sleep(ms, this.#s.stop);
  }

  /** Whether there is more behind the gate of a wave, and the gate is open. */
  async #nextWave(): Promise<boolean> {
    const verdict = await this.#askGate();
    if (verdict.kind === "shut") this.#end("gate", verdict.reason);
    if (verdict.kind === "pause") this.#end("wave", verdict.reason);
    if (verdict.kind === "elsewhere") await this.#rest(lookAgainMs);
    return verdict.kind === "next" || verdict.kind === "stopped" || verdict.kind === "elsewhere";
  }

  async #askGate(): Promise<GateVerdict> {
    try {
      return (await this.#guarding?.drained()) ?? { kind: "last" };
    } catch (error) {
      if (!(error instanceof ApiError) || error.disposition !== "halt-run") throw error;
      this.#end("halted", error.message);
      return { kind: "stopped" };
    }
  }

  #start(claim: Claim): void {
    const isTransfer = claim.step.kind === "transfer";
    this.#hold(isTransfer, 1);
    if (isTransfer) void this.#transfers.add(() => this.#take(claim, isTransfer));
    else this.#crew.add(claim);
  }

  async #take(claim: Claim, isTransfer: boolean): Promise<void> {
    try {
      if (this.#crash !== undefined || this.#mustEnd()) await this.#journal.setAside(claim);
      else if (this.#s.paused?.() !== undefined) await this.#journal.release(claim);
      else {
        this.#guarding?.claimed(claim);
        const begunAt = this.#s.clock.monotonic();
        await this.#settle(claim, await this.#converge(claim), begunAt);
      }
    } catch (error) {
      this.#fault(error);
    } finally {
      this.#hold(isTransfer, -1);
      this.#wakeIfWorth();
    }
  }

  #hold(isTransfer: boolean, change: 1 | -1): void {
    if (isTransfer) this.#transfersHeld += change;
    else this.#held += change;
  }

  #converge(claim: Claim): Promise<Ending> {
    const { step } = claim;
    switch (step.kind) {
      case "edit":
        return convergeEdit(this.#s, this.#journal, claim, step, this.#options, this.#actors);
      case "transfer":
        return convergeTransfer(this.#s, this.#journal, claim, step, this.#transferOptions());
      case "by-hand":
        return endByHand(this.#journal, step);
    }
  }

  /** A transfer is waited for no longer than the process may take. */
  #transferOptions(): ApplyOptions {
    const { durationMs, transferWaitMs } = this.#options;
    const left = (durationMs ?? Infinity) - (this.#s.clock.monotonic() - this.#startedAt);
    const open = this.#guarding?.leftMs ?? Infinity;
    return { ...this.#options, transferWaitMs: Math.min(transferWaitMs, left, open) };
  }

  /** What the worker is to wait for; undefined: nothing. */
  #settle(claim: Claim, ending: Ending, begunAt: number): Promise<void> | undefined {
    if (ending.kind === "lost") return undefined;
    if (ending.kind !== "ended") return this.#giveBack(claim, ending);
    // Whether a failure is the one too many is to be known before anything else begins.
    if (!isSuccess(ending.result.outcome)) return this.#keep(claim, ending.result, begunAt);
    void this.#linger(claim, ending.result, begunAt);
    return undefined;
  }

  async #giveBack(claim: Claim, ending: Exclude<Ending, { kind: "ended" | "lost" }>): Promise<void> {
    switch (ending.kind) {
      case "stopped":
        return this.#journal.setAside(claim);
      case "overdue":
        await this.#journal.setAside(claim);
        if (!this.#mustEnd()) this.#end("budget", ending.reason);
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

  async #keep(claim: Claim, stepResult: StepResult, begunAt: number): Promise<void> {
    if ((await this.#journal.result(claim, stepResult)) === "ok") this.#count(claim, stepResult, begunAt);
  }

  /**
   * A step that has succeeded needs no worker while its result becomes durable, only its place among those held: with
   * two commits to wait for instead of one, as many workers would make fewer changes a second.
   */
  async #linger(claim: Claim, stepResult: StepResult, begunAt: number): Promise<void> {
    this.#held += 1;
    this.#lingering += 1;
    try {
      if ((await this.#journal.result(claim, stepResult)) === "ok") this.#count(claim, stepResult, begunAt);
    } catch (error) {
      this.#fault(error);
    }
    this.#lingering -= 1;
    this.#held -= 1;
    this.#wakeIfWorth();
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
    this.#known.ended(stepResult.outcome);
    if (step.kind !== "by-hand") this.#actors.worked();
    this.#guarding?.ended(step.seq, stepResult);
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

  /** Whether nothing new may be begun; the first reason stays. There is none for a run of which nothing is left. */
  #mustEnd(): boolean {
    if (this.#halt !== undefined || this.#isOver) return this.#halt !== undefined;
    const { durationMs } = this.#options;
    if (this.#stopAsked.aborted) this.#end("stopped", "stopped on request");
    if (durationMs !== undefined && this.#s.clock.monotonic() - this.#startedAt >= durationMs) {
      this.#end("budget", "the time allowed is used up");
    }
    const due = this.#halt ?? this.#guarding?.due();
    if (due !== undefined) this.#end(due.end, due.reason);
    return this.#halt !== undefined;
  }

  get #isOver(): boolean {
    return (this.#openSeen ?? this.#openAtStart - this.#ended) <= this.#lingering;
  }

  #end(end: Halt["end"], reason: string): void {
    if (this.#halt !== undefined) return;
    this.#halt = { end, reason };
    this.#s.onEvent({ type: "stopping", why: reason });
    this.#wake();
  }

  /** A run file that takes no more writes ends the run cleanly; anything else unexpected is a bug and ends it loudly. */
  #fault(error: unknown): void {
    if (error instanceof RunFileError || error instanceof JournalError) {
      this.#known.lost();
      this.#end("journal", `${error.message}; ${error.remedy}`);
    } else this.#crash ??= { error };
    this.#wake();
  }

  async #somethingEnds(): Promise<void> {
    if (this.#held + this.#transfersHeld === 0) return;
    if (this.#s.fleet === undefined) return this.#woken();
    // What other workers end opens steps, and what they held when they died is to be taken over.
    const over = (this.#spare ??= new AbortController());
    const due = this.#s.clock.monotonic() + lookAgainMs;
    await Promise.race([this.#woken(), this.#s.clock.sleep(lookAgainMs, over.signal)]);
    if (this.#s.clock.monotonic() >= due) return;
    this.#spare = undefined;
    over.abort("something ended");
  }

  /** Few at a time would cost a transaction each; while steps wait for a worker, none idles for want of more. */
  #isWorth(room: number): boolean {
    return room >= this.#workers.concurrency / 2 || this.#crew.waiting === 0;
  }

  /** A step has left. Those that wait look for themselves whether they may begin; to look here each time is 0.5 kB. */
  #wakeIfWorth(): void {
    if (this.#isWorth(this.#workers.concurrency * claimsPerWorker - this.#held)) this.#wake();
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async #summary(): Promise<ApplySummary> {
    if (this.#crash === undefined && !this.#known.isLost) await this.#close().catch((error) => this.#fault(error));
    if (this.#crash !== undefined) throw this.#crash.error;
    const counts = await this.#known.last();
    const { end, reason } = endOf(counts, this.#halt);
    this.#s.onEvent({ type: "apply-ended", counts });
    return { end, reason, counts, blocked: [...this.#blocked.values()], ended: this.#ended };
  }

  /** Everything durable, and how it ended in the audit chain. */
  async #close(): Promise<void> {
    await this.#journal.flush();
    const counts = await this.#journal.counts();
    const { end } = endOf(counts, this.#halt);
    this.#guarding?.close();
    if (this.#ended > 0) await this.#journal.note("ended", { end, open: openIn(counts) });
  }
}
