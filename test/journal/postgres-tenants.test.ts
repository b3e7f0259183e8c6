/** Several tenants in one database, its tables as they grow, and two who make one run: over a real PostgreSQL. */
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseJournalAddress } from "../../src/journal/postgres/address.ts";
import { JournalDatabase } from "../../src/journal/postgres/database.ts";
import { listRuns } from "../../src/journal/postgres/listing.ts";
import { openPostgresReader } from "../../src/journal/postgres/reader.ts";
import { expectReady, migrations } from "../../src/journal/postgres/schema.ts";
import { createPostgresRun } from "../../src/journal/postgres/writer.ts";
import { RunFileError, RunLockedError, UsageError } from "../../src/model/errors.ts";
import { asSuperuser, startPostgres } from "../support/postgres.ts";
import type { PostgresServer } from "../support/postgres.ts";
import { edit, header } from "./samples.ts";

let server: PostgresServer;
/** As the owner of the database and of its tables, who is no superuser. */
let owner: string;
const opened: JournalDatabase[] = [];

beforeAll(async () => {
  server = await startPostgres();
  const made = await server.database();
  await asSuperuser(made, "create role keeper login password 'kept'");
  await asSuperuser(made, `alter database ${new URL(made).pathname.slice(1)} owner to keeper`);
  owner = made.replace(/\/\/[^@]*@/, "//keeper:kept@");
});

afterAll(async () => {
  for (const each of opened) await each.close();
  await server.dispose();
});

function database(query: string): JournalDatabase {
  const made = new JournalDatabase(parseJournalAddress(`${owner}?${query}`));
  opened.push(made);
  return made;
}

async function plan(where: JournalDatabase, name: string): Promise<void> {
  await where.prepare();
  const writer = await createPostgresRun(where, name);
  await writer.add([edit({}), edit({})]);
  await writer.seal(header());
}

/** A connection of its own, as whoever holds the password could make it. */
async function raw<T>(options: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: owner, options: `-c search_path=handover ${options}` });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

describe("a tenant", () => {
  const [acme, globex] = ["tenant=acme", "tenant=globex"];

  it("has its own runs, also under a name that another tenant uses", async () => {
    await plan(database(acme), "friday");
    await plan(database(globex), "friday");
    await plan(database(globex), "secret");
    expect((await listRuns(database(acme))).map(({ name }) => name)).toEqual(["friday"]);
    expect((await listRuns(database(globex))).map(({ name }) => name)).toEqual(["secret", "friday"]);
    await expect(openPostgresReader(database(acme), "secret")).rejects.toThrow("there is no run secret");
  });

  it("sees nothing of another in any table, whatever statement asks, even as the owner of the tables", async () => {
    await raw("-c handover.tenant=acme", async (client) => {
      const { rows: tables } = await client.query<{ name: string }>(
        `select c.table_name as name from information_schema.columns c
         where c.table_schema = 'handover' and c.column_name = 'tenant' order by 1`,
      );
      const all = await client.query<{ name: string; kept: boolean }>(
        `select relname as name, relrowsecurity and relforcerowsecurity as kept from pg_class
         where relnamespace = 'handover'::regnamespace and relkind = 'r'`,
      );
      // What belongs to no tenant: the format, and the pace that a project's quota gives to all.
      const shared = all.rows.filter(({ kept }) => !kept).map(({ name }) => name);
      expect(shared.toSorted()).toEqual(["cells", "journal_version"]);
      expect(tables).toHaveLength(all.rows.length - shared.length);
      for (const { name } of tables) {
        const seen = await client.query(`select 1 from ${name} where tenant <> 'acme'`);
        expect([name, seen.rowCount]).toEqual([name, 0]);
      }
      const runs = await client.query<{ tenant: string }>("select tenant from runs");
      expect(runs.rows).toEqual([{ tenant: "acme" }]);
    });
  });

  it("changes nothing of another, and writes nothing in its name", async () => {
    await raw("-c handover.tenant=acme", async (client) => {
      const foreign = "run in (select generate_series(1, 1000))";
      expect(
        (await client.query(`update progress set state = 2 where tenant = 'globex' and ${foreign}`)).rowCount,
      ).toBe(0);
      expect((await client.query("delete from runs where name = 'secret'")).rowCount).toBe(0);
      await expect(
        client.query("insert into kept (run, name, body, tenant) values (1, 'x', 'x', 'globex')"),
      ).rejects.toThrow("row-level security");
      await expect(client.query("update runs set tenant = 'globex'")).rejects.toThrow("row-level security");
    });
  });

  it("must be named: a connection that names none sees no row, and writes none", async () => {
    await raw("", async (client) => {
      expect((await client.query("select 1 from runs")).rowCount).toBe(0);
      await expect(client.query("insert into kept (run, name, body) values (1, 'x', 'x')")).rejects.toThrow(
        "handover.tenant",
      );
    });
  });
});

