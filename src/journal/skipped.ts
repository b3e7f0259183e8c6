/** Steps skipped because the one they wait for did not succeed: one row of the audit chain names them all. */
import type { StepFailure } from "../model/errors.ts";
import type { Step, StepResult } from "../model/step.ts";
import { rangesText } from "./pages.ts";

/** Their class of failure. */
export const predecessorFailure: StepFailure = "predecessor";

/** The audit body, canonical. `steps` is ascending. */
export function skippedText(at: number, because: number, steps: readonly number[]): string {
  return JSON.stringify({ at, because, count: steps.length, kind: "skipped", steps: rangesText(steps) });
}

export function skippedReason(because: number): string {
  return `step ${because}, which must come first, did not succeed`;
}

/** The result of one of them, for which there is no row of its own. */
export function skippedResult(
  step: Step,
  said: { readonly failure: string | null; readonly reason: string | null },
): StepResult {
  return {
    outcome: "skipped",
    failure: said.failure ?? undefined,
    reason: said.reason ?? undefined,
    evidence: "none",
    changed: { add: [], remove: [] },
    newOwner: undefined,
    etagBefore: undefined,
    etagAfter: undefined,
    actor: step.actor,
    calls: 0,
  };
}
