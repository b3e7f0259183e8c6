/**
 * Makes one asset match its step, however often it is called: read, decide, write the intent down, send, look at the answer.
 * An undisturbed step sends one request, because the permissions read at plan time carry the etag that makes the write safe;
 * a conflict, a lost answer or a restart reads afresh.
 */
import type { Claim, Journal } from "../journal/journal.ts";
import type { Email } from "../model/email.ts";
import { ApiError } from "../model/errors.ts";
import type { FailureClass } from "../model/errors.ts";
import { userMember } from "../model/member.ts";
import { OWNER, applyDelta, isEmpty, need, nothing, ownerOf, union, without } from "../model/permissions.ts";
import type { Delta, Permissions, RoleMap } from "../model/permissions.ts";
import type { EditStep, Evidence, Intent } from "../model/step.ts";
import type { Actors } from "./actors.ts";
import { backoffMs } from "../google/backoff.ts";
import { ended, result } from "./ending.ts";
import type { Ending } from "./ending.ts";
import type { ApplyOptions, Surroundings } from "./verbs.ts";

/** Definite answers that do not show the change, after which trying again is pointless. */
const ineffectiveMax = 2;

export async function convergeEdit(
  surroundings: Surroundings,
  journal: Journal,
  claim: Claim,
  step: EditStep,
  options: ApplyOptions,
  actors: Actors,
): Promise<Ending> {
  const [first, ...others] = actors.usable([step.actor, ...step.alternates]);
  if (first !== undefined)
    return new EditConvergence(surroundings, journal, claim, step, options, actors, first, others).run();
  const why = actors.why(step.actor);
  if (why === undefined) throw new Error(`step ${step.seq} has no actor, yet none is halted`);
  return { kind: "blocked", ...why };
}

class EditConvergence {
  readonly #s: Surroundings;
  readonly #journal: Journal;
  readonly #claim: Claim;
  readonly #step: EditStep;
  readonly #options: ApplyOptions;
  readonly #actors: Actors;
  #actor: Email;
  /** Who may act instead, best first. */
  readonly #others: Email[];
  /** What the server held when last seen; undefined when it must be read. */
  #known: Permissions | undefined;
  #readHere = false;
  /** Intents whose requests may have had, or may still have, an effect. */
  #doubtful: readonly Intent[];
  /** What this run has changed on the server, by evidence. */
  #ours: Delta = nothing;
  #newOwner: Email | undefined;
  #wrote = false;
  #owner: Email | undefined;
  #attempts: number;
  #conflicts: number;
  #failuresInRow = 0;
  #ineffective = 0;
  #calls = 0;
  #settled = false;

  constructor(
    surroundings: Surroundings,
    journal: Journal,
    claim: Claim,
    step: EditStep,
    options: ApplyOptions,
    actors: Actors,
    first: Email,
    others: readonly Email[],
  ) {
    this.#s = surroundings;
    this.#journal = journal;
    this.#claim = claim;
    this.#step = step;
    this.#options = options;
    this.#actors = actors;
    this.#actor = first;
    this.#others = [...others];
    this.#doubtful = claim.doubtful;
    this.#attempts = claim.attempts;
    this.#conflicts = claim.conflicts;
    this.#owner = step.attemptOwner;
    this.#known = claim.attempts === 0 ? step.base : undefined;
  }

