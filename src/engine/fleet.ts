/** The other workers that carry the same run out, as one apply sees them: what all have done, and who reads a wave back. */
import type { Counts } from "../model/run.ts";
import type { ApplyEnd } from "../model/apply-end.ts";

/** How a run stands over all workers. */
export interface FleetNews {
  readonly counts: Counts;
  /** Open steps that other workers hold now. */
  readonly heldElsewhere: number;
  /** Steps whose assets any of them found changed since the plan, and that nobody has accepted. */
  readonly drifted: number;
  /** How the run was ended for all, by one of them or by whoever steers it. */
  readonly ended: { readonly end: ApplyEnd; readonly reason: string } | undefined;
}

export interface Fleet {
  /**
   * Tells what this worker found since, and answers what all have done; unless asked for afresh, as of a moment ago.
   * Throws RunFileError (`full`) when nobody can tell.
   */
  look(drifted: readonly number[], afresh: boolean): Promise<FleetNews>;
  /** Whether this worker is the one that reads the present wave back; for as long as it lives, or until it leaves. */
  enterGate(): Promise<boolean>;
  leaveGate(): Promise<void>;
}
