/** The contract of a journal, over a file and in memory. */
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Journal } from "../../src/journal/journal.ts";
import { createMemoryRun } from "../../src/journal/sqlite/memory.ts";
import { openJournal } from "../../src/journal/sqlite/journal.ts";
import { openReader } from "../../src/journal/sqlite/reader.ts";
import { createRun } from "../../src/journal/sqlite/writer.ts";
import { amongContract } from "../conformance/journal-among.ts";
import { journalContract } from "../conformance/journal.contract.ts";
import type { JournalStore } from "../conformance/journal-bench.ts";

async function fileStore(): Promise<JournalStore> {
  const folder = await mkdtemp(join(tmpdir(), "handover-journal-"));
  let crashes = 0;
  let path = join(folder, "run.handover");
  const opened: Journal[] = [];
  return {
    writer: () => createRun(path),
    open: async (clock) => {
      const journal = await openJournal(path, { clock });
      opened.push(journal);
      return journal;
    },
    reader: () => openReader(path),
    // File and log as they are on the disk at this moment are what a dead process leaves.
    crash: async () => {
      crashes += 1;
      const next = join(folder, `run-${crashes}.handover`);
      await copyFile(path, next);
      if (existsSync(`${path}-wal`)) await copyFile(`${path}-wal`, `${next}-wal`);
      path = next;
    },
    dispose: async () => {
      for (const journal of opened) await journal.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function memoryStore(): Promise<JournalStore> {
  const run = createMemoryRun();
  return {
    writer: async () => run.writer,
    open: (clock) => run.openJournal({ clock }),
    reader: () => run.openReader(),
    crash: async () => undefined,
    dispose: async () => run.dispose(),
  };
}

journalContract("a run file", fileStore);
journalContract("a run in memory", memoryStore);
amongContract("a run file", fileStore);
amongContract("a run in memory", memoryStore);
