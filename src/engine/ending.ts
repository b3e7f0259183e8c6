/** How one visit to a step ends: with a result, or given back unended for a named reason. */
import type { Email } from "../model/email.ts";
import type { FailureClass } from "../model/errors.ts";
import type { Delta } from "../model/permissions.ts";
import { nothing } from "../model/permissions.ts";
import type { Outcome, StepResult } from "../model/step.ts";

export type Ending =
  | { readonly kind: "ended"; readonly result: StepResult }
  /** Another worker holds the step now. */
  | { readonly kind: "lost" }
  /** The user asked to stop. */
  | { readonly kind: "stopped" }
  /** Nobody listed for the step can be acted as now, or the server gives no answer that settles it. */
  | { readonly kind: "blocked"; readonly actor: Email; readonly failure: FailureClass; readonly reason: string }
  /** Credentials or project are at fault: the whole run halts. */
  | { readonly kind: "halted"; readonly failure: FailureClass; readonly reason: string }
  /** A wait outlasted what this process allows it. */
  | { readonly kind: "overdue"; readonly reason: string };

/** Why a step ends without its change. */
export interface No {
  readonly outcome: "failed" | "skipped";
  readonly failure: FailureClass;
  readonly reason: string;
}

/** A result with everything unsaid set to "nothing happened". */
export function result(
  outcome: Outcome,
  actor: Email,
  said: Partial<Omit<StepResult, "outcome" | "actor">>,
): StepResult {
  return {
    outcome,
    actor,
    failure: said.failure,
    reason: said.reason,
    evidence: said.evidence ?? "none",
    changed: said.changed ?? (nothing satisfies Delta),
    newOwner: said.newOwner,
    etagBefore: said.etagBefore,
    etagAfter: said.etagAfter,
    calls: said.calls ?? 0,
  };
}

export function ended(stepResult: StepResult): Ending {
  return { kind: "ended", result: stepResult };
}

/** Somebody else holds the step: nothing may be sent for it here any more. */
export class ClaimLost extends Error {}

/** The user asked to stop before the write left: nothing is sent. */
export class StopAsked extends Error {}
