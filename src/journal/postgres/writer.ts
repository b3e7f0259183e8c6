/**
 * Writes a new run into the database: nobody sees any of it before `seal`. Until then its steps lie in a temporary table
 * of the connection, and no transaction is open: planning may wait for Google for hours.
 */
import type { PoolClient } from "pg";
import { GuardError, RunLockedError, UsageError } from "../../model/errors.ts";
import type { Digest, RunHeader } from "../../model/run.ts";
import { checkpointName, signedCheckpoint } from "../../model/signing/checkpoint.ts";
import type { CheckpointSigner } from "../../model/signing/checkpoint.ts";
import type { StepDraft } from "../../model/step.ts";
import type { RunWriter } from "../journal.ts";
import { genesis } from "../chain.ts";
import { stateCode, stateCount } from "../codes.ts";
import type { DigestRow } from "../digest.ts";
import { Freezing } from "../freezing.ts";
import type { FrozenHead } from "../freezing.ts";
import type { JournalDatabase } from "./database.ts";
import { databaseFault } from "./faults.ts";
import { escaped } from "./text.ts";

/** Steps sent at once: large enough that the way to the server does not count, small enough to hold. */
const stepsAtOnce = 5000;

/** A step as the database takes it. */
interface Row extends Omit<DigestRow, "actor"> {
  readonly actor: number;
  readonly turn: number;
}

export interface RunWriterOptions {
  /** Take the place of a run of that name that has not begun. */
  readonly replace?: boolean | undefined;
  /** Says who planned the run: its key signs the chain before the first row. */
  readonly signer?: CheckpointSigner | undefined;
  /** Close the database with the writer. */
  readonly ownsDatabase?: boolean | undefined;
}

/**
 * Begins the run `name`. Throws UsageError when the name is taken, GuardError when it is to be replaced and has begun,
 * RunLockedError when another process is making a run of that name.
 */
export async function createPostgresRun(
  database: JournalDatabase,
  name: string,
  options: RunWriterOptions = {},
): Promise<RunWriter> {
  const writer = new PostgresRunWriter(database, name, options);
  await writer.begin();
  return writer;
}

