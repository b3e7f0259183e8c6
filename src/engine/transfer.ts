/**
 * Carries out one Data Transfer job: attach to one already running or start it, wait for it, then believe only what a
 * search shows. The job's id is kept in the journal, so that an interrupted wait goes on.
 */
import type { Claim, Journal } from "../journal/journal.ts";
import { assetTypes } from "../model/asset.ts";
import type { DataStudioApi, TransferJob } from "../model/api.ts";
import type { Email } from "../model/email.ts";
import { ApiError } from "../model/errors.ts";
import type { FailureClass } from "../model/errors.ts";
import { nothing } from "../model/permissions.ts";
import type { Intent, StepResult, TransferStep } from "../model/step.ts";
import { counted } from "../model/text.ts";
import { backoffMs } from "../google/backoff.ts";
import { eachPage } from "../google/pages.ts";
import { ClaimLost, StopAsked, ended, result } from "./ending.ts";
import type { Ending } from "./ending.ts";
import type { ApplyOptions, Surroundings } from "./verbs.ts";

/** A job older than the first intent by more than this is somebody else's; covers clocks that differ. */
const clockSkewMs = 5 * 60_000;
/** Searches after a completed job, with growing waits, before assets still with the old owner count as left behind. */
const searchesMax = 6;

export async function convergeTransfer(
  surroundings: Surroundings,
  journal: Journal,
  claim: Claim,
  step: TransferStep,
  options: ApplyOptions,
): Promise<Ending> {
  try {
    return await new TransferConvergence(surroundings, journal, claim, step, options).run();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return surroundings.stop.aborted ? { kind: "stopped" } : settleError(error, step.actor);
  }
}

/** What an error outside the insert itself means: nothing can be known now, so the step stays open. */
function settleError(error: ApiError, actor: Email): Ending {
  if (error.disposition === "halt-run") return { kind: "halted", failure: error.failure, reason: error.message };
  return {
    kind: "blocked",
    actor,
    failure: error.failure,
    reason: error.message,
  };
}

class TransferConvergence {
  readonly #s: Surroundings;
  readonly #journal: Journal;
  readonly #claim: Claim;
  readonly #step: TransferStep;
  readonly #options: ApplyOptions;
  #calls = 0;
  #attempts: number;
  /** When this process first tried to start the job, wall ms. */
  #insertedAt: number | undefined;
  #lastStatus: string | undefined;
  /** Whether a request to start the job, of this process or a dead one, may still arrive. */
  #isDoubtful: boolean;
  /** Monotonic ms at which that was last so for certain. */
  #doubtfulSince: number;

  constructor(surroundings: Surroundings, journal: Journal, claim: Claim, step: TransferStep, options: ApplyOptions) {
    this.#s = surroundings;
    this.#journal = journal;
    this.#claim = claim;
    this.#step = step;
    this.#options = options;
    this.#attempts = claim.attempts;
    this.#isDoubtful = claim.doubtful.length > 0;
    this.#doubtfulSince = surroundings.clock.monotonic();
  }

  async run(): Promise<Ending> {
    const begun = await this.#begin();
    if (typeof begun !== "string") return begun;
    const first = await this.#wait(begun);
    const status = typeof first === "string" && this.#isDoubtful ? await this.#afterLatecomers(begun, first) : first;
    if (typeof status !== "string") return status;
    return status === "completed"
      ? this.#verify()
      : this.#failed("transfer-failed", `Google reports the job as ${status}`);
  }

