/** What an apply makes of transfers: they have workers of their own, and are waited for no longer than anything else allows. */
import { describe, expect, it } from "vitest";
import { CallBudget } from "../../src/engine/call-budget.ts";
import type { ApplyOptions } from "../../src/engine/verbs.ts";
import { Workers } from "../../src/engine/workers.ts";
import type { TransferJob } from "../../src/model/api.ts";
import type { Email } from "../../src/model/email.ts";
import { parseTimeWindow } from "../../src/model/window.ts";
import type { WindowRules } from "../../src/model/window.ts";
import { anna, ben, edits, transfer } from "../journal/samples.ts";
import { applied, writeMs } from "./applying.ts";

const minuteMs = 60_000;

/** Every job is at work already, and stays so. */
function endless(id: string): TransferJob {
  return {
    id,
    oldOwnerUserId: id,
    newOwnerUserId: "1002",
    status: "inProgress",
    applicationIds: [],
    requestTime: undefined,
  };
}

const jobs = { list: async (from: string) => [endless(from)], get: async (id: string) => endless(id) };

function open(text: string): WindowRules {
  const window = parseTimeWindow(text);
  return window.ok ? [{ value: [window.value], from: "handover.yaml:3:1" }] : expect.fail(text);
}

const still = "transfer 1001 is still inProgress; apply again to go on waiting";

describe("an apply whose transfer does not end", () => {
  it.each<readonly [string, Partial<ApplyOptions>, string, string, number]>([
    ["as it may be waited for", { transferWaitMs: 5 * minuteMs }, "budget", still, 5],
    ["as the process may take", { durationMs: 3 * minuteMs }, "budget", "the time allowed is used up", 3],
    [
      "as the windows are open",
      { guards: { windows: open("Sat 08:00-09:02 UTC") } },
      "window",
      "only in Sat 08:00-09:02",
      2,
    ],
    [
      "as the first of these allows",
      { guards: { windows: open("Sat 08:00-09:09 UTC") }, durationMs: 8 * minuteMs, transferWaitMs: 7 * minuteMs },
      "budget",
      still,
      7,
    ],
  ])("waits as long %s, and leaves it open for the next", async (_what, options, end, reason, minutes) => {
    const { summary, tookMs, events } = await applied([transfer()], {
      jobs,
      options: { transferPollMaxMs: 1000, ...options },
    });
    expect(summary).toMatchObject({ end, counts: { "in-flight": 0, planned: 1, failed: 0 }, ended: 0 });
    expect(summary.reason).toContain(reason);
    expect(tookMs).toBe(minutes * minuteMs);
    expect(events.filter(({ type }) => type === "stopping")).toEqual([{ type: "stopping", why: summary.reason }]);
  });

  it("counts the time the process took before the transfer began", async () => {
    const { tookMs } = await applied([...edits(2), transfer({ after: 2 })], {
      jobs,
      options: { concurrency: 1, durationMs: minuteMs, transferPollMaxMs: 1000 },
    });
    expect(tookMs).toBe(minuteMs);
  });

  it("carries the edits out meanwhile, by as many workers as without it", async () => {
    const workers = new Workers(2, undefined);
    const seen: object[] = [];
    const { summary, atOnceMax } = await applied([transfer({ from: { email: ben, id: "1001" } }), ...edits(4)], {
      jobs,
      more: { workers },
      options: { transferWaitMs: 5 * minuteMs },
      writes: () => {
        seen.push(workers.work);
        return undefined;
      },
    });
    expect(summary).toMatchObject({ end: "budget", counts: { applied: 4, planned: 1 }, ended: 4 });
    expect(atOnceMax).toBe(2);
    expect(seen.at(-1)).toMatchObject({ transfers: 1 });
  });

  it("waits for many of them at once, and for the others in their turn", async () => {
    const workers = new Workers(1, undefined);
    let most = 0;
    const users = Array.from({ length: 70 }, (_, index) =>
      transfer({ from: { email: `user${index}@acme.example` as Email, id: `${index}` } }),
    );
    const { summary } = await applied(users, {
      jobs: {
        ...jobs,
        get: async (id) => {
          most = Math.max(most, workers.work.transfers);
          return { ...endless(id), status: "failed" };
        },
      },
      more: { workers },
    });
    expect(most).toBe(64);
    expect(summary).toMatchObject({ end: "finished", counts: { failed: 70 }, ended: 70 });
  });

  it("begins no other step while each call that is left may be the transfer's", async () => {
    const calls = new CallBudget({ value: 2, from: "--max-calls" }, 0);
    const { written } = await applied([transfer(), ...edits(4)], {
      jobs,
      options: { concurrency: 4, guards: { calls }, transferWaitMs: writeMs },
    });
    expect(written.length).toBeLessThanOrEqual(1);
  });

  it("tells no asset of a transfer that ended", async () => {
    const { events } = await applied([transfer({ from: { email: anna, id: "1001" } })], {
      jobs: { ...jobs, get: async (id) => ({ ...endless(id), status: "failed" }) },
    });
    expect(events.filter(({ type }) => type === "step")).toMatchObject([
      { seq: 1, outcome: "failed", asset: undefined },
    ]);
  });
});