class PostgresRunWriter implements RunWriter {
  readonly #database: JournalDatabase;
  readonly #name: string;
  readonly #options: RunWriterOptions;
  readonly #emails: string[] = [];
  /** How many steps each user has in turn. */
  readonly #open: number[] = [];
  readonly #freezing = new Freezing((_, email) => {
    this.#emails.push(email);
    this.#open.push(0);
  });
  #rows: Row[] = [];
  #client: PoolClient | undefined;
  #release: (failed: boolean) => void = () => undefined;
  #held: Promise<void> = Promise.resolve();

  constructor(database: JournalDatabase, name: string, options: RunWriterOptions) {
    this.#database = database;
    this.#name = name;
    this.#options = options;
  }

  async begin(): Promise<void> {
    const client = await new Promise<PoolClient>((resolve, reject) => {
      // The connection stays with this writer until it has sealed or discarded the run.
      this.#held = this.#database
        .using(async (given) => {
          resolve(given);
          await new Promise<void>((free, fail) => {
            this.#release = (failed) => (failed ? fail(new Error("the run was not written")) : free());
          });
        })
        .catch(reject);
    });
    this.#client = client;
    await this.#writing(async () => {
      const { schema, tenant } = this.#database;
      const { rows } = await client.query<{ free: boolean }>(
        "select pg_try_advisory_lock(hashtext('handover making'), hashtext($1)) as free",
        [[schema, tenant, this.#name].join("/")],
      );
      if (rows[0]?.free !== true) throw new RunLockedError(this.#place, "making");
      await this.#refuseTaken(client);
      await client.query(
        `create temporary table drafts (
           seq integer, kind smallint, actor integer, asset text, "after" integer, "unless" integer, body text, turn integer)`,
      );
    });
  }

  async add(drafts: readonly StepDraft[]): Promise<number> {
    const first = this.#freezing.steps + 1;
    return this.#writing(async () => {
      for (const draft of drafts) {
        const { row, actor, turn } = this.#freezing.take(draft);
        this.#open[turn - 1] = (this.#open[turn - 1] ?? 0) + 1;
        this.#rows.push({ ...row, actor, turn });
        if (this.#rows.length >= stepsAtOnce) await this.#send();
      }
      return first;
    });
  }

  async seal(header: RunHeader): Promise<Digest> {
    return this.#writing(async (client) => {
      await this.#send();
      const head = this.#freezing.end(header);
      await client.query("begin");
      if (this.#options.replace === true && (await this.#refuseTaken(client))) {
        await client.query("delete from runs where tenant = $1 and name = $2", [this.#database.tenant, this.#name]);
      }
      await this.#put(client, header, head);
      await client.query("commit");
      await this.#end(false);
      return head.digest;
    });
  }

  async discard(): Promise<void> {
    if (this.#client !== undefined) await this.#end(false);
  }

  get #place(): string {
    return `${this.#name} at ${this.#database.shown}`;
  }

  /** Whether there is a run of that name, which may be replaced. */
  async #refuseTaken(client: PoolClient): Promise<boolean> {
    const { rows } = await client.query<{ counts: number[]; tried: boolean }>(
      `select counts, exists (select 1 from intents i where i.run = r.id) as tried
       from runs r where tenant = $1 and name = $2 for update`,
      [this.#database.tenant, this.#name],
    );
    const [taken] = rows;
    if (taken === undefined) return false;
    if (this.#options.replace !== true) throw this.#taken();
    const untouched = new Set([stateCode("planned"), stateCode("cancelled")]);
    if (taken.tried || taken.counts.some((count, code) => count > 0 && !untouched.has(code))) {
      throw new GuardError(
        "progress",
        `the run ${this.#place} has been carried out in part and is the proof of it`,
        "choose another name with -o NAME",
      );
    }
    return true;
  }

  #taken(): UsageError {
    return new UsageError(
      `there is a run ${this.#place} already`,
      "choose another name with -o NAME, or add --replace",
    );
  }

  async #put(client: PoolClient, header: RunHeader, { text, digest, pages }: FrozenHead): Promise<void> {
    const counts = [this.#freezing.steps, ...Array.from({ length: stateCount - 1 }, () => 0)];
    const start = genesis(header.runId, digest);
    const { rows } = await client.query<{ id: string }>(
      `insert into runs (name, run_id, domain, header, digest, pages, counts, audit_head)
       values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (tenant, name) do nothing returning id`,
      [this.#name, header.runId, header.tenant, text, digest, pages, counts, start],
    );
    const [made] = rows;
    // Somebody was quicker, by a way that does not ask for the lock.
    if (made === undefined) throw this.#taken();
    const run = Number(made.id);
    await client.query(
      "insert into actors (run, id, email, open) select $1, * from unnest($2::int[], $3::text[], $4::int[])",
      [run, this.#emails.map((_, index) => index + 1), this.#emails, this.#open],
    );
    await client.query(
      `insert into steps (run, seq, kind, actor, asset, "after", "unless", body)
       select $1, seq, kind, actor, asset, "after", "unless", body from drafts order by seq`,
      [run],
    );
    await client.query(
      `insert into progress (run, seq, actor, gate)
       select $1, seq, turn, coalesce("after", "unless", 0) from drafts order by seq`,
      [run],
    );
    const { signer } = this.#options;
    if (signer === undefined) return;
    const { runId, createdAt } = header;
    const signed = signedCheckpoint({ runId, digest }, { row: 0, hash: start }, createdAt, signer);
    await client.query("insert into kept (run, name, body) values ($1, $2, $3)", [
      run,
      checkpointName(0),
      escaped(signed),
    ]);
  }

  async #send(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    if (rows.length === 0) return;
    const column = <Key extends keyof Row>(key: Key): Row[Key][] => rows.map((row) => row[key]);
    await this.#client?.query(
      `insert into drafts select * from unnest(
         $1::int[], $2::smallint[], $3::int[], $4::text[], $5::int[], $6::int[], $7::text[], $8::int[])`,
      [
        column("seq"),
        column("kind"),
        column("actor"),
        column("asset"),
        column("after"),
        column("unless"),
        column("body"),
        column("turn"),
      ],
    );
  }

  async #writing<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = this.#client;
    if (client === undefined) throw new Error("the run is already sealed or discarded");
    try {
      return await work(client);
    } catch (error) {
      await this.#end(true);
      throw databaseFault(error, this.#database.shown);
    }
  }

  /** A connection that goes back to the others keeps neither the lock nor the table. */
  async #end(failed: boolean): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    const clean = failed
      ? false
      : await client?.query("discard all").then(
          () => true,
          () => false,
        );
    this.#release(clean !== true);
    await this.#held.catch(() => undefined);
    if (this.#options.ownsDatabase === true) await this.#database.close();
  }
}
