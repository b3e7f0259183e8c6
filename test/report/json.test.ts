import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ApiError, GuardError, PlanFileError } from "../../src/model/errors.ts";
import { noCounts } from "../../src/model/run.ts";
import { handoverSheet } from "../../src/report/handover-sheet.ts";
import { errorJson } from "../../src/report/error-json.ts";
import { fleetJson } from "../../src/report/fleet-text.ts";
import * as json from "../../src/report/json.ts";
import type { StepProgress } from "../../src/report/rows.ts";
import { createdAt, digest, edit, ended, facts, header, pages, pair, place, progressOf, written } from "./sample.ts";

const run = "friday.handover";
const made = { verdict: "made", header: header(), digest, runName: run, breaches: [] } as const;

test("any value comes back exactly, and nothing in the text acts on a terminal", () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
      const text = json.jsonText(value);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(text).not.toMatch(/[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/u);
    }),
    // A place that Unicode keeps for a sign without a look, and has given to none yet.
    { examples: [[{ "\u2065": null }]] },
  );
});

describe("a plan document", () => {
  test("is whole over any number of pages, and holds the header and every step", async () => {
    for (const size of [1, 2, 100]) {
      const plan = JSON.parse(await written(json.planJson(made, pages(ended(), size))));
      expect(plan).toMatchObject({ type: "plan", version: 1, verdict: "made", run, digest });
      expect(plan.header.createdAt).toBe("2026-11-20T09:14:05.000Z");
      expect(plan.steps.map((step: { seq: number }) => step.seq)).toEqual([1, 2, 3, 4, 5]);
    }
  });

  test("keeps a role named __proto__, in the snapshot and in the delta", async () => {
    const step = edit({ delta: { add: [pair("__proto__", "user:odd@acme.example")], remove: [] } });
    const plan = JSON.parse(await written(json.planJson(made, pages([progressOf(step)]))));
    expect(plan.steps[0].base.roles).toContainEqual({ role: "__proto__", members: ["user:odd@acme.example"] });
    expect(plan.steps[0].delta.add).toEqual([{ role: "__proto__", member: "user:odd@acme.example" }]);
  });

  test("that was not made has neither digest nor steps", async () => {
    const breaches = [{ limit: "changes", allowed: 1, found: 2 }] as const;
    const refused = { ...made, verdict: "over-limit", digest: undefined, breaches } as const;
    const plan = JSON.parse(await written(json.planJson(refused, pages([]))));
    expect(plan).toMatchObject({ verdict: "over-limit", breaches, steps: [] });
    expect(plan).not.toHaveProperty("digest");
  });

  test("is written page by page, not gathered first", async () => {
    let taken = 0;
    async function* counting(): AsyncGenerator<readonly StepProgress[]> {
      for await (const page of pages(ended(), 1)) {
        taken += 1;
        yield page;
      }
    }
    const pieces = json.planJson(made, counting());
    await pieces.next();
    await pieces.next();
    expect(taken).toBe(1);
  });
});

test("a status document says where the run stands", () => {
  const status = JSON.parse(json.statusJson(facts({ counts: { ...noCounts, planned: 2, failed: 1 } }), run, true));
  expect(status).toMatchObject({ type: "status", version: 1, standing: "under-way", held: true });
  expect(status.counts).toEqual({ ...noCounts, planned: 2, failed: 1 });
});

test("a report document holds facts, audit head and every step with its result", async () => {
  const audit = { seq: 7, at: createdAt, hash: digest, firstBad: undefined };
  const verification = { at: createdAt, verified: 3, drifted: 0, unreadable: 0 };
  const report = JSON.parse(await written(json.reportJson(facts({ verification }), audit, pages(ended()), run)));
  expect(report).toMatchObject({ type: "report", version: 1, digest });
  expect(report.audit).toEqual({ seq: 7, at: "2026-11-20T09:14:05.000Z", hash: digest });
  expect(report.verification.at).toBe("2026-11-20T09:14:05.000Z");
  expect(report.steps[2].result).toMatchObject({ outcome: "failed", failure: "permission-denied" });
});

