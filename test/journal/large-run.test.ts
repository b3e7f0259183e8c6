/** A run too large to be compared with its digest at once: a page of it is compared when the first step is taken from it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openJournal } from "../../src/journal/sqlite/journal.ts";
import { createRun } from "../../src/journal/sqlite/writer.ts";
import type { Email } from "../../src/model/email.ts";
import { ManualClock } from "../support/clock.ts";
import { anna, ben, edit, edits, header } from "./samples.ts";

let folder: string;
const clock = new ManualClock();
let copies = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "handover-large-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("a run too large to be compared with its digest at once", () => {
  const firstOfPage = 20_501;

  async function large(sql: string): Promise<string> {
    const path = join(folder, `large-${(copies += 1)}.handover`);
    const writer = await createRun(path);
    for (let page = 0; page < 21; page += 1) await writer.add(edits(1000));
    await writer.add([edit({ actor: ben })]);
    await writer.seal(header());
    const db = new Database(path);
    db.pragma("foreign_keys = off");
    db.exec(sql);
    db.close();
    return path;
  }

  const claimAs = async (path: string, halted: readonly Email[]): Promise<readonly number[]> => {
    const journal = await openJournal(path, { clock });
    try {
      const claims = await journal.claim({ max: 1, perActor: 1, halted: new Set(halted) });
      return claims.map(({ step }) => step.seq);
    } finally {
      await journal.close();
    }
  };

  it("hands out no step of a page that was changed, and every step of the others", async () => {
    const path = await large("update steps set asset = 'other' where seq = 20900");
    expect(await claimAs(path, [ben])).toEqual([1]);
    expect(await claimAs(path, [anna])).toEqual([21_001]);
    const journal = await openJournal(path, { clock });
    const page = { kind: "tampered", message: expect.stringContaining("one of the steps 20001 to 21000") as string };
    await expect(journal.step(firstOfPage)).rejects.toMatchObject(page);
    await expect(journal.page({}, 20_000, 10)).rejects.toMatchObject(page);
    await journal.close();
  });

  it("refuses the claim of a changed page's first step", async () => {
    const path = await large("update steps set body = replace(body, 'ben@', 'eve@') where seq = 999");
    await expect(claimAs(path, [ben])).rejects.toMatchObject({ kind: "tampered" });
  });

  it.each([
    [
      "a step behind the last page",
      "insert into steps select 22001, kind, actor, asset, after, unless, body from steps where seq = 1",
    ],
    [
      "a step before the first page",
      "insert into steps select 0, kind, actor, asset, after, unless, body from steps where seq = 1",
    ],
    [
      "a step taken away with what is known of it",
      "delete from progress where seq = 700; delete from steps where seq = 700",
    ],
    ["what is known of a step numbered anew", "update progress set seq = 30000 where seq = 700"],
  ])("is refused as a whole with %s", async (_, sql) => {
    await expect(claimAs(await large(sql), [])).rejects.toMatchObject({ kind: "tampered" });
  });
});
