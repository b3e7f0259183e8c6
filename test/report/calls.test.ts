/** The calls of a run in its reports: time lines that tell quiet from unknown, the slowest steps, and the document for programs. */
import { describe, expect, it } from "vitest";
import { Telemetry } from "../../src/model/telemetry.ts";
import { reportJson } from "../../src/report/json.ts";
import { callLines } from "../../src/report/page/call-lines.ts";
import { callsPart, callsText } from "../../src/report/page/calls-part.ts";
import { runPage } from "../../src/report/page/run-page.ts";
import { Redactor } from "../../src/report/redact.ts";
import { ended, facts, pages, written } from "./sample.ts";

const start = Date.UTC(2026, 10, 21, 9);

/** Two calls, ten quiet seconds in which the server wanted none, and one more. */
function sample(): Telemetry {
  const telemetry = new Telemetry();
  telemetry.expects(5);
  telemetry.called(start, 40, true, false);
  telemetry.called(start + 200, 40, true, true);
  telemetry.retried(start + 300);
  telemetry.permits(start + 300, 2);
  telemetry.held(start + 300, start + 10_300, "writes: Google asked to slow down");
  telemetry.called(start + 11_000, 900, false, false);
  telemetry.ended({ seq: 3, asset: "b1c4", ms: 12_345, calls: 2 });
  return telemetry;
}

describe("the time lines", () => {
  const lines = callLines(sample().view());
  const values = (line: string, series: string): readonly (number | null)[] | undefined =>
    lines.find(({ id }) => id === line)?.series.find(({ label }) => label === series)?.values;

  it("have no calls where there were none, and do not know how slow those would have been", () => {
    expect(lines.map(({ seconds }) => seconds)).toEqual([
      [0, 1, 1.001, 11, 12, 12.001],
      [0, 1, 1.001, 11, 12, 12.001],
    ]);
    expect(values("calls", "calls")).toEqual([2, 0, 0, 1, 0, 0]);
    expect(values("calls", "of them writes")).toEqual([2, 0, 0, 0, 0, 0]);
    expect(values("calls", "writes permitted")).toEqual([2, 2, null, 2, 2, null]);
    const [slow] = values("answers", "p95") ?? [];
    expect(values("answers", "p95")?.slice(0, 3)).toEqual([slow, slow, null]);
    expect(values("answers", "made again")).toEqual([1, null, null, 0, null, null]);
    expect(values("answers", "refused")).toEqual([1, null, null, 0, null, null]);
  });

  it("mark when the server wanted no calls, and why", () => {
    const bands = [{ from: 0.3, to: 10.3, label: "writes: Google asked to slow down" }];
    expect(lines.map((line) => line.bands)).toEqual([bands, bands]);
  });

  it("are none without a call, and so is everything else", () => {
    expect(callsPart(new Telemetry().view())).toEqual({ timeLines: [], calls: undefined, slowest: undefined });
    expect(callsPart(undefined)).toEqual({ timeLines: [], calls: undefined, slowest: undefined });
  });
});

describe("what was permitted", () => {
  const calm = (permitted: number): Telemetry => {
    const telemetry = new Telemetry();
    telemetry.called(0, 20, true, false);
    telemetry.permits(0, permitted);
    return telemetry;
  };

  it.each([
    [1, true],
    [20, true],
    [20.5, false],
    [2500, false],
  ])("at %d a second beside one call is in the picture: %s", (permitted, shown) => {
    const [line] = callLines(calm(permitted).view());
    expect(line?.series.some(({ label }) => label === "writes permitted")).toBe(shown);
    expect(line?.label.includes("permitted")).toBe(shown);
  });

  it("is said in words where it is far above every call", () => {
    expect(callsText(calm(2500.9).view())).toContain("Far fewer than the 2,500 writes a second permitted.");
    expect(callsText(calm(2).view())).not.toContain("permitted");
  });
});

it("what the time lines show is said as well", () => {
  expect(callsText(sample().view())).toBe(
    "3 calls, at most 2 a second, 1 made again, 1 refused for going too fast. Google asked to wait 1 time, 10 s in all.",
  );
});

describe("the report of a run", () => {
  it("names the assets of its slowest steps by their titles", async () => {
    const [, first] = ended();
    if (first === undefined || first.step.kind === "transfer") throw new Error("the second step is an edit");
    const telemetry = new Telemetry();
    telemetry.called(0, 20, true, false);
    telemetry.ended({ seq: first.step.seq, asset: first.step.asset.name, ms: 12, calls: 1 });
    const page = await runPage(facts(), undefined, pages(ended()), telemetry.view(), "friday", new Redactor(undefined));
    const slowest = page.body.text.slice(page.body.text.indexOf("Slowest steps"));
    expect(slowest).toContain(first.step.asset.title);
  });

  it("shows its slowest steps", async () => {
    const page = await runPage(facts(), undefined, pages(ended()), sample().view(), "friday", new Redactor(undefined));
    expect(page.timeLines.map(({ id }) => id)).toEqual(["calls", "answers"]);
    expect(page.body.text).toContain("Slowest steps");
    expect(page.body.text.replace(/\s+/g, "")).toContain('<code>b1c4</code></td><tdclass="number">12.3s</td>');
  });

  it("gives programs the same, and nothing where nothing was kept", async () => {
    const document = async (telemetry: ReturnType<Telemetry["view"]> | undefined): Promise<Record<string, unknown>> =>
      JSON.parse(await written(reportJson(facts(), undefined, pages(ended()), "friday", telemetry))) as Record<
        string,
        unknown
      >;
    expect((await document(undefined))["telemetry"]).toBeUndefined();
    expect((await document(sample().view()))["telemetry"]).toMatchObject({
      bucketMs: 1000,
      buckets: [
        { at: "2026-11-21T09:00:00.000Z", calls: 2, writes: 2, retries: 1, throttles: 1, permittedPerSecond: 2 },
        { at: "2026-11-21T09:00:11.000Z", calls: 1, writes: 0 },
      ],
      held: [{ from: "2026-11-21T09:00:00.300Z", to: "2026-11-21T09:00:10.300Z" }],
      slowest: [{ seq: 3, asset: "b1c4", ms: 12_345, calls: 2 }],
    });
  });
});
