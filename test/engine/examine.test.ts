/** A list of checks is made in order of what rests on what, within its time, and whatever a check does. */
import { describe, expect, it } from "vitest";
import { examine } from "../../src/engine/doctor/examine.ts";
import type { Check, CheckFinding } from "../../src/model/doctor.ts";
import { advised, failed, hindrances, passed, unknown, unknownBecause } from "../../src/model/doctor.ts";
import { ManualClock } from "../support/clock.ts";

type Given = Partial<Omit<Check, "look">> & { readonly look?: Check["look"] };

function check(id: string, given: Given = {}): Check {
  const common = { group: "machine", area: "setup", title: id, isNeeded: true, needs: [] } as const;
  return { ...common, id, look: async () => passed("seen"), ...given };
}

function found(id: string, finding: CheckFinding, given: Given = {}): Check {
  return check(id, { look: async () => finding, ...given });
}

const times = { checkMs: 10_000, totalMs: 60_000 };

async function verdicts(checks: readonly Check[], stop?: AbortSignal): Promise<Record<string, string>> {
  const clock = new ManualClock();
  const results = await clock.drive(examine(checks, { clock, ...times, stop }));
  return Object.fromEntries(
    results.map(({ id, verdict, because, evidence }) => [id, `${verdict} ${because ?? evidence}`]),
  );
}

describe("an examination", () => {
  it("does not look at what rests on a check that did not pass, and names the root of it", async () => {
    let looked = 0;
    const counting = { look: async () => passed(String((looked += 1))) };
    const checks = [
      found("root", failed("broken")),
      check("next", { ...counting, needs: ["root"] }),
      check("last", { ...counting, needs: ["next"] }),
      check("besides", counting),
    ];
    expect(await verdicts(checks)).toEqual({
      root: "fail broken",
      next: "unknown root",
      last: "unknown root",
      besides: "pass 1",
    });
    expect(looked).toBe(1);
  });

  it("goes on after what is merely advised, and not after what is unknown", async () => {
    const checks = [
      found("old", advised("old")),
      found("dark", unknown("dark")),
      check("first", { needs: ["old"] }),
      check("second", { needs: ["dark"] }),
    ];
    expect(await verdicts(checks)).toMatchObject({ first: "pass seen", second: "unknown dark" });
  });

  it("lets a check see how the ones before it ended", async () => {
    const checks = [
      found("one", failed("no")),
      check("two", { after: ["one"], look: async (verdictOf) => passed(`saw ${verdictOf("one")}`) }),
    ];
    expect(await verdicts(checks)).toMatchObject({ two: "pass saw fail" });
  });

  it("makes a finding of whatever a check throws", async () => {
    const thrown: Error = new RangeError("out of \u001b[31mbounds");
    const checks = [check("bad", { look: () => Promise.reject(thrown) }), check("good")];
    expect(await verdicts(checks)).toEqual({
      bad: "unknown the check itself stumbled: out of \\u{1b}[31mbounds",
      good: "pass seen",
    });
  });

  it("gives each check its time, and what comes too late none", async () => {
    const never = { look: () => new Promise<CheckFinding>(() => undefined) };
    // Each waits for the one before and then for its own ten seconds: the seventh begins after a minute.
    const row = Array.from({ length: 8 }, (_, index) =>
      check(`c${index}`, { ...never, after: index === 0 ? [] : [`c${index - 1}`] }),
    );
    const told = await verdicts(row);
    expect(told).toMatchObject({ c0: "unknown no result within 10 s", c5: "unknown no result within 10 s" });
    expect(told).toMatchObject({ c6: "unknown not looked at: the time for the whole examination was used up" });
  });

  it("ends at once when asked to stop, with what it has", async () => {
    const stop = new AbortController();
    const checks = [
      check("done"),
      check("under-way", { look: () => new Promise<CheckFinding>(() => stop.abort()) }),
      check("later", { after: ["under-way"] }),
    ];
    expect(await verdicts(checks, stop.signal)).toEqual({
      done: "pass seen",
      "under-way": "unknown not looked at: stopped on request",
      later: "unknown not looked at: stopped on request",
    });
  });

  it("waits for nothing once it is asked to stop, and leaves nothing waiting behind", async () => {
    const stop = new AbortController();
    const clock = new ManualClock();
    const never = { look: () => new Promise<CheckFinding>(() => undefined) };
    const examining = examine([check("done"), check("under-way", never)], { clock, ...times, stop: stop.signal });
    await clock.advance(1000);
    expect(clock.sleeping).toBe(1);
    stop.abort();
    expect((await examining).map(({ verdict }) => verdict)).toEqual(["pass", "unknown"]);
    expect([clock.monotonic(), clock.sleeping]).toEqual([1000, 0]);
  });

  it("refuses a check that rests on one which is not before it", async () => {
    const clock = new ManualClock();
    await expect(examine([check("a", { needs: ["b"] }), check("b")], { clock, ...times })).rejects.toThrow(
      "a rests on b, which is not among the checks before it",
    );
  });
});

describe("what stands in the way", () => {
  const result = (finding: CheckFinding, more: Partial<Check> = {}) => ({
    ...check("c", more),
    ...finding,
    area: more.area ?? "setup",
  });

  it.each([
    ["nothing, when all passed", [result(passed(""))], []],
    ["nothing, when something is advised", [result(advised(""))], []],
    ["nothing, when what is not needed is unknown", [result(unknown(""), { isNeeded: false })], []],
    ["what is needed and unknown", [result(unknown(""))], ["other"]],
    [
      "a missing right before a wrong setting",
      [result(failed("")), result(failed(""), { area: "access" })],
      ["access", "setup"],
    ],
    ["a guard before a setting", [result(failed("")), result(failed(""), { area: "guard" })], ["guard", "setup"]],
    [
      "the cause, and what is unknown because of it",
      [result(failed("")), result(unknownBecause("c"))],
      ["setup", "other"],
    ],
  ] as const)("is %s", (_name, results, expected) => {
    expect(hindrances(results)).toEqual(expected);
  });
});
