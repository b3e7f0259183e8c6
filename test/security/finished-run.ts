/** A run file with a history of every kind in it, and ways to meddle with a copy as somebody who holds the file could. */
import { createHash } from "node:crypto";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { Claim } from "../../src/journal/journal.ts";
import { openJournal } from "../../src/journal/sqlite/journal.ts";
import { createRun } from "../../src/journal/sqlite/writer.ts";
import type { AssetName } from "../../src/model/asset.ts";
import type { Email } from "../../src/model/email.ts";
import type { RunHeader } from "../../src/model/run.ts";
import type { CheckpointSigner } from "../../src/model/signing/checkpoint.ts";
import type { StepResult } from "../../src/model/step.ts";
import { byHand, edit, failed, header, intent, result, transfer } from "../journal/samples.ts";
import { ManualClock } from "../support/clock.ts";

/** Steps of the run. */
export const steps = 12;
/** Audit rows of the run. */
export const rows = 11;

const user = (name: string): Email => `${name}@acme.example` as Email;

/**
 * Steps 1 to 4: a transfer that failed, and three that are skipped with it. 5: applied at the second attempt. 6: failed.
 * 7: unchanged. 8: confirmed. 9: a transfer that succeeded, and 10 after it. 11: in flight, its first attempt void, its
 * second in doubt. 12: a line by hand that waits for it. Each has an actor of its own, so that one claim takes them all.
 */
export async function makeFinishedRun(
  path: string,
  signed: { readonly signer?: CheckpointSigner; readonly header?: Partial<RunHeader> } = {},
): Promise<void> {
  const clock = new ManualClock();
  const { signer } = signed;
  const writer = await createRun(path, { signer });
  const named = (index: number): { name: AssetName; assetType: string; title: string } => ({
    name: `asset-${index}` as AssetName,
    assetType: "REPORT",
    title: `Report ${index}`,
  });
  const at = (index: number, more: Parameters<typeof edit>[0] = {}): ReturnType<typeof edit> =>
    edit({ actor: user(`u${index}`), asset: named(index), ...more });
  await writer.add([
    transfer({ from: { email: user("gone"), id: "1" } }),
    at(2, { after: 1 }),
    at(3, { after: 1 }),
    at(4, { after: 1 }),
    at(5),
    at(6),
    at(7),
    at(8),
    transfer({ from: { email: user("moved"), id: "2" } }),
    at(10, { after: 9 }),
    at(11),
    byHand({ actor: user("u12"), after: 11, unless: 11 }),
  ]);
  await writer.seal(header({ totals: { ...header().totals, steps }, ...signed.header }));
  const journal = await openJournal(path, { clock, signer });
  const written = async <T>(work: Promise<T>): Promise<T> => clock.drive(work);
  const end = async (claim: Claim, how: Partial<StepResult>, attempts: number): Promise<void> => {
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      await written(journal.intent(claim, intent(attempt)));
      if (attempt < attempts) journal.noEffect(claim, attempt, true);
    }
    await written(journal.result(claim, result(how)));
  };
  await written(journal.note("started", { open: steps }));
  const taken = await journal.claim({ max: 100, perActor: 9, halted: new Set() });
  const of = (seq: number): Claim => {
    const claim = taken.find(({ step }) => step.seq === seq);
    if (claim === undefined) throw new Error(`step ${seq} is not to be had`);
    return claim;
  };
  const nothing = { add: [], remove: [] };
  await written(journal.result(of(1), failed()));
  await end(of(5), {}, 2);
  await end(of(6), { outcome: "failed", failure: "not-found", reason: "it is gone", changed: nothing }, 1);
  await end(of(7), { outcome: "unchanged", evidence: "read", changed: nothing }, 0);
  await written(journal.note("stopped", { why: "signal" }));
  await end(of(8), { outcome: "confirmed", evidence: "read" }, 1);
  await written(journal.remember(of(9), "job-9"));
  await end(of(9), { newOwner: user("ben"), changed: nothing, evidence: "read" }, 1);
  const [next] = await journal.claim({ max: 1, perActor: 9, halted: new Set() });
  if (next === undefined) throw new Error("nothing follows the transfer");
  await end(next, {}, 1);
  await written(journal.intent(of(11), intent(1)));
  journal.noEffect(of(11), 1, false);
  await written(journal.intent(of(11), intent(2)));
  await written(journal.note("ended", { open: 2 }));
  await journal.close();
}

let copies = 0;

/** A copy of the run at `original` with `change` done to it. */
export async function meddled(original: string, change: string | ((db: Database.Database) => void)): Promise<string> {
  copies += 1;
  const path = join(original, "..", `copy-${copies}.handover`);
  await copyFile(original, path);
  const db = new Database(path);
  // Hundreds of copies: none of them has to outlast a power cut.
  for (const setting of ["foreign_keys = off", "synchronous = off", "journal_mode = off"]) db.pragma(setting);
  if (typeof change === "string") db.exec(change);
  else change(db);
  db.close();
  return path;
}

/** The chain as anybody can recompute it: all hashes from row `from` on, and what is kept beside the chain. */
export function rewriteHashes(db: Database.Database, from = 1): void {
  const sha = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");
  const run = db.prepare<[], { header: string; digest: string }>("select header, digest from run").get();
  const { runId } = JSON.parse(run?.header ?? "{}") as { runId: string };
  const before = db
    .prepare<[number], string>("select hash from audit where seq = ?")
    .pluck()
    .get(from - 1);
  let head = before ?? sha(`handover audit 1\n${runId}\n${run?.digest ?? ""}\n`);
  const later = db.prepare<[number], { seq: number; body: string }>(
    "select seq, body from audit where seq >= ? order by seq",
  );
  for (const { seq, body } of later.all(from)) {
    head = sha(head + body);
    db.prepare("update audit set hash = ? where seq = ?").run(head, seq);
  }
  db.prepare("update tail set audit_rows = (select count(*) from audit), audit_head = ?").run(head);
}
