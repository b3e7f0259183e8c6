/** What an apply may be bound by, beside what its run says: handed in by whoever starts it. */
import type { Amount, FailureRate, Setting } from "../model/guard.ts";
import type { WindowRules } from "../model/window.ts";
import type { CallBudget } from "./call-budget.ts";

/** Undefined fields set no guard. */
export interface ApplyGuards {
  readonly failures?: Setting<number> | undefined;
  readonly failureRate?: Setting<FailureRate> | undefined;
  /** Assets that may be found changed since the plan: so many, or a share of the steps that send something. */
  readonly drift?: Setting<Amount> | undefined;
  readonly windows?: WindowRules | undefined;
  readonly calls?: CallBudget | undefined;
  readonly waves?: WaveWish | undefined;
  /** What has gone wrong so far is known: counting begins anew. */
  readonly accept?: { readonly failures: boolean; readonly drift: boolean } | undefined;
}

export interface WaveWish {
  /** How to divide the run, if it is not divided yet. */
  readonly sizes: readonly Amount[] | undefined;
  /** End after each wave, so that somebody looks. */
  readonly pause: boolean;
  /** Go on without the gates that are left. */
  readonly without: boolean;
}
