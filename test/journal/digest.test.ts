/** The checks before a run is carried out, page by page: what is changed, missing or added is found, and where. */
import { createHash } from "node:crypto";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { PageDigests, runDigest } from "../../src/journal/digest.ts";
import { standingOf } from "../../src/journal/sqlite/standing.ts";
import { StepPages } from "../../src/journal/sqlite/step-pages.ts";
import { createTables } from "../../src/journal/sqlite/schema.ts";

const sha = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");

/** A run of `count` small steps by two actors in turn, as it is written; with the digests of its pages. */
function runOf(count: number): { readonly db: Database.Database; readonly pages: readonly string[] } {
  const db = new Database(":memory:");
  createTables(db);
  for (const actor of [1, 2]) db.prepare("insert into actors values (?, ?)").run(actor, `a${actor}`);
  const step = db.prepare("insert into steps values (?, 0, ?, ?, ?, null, ?)");
  const progress = db.prepare("insert into progress (seq, actor) values (?, ?)");
  const digests = new PageDigests();
  db.transaction(() => {
    for (let seq = 1; seq <= count; seq += 1) {
      const actor = 1 + (seq % 2);
      const row = { seq, kind: 0, asset: `r${seq}`, after: seq > 1 ? seq - 1 : null, unless: null, body: "{}" };
      step.run(seq, actor, row.asset, row.after, row.body);
      progress.run(seq, actor);
      digests.add({ ...row, actor: `a${actor}` });
    }
  })();
  return { db, pages: digests.end() };
}

describe("the digest of a page", () => {
  it("is over one line for each step, its numbers and lengths before its texts", () => {
    const digests = new PageDigests();
    digests.add({ seq: 1, kind: 2, actor: "ab", asset: "cde", after: 7, unless: 8, body: "{}" });
    digests.add({ seq: 2, kind: 0, actor: "ab", asset: null, after: null, unless: null, body: "" });
    expect(digests.end()).toEqual([sha("1 2 7 8 2 3 2 abcde{}\n2 0 - - 2 - 0 ab\n")]);
  });

  it.each([
    [0, 0],
    [999, 1],
    [1000, 1],
    [1001, 2],
    [2000, 2],
  ])("of %i steps is one of %i", (steps, pages) => {
    expect(runOf(steps).pages).toHaveLength(pages);
  });

  it("is one of those that the digest of the run is over, after the header", () => {
    expect(runDigest("{}", ["a", "b"])).toBe(sha(`handover run 1\n${sha("{}")}\na\nb\n`));
  });
});

describe("the steps of a run", () => {
  it.each([0, 1, 999, 1000, 1001, 2500])("%i of them are as they were written", async (count) => {
    const { db, pages } = runOf(count);
    await expect(new StepPages(db, "a.run", pages).checkAll()).resolves.toBeUndefined();
    expect(() => standingOf(db, "a.run")).not.toThrow();
  });

  it.each([
    ["changed in the first page", 2500, "update steps set body = '[]' where seq = 1", "steps 1 to 1000 was changed"],
    ["changed in the second", 2500, "update steps set kind = 1 where seq = 2000", "steps 1001 to 2000 was changed"],
    ["changed in the last", 2500, "update steps set asset = 'x' where seq = 2500", "steps 2001 to 3000 was changed"],
    ["told to wait for another", 5, "update steps set after = 1 where seq = 5", "steps 1 to 1000 was changed"],
    ["told to wait for a line's edit", 5, "update steps set unless = 1 where seq = 5", "steps 1 to 1000 was changed"],
    ["given to another actor", 5, "update steps set actor = 1 where seq = 1", "steps 1 to 1000 was changed"],
    ["an actor's by another address", 5, "update actors set email = 'x' where id = 2", "steps 1 to 1000 was changed"],
    ["taken away", 2500, "delete from steps where seq = 1500", "steps 1001 to 2000 was changed, added or taken away"],
    ["taken away, a whole page of them", 2500, "delete from steps where seq > 2000", "steps 2001 to 3000 was changed"],
    ["added after all", 1000, "insert into steps values (1001, 0, 1, null, null, null, '')", "step 1001 was added"],
    ["added to none", 0, "insert into steps values (1, 0, 1, null, null, null, '')", "step 1 was added"],
    ["added before all", 5, "insert into steps values (0, 0, 1, null, null, null, '')", "a step was added"],
  ])("are refused with one %s", async (_, count, sql, problem) => {
    const { db, pages } = runOf(count);
    db.pragma("foreign_keys = off");
    db.exec(sql);
    await expect(new StepPages(db, "a.run", pages).checkAll()).rejects.toMatchObject({
      kind: "tampered",
      message: expect.stringContaining(problem) as string,
    });
  });

  it.each([
    ["lost", "delete from progress where seq = 3"],
    ["lost at the end", "delete from progress where seq = 5"],
    ["added", "insert into progress (seq, actor) values (6, 1)"],
    ["added before all", "insert into progress (seq, actor) values (0, 1)"],
    ["given away", "update progress set seq = 6 where seq = 5"],
    ["given away to none before", "update progress set seq = 0 where seq = 1"],
  ])("are refused with what is known of one %s", (_, sql) => {
    const { db } = runOf(5);
    db.pragma("foreign_keys = off");
    db.exec(sql);
    expect(() => standingOf(db, "a.run")).toThrow("what is known of some steps was taken away");
  });
});
