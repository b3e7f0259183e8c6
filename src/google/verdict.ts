/** The words in which a call to Google is judged. */
import type { Disposition, FailureClass } from "../model/errors.ts";

/** What is decided of a call that did not succeed. */
export interface Judgement {
  readonly disposition: Disposition;
  readonly failure: FailureClass;
}

/** A finding, with what the answer tells about waiting. */
export interface Verdict extends Judgement {
  /** Sanitised, on one line. */
  readonly message: string;
  /** What `Retry-After` asks for, between one second and one hour. */
  readonly retryAfterMs: number | undefined;
  /** Permitted calls per minute, where a throttle names them. */
  readonly quotaPerMinute: number | undefined;
  /** Whose quota a throttle is about, as far as the answer says: `actor` only when it names the user's. */
  readonly quotaOf: "project" | "actor";
}
