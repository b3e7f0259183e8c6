/** The frozen part of a run in the database: found by name, and checked against its digest. */
import { RunFileError } from "../../model/errors.ts";
import type { Digest, RunHeader } from "../../model/run.ts";
import { PageDigests, runDigest } from "../digest.ts";
import { stepsPerPage } from "../digest.ts";
import type { RowSource } from "./database.ts";
import { corruptRun } from "./faults.ts";

export interface SealedRun {
  readonly id: number;
  /** For messages. */
  readonly place: string;
  readonly header: RunHeader;
  readonly digest: Digest;
  readonly pages: readonly Digest[];
}

/** A row of `steps`, with the address of its actor. */
export interface FrozenRow {
  readonly seq: number;
  readonly kind: number;
  readonly email: string;
  readonly asset: string | null;
  readonly after: number | null;
  readonly unless: number | null;
  readonly body: string;
}

/** The columns of a `FrozenRow`, for `steps s` joined with `actors a`. */
export const frozenColumns = `s.seq, s.kind, a.email, s.asset, s."after", s."unless", s.body`;

/** Throws RunFileError: `missing`, or `tampered` when header and digests disagree. */
export async function readSealedRun(database: RowSource, name: string): Promise<SealedRun> {
  const place = `the run ${name} at ${database.shown}`;
  const [row] = await database.rows<{ id: string; header: string; digest: string; pages: string[] }>(
    "select id, header, digest, pages from runs where tenant = $1 and name = $2",
    [database.tenant, name],
  );
  if (row === undefined) {
    throw new RunFileError("missing", `there is no run ${name} at ${database.shown}`, "make it with: handover plan");
  }
  if (runDigest(row.header, row.pages) !== row.digest)
    throw tamperedRun(place, "the header or the digests were changed");
  const header = JSON.parse(row.header) as RunHeader;
  return { id: Number(row.id), place, header, digest: row.digest, pages: row.pages };
}

/** Reads every step and compares each page with its digest. Throws `tampered` with the steps concerned. */
export async function checkSteps(database: RowSource, run: SealedRun): Promise<void> {
  let last = 0;
  for (const [page, expected] of run.pages.entries()) {
    const rows = await database.rows<FrozenRow>(
      `select ${frozenColumns} from steps s join actors a on a.run = s.run and a.id = s.actor
       where s.run = $1 and s.seq > $2 order by s.seq limit $3`,
      [run.id, last, stepsPerPage],
    );
    const digests = new PageDigests();
    for (const { email, ...row } of rows) digests.add({ ...row, actor: email });
    const first = page * stepsPerPage + 1;
    if (digests.end()[0] !== expected) {
      throw tamperedRun(
        run.place,
        `one of the steps ${first} to ${first + stepsPerPage - 1} was changed, added or taken away`,
      );
    }
    last = rows.at(-1)?.seq ?? last;
  }
  const [sums] = await database.rows<{ steps: string; progress: string; strange: string }>(
    `select (select count(*) from steps where run = $1) as steps, (select count(*) from progress where run = $1) as progress,
       (select count(*) from progress p where p.run = $1
         and not exists (select 1 from steps s where s.run = p.run and s.seq = p.seq)) as strange`,
    [run.id],
  );
  const { steps } = run.header.totals;
  if (sums === undefined) throw corruptRun(run.place, "it cannot be counted");
  if (Number(sums.steps) !== last) throw tamperedRun(run.place, `${Number(sums.steps) - last} steps were added`);
  if (Number(sums.progress) !== last || Number(sums.strange) > 0) {
    throw tamperedRun(run.place, `what is known of some of its ${steps} steps was taken away`);
  }
}

/** It was there when it was opened. */
export function goneRun(place: string): RunFileError {
  return new RunFileError(
    "missing",
    `${place} is gone: somebody has purged or replaced it`,
    "see what is there: handover run list",
  );
}

export function tamperedRun(place: string, detail: string): RunFileError {
  return new RunFileError(
    "tampered",
    `${place} is not as it was planned (${detail})`,
    "do not apply it: find out who changed it, then plan again",
  );
}
