/** Steps that wait for others: opened when those succeed, skipped with them when not, and handed on from one to the next. */
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { Gates, strayGate } from "../../src/journal/sqlite/gates.ts";
import type { GateMoves } from "../../src/journal/sqlite/gates.ts";
import { createIndexes, createTables } from "../../src/journal/sqlite/schema.ts";
import { stateCode } from "../../src/journal/codes.ts";
import type { StepState } from "../../src/model/step.ts";

interface Waiting {
  readonly actor?: number;
  readonly after?: number;
  readonly unless?: number;
  /** Where it differs from what a new run says. */
  readonly gate?: number;
  readonly state?: StepState;
}

class Run {
  readonly rows: string[] = [];
  readonly #db = new Database(":memory:");
  readonly #gates: Gates;

  constructor(...steps: readonly Waiting[]) {
    createTables(this.#db);
    createIndexes(this.#db);
    this.#gates = new Gates(this.#db, (body) => this.rows.push(body));
    for (const actor of [1, 2]) this.#db.prepare("insert into actors values (?, ?)").run(actor, `a${actor}`);
    const step = this.#db.prepare("insert into steps values (?, 0, ?, null, ?, ?, '')");
    const progress = this.#db.prepare("insert into progress (seq, actor, state, gate) values (?, ?, ?, ?)");
    for (const [index, { actor = 1, after, unless, gate, state = "planned" }] of steps.entries()) {
      step.run(index + 1, actor, after ?? null, unless ?? null);
      progress.run(index + 1, actor, stateCode(state), gate ?? after ?? unless ?? 0);
    }
  }

  ended(seq: number, succeeded: boolean): GateMoves {
    const state = stateCode(succeeded ? "applied" : "failed");
    this.#db.prepare("update progress set state = ? where seq = ?").run(state, seq);
    return this.#gates.ended(seq, succeeded, 77);
  }

  /** What each step waits for; 0 for nothing. */
  get gates(): readonly number[] {
    return this.#db.prepare<[], number>("select gate from progress order by seq").pluck().all();
  }

  get skipped(): readonly unknown[] {
    return this.#db
      .prepare("select seq, audit, failure, reason, updated from progress where state = ? order by seq")
      .raw()
      .all(stateCode("skipped"));
  }

  get stray(): number | undefined {
    return strayGate(this.#db);
  }
}

describe("a step that succeeded", () => {
  it("opens those that wait for it, told by actor, and no others", () => {
    const run = new Run({}, { after: 1, actor: 2 }, { after: 1 }, { after: 1, actor: 2 }, {}, { after: 5 });
    expect(run.ended(1, true)).toEqual({
      opened: [
        { actor: 1, first: 3, count: 1 },
        { actor: 2, first: 2, count: 2 },
      ],
      openedCount: 3,
      skippedCount: 0,
    });
    expect([run.gates, run.rows]).toEqual([[0, 0, 0, 0, 0, 5], []]);
  });

  it("opens nothing where nothing waits, and nothing that has ended", () => {
    const run = new Run({}, { after: 1, state: "failed" }, {});
    expect(run.ended(1, true)).toEqual({ opened: [], openedCount: 0, skippedCount: 0 });
    expect(run.ended(3, true).openedCount).toBe(0);
    expect(run.gates).toEqual([0, 1, 0]);
  });

  it("hands a line on to the edit that must end before it, and that opens it however it ends", () => {
    for (const succeeded of [true, false]) {
      const run = new Run({}, {}, { after: 1, unless: 2 });
      expect(run.ended(1, true).openedCount).toBe(0);
      expect(run.gates).toEqual([0, 0, 2]);
      expect(run.ended(2, succeeded)).toMatchObject({ openedCount: 1, skippedCount: 0 });
      expect(run.gates).toEqual([0, 0, 0]);
    }
  });

  it("opens a line at once whose edit has ended before", () => {
    const run = new Run({}, {}, { after: 1, unless: 2 });
    expect(run.ended(2, false)).toEqual({ opened: [], openedCount: 0, skippedCount: 0 });
    expect(run.ended(1, true)).toMatchObject({ opened: [{ actor: 1, first: 3, count: 1 }], openedCount: 1 });
  });
});

describe("a step that did not succeed", () => {
  it("skips all that wait for it, through others too, with one row that names them", () => {
    const run = new Run({}, { after: 1 }, {}, { after: 2 }, { after: 4 }, { after: 3 }, { after: 1, state: "applied" });
    expect(run.ended(1, false)).toEqual({ opened: [], openedCount: 0, skippedCount: 3 });
    expect(run.rows).toEqual(['{"at":77,"because":1,"count":3,"kind":"skipped","steps":"2,4-5"}']);
    expect(run.skipped).toEqual(
      [2, 4, 5].map((seq) => [seq, 1, "predecessor", "step 1, which must come first, did not succeed", 77]),
    );
    expect(run.gates).toEqual([0, 0, 0, 0, 0, 3, 1]);
  });

  it("writes no row where nothing waits for it", () => {
    const run = new Run({}, {}, { after: 2 });
    expect(run.ended(1, false)).toEqual({ opened: [], openedCount: 0, skippedCount: 0 });
    expect([run.rows, run.skipped, run.gates]).toEqual([[], [], [0, 0, 2]]);
  });

  it("opens the lines that were to wait only for its end", () => {
    const run = new Run({}, { unless: 1 }, { after: 1, unless: 1 }, { after: 1 });
    expect(run.ended(1, false)).toMatchObject({ openedCount: 2, skippedCount: 1 });
    expect([run.gates, run.skipped.length]).toEqual([[0, 0, 0, 0], 1]);
  });

  it("opens the lines that wait for the end of a step that is skipped with it", () => {
    const run = new Run({}, { after: 1 }, { unless: 2 }, { after: 2, unless: 2 });
    expect(run.ended(1, false)).toEqual({
      opened: [{ actor: 1, first: 3, count: 2 }],
      openedCount: 2,
      skippedCount: 1,
    });
    expect(run.gates).toEqual([0, 0, 0, 0]);
  });

  it("skips a line whose edit is another one", () => {
    const run = new Run({}, {}, { after: 1, unless: 2 });
    expect(run.ended(1, false).skippedCount).toBe(1);
  });
});

describe("a step whose gate nothing would open", () => {
  it.each<[string, readonly Waiting[], number | undefined]>([
    ["is none where all waits are for open steps", [{}, { after: 1 }, { state: "applied" }], undefined],
    ["is one that waits for a step that has ended", [{ state: "applied" }, { gate: 1 }], 2],
    ["is one that waits for a step there is not", [{}, { gate: 9 }], 2],
    ["is one that waits although it has ended", [{}, { gate: 1, state: "failed" }], 2],
  ])("%s", (_, steps, seq) => {
    expect(new Run(...steps).stray).toBe(seq);
  });
});
