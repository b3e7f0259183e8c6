/** Sound run files as inputs: one at rest, one under way with its log still beside it; the same bytes every time. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { openJournal } from "../../../src/journal/sqlite/journal.ts";
import { createRun } from "../../../src/journal/sqlite/writer.ts";
import type { AssetName } from "../../../src/model/asset.ts";
import { etag } from "../../../src/model/brand.ts";
import { ben, byHand, cleo, edit, failed, header, intent, oddRoles, result, transfer } from "../../journal/samples.ts";
import { ManualClock } from "../../support/clock.ts";
import { resealed } from "./wal.ts";

/** A run file and its log as one input: the length of the file, the file, the log. */
export function framed(main: Buffer, log: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(main.length);
  return Buffer.concat([length, main, log]);
}

/** Takes any bytes apart in the same way. */
export function unframed(input: Buffer): { readonly main: Buffer; readonly log: Buffer } {
  const length = input.length >= 4 ? input.readUInt32LE(0) : 0;
  const body = input.subarray(Math.min(4, input.length));
  return { main: body.subarray(0, length), log: body.subarray(Math.min(body.length, length)) };
}

export async function sampleRuns(folder: string): Promise<readonly Buffer[]> {
  const path = join(folder, "sample.handover");
  const writer = await createRun(path);
  const named = (name: string): { readonly asset: { name: AssetName; assetType: string; title: string } } => ({
    asset: { name: name as AssetName, assetType: "REPORT", title: `Report ${name} \u202e` },
  });
  await writer.add([
    transfer(),
    edit({ ...named("a1"), after: 1 }),
    edit({ ...named("a2"), actor: ben, base: { etag: etag("e2"), roles: oddRoles } }),
    edit({ ...named("a3"), actor: cleo, attemptOwner: ben, alternates: [ben] }),
    byHand({ unless: 4 }),
    edit({ ...named("a6"), actor: cleo, after: 1 }),
    edit({ ...named("a7"), base: undefined }),
  ]);
  await writer.seal(header());
  const fresh = framed(await readFile(path), Buffer.alloc(0));
  const underWay = await halfApplied(path);
  const rested = framed(await readFile(path), Buffer.alloc(0));
  await rm(path);
  return [fresh, underWay, rested];
}

/** Applies a part, and takes the file with its log while it is at work. */
async function halfApplied(path: string): Promise<Buffer> {
  const clock = new ManualClock();
  const journal = await openJournal(path, { clock });
  await clock.drive(journal.note("started", { open: 7 }));
  const claims = await journal.claim({ max: 4, perActor: 9, halted: new Set() });
  for (const claim of claims) await clock.drive(journal.intent(claim, intent(1)));
  for (const claim of claims.slice(0, 2)) {
    await clock.drive(journal.result(claim, claim.step.kind === "transfer" ? failed() : result()));
  }
  journal.keep("pacing", '{"gates":[]}');
  await clock.drive(journal.verified(2, "drifted", clock.now()));
  await clock.drive(journal.flush());
  // A reader keeps the log from being taken in when the journal ends.
  const reader = new Database(path, { readonly: true });
  reader.prepare("select count(*) from steps").get();
  const input = framed(await readFile(path), resealed(await readFile(`${path}-wal`)));
  reader.close();
  await journal.close();
  return input;
}
