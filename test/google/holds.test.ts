/** Waits that Google asks for, one after another: the latest end counts, whichever was said last. */
import { expect, it } from "vitest";
import { Pacer, noRates } from "../../src/google/pacer.ts";
import { ManualClock } from "../support/clock.ts";

const call = { service: "data-studio", kind: "write", actor: "a" } as const;

it.each([
  ["refusals for speed", false],
  ["answers of a server that is down", true],
])("a short wait does not end a longer one: %s", async (_, isDown) => {
  const clock = new ManualClock();
  const pacer = new Pacer(clock, noRates);
  for (const retryAfterMs of [60_000, 5000]) {
    if (isDown) pacer.heldBack(call, retryAfterMs);
    else
      pacer.throttled(call, {
        sentAt: clock.monotonic(),
        retryAfterMs,
        quotaPerMinute: undefined,
        quotaOf: "project",
      });
    await clock.advance(1000);
  }
  let passedAt: number | undefined;
  void pacer.take(call).then(() => {
    passedAt = clock.monotonic();
  });
  await clock.advance(120_000);
  expect(passedAt).toBe(60_000);
});
