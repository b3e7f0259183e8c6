/** The gates that every attempt passes, as those who call see them: of one process, or shared by several. */
import type { GateStanding } from "../model/slowness.ts";
import type { GateName, PaceChange, PacedCall, PacedRefusal } from "./pacer.ts";

export interface Turns {
  /** Resolves when the call may be sent. Rejects with an `ApiError` (`retry`, `stopped`) when `signal` fires first. */
  take(call: PacedCall, signal?: AbortSignal): Promise<void>;
  /** Whether Google has asked that no such call be made now. */
  isHeldBack(call: PacedCall): boolean;
  /** Google refused the call for going too fast. */
  throttled(call: PacedCall, refusal: PacedRefusal): void;
  /** The server asked to wait without refusing for speed. */
  heldBack(call: PacedCall, retryAfterMs: number): void;
  /** The call was answered otherwise than by a refusal for speed. `sentAt`: monotonic ms at which it passed the gate. */
  succeeded(call: PacedCall, sentAt: number): void;
  /** While paused, no call passes any gate; those on their way are not touched. */
  pause(isPaused: boolean): void;
  /** Sets a limit of the project by hand, which counts as known. */
  setRate(gate: GateName, perMinute: number): void;
  standings(): readonly GateStanding[];
  /** Calls `listener` at each change, until the function answered is called. */
  onChange(listener: (change: PaceChange) => void): () => void;
  /** Sends away everybody who waits. */
  close(): void;
}
