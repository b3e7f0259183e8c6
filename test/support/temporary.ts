/** The one folder that holds all the temporary files of a test run: made before the first test, gone after the last. */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Vitest calls it once, before it forks: the forks and the processes they start inherit `TMPDIR`. */
export async function setup(): Promise<() => Promise<void>> {
  const before = process.env["TMPDIR"];
  const folder = await mkdtemp(join(tmpdir(), "handover-tests-"));
  // Some tests give what they make to another user, who has to be able to go through.
  await chmod(folder, 0o711);
  process.env["TMPDIR"] = folder;
  return async () => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    await rm(folder, { recursive: true, force: true });
  };
}
