/** The contract of a journal, over a real PostgreSQL. */
import { afterAll, beforeAll } from "vitest";
import { wallClock } from "../../src/cli/context.ts";
import { parseJournalAddress } from "../../src/journal/postgres/address.ts";
import { JournalDatabase } from "../../src/journal/postgres/database.ts";
import { openPostgresJournal } from "../../src/journal/postgres/journal.ts";
import type { Journal } from "../../src/journal/journal.ts";
import { openPostgresReader } from "../../src/journal/postgres/reader.ts";
import { createPostgresRun } from "../../src/journal/postgres/writer.ts";
import { amongContract } from "../conformance/journal-among.ts";
import type { JournalStore } from "../conformance/journal-bench.ts";
import { journalContract } from "../conformance/journal.contract.ts";
import { asSuperuser, startPostgres } from "../support/postgres.ts";
import type { PostgresServer } from "../support/postgres.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import type { TcpProxy } from "../support/tcp-proxy.ts";

let server: PostgresServer;
let base: string;
let schemas = 0;

beforeAll(async () => {
  server = await startPostgres();
  base = await server.database();
});

afterAll(async () => {
  await server.dispose();
});

/** A dead process answers nothing any more, not even that something went wrong. */
function mortal(journal: Journal, dead: ReadonlySet<Journal>): Journal {
  const silent = new Promise<never>(() => undefined);
  const proxy = new Proxy(journal, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...given: readonly unknown[]): unknown => {
        const answer: unknown = Reflect.apply(member, target, given);
        if (!(answer instanceof Promise)) return answer;
        return answer.catch((error: unknown) => (dead.has(proxy) ? silent : Promise.reject(error)));
      };
    },
  });
  return proxy;
}

async function databaseStore(): Promise<JournalStore> {
  schemas += 1;
  const schema = `s${schemas}`;
  const opened: JournalDatabase[] = [];
  const wires = new Map<Journal, TcpProxy>();
  const dead = new Set<Journal>();
  const connect = async (port: number): Promise<JournalDatabase> => {
    const url = base.replace(`:${server.port}/`, `:${port}/`);
    const database = new JournalDatabase(parseJournalAddress(`${url}?schema=${schema}`));
    opened.push(database);
    await database.prepare();
    return database;
  };
  return {
    writer: async () => createPostgresRun(await connect(server.port), "friday"),
    open: async (clock) => {
      const wire = await startTcpProxy(server.port);
      // Leases are real time, by the clock of the database; what is written down is the time of the test.
      const halfReal = { ...wallClock, now: () => clock.now() };
      const journal = mortal(await openPostgresJournal(await connect(wire.port), "friday", { clock: halfReal }), dead);
      wires.set(journal, wire);
      return journal;
    },
    reader: async () => openPostgresReader(await connect(server.port), "friday"),
    // Its connections end in the middle of whatever they carry, and in time its leases run out.
    crash: async (journal) => {
      dead.add(journal);
      wires.get(journal)?.cut();
      await asSuperuser(
        base,
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'handover'",
      );
      await asSuperuser(base, `update ${schema}.progress set lease = '2000-01-01' where lease is not null`);
    },
    dispose: async () => {
      await Promise.all([...wires.values()].map((wire) => wire.close()));
      await Promise.all(opened.map((database) => database.close()));
    },
  };
}

journalContract("a run in PostgreSQL", databaseStore);
amongContract("a run in PostgreSQL", databaseStore);
