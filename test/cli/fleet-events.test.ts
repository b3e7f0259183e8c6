/** What follows a run that workers carry out reads from its audit chain: the events of an apply, each of them once. */
import { expect, it } from "vitest";
import { FleetEvents } from "../../src/cli/fleet-events.ts";
import type { AuditRow } from "../../src/journal/journal.ts";
import type { EngineEvent } from "../../src/model/event.ts";
import { noCounts } from "../../src/model/run.ts";
import { facts } from "../report/sample.ts";

const { header } = facts();

/** A chain that grows, and whoever follows it. */
class Chain {
  readonly rows: AuditRow[] = [];
  readonly told: (EngineEvent & { readonly at?: number | undefined })[] = [];
  looks = 0;
  /** Done at each look at the head: workers go on meanwhile. */
  meanwhile: () => void = () => undefined;

  add(body: unknown): void {
    const seq = this.rows.length + 1;
    this.rows.push({ seq, at: 1000 + seq, body: typeof body === "string" ? body : JSON.stringify(body), hash: "" });
  }

  step(step: number, outcome = "applied"): void {
    this.add({ kind: "ended", step, outcome, asset: `a${step}`, calls: 2 });
  }

  follow(): Promise<FleetEvents> {
    const reader = {
      header,
      audit: async (after: number, max: number) => this.rows.slice(after, after + max),
      counts: async () => ({ ...noCounts, planned: header.totals.steps - this.rows.length, applied: this.rows.length }),
      head: async () => {
        this.looks += 1;
        const row = this.rows.length;
        this.meanwhile();
        return { row };
      },
    };
    return FleetEvents.begin(reader, (event, at) => this.told.push(at === undefined ? event : { ...event, at }));
  }
}

const underWay = { state: "under-way", why: undefined } as const;

it("tells how it began, and of each row what an apply would have told, with the time it bears", async () => {
  const chain = new Chain();
  chain.step(1);
  const events = await chain.follow();
  events.started();
  chain.add({ kind: "note:resumed", details: { open: 2 } });
  chain.add({ kind: "ended", step: 2, outcome: "failed", failure: "not-found", reason: "gone", calls: 1 });
  chain.add({ kind: "note:steered", details: { what: "rate", from: "ctl", by: "ana@laptop", value: 3 } });
  chain.add({ kind: "note:gate", details: { wave: 1, of: 3, steps: 2, open: true, why: "" } });
  chain.add({ kind: "note:gate", details: { wave: 2, of: 3, steps: 2, open: false, why: "1 failed" } });
  await events.look(underWay);
  await events.look(underWay);
  const { totals, runId } = header;
  expect(chain.told).toEqual([
    { type: "apply-started", runId, steps: totals.steps, open: totals.steps - 1, resumed: true },
    { type: "step", seq: 2, outcome: "failed", failure: "not-found", reason: "gone", calls: 1, at: 1003 },
    { type: "steered", act: "rate", via: "ctl", uid: undefined, value: 3, at: 1004 },
    { type: "wave", wave: 1, of: 3, steps: 2, state: "passed", at: 1005 },
    { type: "wave", wave: 2, of: 3, steps: 2, state: "refused", problems: ["1 failed"], at: 1006 },
  ]);
});

it.each([
  "{",
  "[]",
  "null",
  "7",
  '{"kind":"ended"}',
  '{"kind":"ended","step":"1","outcome":"applied"}',
  '{"kind":"ended","step":1,"outcome":"__proto__"}',
  '{"kind":"note:steered","details":{"what":"everything"}}',
  '{"kind":"note:steered","details":null}',
  '{"kind":"note:gate","details":{"wave":"1","of":2,"steps":3}}',
])("tells nothing of a row that holds %s, and goes on behind it", async (body) => {
  const chain = new Chain();
  const events = await chain.follow();
  chain.add(body);
  chain.step(2);
  await events.look(underWay);
  expect(chain.told).toMatchObject([{ type: "step", seq: 2, outcome: "applied" }]);
});

it("tells all of what came in one look, however much, and none of it twice", async () => {
  const chain = new Chain();
  const events = await chain.follow();
  for (let step = 1; step <= 2500; step += 1) chain.step(step);
  await events.look(underWay);
  await events.look(underWay);
  expect(chain.told.map((event) => (event.type === "step" ? event.seq : 0))).toEqual(
    Array.from({ length: 2500 }, (_, at) => at + 1),
  );
});

it("tells once that it is stopping, by whoever asked first, and last how it stands", async () => {
  const chain = new Chain();
  const events = await chain.follow();
  await events.look({ state: "stopping", why: "ana@laptop" });
  await events.look({ state: "stopping", why: "ana@laptop" });
  events.ended("stopped on request", noCounts);
  expect(chain.told).toEqual([
    { type: "stopping", why: "as asked by ana@laptop" },
    { type: "apply-ended", counts: noCounts },
  ]);
});

it("counts from one moment: what ends while it begins is counted or told, and not both", async () => {
  const chain = new Chain();
  chain.meanwhile = () => chain.rows.length < 3 && chain.step(chain.rows.length + 1);
  const events = await chain.follow();
  await events.look(underWay);
  expect(events.counts.applied + chain.told.length).toBe(3);
});
