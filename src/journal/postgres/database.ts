/** A connection to the PostgreSQL that holds journals: its address, its settings, and what its errors mean. */
import { DatabaseError, Pool } from "pg";
import type { PoolClient } from "pg";
import { RunFileError, RunLockedError, UsageError } from "../../model/errors.ts";
import { printable } from "../../model/text.ts";
import { foundVersion, migrate, quotedName, schemaVersion } from "./schema.ts";

const defaultSchema = "handover";
const connectMs = 10_000;
const statementMs = 60_000;
const connectionsMax = 4;

export interface JournalAddress {
  /** As `pg` takes it. */
  readonly connection: string;
  readonly schema: string;
  /** Without the password. */
  readonly shown: string;
}

/** Reads `postgres://user@host:port/database?schema=name`. Throws `UsageError`, which never holds a password. */
export function parseJournalAddress(text: string): JournalAddress {
  const remedy = "write it such as postgres://handover@db.acme.example/handover?sslmode=verify-full";
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new UsageError("the address of the journal is not a URL", remedy);
  }
  if (url.protocol !== "postgres:" && url.protocol !== "postgresql:") {
    throw new UsageError(`a journal cannot be kept at ${printable(url.protocol)}`, remedy);
  }
  const schema = url.searchParams.get("schema") ?? defaultSchema;
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    throw new UsageError("the schema of the journal is not a plain name", "use lower-case letters, digits and _");
  }
  url.searchParams.delete("schema");
  const connection = url.href;
  url.password = "";
  return { connection, schema, shown: printable(`${url.href}${schema === defaultSchema ? "" : ` schema ${schema}`}`) };
}

export class JournalDatabase {
  readonly shown: string;
  readonly #pool: Pool;
  readonly #schema: string;

  constructor(address: JournalAddress) {
    this.shown = address.shown;
    this.#schema = address.schema;
    this.#pool = new Pool({
      connectionString: address.connection,
      max: connectionsMax,
      connectionTimeoutMillis: connectMs,
      statement_timeout: statementMs,
      idle_in_transaction_session_timeout: statementMs,
      application_name: "handover",
      options: `-c search_path=${address.schema} -c synchronous_commit=on -c timezone=UTC`,
      allowExitOnIdle: true,
    });
    // A connection that breaks while nobody uses it is replaced when the next one is asked for.
    this.#pool.on("error", () => undefined);
  }

  /** Makes the tables where there are none; refuses those of another version. */
  async prepare(): Promise<void> {
    await this.using(async (client) => {
      const found = await foundVersion(client);
      if (found === undefined) await migrate(client, this.#schema);
      else if (found !== schemaVersion) {
        throw new RunFileError(
          "newer",
          `${this.shown} has the format ${found}; this version of handover keeps journals in format ${schemaVersion}`,
          "use the version that made it",
        );
      }
    });
  }

  /** Runs `work` on one connection; a connection that failed is not used again. */
  async using<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    let client: PoolClient;
    try {
      client = await this.#pool.connect();
    } catch (error) {
      throw databaseFault(error, this.shown);
    }
    // Told while a query waits, the query is told as well; told in between, there is nobody to tell.
    const silenced = (): void => undefined;
    client.on("error", silenced);
    let broken = true;
    try {
      const answer = await work(client);
      broken = false;
      return answer;
    } catch (error) {
      throw databaseFault(error, this.shown);
    } finally {
      client.off("error", silenced);
      client.release(broken);
    }
  }

  /** One transaction. What `work` throws takes everything back. */
  async transaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    return this.using(async (client) => {
      await client.query("begin");
      const answer = await work(client);
      await client.query("commit");
      return answer;
    });
  }

  async rows<Row extends object>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    return this.using(async (client) => (await client.query<Row>(text, [...values])).rows);
  }

  async dropSchema(): Promise<void> {
    await this.rows(`drop schema if exists ${quotedName(this.#schema)} cascade`);
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

/** Whether the same transaction, given again, may well succeed: the connection broke, or two got in each other's way. */
export function isPassing(error: unknown): boolean {
  if (error instanceof DatabaseError) {
    // Class 08 connection, 40 rollback (deadlock), 53 resources, 57P operator (the server is shut down or starts).
    return /^(?:08|40|53|57P)/.test(error.code ?? "");
  }
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  return (
    /^(?:ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN)/.test(code ?? "") ||
    /Connection terminated|timeout exceeded when trying to connect|Query read timeout/.test(error.message)
  );
}

/** What an error of the database means, in the product's own errors; others come back as they are. */
export function databaseFault(fault: unknown, shown: string): Error {
  const error = fault instanceof Error ? fault : new Error(String(fault));
  if (error instanceof RunFileError || error instanceof RunLockedError || error instanceof UsageError) return error;
  if (isPassing(error)) return error;
  if (error instanceof SyntaxError) return corruptRun(shown, error.message);
  if (!(error instanceof DatabaseError)) return error;
  const code = error.code ?? "";
  const said = printable(error.message);
  if (/^(?:28|3D)/.test(code)) {
    return new UsageError(`${shown} does not let us in: ${said}`, "check user, password and database of the journal");
  }
  if (code === "42501") {
    return new RunFileError(
      "read-only",
      `${shown}: ${said}`,
      "grant the user the right to create and write tables there",
    );
  }
  return error;
}

export function corruptRun(shown: string, detail: string): RunFileError {
  return new RunFileError("corrupt", `${shown} is damaged (${detail})`, "restore the database, or plan again");
}
