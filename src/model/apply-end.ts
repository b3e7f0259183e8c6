/** Why an apply ended. */

/** Everything but `finished` can be resumed with the same command. */
export type ApplyEnd =
  | "finished"
  /** The user asked. */
  | "stopped"
  /** Credentials or project are at fault. */
  | "halted"
  /** Too many failures. */
  | "breaker"
  /** More assets than permitted were found changed since the plan. */
  | "drift"
  /** The gate after a wave is shut. */
  | "gate"
  /** A wave is over, and somebody is to look before the next. */
  | "wave"
  /** The hours in which the run may be carried out are over. */
  | "window"
  /** The time or the calls allowed are used up, or a transfer outlasted its wait. */
  | "budget"
  /** The run file cannot be written any more. */
  | "journal"
  /** Steps are left whose actors cannot be acted as. */
  | "blocked";
