import { describe, expect, it } from "vitest";
import { exitCode } from "../../src/cli/exit-code.ts";
import type { Ending } from "../../src/cli/exit-code.ts";
import type { ApplyEnd } from "../../src/model/apply-end.ts";
import type { ApplySummary, PlanOutcome, VerifySummary } from "../../src/engine/verbs.ts";
import {
  ApiError,
  ControlError,
  GuardError,
  PlanFileError,
  RunFileError,
  RunLockedError,
  UsageError,
} from "../../src/model/errors.ts";
import type { Disposition } from "../../src/model/errors.ts";
import { noCounts } from "../../src/model/run.ts";
import type { Counts } from "../../src/model/run.ts";

const fileError = (kind: RunFileError["kind"]): Ending => ({ kind: "error", error: new RunFileError(kind, "p", "r") });
const controlError = (kind: ControlError["kind"]): Ending => ({
  kind: "error",
  error: new ControlError(kind, "p", "r"),
});
const apiError = (disposition: Disposition, status?: number): Ending => ({
  kind: "error",
  error: new ApiError("no", { disposition, failure: "rejected", status }),
});
const applied = (end: ApplyEnd, counts: Partial<Counts> = {}): Ending => {
  const summary: ApplySummary = { end, reason: undefined, counts: { ...noCounts, ...counts }, blocked: [], ended: 0 };
  return { kind: "apply", summary };
};
const verified = (found: Partial<VerifySummary>, detailed = false): Ending => ({
  kind: "verify",
  detailed,
  summary: {
    checked: 1,
    verified: 1,
    drifts: [],
    drifted: 0,
    unreadable: [],
    unreadableCount: 0,
    byHandDone: 0,
    byHandOpen: 0,
    notApplied: 0,
    stopped: false,
    ...found,
  },
});
const planned = (kind: PlanOutcome["kind"], steps = 0, detailed = false): Ending => {
  const outcome = { kind, header: { totals: { steps } }, digest: "", breaches: [] };
  return { kind: "plan", detailed, outcome: outcome as unknown as PlanOutcome };
};

describe("the exit code says how a verb ended", () => {
  it.each<[string, Ending, number]>([
    ["done", { kind: "done" }, 0],
    ["stopped", { kind: "stopped" }, 7],
    ["a programmer error", { kind: "error", error: new TypeError("oops") }, 1],
    ["something thrown that is no error", { kind: "error", error: "oops" }, 1],
    ["bad usage", { kind: "error", error: new UsageError("p", "r") }, 3],
    ["a bad plan file", { kind: "error", error: new PlanFileError([]) }, 3],
    ["a guard", { kind: "error", error: new GuardError("progress", "p", "r") }, 6],
    ["nobody to steer", controlError("nobody"), 9],
    ["nobody who answers", controlError("silent"), 8],
    ["a wish that comes too late", controlError("stopping"), 7],
    ["a wish that is not known", controlError("refused"), 3],
    ["a socket not to be trusted", controlError("unsafe"), 3],
    ["a held run", { kind: "error", error: new RunLockedError("x") }, 8],
    ["no such run", fileError("missing"), 3],
    ["not a run", fileError("not-a-run"), 3],
    ["a damaged run", fileError("corrupt"), 3],
    ["a run of a newer version", fileError("newer"), 3],
    ["a run that cannot be written", fileError("read-only"), 3],
    ["an unsafe run file", fileError("unsafe"), 3],
    ["a changed run", fileError("tampered"), 6],
    ["a full disk", fileError("full"), 1],
    ["credentials refused", apiError("halt-run", 401), 4],
    ["nobody to act as", apiError("halt-actor", 400), 4],
    ["forbidden", apiError("refuse", 403), 4],
    ["refused otherwise", apiError("refuse", 404), 1],
    ["reads used up", apiError("retry", 503), 1],
    ["throttled for good", apiError("throttle", 429), 1],
    [
      "a call given up because the user asked to stop",
      { kind: "error", error: new ApiError("x", { disposition: "retry", failure: "stopped" }) },
      7,
    ],
    ["a plan made", planned("made", 3), 0],
    ["a plan made, asked for differences", planned("made", 3, true), 2],
    ["a plan with nothing to do, asked for differences", planned("made", 0, true), 0],
    ["a plan refused", planned("refused"), 6],
    ["a plan over its limits", planned("over-limit"), 6],
    ["nothing matched", planned("matched-nothing"), 9],
    ["all applied", applied("finished", { applied: 3, "by-hand": 1, unchanged: 1, confirmed: 1 }), 0],
    ["finished with failures", applied("finished", { applied: 3, failed: 1 }), 5],
    ["finished with skips", applied("finished", { applied: 3, skipped: 1 }), 5],
    ["blocked", applied("blocked"), 5],
    ["stopped by the user", applied("stopped"), 7],
    ["credentials gone", applied("halted"), 4],
    ["too many failures", applied("breaker"), 6],
    ["time used up", applied("budget"), 10],
    ["the run file full", applied("journal"), 1],
    ["verified", verified({}), 0],
    ["drift", verified({ drifted: 1 }), 5],
    ["drift, asked for differences", verified({ drifted: 1 }, true), 2],
    ["unreadable", verified({ unreadableCount: 1 }), 5],
    ["steps that were never carried out", verified({ notApplied: 2 }), 5],
    ["verifying stopped", verified({ stopped: true, drifted: 1 }), 7],
  ])("%s", (_name, ending, code) => {
    expect(exitCode(ending)).toBe(code);
  });
});