  /** The id of the job, whoever started it; or an ending. */
  async #begin(): Promise<string | Ending> {
    if (this.#claim.memo !== undefined) return this.#claim.memo;
    for (;;) {
      const found = await this.#existing();
      if (found !== undefined) return found;
      if (this.#s.stop.aborted) return { kind: "stopped" };
      if (this.#isDoubtful) {
        // The request may still arrive; a second job for the pair is only started once the first cannot appear any more.
        await this.#s.clock.sleep(this.#options.settleMs, this.#s.stop);
        this.#isDoubtful = this.#s.stop.aborted;
        continue;
      }
      if (this.#attempts >= this.#options.attemptsMax) {
        return this.#failed("attempts", `the job could not be started in ${counted(this.#attempts, "attempt")}`);
      }
      const inserted = await this.#insert();
      if (inserted !== undefined) return inserted;
    }
  }

  /**
   * The job attached to may be somebody else's, and what was asked for here without an answer may still start another one
   * beside it: the step ends only once that has had its time to arrive, and to run.
   */
  async #afterLatecomers(id: string, status: string): Promise<string | Ending> {
    const left = this.#doubtfulSince + this.#options.settleMs - this.#s.clock.monotonic();
    if (left > 0) await this.#s.clock.sleep(left, this.#s.stop);
    if (this.#s.stop.aborted) return { kind: "stopped" };
    this.#calls += 1;
    const jobs = await this.#s.api.dataTransfer.list(this.#step.from.id);
    const late = jobs.find((job) => job.newOwnerUserId === this.#step.to.id && job.id !== id && isRunning(job));
    return late === undefined ? status : this.#wait(late.id);
  }

  /** A job of the same pair that is running, or that an earlier attempt of this step started. */
  async #existing(): Promise<string | Ending | undefined> {
    this.#calls += 1;
    const jobs = await this.#s.api.dataTransfer.list(this.#step.from.id);
    const ours = jobs.find((job) => job.newOwnerUserId === this.#step.to.id && (isRunning(job) || this.#isFromUs(job)));
    if (ours !== undefined) return this.#attach(ours, true);
    const other = jobs.find(isRunning);
    if (other !== undefined && !this.#isDoubtful) {
      return this.#failed(
        "transfer-conflict",
        `another job (${other.id}) is moving everything ${this.#step.from.email} owns to somebody else`,
      );
    }
    if (this.#attempts === 0 && (await this.#hasNothingToMove())) {
      return this.#end("unchanged", { evidence: "read", reason: "the old owner owns nothing" });
    }
    return undefined;
  }

  /** False where the old owner cannot be acted as. The trash counts when the plan found something in it. */
  async #hasNothingToMove(): Promise<boolean> {
    const { from, trashed } = this.#step;
    const owned = async (): Promise<number> =>
      (await this.#leftBehind(from.email)) + (trashed > 0 ? await this.#leftBehind(from.email, true) : 0);
    return (await owned().catch(unknownIfRefused)) === 0;
  }

  /** Started at or after the first intent of this step: it can only be the request whose answer was lost. */
  #isFromUs(job: TransferJob): boolean {
    const [first] = this.#claim.doubtful;
    const since = first?.at ?? this.#insertedAt;
    if (since === undefined || job.requestTime === undefined) return false;
    return Date.parse(job.requestTime) >= since - clockSkewMs;
  }

