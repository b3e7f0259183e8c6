import { describe, expect, test } from "vitest";
import type { EngineEvent } from "../../src/model/event.ts";
import { noCounts } from "../../src/model/run.ts";
import { applyFoot, eventLine, statusLine } from "../../src/report/apply-text.ts";
import { advance, beginProgress, stepsPerSecond, timeLeftMs } from "../../src/report/progress.ts";
import type { Progress } from "../../src/report/progress.ts";
import type { ApplyEnding } from "../../src/report/rows.ts";
import { cells, plainStyle } from "../../src/report/style.ts";
import { applyCommand, durationText, shellWord } from "../../src/report/words.ts";
import { anna, facts, header, leaver, screen } from "./sample.ts";

const resume = applyCommand(header(), "friday.handover");

/** `count` steps ended, one every `everyMs`, each hundredth failed. */
function after(begun: Progress, count: number, everyMs: number): Progress {
  let progress = begun;
  for (let at = 1; at <= count; at += 1) {
    const outcome = at % 100 === 0 ? "failed" : "applied";
    progress = advance(progress, { type: "step", seq: at, outcome }, at * everyMs);
  }
  return progress;
}

const begun = beginProgress({ ...noCounts, planned: 5000, applied: 100 }, 0);

describe("progress", () => {
  test("counts what the journal held and what has ended since", () => {
    const progress = after(begun, 200, 200);
    expect(progress.counts).toEqual({ ...noCounts, planned: 4800, applied: 298, failed: 2 });
    expect(progress).toMatchObject({ steps: 5100, openAtStart: 5000, ended: 200 });
  });

  test("takes steps of a dead process from in flight once none is planned", () => {
    const last = beginProgress({ ...noCounts, "in-flight": 1 }, 0);
    expect(advance(last, { type: "step", seq: 1, outcome: "confirmed" }, 1).counts).toEqual({
      ...noCounts,
      confirmed: 1,
    });
  });

  test.each([
    [49, undefined],
    [50, 4950 * 200],
    [500, 4500 * 200],
  ])("after %i of 5,000 steps the time left is %s ms", (count, expected) => {
    expect(timeLeftMs(after(begun, count, 200), count * 200)).toBe(expected);
  });

  test("follows the rate of the last half minute, not of the whole run", () => {
    let progress = after(begun, 1000, 100);
    for (let at = 1; at <= 100; at += 1) {
      progress = advance(progress, { type: "step", seq: at, outcome: "applied" }, 100_000 + at * 1000);
    }
    expect(stepsPerSecond(progress, 200_000)).toBeCloseTo(1, 1);
  });

  test("guesses no time left at a standstill", () => {
    const stuck = { ...after(begun, 100, 200), samples: [{ at: 20_000, ended: 100 }] };
    expect(timeLeftMs(stuck, 90_000)).toBeUndefined();
  });

  test("knows which transfers Google works on until they end", () => {
    const event = { type: "transfer", seq: 7, transferId: "AK", status: "inProgress", attached: false } as const;
    const waiting = advance(begun, event, 0);
    expect(statusLine(waiting, 0, plainStyle)).toContain("1 transfer at Google");
    const done = advance(waiting, { type: "step", seq: 7, outcome: "applied" }, 0);
    expect(statusLine(done, 0, plainStyle)).not.toContain("at Google");
  });
});

describe("the status line", () => {
  const running = after(begun, 1200, 210);
  const paced = advance(running, { type: "pace", perSecond: 2.5, reason: "throttled" }, 1200 * 210);

  test("holds back the time left until one step in a hundred has ended", () => {
    expect(statusLine(after(begun, 20, 210), 20 * 210, plainStyle)).not.toContain("left");
    expect(statusLine(after(begun, 60, 210), 60 * 210, plainStyle)).toContain("left");
  });

  test.each([
    [200, "25 %  1,300/5,100 steps  1,288 applied · 12 failed  4.8 steps/s  cap 2.5 calls/s (throttled)  13 min left"],
    [80, "25 %  1,300/5,100 steps  12 failed  cap 2.5 calls/s (throttled)  13 min left"],
    [50, "25 %  1,300/5,100 steps  12 failed  13 min left"],
    [30, "25 %  1,300/5,100 steps"],
    [10, "25 %  1,3…"],
  ])("in %i cells says what matters most", (width, expected) => {
    expect(statusLine(paced, 1200 * 210, { ...plainStyle, width })).toBe(expected);
  });

  test("never exceeds its width, and carries no colour", () => {
    for (let width = 1; width <= 130; width += 1) {
      const line = statusLine(paced, 1200 * 210, { color: true, unicode: true, width });
      expect(cells(line)).toBeLessThanOrEqual(width);
      expect(line).not.toContain("\u001b");
    }
  });

  test("says that it is stopping, and why, in place of the time left", () => {
    const line = statusLine(advance(paced, { type: "stopping", why: "Ctrl-C" }, 0), 1200 * 210, plainStyle);
    expect(line).toContain("stopping: Ctrl-C");
    expect(line).not.toContain("left");
  });

  test("of an empty run is whole", () => {
    expect(statusLine(beginProgress(noCounts, 0), 0, plainStyle)).toBe("100 %  0/0 steps");
  });
});