test("a verify document holds every kept drift with its pairs", () => {
  const findings = {
    checked: 1,
    verified: 0,
    drifted: 1,
    unreadableCount: 0,
    byHandDone: 0,
    byHandOpen: 0,
    notApplied: 0,
    drifts: [{ seq: 2, asset: edit().asset, missing: edit().delta, problem: "changed" }],
    unreadable: [],
    stopped: false,
  };
  const verify = JSON.parse(json.verifyJson(findings, header(), digest, run));
  expect(verify).toMatchObject({ type: "verify", version: 1, drifted: 1 });
  expect(verify.drifts[0].missing.remove).toHaveLength(2);
});

test("a hand-over sheet document lists people with their lines", async () => {
  const sheet = await handoverSheet(header(), digest, pages(ended()));
  const document = JSON.parse(await written(json.sheetJson(sheet)));
  expect(document).toMatchObject({ type: "handover-sheet", version: 1, digest });
  expect(document.people[0].person).toBe("anna@acme.example");
  expect(document.reconnect).toHaveLength(2);
  const empty = JSON.parse(await written(json.sheetJson(await handoverSheet(header(), digest, pages([])))));
  expect(empty).toMatchObject({ people: [], reconnect: [] });
});

describe("an apply stream", () => {
  test("has one object a line, the first says its version and the last how it ended", () => {
    const ending = { end: "stopped", reason: undefined, counts: noCounts, blocked: [], ended: 0 } as const;
    const lines = [
      json.versionJson("0.1.0", header(), digest, run),
      json.eventJson({ type: "step", seq: 3, outcome: "failed", failure: "x", reason: "a\nb" }, createdAt),
      json.summaryJson(ending, facts().failures, "handover apply friday.handover", 7),
    ];
    for (const line of lines) expect(line).not.toContain("\n");
    const [first, second, last] = lines.map((line) => JSON.parse(line));
    expect(first).toMatchObject({ type: "version", version: 1, tool: "0.1.0", steps: 101 });
    expect(second).toEqual({
      type: "step",
      at: "2026-11-20T09:14:05.000Z",
      seq: 3,
      outcome: "failed",
      failure: "x",
      reason: "a\nb",
    });
    expect(last).toMatchObject({
      type: "summary",
      end: "stopped",
      exitCode: 7,
      resume: "handover apply friday.handover",
    });
  });
});

test("a line of a fleet is one line that does nothing to a terminal, whatever a worker is called", () => {
  const worker = { label: "w\u009b31m\u202e", since: createdAt, silentMs: 0, steps: 1, perSecond: undefined };
  const line = fleetJson(
    {
      runName: run,
      tenant: "acme.example",
      state: "under-way",
      why: undefined,
      counts: noCounts,
      workers: [worker],
      crews: 1,
      stepsPerSecond: undefined,
    },
    createdAt,
  );
  expect(line).not.toMatch(/[\p{Cc}\u202e]/u);
  expect(JSON.parse(line).workers).toMatchObject([{ label: worker.label }]);
});

test("an error document says kind, rule, problem and remedy", () => {
  const api = new ApiError("403: no", { disposition: "halt-run", failure: "service-disabled", status: 403 });
  expect(JSON.parse(errorJson(api, 4))).toMatchObject({ type: "error", kind: "api", rule: "service-disabled" });
  expect(JSON.parse(errorJson(new GuardError("hazard", "p", "r"), 6))).toEqual({
    type: "error",
    version: 1,
    kind: "guard",
    rule: "hazard",
    problem: "p",
    remedy: "r",
    exitCode: 6,
  });
  const diagnostic = { place: place(3), problem: "p", remedy: "r" };
  expect(JSON.parse(errorJson(new PlanFileError([diagnostic]), 3)).diagnostics).toEqual([diagnostic]);
  expect(JSON.parse(json.diagnosticsJson([diagnostic], 4))).toMatchObject({ type: "diagnostics", omitted: 4 });
});