  async #insert(): Promise<string | Ending | undefined> {
    let intent: Intent | undefined;
    const writeDown = async (): Promise<void> => {
      // Asked a second time only when the first request's token was rejected, which is a definite no.
      if (intent !== undefined) this.#journal.noEffect(this.#claim, intent.attempt, false);
      if (this.#s.stop.aborted) throw new StopAsked();
      intent = await this.#intend();
      // Writing down may take its time; what was asked meanwhile counts, and nothing has left.
      if (this.#s.stop.aborted) throw new StopAsked();
    };
    const { from, to } = this.#step;
    try {
      return await this.#attach(await this.#s.api.dataTransfer.insert(from.id, to.id, writeDown), false);
    } catch (error) {
      if (error instanceof ClaimLost) return { kind: "lost" };
      if (error instanceof StopAsked) {
        if (intent !== undefined) this.#journal.noEffect(this.#claim, intent.attempt, false);
        return { kind: "stopped" };
      }
      if (!(error instanceof ApiError)) throw error;
      return this.#afterInsertError(error, intent);
    }
  }

  /** Durable when it resolves: only then may the request leave. */
  async #intend(): Promise<Intent> {
    this.#attempts += 1;
    const at = this.#s.clock.now();
    const intent: Intent = {
      attempt: this.#attempts,
      actor: this.#step.actor,
      etag: undefined,
      delta: nothing,
      newOwner: this.#step.to.email,
      before: undefined,
      at,
    };
    if ((await this.#journal.intent(this.#claim, intent)) === "lost") throw new ClaimLost();
    this.#insertedAt ??= at;
    this.#calls += 1;
    return intent;
  }

  /** `intent` is undefined when the request never had its turn. */
  async #afterInsertError(error: ApiError, intent: Intent | undefined): Promise<Ending | undefined> {
    if (error.disposition !== "ambiguous" && intent !== undefined) {
      this.#journal.noEffect(this.#claim, intent.attempt, false);
    }
    switch (error.disposition) {
      case "halt-run":
      case "halt-actor":
        return settleError(error, this.#step.actor);
      case "refuse":
        return this.#failed(error.failure, error.message);
      case "ambiguous":
        this.#isDoubtful = true;
        this.#doubtfulSince = this.#s.clock.monotonic();
        return undefined;
      case "conflict":
      case "retry":
      case "throttle": {
        const waitMs = backoffMs(Math.max(1, this.#attempts), error.disposition, this.#s.random);
        this.#s.onEvent({ type: "retry", seq: this.#step.seq, failure: error.failure, waitMs });
        await this.#s.clock.sleep(waitMs, this.#s.stop);
        return undefined;
      }
    }
  }

  async #attach(job: TransferJob, attached: boolean): Promise<string | Ending> {
    if ((await this.#journal.remember(this.#claim, job.id)) === "lost") return { kind: "lost" };
    this.#say(job, attached);
    return job.id;
  }

  /** Polls until the job has ended; an open status is open however it is called. */
  async #wait(id: string): Promise<string | Ending> {
    const deadline = this.#s.clock.monotonic() + this.#options.transferWaitMs;
    let pollMs = this.#options.transferPollMs;
    for (;;) {
      this.#calls += 1;
      const job = (await this.#s.api.dataTransfer.get(id)) ?? (await this.#listed(id));
      if (job === undefined) return this.#failed("transfer-unknown", `Google no longer knows the job ${id}`);
      this.#say(job, false);
      if (job.status === "completed" || job.status === "failed") return job.status;
      if (this.#s.clock.monotonic() + pollMs > deadline) {
        return { kind: "overdue", reason: `transfer ${id} is still ${job.status}; apply again to go on waiting` };
      }
      await this.#s.clock.sleep(pollMs, this.#s.stop);
      if (this.#s.stop.aborted) return { kind: "stopped" };
      pollMs = Math.min(pollMs * 2, this.#options.transferPollMaxMs);
      const [held] = await this.#journal.renew([this.#claim]);
      if (held === undefined) return { kind: "lost" };
    }
  }

  /** One "not found" is no proof that a job which was started is not at work: the list of jobs must agree. */
  async #listed(id: string): Promise<TransferJob | undefined> {
    this.#calls += 1;
    const jobs = await this.#s.api.dataTransfer.list(this.#step.from.id);
    return jobs.find((job) => job.id === id);
  }

  /** A completed job is a claim; that the old owner owns nothing any more is what proves it. */
  async #verify(): Promise<Ending> {
    const { from, to } = this.#step;
    let left = 0;
    for (let search = 1; search <= searchesMax; search += 1) {
      const asOwner = await this.#leftBehind(from.email).catch(unknownIfRefused);
      left = asOwner ?? (await this.#leftBehind(to.email));
      if (left === 0) {
        // The heir sees only what is shared with him, so that his word says less: each asset's own step says the rest.
        const reason =
          asOwner === undefined
            ? `checked as ${to.email}: ${from.email} cannot be searched as, and may still own what nobody else sees`
            : undefined;
        return this.#end("applied", { evidence: "read", newOwner: to.email, reason });
      }
      await this.#s.clock.sleep(this.#options.transferPollMs * search, this.#s.stop);
      if (this.#s.stop.aborted) return { kind: "stopped" };
    }
    return this.#failed(
      "transfer-incomplete",
      `the job is completed, but ${counted(left, "asset")} still belong to ${from.email}: plan again for those`,
    );
  }

  async #leftBehind(actor: Email, trashed = false): Promise<number> {
    let found = 0;
    for (const assetType of assetTypes) {
      const query = { assetType, owner: this.#step.from.email, trashed };
      for await (const { assets } of eachPage((pageToken) => this.#search(actor, query, pageToken))) {
        found += assets.filter((asset) => asset.owner === this.#step.from.email).length;
      }
    }
    return found;
  }

  #search(...search: Parameters<DataStudioApi["search"]>): ReturnType<DataStudioApi["search"]> {
    this.#calls += 1;
    return this.#s.api.dataStudio.search(...search);
  }

  #failed(failure: FailureClass, reason: string): Ending {
    return this.#end("failed", { failure, reason, evidence: "refusal" });
  }

  #end(outcome: StepResult["outcome"], said: Parameters<typeof result>[2]): Ending {
    return ended(result(outcome, this.#step.actor, { ...said, calls: this.#calls }));
  }

  /** A status is news once. */
  #say(job: TransferJob, attached: boolean): void {
    if (job.status === this.#lastStatus) return;
    this.#lastStatus = job.status;
    this.#s.onEvent({ type: "transfer", seq: this.#step.seq, transferId: job.id, status: job.status, attached });
  }
}

function isRunning(job: TransferJob): boolean {
  return job.status !== "completed" && job.status !== "failed";
}

/** A user who cannot be acted as leaves the question open; anything else is an error of its own. */
function unknownIfRefused(error: unknown): undefined {
  if (error instanceof ApiError && error.disposition === "halt-actor") return undefined;
  throw error;
}