  async run(): Promise<Ending> {
    for (;;) {
      const next = (await this.#look()) ?? (await this.#act());
      if (next !== undefined) return next;
    }
  }

  /** Reads if need be, and ends the step if there is nothing left to send. */
  async #look(): Promise<Ending | undefined> {
    if (this.#known === undefined) {
      const trouble = await this.#read();
      if (trouble !== undefined) return trouble;
    }
    const known = this.#known;
    if (known === undefined) return undefined;
    const remaining = need(known.roles, this.#step.delta);
    const owner = ownerOf(known.roles);
    const ownerDone = this.#owner === undefined || owner === this.#owner;
    if (isEmpty(remaining) && ownerDone) return this.#done(known);
    if (this.#readHere && this.#step.owner !== undefined && owner !== this.#step.owner && owner !== this.#owner) {
      return this.#refuseOrSettle(
        "skipped",
        "owner-drift",
        `the asset belongs to ${owner ?? "nobody known"} now, not to ${this.#step.owner}`,
        "read",
      );
    }
    if (this.#ineffective >= ineffectiveMax) {
      return this.#refuseOrSettle(
        "failed",
        "ineffective",
        "the server accepts the change and does not make it",
        "read",
      );
    }
    if (this.#attempts >= this.#options.attemptsMax) {
      return this.#refuseOrSettle("failed", "attempts", `not done after ${this.#attempts} attempts`, "read");
    }
    if (this.#conflicts >= this.#options.conflictsMax) {
      const times = `${this.#conflicts} times`;
      return this.#refuseOrSettle(
        "failed",
        "contention",
        `somebody else changed the asset ${times} in between`,
        "read",
      );
    }
    if (known.etag === undefined) {
      const why = "the server sends no etag: a write could overwrite somebody else's change";
      return this.#refuseOrSettle("failed", "no-etag", why, "read");
    }
    return this.#s.stop.aborted ? { kind: "stopped" } : undefined;
  }

  /** Sends what is left to change, writing the intent down when its turn has come; undefined means look again. */
  async #act(): Promise<Ending | undefined> {
    const known = this.#known;
    if (known === undefined) return undefined;
    const delta = need(known.roles, this.#step.delta);
    const newOwner = this.#owner !== undefined && ownerOf(known.roles) !== this.#owner ? this.#owner : undefined;
    let intent: Intent | undefined;
    const writeDown = async (): Promise<void> => {
      // Asked a second time only when the first request's token was rejected, which is a definite no.
      if (intent !== undefined) this.#harmless(intent, false);
      intent = await this.#intend(known, delta, newOwner);
    };
    const wanted = { roles: withOwner(applyDelta(known.roles, delta), newOwner), etag: known.etag };
    try {
      const { dataStudio } = this.#s.api;
      const answer = await dataStudio.patchPermissions(this.#actor, this.#step.asset.name, wanted, writeDown);
      return this.#afterAnswer(answer, delta, newOwner);
    } catch (error) {
      if (error instanceof ClaimLost) return { kind: "lost" };
      if (!(error instanceof ApiError)) throw error;
      return this.#afterError(error, intent, newOwner);
    }
  }

  /** Durable when it resolves: only then may the request leave. */
  async #intend(known: Permissions, delta: Delta, newOwner: Email | undefined): Promise<Intent> {
    this.#attempts += 1;
    const intent: Intent = {
      attempt: this.#attempts,
      actor: this.#actor,
      etag: known.etag,
      delta,
      newOwner,
      before: known === this.#step.base ? undefined : known.roles,
      at: this.#s.clock.now(),
    };
    if ((await this.#journal.intent(this.#claim, intent)) === "lost") throw new ClaimLost();
    this.#doubtful = [...this.#doubtful, intent];
    this.#settled = false;
    this.#calls += 1;
    return intent;
  }

  /** A 200 is not proof: the answer must show the change (reliability.md 0.8). */
  #afterAnswer(answer: Permissions, delta: Delta, newOwner: Email | undefined): undefined {
    const missing = need(answer.roles, delta);
    this.#ours = union(this.#ours, without(delta, missing));
    if (newOwner !== undefined && ownerOf(answer.roles) === newOwner) this.#newOwner = newOwner;
    this.#wrote = true;
    this.#failuresInRow = 0;
    // The etag the write carried is spent: neither this request nor an older one can land any more.
    this.#doubtful = [];
    const ownerHeld = newOwner === undefined || this.#newOwner === newOwner;
    if (isEmpty(missing) && ownerHeld) {
      this.#known = answer;
      return;
    }
    this.#wrote = false;
    if (isEmpty(missing)) this.#owner = undefined;
    else this.#ineffective += 1;
    this.#known = undefined;
  }

  /** `intent` is undefined when the request never had its turn. */
  async #afterError(
    error: ApiError,
    intent: Intent | undefined,
    newOwner: Email | undefined,
  ): Promise<Ending | undefined> {
    if (error.disposition !== "ambiguous") this.#harmless(intent, error.disposition === "conflict");
    switch (error.disposition) {
      case "ambiguous":
        this.#known = undefined;
        return this.#pause(error);
      case "throttle":
      case "retry":
        return this.#pause(error);
      case "conflict":
        this.#conflicts += 1;
        this.#known = undefined;
        this.#s.onEvent({ type: "conflict", seq: this.#step.seq, conflicts: this.#conflicts });
        await this.#s.clock.sleep(backoffMs(this.#conflicts, error.disposition, this.#s.random), this.#s.stop);
        return undefined;
      case "refuse":
        return this.#afterRefusal(error, newOwner);
      case "halt-actor":
        return this.#nextActor(error);
      case "halt-run":
        return { kind: "halted", failure: error.failure, reason: error.message };
    }
  }

  #afterRefusal(error: ApiError, newOwner: Email | undefined): Promise<Ending | undefined> | undefined {
    if (newOwner !== undefined && error.failure !== "not-found") {
      this.#owner = undefined;
      return undefined;
    }
    if (error.failure === "permission-denied" && this.#others.length > 0) {
      this.#switchActor();
      return undefined;
    }
    return this.#refuseOrSettle("failed", error.failure, error.message, "refusal");
  }

  async #read(): Promise<Ending | undefined> {
    this.#calls += 1;
    let seen: Permissions;
    try {
      seen = await this.#s.api.dataStudio.getPermissions(this.#actor, this.#step.asset.name);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return this.#afterReadError(error);
    }
    this.#known = seen;
    this.#readHere = true;
    this.#judgeDoubtful(seen);
    return undefined;
  }

  /** With compare-and-swap one read settles every doubt: once the etag has moved, an older request can never land. */
  #judgeDoubtful(seen: Permissions): void {
    for (const intent of this.#doubtful) {
      if (intent.etag === seen.etag) continue;
      this.#ours = union(this.#ours, without(intent.delta, need(seen.roles, intent.delta)));
      if (intent.newOwner !== undefined && ownerOf(seen.roles) === intent.newOwner) this.#newOwner = intent.newOwner;
    }
    // After the settling time, a request that has not landed counts as lost on the way.
    this.#doubtful = this.#settled ? [] : this.#doubtful.filter((intent) => intent.etag === seen.etag);
  }

  async #afterReadError(error: ApiError): Promise<Ending | undefined> {
    switch (error.disposition) {
      case "halt-run":
        return { kind: "halted", failure: error.failure, reason: error.message };
      case "halt-actor":
        return this.#nextActor(error);
      case "refuse":
      case "conflict":
        if (error.failure === "permission-denied" && this.#others.length > 0) {
          this.#switchActor();
          return undefined;
        }
        if (this.#doubtful.length > 0 && error.failure !== "not-found") return this.#unsettled(error);
        return ended(this.#end("failed", error.failure, error.message, "refusal"));
      case "retry":
      case "throttle":
      case "ambiguous":
        if (this.#s.stop.aborted) return { kind: "stopped" };
        if (this.#claim.attempts > 0 || this.#attempts > 0) return this.#unsettled(error);
        return ended(this.#end("failed", error.failure, error.message, "none"));
    }
  }

  /** What was sent can be neither confirmed nor denied now: the step stays open and says so. */
  #unsettled(error: ApiError): Ending {
    return {
      kind: "blocked",
      actor: this.#actor,
      failure: error.failure,
      reason:
        this.#doubtful.length > 0
          ? `a write may have happened and cannot be checked now: ${error.message}`
          : `no answer that settles it: ${error.message}`,
    };
  }

  #done(known: Permissions): Ending {
    const didSomething = !isEmpty(this.#ours) || this.#newOwner !== undefined;
    const evidence: Evidence = this.#wrote ? "answer" : "read";
    const outcome = !didSomething ? "unchanged" : this.#wrote ? "applied" : "confirmed";
    return ended({
      ...this.#end(outcome, undefined, undefined, evidence),
      etagAfter: known.etag,
    });
  }

  /**
   * A step may be called failed only once nothing sent for it can still land: a doubtful request is given time to arrive,
   * then the asset is read once more (reliability.md 0.5).
   */
  async #refuseOrSettle(
    outcome: "failed" | "skipped",
    failure: FailureClass,
    reason: string,
    evidence: Evidence,
  ): Promise<Ending | undefined> {
    if (this.#doubtful.length > 0 && !this.#settled) {
      if (this.#s.stop.aborted) return { kind: "stopped" };
      await this.#s.clock.sleep(this.#options.settleMs, this.#s.stop);
      if (this.#s.stop.aborted) return { kind: "stopped" };
      this.#settled = true;
      this.#known = undefined;
      return undefined;
    }
    return ended(this.#end(outcome, failure, reason, evidence));
  }

  #end(
    outcome: "applied" | "confirmed" | "unchanged" | "failed" | "skipped",
    failure: FailureClass | undefined,
    reason: string | undefined,
    evidence: Evidence,
  ): ReturnType<typeof result> {
    return result(outcome, this.#actor, {
      failure,
      reason,
      evidence,
      changed: this.#ours,
      newOwner: this.#newOwner,
      etagBefore: this.#step.base?.etag,
      etagAfter: this.#known?.etag,
      calls: this.#calls,
    });
  }

  #nextActor(error: ApiError): Ending | undefined {
    this.#actors.halt(this.#actor, error);
    if (this.#others.length > 0) {
      this.#switchActor();
      return undefined;
    }
    return { kind: "blocked", actor: this.#actor, failure: error.failure, reason: error.message };
  }

  #switchActor(): void {
    this.#actor = this.#others.shift() ?? this.#actor;
  }

  #harmless(intent: Intent | undefined, conflict: boolean): void {
    if (intent === undefined) return;
    this.#doubtful = this.#doubtful.filter((other) => other !== intent);
    this.#journal.noEffect(this.#claim, intent.attempt, conflict);
  }

  async #pause(error: ApiError): Promise<Ending | undefined> {
    this.#failuresInRow += 1;
    // Requests that never had their turn are no attempts, so that they need a bound of their own.
    if (this.#failuresInRow > this.#options.attemptsMax) return this.#unsettled(error);
    const waitMs = backoffMs(this.#failuresInRow, error.disposition, this.#s.random);
    this.#s.onEvent({ type: "retry", seq: this.#step.seq, failure: error.failure, waitMs });
    await this.#s.clock.sleep(waitMs, this.#s.stop);
    return undefined;
  }
}

/** Somebody else holds the step: nothing may be sent for it here any more. */
class ClaimLost extends Error {}

/** The roles with another owner in them; unchanged when `newOwner` is undefined. */
function withOwner(roles: RoleMap, newOwner: Email | undefined): RoleMap {
  if (newOwner === undefined) return roles;
  return new Map([...roles, [OWNER, [userMember(newOwner)]]]);
}
