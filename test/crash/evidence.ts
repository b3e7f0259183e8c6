/** What a run file holds, read from a copy and past the product, and what the product says of it. */
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { Stage } from "../support/process.ts";

export interface PairText {
  readonly role: string;
  readonly member: string;
}

export interface DeltaText {
  readonly add: readonly PairText[];
  readonly remove: readonly PairText[];
}

/** A step with its result, as `report --json` gives it. */
export interface StepText {
  readonly seq: number;
  readonly kind: "edit" | "transfer" | "by-hand";
  readonly asset?: { readonly name: string };
  readonly delta?: DeltaText;
  readonly from?: { readonly id: string; readonly email: string };
  readonly to?: { readonly id: string; readonly email: string };
  readonly state: string;
  readonly attempts: number;
  readonly result?: { readonly changed: DeltaText; readonly failure?: string; readonly reason?: string };
}

export interface ReportText {
  readonly steps: readonly StepText[];
  readonly audit?: { readonly firstBad?: number };
  readonly header: { readonly refusals: readonly { readonly rule: string; readonly problem: string }[] };
}

export async function report(stage: Stage, run: string): Promise<ReportText> {
  const { code, stdout, stderr } = await stage.handover("report", run, "--json");
  if (code !== 0) throw new Error(`report ${run} ended with ${code}: ${stderr}${stdout}`);
  return JSON.parse(stdout) as ReportText;
}

/** SQLite's own word on a file that nobody holds: `ok`, or what is wrong. */
export async function integrityOf(stage: Stage, run: string): Promise<string> {
  return onCopy(stage, run, (db) => String(db.pragma("integrity_check", { simple: true })));
}

/** Attempts that are on disk, by asset; transfers under the id of their step, `#1`. */
export async function attemptsOf(stage: Stage, run: string): Promise<ReadonlyMap<string, number>> {
  const rows = await onCopy(stage, run, (db) =>
    db
      .prepare<[], { name: string; attempts: number }>(
        `select coalesce(s.asset, '#' || s.seq) as name,
           max(p.attempts, (select count(*) from intents i where i.seq = p.seq)) as attempts
         from progress p join steps s on s.seq = p.seq where s.kind < 2`,
      )
      .all(),
  );
  return new Map(rows.map(({ name, attempts }) => [name, attempts]));
}

/** Opening a database left by a dead process mends it; the next process is to find it as it was left. */
async function onCopy<T>(stage: Stage, run: string, read: (db: Database.Database) => T): Promise<T> {
  const folder = await mkdtemp(join(stage.folder, "copy-"));
  try {
    const copy = join(folder, "run");
    await copyFile(join(stage.folder, run), copy);
    await copyFile(join(stage.folder, `${run}-wal`), `${copy}-wal`).catch(() => undefined);
    const db = new Database(copy);
    try {
      return read(db);
    } finally {
      db.close();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}
