/** What happens while a verb works, as one union: views subscribe, the engine never formats. */
import type { Email } from "./email.ts";
import type { Counts } from "./run.ts";
import type { Slowness } from "./slowness.ts";
import type { Outcome } from "./step.ts";

/** What somebody may do to an apply under way. */
export type SteeringAct = "pause" | "resume" | "rate" | "concurrency" | "drain" | "abort";

/** From where it was done; the user of this machine by number, where the system has users. */
export interface SteeredBy {
  readonly via: "ctl" | "dashboard";
  readonly uid: number | undefined;
}

export type EngineEvent =
  /** A survey goes on: users searched so far of those to search, assets found, permissions read. */
  | {
      readonly type: "survey";
      readonly usersDone: number;
      readonly usersTotal: number;
      readonly assets: number;
      readonly permissions: number;
    }
  | { readonly type: "user-unreadable"; readonly user: Email; readonly reason: string }
  /** An apply begins or resumes; `open` steps are left. */
  | {
      readonly type: "apply-started";
      readonly runId: string;
      readonly steps: number;
      readonly open: number;
      readonly resumed: boolean;
    }
  | {
      readonly type: "step";
      readonly seq: number;
      readonly outcome: Outcome;
      readonly failure?: string | undefined;
      readonly reason?: string | undefined;
      readonly asset?: string | undefined;
      /** From when it was begun here to its end. */
      readonly ms?: number | undefined;
      /** Requests made for it by this process. */
      readonly calls?: number | undefined;
    }
  /** A step is tried again: the answer's class and the wait before the next attempt. */
  | { readonly type: "retry"; readonly seq: number; readonly failure: string; readonly waitMs: number }
  | { readonly type: "conflict"; readonly seq: number; readonly conflicts: number }
  | {
      readonly type: "transfer";
      readonly seq: number;
      readonly transferId: string;
      readonly status: string;
      readonly attached: boolean;
    }
  /** The gate changed: calls per second permitted now, and why. */
  | {
      readonly type: "pace";
      /** Which calls, such as `writes`. */
      readonly gate?: string | undefined;
      /** The user it concerns; undefined for the whole project. */
      readonly actor?: string | undefined;
      readonly perSecond: number;
      readonly reason: string;
      readonly untilMs?: number | undefined;
      /** Set by steering, which is told by itself. */
      readonly asked?: boolean | undefined;
    }
  | { readonly type: "actor-halted"; readonly actor: Email; readonly failure: string; readonly reason: string }
  /** A wave begins, its gate reads it back, and lets the run go on or not; `wave` counts from 1. */
  | {
      readonly type: "wave";
      readonly wave: number;
      readonly of: number;
      /** Of this wave. */
      readonly steps: number;
      readonly state: "begun" | "checking" | "passed" | "refused";
      /** Why the gate is shut. */
      readonly problems?: readonly string[] | undefined;
    }
  | { readonly type: "stopping"; readonly why: string }
  /** Somebody has steered it; `value` is calls a second, or steps at once. */
  | ({ readonly type: "steered"; readonly act: SteeringAct; readonly value?: number | undefined } & SteeredBy)
  /** What holds the run up has changed. */
  | ({ readonly type: "slowness" } & Slowness)
  | { readonly type: "apply-ended"; readonly counts: Counts };

export type OnEvent = (event: EngineEvent) => void;
