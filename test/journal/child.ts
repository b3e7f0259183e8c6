/** What a second process does with a run, as a program of its own: `child.js MODE PATH`. Says each durable thing on stdout. */
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { openJournal } from "../../src/journal/sqlite/journal.ts";
import { createMemoryRun } from "../../src/journal/sqlite/memory.ts";
import { openReader } from "../../src/journal/sqlite/reader.ts";
import { createRun } from "../../src/journal/sqlite/writer.ts";
import type { Clock } from "../../src/model/clock.ts";
import type { Email } from "../../src/model/email.ts";
import { edits, intent, result } from "./samples.ts";

/** The user id of nobody. */
const nobody = 65_534;

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms) => {
    await sleep(ms);
  },
};

const [, , mode, path = ""] = process.argv;

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

/** Holds the run until it is killed. */
async function hold(): Promise<void> {
  const journal = await openJournal(path, { clock });
  say("ready");
  await sleep(600_000);
  // Never reached; what nobody refers to any more would be collected, and its lock with it.
  await journal.close();
}

/** Carries the run out, as fast as it can, with eight steps under way at once. */
async function work(): Promise<void> {
  const journal = await openJournal(path, { clock });
  const halted = new Set<Email>();
  const worker = async (): Promise<void> => {
    for (;;) {
      const [claim] = await journal.claim({ max: 1, perActor: 8, halted });
      if (claim === undefined) return;
      await journal.intent(claim, intent(claim.attempts + 1));
      say(`intent ${claim.step.seq} ${claim.attempts + 1}`);
      await journal.result(claim, result());
      say(`result ${claim.step.seq}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  await journal.close();
  say("done");
}

/** Plans without end. */
async function plan(): Promise<void> {
  const writer = await createRun(path);
  for (let page = 0; ; page += 1) {
    await writer.add(edits(1000));
    if (page === 3) say("ready");
    await sleep(1);
  }
}

/** Reads the run, as a user without rights if this one has them all. */
async function read(): Promise<void> {
  // Loads what must be loaded while that is still permitted.
  createMemoryRun().dispose();
  if (process.geteuid?.() === 0) process.setuid?.(nobody);
  const reader = await openReader(path);
  say(JSON.stringify(await reader.counts()));
  await reader.close();
}

await { hold, work, plan, read }[mode as "hold" | "work" | "plan" | "read"]();
