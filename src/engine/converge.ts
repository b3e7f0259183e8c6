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
import { OWNER, applyDelta, isEmpty, need, ownerOf } from "../model/permissions.ts";
import type { Delta, Permissions, RoleMap } from "../model/permissions.ts";
import type { EditStep, Evidence, Intent } from "../model/step.ts";
import type { Actors } from "./actors.ts";
import { backoffMs } from "../google/backoff.ts";
import { Effect } from "./effect.ts";
import { ClaimLost, StopAsked, ended, result } from "./ending.ts";
import type { Ending, No } from "./ending.ts";
import type { ApplyOptions, Surroundings } from "./verbs.ts";

/** Definite answers that do not show the change, after which trying again is pointless. */
const ineffectiveMax = 2;

export function convergeEdit(
  surroundings: Surroundings,
  journal: Journal,
  claim: Claim,
  step: EditStep,
  options: ApplyOptions,
  actors: Actors,
): Promise<Ending> {
  const converge = (first: Email, others: readonly Email[]): Promise<Ending> =>
    new EditConvergence(surroundings, journal, claim, step, options, actors, first, others).run();
  // Nearly always; a list of those who are left costs as much as the step's own state.
  if (actors.noneHalted) return converge(step.actor, step.alternates);
  const [first, ...others] = actors.usable([step.actor, ...step.alternates]);
  if (first !== undefined) return converge(first, others);
  const why = actors.why(step.actor);
  if (why === undefined) throw new Error(`step ${step.seq} has no actor, yet none is halted`);
  return Promise.resolve({ kind: "blocked", ...why });
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
  #others: readonly Email[];
  /** What the server held when last seen, undefined when it must be read; and who was last let look here. */
  #known: Permissions | undefined;
  #readAs: Email | undefined;
  readonly #effect: Effect;
  /** Whether what is known is the answer of the step's own write. */
  #wrote = false;
  /** The owner still to be attempted. */
  #owner: Email | undefined;
  #attempts: number;
  #conflicts: number;
  /** The definite no of an actor in whose place others were tried. */
  #refused: ApiError | undefined;
  /** Whether the user an attempt may have made the owner was already asked in the others' place. */
  #askedNewOwner = false;
  #failuresInRow = 0;
  #ineffective = 0;
  #calls = 0;

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
    this.#others = others;
    this.#effect = new Effect(claim.doubtful);
    this.#attempts = claim.attempts;
    this.#conflicts = claim.conflicts;
    this.#owner = step.attemptOwner;
    this.#known = claim.attempts === 0 ? step.base : undefined;
  }

  async run(): Promise<Ending> {
    for (;;) {
      if (this.#known === undefined) {
        const trouble = await this.#read();
        if (trouble !== undefined) return trouble;
      }
      const known = this.#known;
      if (known === undefined) continue;
      const delta = need(known.roles, this.#step.delta);
      // Nothing is waited for where there is nothing to wait for: each such promise costs 50 ns, and its room.
      const looked = this.#look(known, delta);
      const next =
        looked === undefined ? await this.#act(known, delta) : looked instanceof Promise ? await looked : looked;
      if (next !== undefined) return next;
    }
  }

  /** Ends the step if there is nothing left to send; `delta` is what is left to change. */
  #look(known: Permissions, delta: Delta): Ending | Promise<Ending | undefined> | undefined {
    const owner = ownerOf(known.roles);
    const isMade = isEmpty(delta) && (this.#owner === undefined || owner === this.#owner);
    // An owner tried for without an answer, and refused since, may still arrive although nothing is left to do.
    if (isMade) return this.#effect.isDoubtful && !this.#effect.isSettled ? this.#settle() : this.#done();
    const obstacle = this.#obstacle(known, owner);
    if (obstacle !== undefined) return this.#refuseOrSettle(obstacle, "read");
    return this.#s.stop.aborted ? { kind: "stopped" } : undefined;
  }

  /** Why nothing more may be sent although something is left to change. */
  #obstacle(known: Permissions, owner: Email | undefined): No | undefined {
    const { attemptsMax, conflictsMax } = this.#options;
    const isExpected = owner !== undefined && (owner === this.#step.owner || owner === this.#owner);
    if (this.#readAs !== undefined && this.#step.owner !== undefined && !isExpected) {
      const reason = `the asset belongs to ${owner ?? "nobody known"} now, not to ${this.#step.owner}`;
      return { outcome: "skipped", failure: "owner-drift", reason };
    }
    const failed = (failure: FailureClass, reason: string): No => ({ outcome: "failed", failure, reason });
    if (this.#ineffective >= ineffectiveMax) {
      return failed("ineffective", "the server accepts the change and does not make it");
    }
    if (this.#attempts >= attemptsMax) return failed("attempts", `not done after ${this.#attempts} attempts`);
    if (this.#conflicts >= conflictsMax) {
      return failed("contention", `somebody else changed the asset ${this.#conflicts} times in between`);
    }
    if (known.etag === undefined) {
      return failed("no-etag", "the server sends no etag: a write could overwrite somebody else's change");
    }
    return undefined;
  }

  /** Sends what is left to change, once its turn has come and the intent is durable; undefined means look again. */
  async #act(known: Permissions, delta: Delta): Promise<Ending | undefined> {
    const newOwner = this.#owner !== undefined && ownerOf(known.roles) !== this.#owner ? this.#owner : undefined;
    let intent: Intent | undefined;
    const writeDown = async (): Promise<void> => {
      // Asked a second time only when the first request's token was rejected, which is a definite no.
      if (intent !== undefined) this.#harmless(intent, false);
      if (this.#s.stop.aborted) throw new StopAsked();
      intent = this.#nextIntent(known, delta, newOwner);
      if ((await this.#journal.intent(this.#claim, intent)) === "lost") throw new ClaimLost();
      this.#effect.intended(intent);
      this.#calls += 1;
      // Writing down may take its time; what was asked meanwhile counts, and nothing has left.
      if (this.#s.stop.aborted) throw new StopAsked();
    };
    const wanted = { roles: withOwner(applyDelta(known.roles, delta), newOwner), etag: known.etag };
    try {
      const { dataStudio } = this.#s.api;
      const answer = await dataStudio.patchPermissions(this.#actor, this.#step.asset.name, wanted, writeDown);
      return this.#afterAnswer(answer, delta, newOwner);
    } catch (error) {
      if (error instanceof ClaimLost) return { kind: "lost" };
      if (error instanceof StopAsked) {
        this.#harmless(intent, false);
        return { kind: "stopped" };
      }
      if (!(error instanceof ApiError)) throw error;
      return this.#afterError(error, intent, newOwner);
    }
  }

  #nextIntent(known: Permissions, delta: Delta, newOwner: Email | undefined): Intent {
    this.#attempts += 1;
    return {
      attempt: this.#attempts,
      actor: this.#actor,
      etag: known.etag,
      delta,
      newOwner,
      before: known === this.#step.base ? undefined : known.roles,
      at: this.#s.clock.now(),
    };
  }

  /** A 200 is not proof: the answer must show the change (reliability.md 0.8). */
  #afterAnswer(answer: Permissions, delta: Delta, newOwner: Email | undefined): undefined {
    const missing = this.#effect.answered(answer, delta, newOwner);
    this.#failuresInRow = 0;
    this.#wrote = isEmpty(missing.delta) && !missing.owner;
    this.#known = this.#wrote ? answer : undefined;
    if (!isEmpty(missing.delta)) this.#ineffective += 1;
    else if (missing.owner) this.#owner = undefined;
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
    if (this.#isForOthers(error)) {
      this.#refused = error;
      this.#switchActor();
      return undefined;
    }
    return this.#refuseOrSettle({ outcome: "failed", failure: error.failure, reason: error.message }, "refusal");
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
    this.#readAs = this.#actor;
    this.#effect.seen(seen);
    return undefined;
  }

  async #afterReadError(error: ApiError): Promise<Ending | undefined> {
    switch (error.disposition) {
      case "halt-run":
        return { kind: "halted", failure: error.failure, reason: error.message };
      case "halt-actor":
        return this.#nextActor(error);
      case "refuse":
      case "conflict":
        if (this.#isForOthers(error)) {
          this.#refused = error;
          this.#switchActor();
          return undefined;
        }
        if (this.#isForNewOwner()) return undefined;
        if (this.#effect.isDoubtful && error.failure !== "not-found") return this.#unsettled(error);
        return this.#refuseOrSettle({ outcome: "failed", failure: error.failure, reason: error.message }, "refusal");
      case "retry":
      case "throttle":
      case "ambiguous":
        return this.#s.stop.aborted ? { kind: "stopped" } : this.#unsettled(error);
    }
  }

  /** What was sent can be neither confirmed nor denied now: the step stays open and says so. */
  #unsettled(error: ApiError): Ending {
    return {
      kind: "blocked",
      actor: this.#actor,
      failure: error.failure,
      reason: this.#effect.isDoubtful
        ? `a write may have happened and cannot be checked now: ${error.message}`
        : `no answer that settles it: ${error.message}`,
    };
  }

  #done(): Ending {
    const evidence: Evidence = this.#wrote ? "answer" : "read";
    const outcome = this.#effect.isNone ? "unchanged" : this.#wrote ? "applied" : "confirmed";
    return ended(this.#end(outcome, undefined, undefined, evidence));
  }

  /**
   * A step may be called failed only once nothing sent for it can still land: a doubtful request is given time to arrive,
   * then the asset is read once more (reliability.md 0.5).
   */
  async #refuseOrSettle(no: No, evidence: Evidence): Promise<Ending | undefined> {
    if (!this.#effect.isDoubtful || this.#effect.isSettled) {
      this.#effect.assumed();
      return ended(this.#end(no.outcome, no.failure, no.reason, evidence));
    }
    return this.#settle();
  }

  /** Gives what was sent the time to arrive; the next look decides, as whoever was let look before and can still be acted as. */
  async #settle(): Promise<Ending | undefined> {
    if (!this.#s.stop.aborted) await this.#s.clock.sleep(this.#options.settleMs, this.#s.stop);
    if (this.#s.stop.aborted) return { kind: "stopped" };
    this.#actor = this.#actors.usable([this.#readAs ?? this.#actor])[0] ?? this.#actor;
    this.#effect.settle();
    this.#known = undefined;
    return undefined;
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
      changed: this.#effect.changed,
      newOwner: this.#effect.newOwner,
      etagBefore: this.#step.base?.etag,
      etagAfter: this.#known?.etag,
      calls: this.#calls,
    });
  }

  /** When the others cannot be acted as, the definite no that came first stands. */
  async #nextActor(error: ApiError): Promise<Ending | undefined> {
    this.#actors.halt(this.#actor, error);
    if (this.#others.length > 0) {
      this.#switchActor();
      return undefined;
    }
    const no = this.#refused;
    if (no !== undefined && (!this.#effect.isDoubtful || no.failure === "not-found")) {
      return this.#refuseOrSettle({ outcome: "failed", failure: no.failure, reason: no.message }, "refusal");
    }
    return { kind: "blocked", actor: this.#actor, failure: error.failure, reason: error.message };
  }

  /** Google may say "not found" of what merely this user may not see (api.md 6): somebody else listed may be let in. */
  #isForOthers(error: ApiError): boolean {
    return this.#others.length > 0 && (error.failure === "permission-denied" || error.failure === "not-found");
  }

  /** An owner change whose answer was lost may have shut out everybody listed: then the new owner may look. */
  #isForNewOwner(): boolean {
    const owner = this.#effect.possibleOwner;
    if (owner === undefined || this.#askedNewOwner) return false;
    this.#askedNewOwner = true;
    this.#actor = owner;
    return true;
  }

  #switchActor(): void {
    const [next = this.#actor, ...others] = this.#others;
    this.#actor = next;
    this.#others = others;
  }

  #harmless(intent: Intent | undefined, conflict: boolean): void {
    if (intent === undefined) return;
    this.#effect.harmless(intent);
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

/** The roles with another owner in them; unchanged when `newOwner` is undefined. */
function withOwner(roles: RoleMap, newOwner: Email | undefined): RoleMap {
  if (newOwner === undefined) return roles;
  return new Map([...roles, [OWNER, [userMember(newOwner)]]]);
}
