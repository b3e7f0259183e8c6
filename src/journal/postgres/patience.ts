/** Asking a database that may be away for a while: until it answers, or has been away for longer than a failover takes. */
import type { Clock } from "../../model/clock.ts";
import { RunFileError } from "../../model/errors.ts";
import type { RowSource } from "./database.ts";
import { isPassing } from "./faults.ts";

/** A connection may break as long as a database takes to fail over; then the run ends, resumable. */
const patienceMs = 120_000;
const firstWaitMs = 50;
const longestWaitMs = 5000;

/** For what may be asked twice. Throws RunFileError (`full`) once patience ends; `over` ends it at once, with the last fault. */
export async function patiently<T>(clock: Clock, shown: string, ask: () => Promise<T>, over?: AbortSignal): Promise<T> {
  const since = clock.monotonic();
  for (let wait = firstWaitMs; ; wait = Math.min(wait * 2, longestWaitMs)) {
    try {
      return await ask();
    } catch (error) {
      if (!isPassing(error) || over?.aborted === true) throw error;
      if (clock.monotonic() - since > patienceMs) throw unreachable(shown, error);
      await clock.sleep(wait, over);
    }
  }
}

function unreachable(shown: string, cause: unknown): RunFileError {
  const said = cause instanceof Error ? cause.message : String(cause);
  return new RunFileError(
    "full",
    `${shown} has not answered for ${patienceMs / 1000} seconds (${said})`,
    "see that the database answers, then give the same command",
  );
}

/** Rows read with patience. */
export function patientRows(source: RowSource, clock: Clock): RowSource {
  return {
    shown: source.shown,
    tenant: source.tenant,
    rows: (text, values) => patiently(clock, source.shown, () => source.rows(text, values)),
    close: () => source.close(),
  };
}
