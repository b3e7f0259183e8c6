/** A glance at a run's lock: who holds it is seen, and the glance itself holds nothing and leaves nothing. */
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { isRunHeld } from "../../src/journal/sqlite/held.ts";
import { lockRun } from "../../src/journal/sqlite/lock.ts";

const newPath = (): string => join(mkdtempSync(join(tmpdir(), "handover-held-")), "a.run");

it("a run is held while its lock is, and not before or after", () => {
  const path = newPath();
  expect(isRunHeld(path)).toBe(false);
  const lock = lockRun(path);
  expect(isRunHeld(path)).toBe(true);
  lock.release();
  expect(isRunHeld(path)).toBe(false);
});

it("a glance makes no lock file, and lets the next process take the lock at once", () => {
  const path = newPath();
  isRunHeld(path);
  expect(existsSync(`${path}.lock`)).toBe(false);
  writeFileSync(`${path}.lock`, "");
  expect(isRunHeld(path)).toBe(false);
  lockRun(path).release();
});

it("a lock file that is none tells nothing", () => {
  const path = newPath();
  writeFileSync(`${path}.lock`, "no database at all, and longer than the header of one ".repeat(20));
  expect(isRunHeld(path)).toBe(false);
});