describe("the tables of a journal", () => {
  /** Tables as the first format had them, with a run of which only the name is known. */
  async function older(schema: string): Promise<void> {
    await raw("", async (client) => {
      await client.query(`create schema ${schema}`);
      await client.query(`set search_path = ${schema}`);
      await client.query(migrations[0] ?? "");
      await client.query("create table journal_version (version integer not null)");
      await client.query("insert into journal_version values (1)");
      await client.query(
        `insert into runs (name, run_id, tenant, header, digest, pages, counts, audit_head)
         values ('old', 'r', 'acme.example', '{"tenant":"acme.example","createdAt":0}', '', '{}', '{1}', '')`,
      );
    });
  }

  it("are made once, however many start at the same time", async () => {
    await Promise.all(Array.from({ length: 8 }, async () => database("schema=crowd").prepare()));
    const rows = await database("schema=crowd").rows("select version from journal_version");
    expect(rows).toEqual([{ version: migrations.length }]);
  });

  it("of an older format are told with the command that brings them up, and keep their runs when it does", async () => {
    await older("older");
    const fault = await database("schema=older")
      .expectReady()
      .catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(RunFileError);
    expect((fault as RunFileError).remedy).toContain("handover run list --upgrade");
    await Promise.all(Array.from({ length: 4 }, async () => database("schema=older").prepare()));
    await database("schema=older").expectReady();
    expect(await listRuns(database("schema=older"))).toMatchObject([{ name: "old", counts: { planned: 1 } }]);
    expect(await listRuns(database("schema=older&tenant=acme"))).toEqual([]);
  });

  it("of the format whose paces were kept by domain learn the paces anew", async () => {
    await raw("", async (client) => {
      await client.query("create schema paced");
      await client.query("set search_path = paced");
      for (const migration of migrations.slice(0, 3)) await client.query(migration);
      await client.query("create table journal_version (version integer not null)");
      await client.query("insert into journal_version values (3)");
      await client.query("insert into cells (key, body) values ('of a domain', '{}')");
    });
    await database("schema=paced").prepare();
    expect(await database("schema=paced").rows("select key from cells")).toEqual([]);
  });

  it("are brought up behind those who are reading them", async () => {
    await older("busy");
    await raw("", async (client) => {
      await client.query("begin");
      await client.query("select 1 from busy.runs");
      const upgraded = database("schema=busy").prepare();
      const waits = "select 1 from pg_locks where not granted";
      await expect.poll(async () => (await client.query(waits)).rowCount, { timeout: 20_000 }).toBeGreaterThan(0);
      await client.query("commit");
      await upgraded;
    });
    await database("schema=busy").expectReady();
  });

  it("of a newer format are refused by its number", async () => {
    const where = database("schema=newer");
    await where.prepare();
    await where.rows("update journal_version set version = 99");
    for (const work of [() => where.prepare(), () => where.expectReady()]) {
      await expect(work()).rejects.toThrow(/format 99, made by a newer version/);
    }
  });

  it("are not made by a server older than twelve", async () => {
    const answers = { query: async () => ({ rows: [{ version: "11.22", number: "110022" }] }) };
    await expect(expectReady(answers as never, "there")).rejects.toThrow("PostgreSQL 11.22");
  });
});

describe("two who make one run", () => {
  it("one makes it, and the other is told at once", async () => {
    const [first, second] = [database("schema=two"), database("schema=two")];
    await first.prepare();
    const writer = await createPostgresRun(first, "friday");
    await expect(createPostgresRun(second, "friday")).rejects.toThrow(RunLockedError);
    await writer.add([edit({})]);
    await writer.seal(header());
    await expect(createPostgresRun(second, "friday")).rejects.toThrow(UsageError);
  });

  it("leaves the name to others when it ends without one", async () => {
    const where = database("schema=two");
    const writer = await createPostgresRun(where, "monday");
    await writer.add([edit({})]);
    await writer.discard();
    await plan(where, "monday");
  });
});
