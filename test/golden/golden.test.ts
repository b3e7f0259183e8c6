/** Runs of every released format, in several states: today's code opens, shows, goes on with, verifies and takes back each. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { chmod, copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCommandLine } from "../../src/cli/program.ts";
import { examineRun } from "../../src/journal/sqlite/examine.ts";
import { openJournal } from "../../src/journal/sqlite/journal.ts";
import { openReader } from "../../src/journal/sqlite/reader.ts";
import { schemaVersion } from "../../src/journal/sqlite/schema.ts";
import { isSound } from "../../src/model/examination.ts";
import { world } from "../cli/world.ts";
import { ManualClock } from "../support/clock.ts";
import type { SavedWorld } from "./bench.ts";
import { cases } from "./cases.ts";
import { passageOf } from "./passage.ts";
import type { Passage } from "./passage.ts";

const here = new URL(".", import.meta.url).pathname;

/** Kept runs as `v1/planned`. */
const kept = readdirSync(here)
  .filter((name) => /^v\d+$/.test(name))
  .flatMap((version) => readdirSync(join(here, version)).map((name) => `${version}/${name}`))
  .toSorted();

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "handover-golden-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

function read(run: string, name: string): unknown {
  return JSON.parse(readFileSync(join(here, run, name), "utf8"));
}

async function copyOf(run: string): Promise<string> {
  const path = join(folder, "copy.handover");
  await copyFile(join(here, run, "run.handover"), path);
  await chmod(path, 0o600);
  return path;
}

it("every case is kept in the format of today", () => {
  for (const { name } of cases) expect(existsSync(join(here, `v${schemaVersion}`, name)), name).toBe(true);
});

describe.each(kept)("the kept run %s", (run) => {
  it("goes on, ends, is verified and taken back as on the day it was made, and keeps the head of its chain", async () => {
    const expected = read(run, "passage.json") as Passage;
    const saved = read(run, "world.json") as SavedWorld;
    expect(await passageOf(join(here, run, "run.handover"), saved, folder)).toEqual(expected);
    const later = await examineRun(join(folder, "run.handover"), { head: expected.head });
    expect(isSound(later), JSON.stringify(later.findings)).toBe(true);
  });

  it.each(["show --all", "show --json", "status", "report", "report --csv", "report --handover-sheet"])(
    "is shown by %s",
    async (words) => {
      await copyOf(run);
      const [verb = "", ...options] = words.split(" ");
      const made = await world({ argv: [verb, "copy", ...options], folder });
      expect(await runCommandLine(made.context), made.err()).toBe(0);
      expect(made.out().length).toBeGreaterThan(100);
    },
  );

  it("is sound evidence, and not a byte of it changes by being looked at", async () => {
    const path = await copyOf(run);
    const before = await readFile(path);
    const made = await world({ argv: ["evidence", "verify", "copy"], folder });
    expect(await runCommandLine(made.context), made.out()).toBe(0);
    expect(await readFile(path)).toEqual(before);
  });

  it("of a format to come is refused by everybody, and stays as it is", async () => {
    const path = await copyOf(run);
    const db = new Database(path);
    db.pragma(`user_version = ${schemaVersion + 1}`);
    db.close();
    const before = await readFile(path);
    const newer = { kind: "newer", message: expect.stringContaining(`format ${schemaVersion + 1}`) as string };
    await expect(openReader(path)).rejects.toMatchObject(newer);
    await expect(openJournal(path, { clock: new ManualClock() })).rejects.toMatchObject(newer);
    for (const argv of [
      ["status", "copy"],
      ["evidence", "verify", "copy"],
      ["apply", "copy", "--yes"],
    ]) {
      const made = await world({ argv: argv, folder });
      expect(await runCommandLine(made.context)).toBe(3);
    }
    expect(await readFile(path)).toEqual(before);
  });
});
