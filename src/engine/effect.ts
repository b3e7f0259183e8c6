/** What a step has done to its asset, by evidence: what surely happened, and which requests may still have an effect. */
import type { Email } from "../model/email.ts";
import { isEmpty, need, nothing, ownerOf, union, without } from "../model/permissions.ts";
import type { Delta, Permissions } from "../model/permissions.ts";
import type { Intent } from "../model/step.ts";

export class Effect {
  #changed: Delta = nothing;
  #newOwner: Email | undefined;
  #doubtful: readonly Intent[];
  #settled = false;

  /** @param doubtful what earlier processes may have sent without learning what came of it */
  constructor(doubtful: readonly Intent[]) {
    this.#doubtful = doubtful;
  }

  /** The pairs this run changed on the server. */
  get changed(): Delta {
    return this.#changed;
  }

  /** Set when the owner really changed. */
  get newOwner(): Email | undefined {
    return this.#newOwner;
  }

  get isNone(): boolean {
    return isEmpty(this.#changed) && this.#newOwner === undefined;
  }

  /** Whether a request may have had, or may still have, an effect that nothing has shown. */
  get isDoubtful(): boolean {
    return this.#doubtful.length > 0;
  }

  /** Whom a request that nobody has seen the end of may have made the owner. */
  get possibleOwner(): Email | undefined {
    return this.#doubtful.findLast((intent) => intent.newOwner !== undefined)?.newOwner;
  }

  /** Whether requests have been given the time to arrive since the last one was sent. */
  get isSettled(): boolean {
    return this.#settled;
  }

  /** A request is about to leave. */
  intended(intent: Intent): void {
    this.#doubtful = [...this.#doubtful, intent];
    this.#settled = false;
  }

  /** The request surely had no effect. */
  harmless(intent: Intent): void {
    this.#doubtful = this.#doubtful.filter((other) => other !== intent);
  }

  /**
   * The write's own answer: it counts as far as it shows the change (reliability.md 0.8). The etag it carried is spent, so
   * that neither this request nor an older one can land any more. Answers what is missing.
   */
  answered(
    answer: Permissions,
    delta: Delta,
    newOwner: Email | undefined,
  ): { readonly delta: Delta; readonly owner: boolean } {
    const missing = need(answer.roles, delta);
    this.#changed = union(this.#changed, without(delta, missing));
    const owner = newOwner !== undefined && ownerOf(answer.roles) !== newOwner;
    if (newOwner !== undefined && !owner) this.#newOwner = newOwner;
    this.#doubtful = [];
    return { delta: missing, owner };
  }

  /** With compare-and-swap one read settles every doubt: once the etag has moved, an older request can never land. */
  seen(permissions: Permissions): void {
    for (const intent of this.#doubtful) {
      if (intent.etag === permissions.etag) continue;
      this.#changed = union(this.#changed, without(intent.delta, need(permissions.roles, intent.delta)));
      if (intent.newOwner !== undefined && ownerOf(permissions.roles) === intent.newOwner) {
        this.#newOwner = intent.newOwner;
      }
    }
    // After the settling time, a request that has not landed counts as lost on the way.
    this.#doubtful = this.#settled ? [] : this.#doubtful.filter((intent) => intent.etag === permissions.etag);
  }

  /**
   * Nobody can look any more: what may have happened counts as having happened, so that undo takes it back should the
   * asset return. Undo touches only what it finds standing.
   */
  assumed(): void {
    for (const intent of this.#doubtful) {
      this.#changed = union(this.#changed, intent.delta);
      this.#newOwner ??= intent.newOwner;
    }
    this.#doubtful = [];
  }

  /** Time has passed in which anything under way must have arrived; the next look decides. */
  settle(): void {
    this.#settled = true;
  }
}
