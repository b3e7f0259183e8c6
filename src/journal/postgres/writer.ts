/** Writes a new run into the database in one transaction: nobody sees any of it before `seal`. */
import type { PoolClient } from "pg";
import { UsageError } from "../../model/errors.ts";
import type { Digest, RunHeader } from "../../model/run.ts";
import type { StepDraft } from "../../model/step.ts";
import type { RunWriter } from "../journal.ts";
import { genesis } from "../chain.ts";
import type { DigestRow } from "../digest.ts";
import { Freezing } from "../freezing.ts";
import type { JournalDatabase } from "./database.ts";
import { databaseFault } from "./database.ts";

/** Steps sent at once: large enough that the way to the server does not count, small enough to hold. */
const stepsAtOnce = 5000;
const states = 9;

/** A step as the database takes it. */
interface Row extends Omit<DigestRow, "actor"> {
  readonly actor: number;
  readonly turn: number;
}

/** Begins the run `name`. Throws UsageError when the name is taken. */
export async function createPostgresRun(database: JournalDatabase, name: string): Promise<RunWriter> {
  const writer = new PostgresRunWriter(database, name);
  await writer.begin();
  return writer;
}

class PostgresRunWriter implements RunWriter {
  readonly #database: JournalDatabase;
  readonly #name: string;
  readonly #emails: string[] = [];
  /** How many steps each user has in turn. */
  readonly #open: number[] = [];
  readonly #freezing = new Freezing((_, email) => {
    this.#emails.push(email);
    this.#open.push(0);
  });
  #rows: Row[] = [];
  #run = 0;
  #client: PoolClient | undefined;
  #release: (failed: boolean) => void = () => undefined;
  #held: Promise<void> = Promise.resolve();

  constructor(database: JournalDatabase, name: string) {
    this.#database = database;
    this.#name = name;
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
      await client.query("begin");
      const { rows } = await client.query<{ id: string }>(
        `insert into runs (name, run_id, tenant, header, digest, pages, counts, audit_head)
         values ($1, '', '', '', '', '{}', '{}', '') on conflict (name) do nothing returning id`,
        [this.#name],
      );
      const [made] = rows;
      if (made === undefined) {
        throw new UsageError(`there is a run ${this.#name} at ${this.#database.shown} already`, "choose another name");
      }
      this.#run = Number(made.id);
    });
  }

  async add(drafts: readonly StepDraft[]): Promise<number> {
    const first = this.#freezing.steps + 1;
    return this.#writing(async () => {
      for (const draft of drafts) {
        this.#take(draft);
        if (this.#rows.length >= stepsAtOnce) await this.#send();
      }
      return first;
    });
  }

  async seal(header: RunHeader): Promise<Digest> {
    return this.#writing(async (client) => {
      await this.#send();
      const { text, digest, pages } = this.#freezing.end(header);
      await client.query(
        "insert into actors (run, id, email, open) select $1, * from unnest($2::int[], $3::text[], $4::int[])",
        [this.#run, this.#emails.map((_, index) => index + 1), this.#emails, this.#open],
      );
      const counts = [this.#freezing.steps, ...Array.from({ length: states - 1 }, () => 0)];
      await client.query(
        `update runs set run_id = $2, tenant = $3, header = $4, digest = $5, pages = $6, counts = $7, audit_head = $8
         where id = $1`,
        [this.#run, header.runId, header.tenant, text, digest, pages, counts, genesis(header.runId, digest)],
      );
      await client.query("commit");
      await this.#end(false);
      return digest;
    });
  }

  async discard(): Promise<void> {
    if (this.#client === undefined) return;
    await this.#client.query("rollback").catch(() => undefined);
    await this.#end(false);
  }

  #take(draft: StepDraft): void {
    const { row, actor, turn } = this.#freezing.take(draft);
    this.#open[turn - 1] = (this.#open[turn - 1] ?? 0) + 1;
    this.#rows.push({ ...row, actor, turn });
  }

  async #send(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    if (rows.length === 0) return;
    const column = <Key extends keyof Row>(key: Key): Row[Key][] => rows.map((row) => row[key]);
    await this.#client?.query(
      `insert into steps (run, seq, kind, actor, asset, "after", "unless", body)
       select $1, * from unnest($2::int[], $3::smallint[], $4::int[], $5::text[], $6::int[], $7::int[], $8::text[])`,
      [
        this.#run,
        column("seq"),
        column("kind"),
        column("actor"),
        column("asset"),
        column("after"),
        column("unless"),
        column("body"),
      ],
    );
    await this.#client?.query(
      "insert into progress (run, seq, actor, gate) select $1, * from unnest($2::int[], $3::int[], $4::int[])",
      [this.#run, column("seq"), column("turn"), rows.map(({ after, unless }) => after ?? unless ?? 0)],
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

  async #end(failed: boolean): Promise<void> {
    this.#client = undefined;
    this.#release(failed);
    await this.#held.catch(() => undefined);
  }
}
