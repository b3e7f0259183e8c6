/** What reports need of a run, by shape: a run reader and its rows fit without this layer knowing the journal. */
import type { ApplyEnd } from "../model/apply-end.ts";
import type { Email } from "../model/email.ts";
import type { Delta } from "../model/permissions.ts";
import type { Counts, Digest, RunHeader } from "../model/run.ts";
import type { Outcome, Step, StepAsset, StepResult, StepState } from "../model/step.ts";
import type { WavesView } from "../model/waves.ts";

/** A step with how far it has come. */
export interface StepProgress {
  readonly step: Step;
  readonly state: StepState;
  readonly attempts: number;
  readonly result: StepResult | undefined;
  /** Wall time of the last change of state, ms. */
  readonly updatedAt: number | undefined;
}

/** Steps in order, a page at a time, so that a run of any size passes through. */
export type Pages = AsyncIterable<readonly StepProgress[]>;

/** Failures and skips that ended alike. */
export interface FailureGroup {
  readonly outcome: Outcome;
  readonly failure: string;
  readonly reason: string;
  readonly count: number;
  /** One step of the group. */
  readonly seq: number;
}

/** The last verification, summed. `at` is wall time, ms. */
export interface Verification {
  readonly at: number;
  readonly verified: number;
  readonly drifted: number;
  readonly unreadable: number;
}

/** The newest link of the audit chain, and whether the chain holds. */
export interface AuditHead {
  readonly seq: number;
  readonly at: number;
  readonly hash: string;
  /** The first row whose hash does not follow from the one before; undefined when the chain holds. */
  readonly firstBad: number | undefined;
}

/** A run at one moment, without its steps. */
export interface RunFacts {
  readonly header: RunHeader;
  readonly digest: Digest;
  readonly counts: Counts;
  /** Most frequent first. */
  readonly failures: readonly FailureGroup[];
  readonly verification: Verification | undefined;
  /** Undefined for a run that is not carried out in waves. */
  readonly waves?: WavesView | undefined;
}

/** How an apply ended. */
export interface ApplyEnding {
  readonly end: ApplyEnd;
  readonly reason: string | undefined;
  readonly counts: Counts;
  readonly blocked: readonly { readonly actor: Email; readonly failure: string; readonly reason: string }[];
  /** Steps ended by this process. */
  readonly ended: number;
}

/** One step whose asset is not as the run left it. */
export interface DriftedStep {
  readonly seq: number;
  readonly asset: StepAsset | undefined;
  /** Pairs that should be there and are not (`add`), or should be gone and are there (`remove`). */
  readonly missing: Delta;
  readonly problem: string;
}

/** What reading a run back showed. */
export interface VerifyFindings {
  readonly checked: number;
  readonly verified: number;
  /** The first ones; `drifted` counts all. */
  readonly drifts: readonly DriftedStep[];
  readonly drifted: number;
  /** The first ones; `unreadableCount` counts all. */
  readonly unreadable: readonly { readonly seq: number; readonly reason: string }[];
  readonly unreadableCount: number;
  readonly byHandDone: number;
  readonly byHandOpen: number;
  readonly notApplied: number;
  readonly stopped: boolean;
}

/** The part of a run reader that pages are read through. */
export interface PageSource {
  page(
    filter: { readonly states?: readonly StepState[]; readonly kinds?: readonly Step["kind"][] },
    after: number,
    max: number,
  ): Promise<readonly StepProgress[]>;
}

/** The steps of `run` that pass `filter`, `max` at a time. */
export async function* pagesOf(
  run: PageSource,
  filter: { readonly states?: readonly StepState[]; readonly kinds?: readonly Step["kind"][] } = {},
  max = 1000,
): AsyncGenerator<readonly StepProgress[]> {
  let after = 0;
  for (;;) {
    const page = await run.page(filter, after, max);
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    after = last.step.seq;
  }
}
