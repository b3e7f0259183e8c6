/** What an apply does at the gate of a wave: goes on, waits for who is at it, or ends, with nothing of the next wave begun. */
import { describe, expect, it } from "vitest";
import type { ApplyGuards } from "../../src/engine/apply-guards.ts";
import type { FleetNews } from "../../src/engine/fleet.ts";
import type { Journal } from "../../src/journal/journal.ts";
import { RunFileError } from "../../src/model/errors.ts";
import { parseAmount } from "../../src/model/guard.ts";
import { parseWaves, wavesText } from "../../src/model/waves.ts";
import { edits } from "../journal/samples.ts";
import { noCounts } from "../../src/model/run.ts";
import { applied, wrapped, writeMs } from "./applying.ts";
import type { Given } from "./applying.ts";
import { no } from "./scripted.ts";

function inWaves(sizes: string, pause = false): ApplyGuards {
  return {
    waves: { sizes: sizes.split(",").map((size) => parseAmount(size) ?? expect.fail(size)), pause, without: false },
  };
}

const twoFirst = { concurrency: 1, guards: inWaves("2") };

const why = (events: readonly object[]): readonly object[] =>
  events.filter((event) => Reflect.get(event, "type") === "stopping");

describe("an apply at the gate of a wave", () => {
  it("reads back what the wave did before anything of the next is begun, and goes on to the end", async () => {
    const order: string[] = [];
    const { summary, written, events, notes } = await applied(edits(4), {
      options: { ...twoFirst, concurrency: 4 },
      writes: () => void order.push("write"),
      reads: () => void order.push("read"),
    });
    expect(order).toEqual(["write", "write", "read", "read", "write", "write"]);
    expect(summary).toMatchObject({ end: "finished", reason: undefined, ended: 4 });
    expect([written.length, why(events)]).toEqual([4, []]);
    expect(notes.map(([kind]) => kind)).toEqual(["started", "waves", "gate", "ended"]);
  });

  it("ends there when it is shut, says why, and begins nothing behind it", async () => {
    const { summary, written, events, notes } = await applied(edits(5), {
      options: twoFirst,
      writes: (_actor, _name, count) => (count === 1 ? no("refuse", "permission-denied") : undefined),
    });
    const reason =
      "wave 1 of 2: 1 of its 2 steps failed, the limit is 0 % (by default); --accept-failures lets it through";
    expect(summary).toMatchObject({ end: "gate", reason, ended: 2, counts: { failed: 1, applied: 1, planned: 3 } });
    expect(why(events)).toEqual([{ type: "stopping", why: reason }]);
    expect(written).toHaveLength(2);
    expect(notes.at(-1)).toEqual(["ended", { end: "gate", open: 3 }]);
  });

  it("ends there when somebody is to look, with the gate open behind it", async () => {
    const { summary, written } = await applied(edits(5), { options: { ...twoFirst, guards: inWaves("2", true) } });
    expect(summary).toMatchObject({ end: "wave", reason: "wave 1 of 2 is carried out and verified", ended: 2 });
    expect(written).toHaveLength(2);
  });

  it("halts when the credentials are gone while it reads back: the gate stays as it was", async () => {
    const { summary, written, events, notes } = await applied(edits(5), {
      options: twoFirst,
      reads: () => no("halt-run", "service-disabled"),
    });
    expect(summary).toMatchObject({ end: "halted", reason: "Google said service-disabled", ended: 2 });
    expect([written.length, why(events)]).toEqual([2, [{ type: "stopping", why: "Google said service-disabled" }]]);
    expect(notes.map(([kind]) => kind)).not.toContain("gate");
  });

  it("ends loudly on a fault of ours while it reads back", async () => {
    const fault = new TypeError("no such thing");
    await expect(applied(edits(5), { options: twoFirst, reads: () => fault })).rejects.toBe(fault);
  });

  it("ends by the journal when what the gate decides cannot be written down", async () => {
    const full = new RunFileError("full", "the disk is full", "make room");
    const journal = (inner: Journal): Journal =>
      wrapped(inner, { note: (kind, details) => (kind === "gate" ? Promise.reject(full) : inner.note(kind, details)) });
    const { summary, written } = await applied(edits(5), { options: twoFirst, journal });
    expect(summary).toMatchObject({ end: "journal", reason: "the disk is full; make room" });
    expect(written).toHaveLength(2);
  });

  it("ends as stopped when that is asked for while it reads back, and the gate is asked again by the next", async () => {
    const stop = new AbortController();
    const { summary, written, notes } = await applied(edits(5), {
      options: twoFirst,
      more: { stop: stop.signal },
      reads: () => {
        stop.abort();
        return undefined;
      },
    });
    expect(summary).toMatchObject({ end: "stopped", reason: "stopped on request", ended: 2 });
    expect([written.length, notes.map(([kind]) => kind).includes("gate")]).toEqual([2, false]);
  });
});

describe("an apply among several workers at the gate of a wave", () => {
  /** The others have nothing in hand; the gate is entered at the try `letInAt`, from 1. */
  function gatekeeper(letInAt: number): NonNullable<Given["fleet"]> {
    return (log, clock) => {
      let tries = 0;
      return {
        look: async (): Promise<FleetNews> => ({
          counts: { ...noCounts, planned: 3 },
          heldElsewhere: 0,
          drifted: 0,
          ended: undefined,
        }),
        enterGate: async () => {
          log.push(`${clock.monotonic()}`);
          return (tries += 1) >= letInAt;
        },
        leaveGate: async () => undefined,
      };
    };
  }

  it("looks again twice a second while another worker reads the wave back", async () => {
    const { log, written } = await applied(edits(5), { options: twoFirst, fleet: gatekeeper(4) });
    const [first = 0] = log.map(Number);
    expect(first).toBeGreaterThanOrEqual(2 * writeMs);
    // Each time it is asked twice whether anything is to be had, 50 ms apart.
    expect(log.slice(0, 4).map((at) => Number(at) - first)).toEqual([0, 550, 1100, 1650]);
    expect(written).toHaveLength(5);
  });

  it("goes on at once where another worker has passed it meanwhile", async () => {
    const journal = (inner: Journal): Journal =>
      wrapped(inner, {
        kept: async (name) => {
          const text = await inner.kept(name);
          const waves = name === "waves" && text !== undefined ? parseWaves(text) : undefined;
          return waves === undefined || (await inner.counts()).applied < 2 ? text : wavesText({ ...waves, passed: 1 });
        },
      });
    const reads: string[] = [];
    const { log, written } = await applied(edits(5), {
      options: twoFirst,
      fleet: gatekeeper(1),
      journal,
      reads: (name) => void reads.push(name),
    });
    expect([log, reads, written.length]).toEqual([[], [], 5]);
  });
});
