/** Group commit: one transaction for many entries, soon when there are few, and every entry answered exactly once. */
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Slices, restMs } from "../../src/journal/sqlite/slices.ts";
import { ManualClock, settle } from "../support/clock.ts";

let db: Database.Database;
let clock: ManualClock;
let holds: boolean;
let commits: number;
let slices: Slices;
let answers: string[];
let workMs: number;
let refusal: Error | undefined;

beforeEach(() => {
  db = new Database(":memory:");
  db.exec("create table t (a integer primary key)");
  clock = new ManualClock();
  holds = true;
  commits = 0;
  answers = [];
  workMs = 0;
  refusal = undefined;
  // Time also passes while the store is at work.
  const busyClock = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic() + workMs,
    sleep: (ms: number) => clock.sleep(ms),
  };
  slices = new Slices(db, busyClock, "a run", {
    check: () => {
      if (refusal !== undefined) throw refusal;
    },
    holds: () => holds,
    seal: () => (commits += 1),
    took: () => undefined,
    kept: () => undefined,
  });
});
afterEach(() => {
  db.close();
});

function push(value: number, write = (): void => void db.prepare("insert into t values (?)").run(value)): void {
  slices.push({
    write,
    kept: () => answers.push(`kept ${value}`),
    lost: () => answers.push(`lost ${value}`),
    failed: (error) => answers.push(`failed ${value}: ${error.message}`),
  });
}

const stored = (): unknown => db.prepare("select a from t order by a").pluck().all();

describe("a slice", () => {
  it("takes in everything handed over in one go, and is committed without waiting", async () => {
    for (const value of [1, 2, 3]) push(value);
    expect(answers).toEqual([]);
    expect(clock.sleeping).toBe(1);
    await clock.advance(0);
    expect(answers).toEqual(["kept 1", "kept 2", "kept 3"]);
    expect(commits).toBe(1);
  });

  it("follows a busy one at a distance, in which entries gather", async () => {
    await clock.advance(60_000);
    for (let value = 0; value < 20; value += 1) {
      push(value, () => {
        workMs += 0.1;
      });
    }
    await clock.advance(0);
    push(100);
    await clock.advance(5);
    push(101);
    expect(answers).toHaveLength(20);
    await clock.advance(1);
    expect(answers.slice(20)).toEqual(["kept 100", "kept 101"]);
    expect(commits).toBe(2);
  });

  it("is committed at once when it grows large, and when somebody asks", () => {
    for (let value = 0; value < 4096; value += 1) push(value);
    expect(answers).toHaveLength(4096);
    push(5000);
    slices.commit();
    expect(answers.at(-1)).toBe("kept 5000");
    slices.commit();
    expect(commits).toBe(2);
  });

  it("fails as a whole, and nothing is written after it", async () => {
    push(1);
    push(1);
    push(2);
    await clock.advance(0);
    expect(answers.map((answer) => answer.split(":")[0])).toEqual(["failed 1", "failed 1", "failed 2"]);
    expect(stored()).toEqual([]);
    expect(db.inTransaction).toBe(false);
    push(3);
    expect(answers.at(-1)).toContain("failed 3: UNIQUE");
    expect([slices.failure?.message, slices.lost]).toEqual([expect.stringContaining("UNIQUE"), false]);
    await settle();
    expect(stored()).toEqual([]);
  });

  it("fails as well when nothing may be written any more, before anything is", async () => {
    refusal = new Error("the folder is gone");
    push(1);
    await clock.advance(0);
    expect(answers).toEqual(["failed 1: the folder is gone"]);
    expect(stored()).toEqual([]);
  });

  it("is lost as a whole when the run has another holder", async () => {
    holds = false;
    push(1);
    push(2);
    await clock.advance(0);
    push(3);
    expect(answers).toEqual(["lost 1", "lost 2", "lost 3"]);
    expect([slices.failure, slices.lost, db.inTransaction]).toEqual([undefined, true, false]);
    expect(stored()).toEqual([]);
    expect(commits).toBe(0);
  });
});

it.each([
  [1, 50, 0],
  [7, 50, 0],
  [8, 0.1, 1],
  [100, 1, 3],
  [500, 2.5, 7.5],
  [500, 40, 8],
])("after a commit of %i entries in %f ms, the next is %f ms away at least", (entries, tookMs, expected) => {
  expect(restMs(entries, tookMs)).toBe(expected);
});
