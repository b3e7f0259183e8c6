/** Taking a run out of the database for good, and what is kept of it: that it was there, and the end of its chain. */
import { GuardError, RunFileError, RunLockedError } from "../../model/errors.ts";
import { counted } from "../../model/text.ts";
import { recordName } from "../record.ts";
import { lockClaims } from "./claims.ts";
import type { JournalDatabase, RowSource } from "./database.ts";

export interface Purged {
  readonly name: string;
  readonly runId: string;
  readonly digest: string;
  readonly rows: number;
  readonly head: string;
  /** Account and machine, as they call themselves. */
  readonly by: string;
  /** Wall ms, by the database's clock. */
  readonly at: number;
}

interface Row {
  readonly id: string;
  readonly open: number;
  readonly held: boolean;
  readonly record: boolean;
}

/**
 * Throws GuardError for a run that has not ended, RunLockedError while a worker holds any of it. A record, which is never
 * carried out, may go at any time.
 */
export async function purgeRun(database: JournalDatabase, name: string, by: string): Promise<void> {
  const place = `${name} at ${database.shown}`;
  await database.transaction(async (client) => {
    const { rows: named } = await client.query<{ id: string }>("select id from runs where tenant = $1 and name = $2", [
      database.tenant,
      name,
    ]);
    // Ahead of the look at it: a claim that is being made would not be seen yet.
    if (named[0] !== undefined) await lockClaims(client, Number(named[0].id));
    const { rows } = await client.query<Row>(
      `select r.id, r.counts[1] as open, exists (select 1 from kept k where k.run = r.id and k.name = $3) as record,
         exists (select 1 from progress p where p.run = r.id and p.state = 0 and p.lease >= clock_timestamp()) as held
       from runs r where r.tenant = $1 and r.name = $2`,
      [database.tenant, name, recordName],
    );
    const [run] = rows;
    if (run === undefined) throw new RunFileError("missing", `there is no run ${place}`, "handover run list");
    if (run.held) throw new RunLockedError(place);
    if (run.open > 0 && !run.record) {
      throw new GuardError(
        "progress",
        `the run ${place} has not ended: ${counted(run.open, "step")} open`,
        "end it first: handover apply, or handover cancel --all",
      );
    }
    await client.query(
      `insert into purges (name, run_id, digest, audit_rows, audit_head, by)
       select name, run_id, digest, audit_rows, audit_head, $2 from runs where id = $1`,
      [run.id, by],
    );
    await client.query("delete from runs where id = $1", [run.id]);
  });
}

/** Newest first, at most `max`. */
export async function purgedRuns(database: RowSource, max: number): Promise<readonly Purged[]> {
  return database.rows<Purged>(
    `select name, run_id as "runId", digest, audit_rows as rows, audit_head as head, by,
       (extract(epoch from at) * 1000)::float8 as at
     from purges where tenant = $1 order by id desc limit $2`,
    [database.tenant, max],
  );
}
