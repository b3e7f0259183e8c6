/** A turn at the pacer is good for a call that leaves at once: what is prepared slowly, or told to wait meanwhile, waits again. */
import { describe, expect, it } from "vitest";
import { Pacer, noRates } from "../../src/google/pacer.ts";
import type { Rates } from "../../src/google/pacer.ts";
import { makeSend } from "../../src/google/send.ts";
import type { Call } from "../../src/google/send.ts";
import { ManualClock } from "../support/clock.ts";
import { anna } from "./scripted.ts";

const paced = { service: "data-studio", kind: "write", actor: anna } as const;
const sixAMinute: Rates = {
  ...noRates,
  project: { ...noRates.project, writes: { perMinute: 6, known: true } },
};
const intervalMs = 60_000 / (6 * 0.99);

/** When a write leaves, in ms, if `prepare` is what happens between its turn and its leaving. */
async function leavesAfter(
  rates: Rates,
  prepare: (clock: ManualClock, pacer: Pacer) => Promise<void>,
  signal?: AbortSignal,
): Promise<number> {
  const clock = new ManualClock();
  const pacer = new Pacer(clock, rates);
  let sentAt = NaN;
  const exchange = async (): ReturnType<Parameters<typeof makeSend>[0]["exchange"]> => {
    sentAt = clock.monotonic();
    return { status: 200, headers: {}, body: "{}" };
  };
  const send = makeSend({ exchange, pacer, clock, timeoutMs: 60_000, signal });
  const call: Call = {
    service: "data-studio",
    route: "assets.updatePermissions",
    isWrite: true,
    actor: anna,
    method: "PATCH",
    url: "https://datastudio.googleapis.com/v1/assets/a/permissions",
    headers: {},
    beforeSend: () => prepare(clock, pacer),
  };
  await clock.drive(send(call, () => undefined));
  return sentAt;
}

describe("a write that has its turn", () => {
  it("leaves at once when what comes before is quick", async () => {
    expect(await leavesAfter(sixAMinute, (clock) => clock.sleep(8))).toBe(Math.ceil(intervalMs) + 8);
  });

  it("takes another turn when what comes before was slow", async () => {
    const sentAt = await leavesAfter(sixAMinute, (clock) => clock.sleep(5000));
    expect(sentAt).toBe(Math.ceil(2 * intervalMs));
  });

  it("waits when Google asks to wait in between", async () => {
    const sentAt = await leavesAfter(noRates, async (_, pacer) => pacer.heldBack(paced, 30_000));
    expect(sentAt).toBe(30_000);
  });

  it("waits when Google asks this user alone to wait in between", async () => {
    const sentAt = await leavesAfter(noRates, async (clock, pacer) => {
      const sent = { sentAt: clock.monotonic(), quotaPerMinute: undefined };
      pacer.throttled(paced, { ...sent, retryAfterMs: 20_000, quotaOf: "actor" });
    });
    expect(sentAt).toBe(20_000);
  });

  it("does not leave when the wait is ended by a stop", async () => {
    const stop = new AbortController();
    const leaving = leavesAfter(
      noRates,
      async (_, pacer) => {
        pacer.heldBack(paced, 30_000);
        stop.abort();
      },
      stop.signal,
    );
    await expect(leaving).rejects.toMatchObject({ failure: "stopped", disposition: "retry" });
  });
});