const events: readonly (readonly [EngineEvent, string | undefined])[] = [
  [
    { type: "survey", usersDone: 40, usersTotal: 118, assets: 1204, permissions: 900 },
    "Reading  40/118 users, 1,204 listings, permissions of 900",
  ],
  [
    { type: "user-unreadable", user: leaver, reason: "Data Studio is off" },
    "! leaver@acme.example could not be searched: Data Studio is off",
  ],
  [{ type: "apply-started", runId: "01", steps: 101, open: 101, resumed: false }, "Applying  101 steps"],
  [{ type: "apply-started", runId: "01", steps: 101, open: 56, resumed: true }, "Resuming  56 of 101 steps left"],
  [{ type: "step", seq: 3, outcome: "applied" }, undefined],
  [
    { type: "step", seq: 3, outcome: "failed", failure: "not-found", reason: "404: gone", asset: "b1c4" },
    "x #3 failed b1c4: 404: gone (not-found)",
  ],
  [{ type: "step", seq: 4, outcome: "skipped", failure: "predecessor" }, "! #4 skipped (predecessor)"],
  [
    { type: "transfer", seq: 1, transferId: "AKrE", status: "inProgress", attached: false },
    "> #1 transfer at Google: inProgress (AKrE)",
  ],
  [
    { type: "transfer", seq: 1, transferId: "AKrE", status: "inProgress", attached: true },
    "> #1 transfer found under way: inProgress (AKrE)",
  ],
  [{ type: "pace", perSecond: 2, reason: "Google asks to slow down" }, "= at most 2 calls/s: Google asks to slow down"],
  [{ type: "pace", perSecond: Infinity, reason: "not paced" }, "= any rate: not paced"],
  [
    { type: "actor-halted", actor: anna, failure: "account-deleted", reason: "deleted" },
    "! nobody can act as anna@acme.example now: deleted (account-deleted)",
  ],
  [{ type: "stopping", why: "Ctrl-C" }, "Stopping: Ctrl-C"],
  [{ type: "retry", seq: 1, failure: "server-error", waitMs: 500 }, undefined],
  [{ type: "conflict", seq: 1, conflicts: 1 }, undefined],
  [{ type: "apply-ended", counts: noCounts }, undefined],
];

test.each(events)("the event %j is the line %j", (event, line) => {
  expect(eventLine(event, plainStyle)).toBe(line);
});

describe("how an apply ended", () => {
  const finished: ApplyEnding = {
    end: "finished",
    reason: undefined,
    counts: facts().counts,
    blocked: [],
    ended: 101,
  };

  test("with some failures is shown with their groups and ends with verify", () => {
    expect(screen(applyFoot(finished, facts().failures, "friday.handover", resume, plainStyle))).toMatchInlineSnapshot(`
      "
      Finished  every step has ended
      Steps     93 applied · 1 confirmed · 1 unchanged · 4 by hand · 2 failed
      Failures
        x 2  permission-denied  The caller does not have permission (first #3)
      By hand   4 owner changes: handover report friday.handover --handover-sheet
      More      handover help failure permission-denied
      Next      handover verify friday.handover
      "
    `);
  });

  test("blocked is shown with the users and ends with the command that resumes", () => {
    const ending: ApplyEnding = {
      ...finished,
      end: "blocked",
      counts: { ...finished.counts, planned: 12 },
      blocked: [{ actor: leaver, failure: "account-deleted", reason: "400 invalid_grant: deleted" }],
    };
    expect(screen(applyFoot(ending, [], "friday.handover", resume, plainStyle))).toMatchInlineSnapshot(`
      "
      Stopped   the steps that are left need users nobody can act as now
      Steps     93 applied · 1 confirmed · 1 unchanged · 4 by hand · 2 failed
                12 planned
      Blocked   1 user
        x leaver@acme.example: 400 invalid_grant: deleted (account-deleted)
      By hand   4 owner changes: handover report friday.handover --handover-sheet
      More      handover help failure blocked account-deleted
      Resume    handover apply friday.handover \\
                  --allow whole-user-transfer \\
                  --allow moves-unnamed-assets
      "
    `);
  });

  test.each(["stopped", "halted", "breaker", "budget", "journal", "blocked"] as const)(
    "%s ends with the command that resumes",
    (end) => {
      const ending: ApplyEnding = { ...finished, end, reason: "a reason", counts: { ...noCounts, planned: 1 } };
      const lines = applyFoot(ending, [], "friday.handover", resume, { ...plainStyle, width: 120 });
      expect(lines.at(-1)).toBe(`Resume    ${resume}`);
      expect(lines[0]).toContain(end === "stopped" ? "nothing is under way" : "a reason");
    },
  );

  test("stopped says what was begun and is not known to have ended", () => {
    const counts = { ...noCounts, planned: 1, "in-flight": 2 };
    const lines = applyFoot({ ...finished, end: "stopped", counts }, [], "friday.handover", resume, plainStyle);
    expect(lines[0]).toBe("Stopped   as asked; 2 steps begun: resuming finds out how they ended");
  });
});

test.each([
  ["friday.handover", "friday.handover"],
  ["runs/friday.handover", "runs/friday.handover"],
  ["last friday.handover", "'last friday.handover'"],
  ["it's", "'it'\\''s'"],
  ["-rf", "'-rf'"],
  ["$(reboot)", "'$(reboot)'"],
  ["", "''"],
])("a shell takes %j as the one word %s", (text, word) => {
  expect(shellWord(text)).toBe(word);
});

test.each([
  [0, "1 s"],
  [44_600, "45 s"],
  [89_000, "89 s"],
  [90_000, "2 min"],
  [3_600_000, "60 min"],
  [5_400_000, "1 h 30 min"],
  [259_200_000, "3 d 0 h"],
])("%i ms are %s", (ms, text) => {
  expect(durationText(ms)).toBe(text);
});
