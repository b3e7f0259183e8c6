/** Saying that Google is asked again and again: a command that gets no answers must not look as if it did nothing. */
import type { RetryNotice } from "../google/authorised.ts";
import type { Clock } from "../model/clock.ts";
import { troubleLine } from "../report/apply-text.ts";
import type { Style } from "../report/style.ts";

/** A failure or two in passing is everyday business. */
const failuresMin = 3;
const everyMs = 10_000;

/** Hands `say` a line when a call goes on failing, at most one every ten seconds for each kind of failure. */
export function troubleNotes(clock: Clock, style: Style, say: (line: string) => void): (notice: RetryNotice) => void {
  const saidAt = new Map<string, number>();
  return (notice) => {
    if (notice.failures < failuresMin) return;
    const now = clock.monotonic();
    const last = saidAt.get(notice.failure);
    if (last !== undefined && now - last < everyMs) return;
    saidAt.set(notice.failure, now);
    say(troubleLine(notice, style));
  };
}
