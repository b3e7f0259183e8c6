/** Connections to the PostgreSQL that holds journals, as one tenant of it: how they are made, and what runs on them. */
import { Pool } from "pg";
import type { PoolClient, PoolConfig } from "pg";
import { JournalError } from "../../model/errors.ts";
import type { JournalAddress, Tls } from "./address.ts";
import { databaseFault } from "./faults.ts";
import { expectReady, migrate, quotedName } from "./schema.ts";

const statementMs = 60_000;
const lockMs = 30_000;
/** Beyond the server's own limit: a server that vanished says nothing at all. */
const answerMs = 90_000;
const connectionsMax = 4;
const keepAliveMs = 10_000;

/** Where rows come from: a database, or one moment of it. */
export interface RowSource {
  /** For messages. */
  readonly shown: string;
  readonly tenant: string;
  rows<Row extends object>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  close(): Promise<void>;
}

export class JournalDatabase implements RowSource {
  readonly shown: string;
  readonly tenant: string;
  readonly schema: string;
  readonly #address: JournalAddress;
  #pool: Pool;

  constructor(address: JournalAddress) {
    this.#address = address;
    this.shown = address.shown;
    this.tenant = address.tenant;
    this.schema = address.schema;
    this.#pool = poolOf(address, address.tls.mode !== "disable");
  }

  /** Makes the tables where there are none, and brings older ones up. Throws for those of a newer version. */
  async prepare(): Promise<void> {
    await this.using((client) => migrate(client, this.schema, this.shown));
  }

  /** Throws unless the tables are there, and of this version; changes nothing. */
  async expectReady(): Promise<void> {
    await this.using((client) => expectReady(client, this.shown));
  }

  /** Runs `work` on one connection; a connection that failed is not used again. */
  async using<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#connect();
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
    await this.rows(`drop schema if exists ${quotedName(this.schema)} cascade`);
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #connect(): Promise<PoolClient> {
    const pool = this.#pool;
    try {
      return await pool.connect();
    } catch (error) {
      const fault = databaseFault(error, this.shown);
      const offersNone = error instanceof Error && error.message.includes("does not support SSL");
      if (this.#address.tls.mode !== "prefer" || !offersNone) throw fault;
      // Of several that were refused at once, one makes the pool that all go on with.
      if (this.#pool === pool) {
        this.#pool = poolOf(this.#address, false);
        await pool.end();
      }
      return this.#connect();
    }
  }
}

function poolOf(address: JournalAddress, withTls: boolean): Pool {
  const { host, port, user, database, applicationName, connectMs, schema, tenant } = address;
  const config: PoolConfig = {
    host,
    port,
    user,
    database,
    password: () => passwordOf(address),
    ssl: withTls ? tlsOptions(address.tls, host) : false,
    max: connectionsMax,
    connectionTimeoutMillis: connectMs,
    statement_timeout: statementMs,
    query_timeout: answerMs,
    idle_in_transaction_session_timeout: statementMs,
    application_name: applicationName,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveMs,
    // What the server must know before the first statement. Neither name holds a character that needs quoting.
    options: `-c search_path=${schema} -c handover.tenant=${tenant} -c lock_timeout=${lockMs} -c synchronous_commit=on -c timezone=UTC`,
    allowExitOnIdle: true,
  };
  const pool = new Pool(config);
  // A connection that breaks while nobody uses it is replaced when the next one is asked for.
  pool.on("error", () => undefined);
  return pool;
}

function passwordOf({ password, shown }: JournalAddress): string {
  if (password !== undefined) return password;
  throw new JournalError(
    "denied",
    `${shown} asks for a password, and none is given`,
    "put it in PGPASSWORD or ~/.pgpass, where other users of this machine do not see it",
  );
}

/** As libpq reads the modes: `prefer` and `require` ask for no proof unless an authority is given. */
function tlsOptions({ mode, ca, cert, key }: Tls, host: string): NonNullable<Exclude<PoolConfig["ssl"], boolean>> {
  const isChecked = mode === "verify-ca" || mode === "verify-full" || (mode === "require" && ca !== undefined);
  return {
    // The name that is checked: the driver tells it for names, and not for numbers.
    host,
    rejectUnauthorized: isChecked,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(mode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
  };
}
