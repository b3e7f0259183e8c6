/** The contract of a journal, over a real PostgreSQL. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { wallClock } from "../../src/cli/context.ts";
import { parseJournalAddress } from "../../src/journal/postgres/address.ts";
import { JournalDatabase } from "../../src/journal/postgres/database.ts";
import { beat } from "../../src/journal/postgres/fleet-beat.ts";
import { openPostgresJournal } from "../../src/journal/postgres/journal.ts";
import type { Journal } from "../../src/journal/journal.ts";
import { openPostgresReader } from "../../src/journal/postgres/reader.ts";
import { createPostgresRun } from "../../src/journal/postgres/writer.ts";
import { amongContract } from "../conformance/journal-among.ts";
import type { JournalStore } from "../conformance/journal-bench.ts";
import { journalContract } from "../conformance/journal.contract.ts";
import { edit, failed, header, intent, result } from "./samples.ts";
import { asSuperuser, startPostgres } from "../support/postgres.ts";
import type { PostgresServer } from "../support/postgres.ts";
import { until } from "../support/process.ts";
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

async function connectedBy(port: number, schema: string): Promise<JournalDatabase> {
  const url = base.replace(`:${server.port}/`, `:${port}/`);
  const database = new JournalDatabase(parseJournalAddress(`${url}?schema=${schema}`));
  await database.prepare();
  return database;
}

/** A commit with a new row of `table` waits while somebody has the lock, whatever becomes of its connection, and then goes in. */
async function holdCommits(schema: string, table: string): Promise<void> {
  await asSuperuser(
    base,
    `create function ${schema}.held() returns trigger language plpgsql
       as 'begin perform pg_advisory_xact_lock(4711); return null; end';
     create constraint trigger held after insert on ${schema}.${table} deferrable initially deferred
       for each row execute function ${schema}.held()`,
  );
}

/** Begins `write`, and cuts `wire` between its commit and the answer to that. */
async function answeredTooLate<T>(
  near: JournalDatabase,
  wire: TcpProxy,
  write: () => Promise<T>,
): Promise<Promise<T>[]> {
  const begun: Promise<T>[] = [];
  await near.transaction(async (client) => {
    await client.query("select pg_advisory_xact_lock(4711)");
    begun.push(write());
    await until(async () => {
      const { rows } = await client.query("select 1 from pg_locks where locktype = 'advisory' and not granted");
      return rows[0] as unknown;
    });
    wire.cut();
  });
  return begun;
}

it("a result is lost that comes after somebody took the step over, and the other one stands", async () => {
  const [near, far] = [await connectedBy(server.port, "later"), await connectedBy(server.port, "later")];
  const writer = await createPostgresRun(near, "friday");
  await writer.add([edit({})]);
  await writer.seal(header());
  const late = await openPostgresJournal(far, "friday", { clock: wallClock });
  const other = await openPostgresJournal(near, "friday", { clock: wallClock });
  const wanted = { max: 1, perActor: 1, halted: new Set<never>() };
  const [claim] = await late.claim(wanted);
  // As a process finds it that stood still for longer than its lease.
  await asSuperuser(base, "update later.progress set lease = '2000-01-01'");
  const [taken] = await other.claim(wanted);
  if (claim === undefined || taken === undefined) throw new Error("there is a step to take");
  expect(await late.intent(claim, intent(1))).toBe("lost");
  expect(await late.result(claim, failed())).toBe("lost");
  expect(await other.result(taken, result())).toBe("ok");
  expect(await other.audit(0, 10)).toHaveLength(1);
  await Promise.all([late.close(), other.close()]);
  await Promise.all([near.close(), far.close()]);
});

it("what went in although its answer was lost does not go in again", async () => {
  const wire = await startTcpProxy(server.port);
  const [near, far] = [await connectedBy(server.port, "once"), await connectedBy(wire.port, "once")];
  const writer = await createPostgresRun(near, "friday");
  await writer.add([edit({})]);
  await writer.seal(header());
  const journal = await openPostgresJournal(far, "friday", { clock: wallClock });
  await holdCommits("once", "audit");
  const [noted] = await answeredTooLate(near, wire, () => journal.note("here", {}));
  wire.mend();
  await noted;
  expect((await journal.audit(0, 10)).map(({ seq }) => seq)).toEqual([1]);
  await journal.close();
  await wire.close();
  await Promise.all([near.close(), far.close()]);
});

it("an intent whose commit is known of only after somebody took the step over is lost, and nothing is sent for it", async () => {
  const wire = await startTcpProxy(server.port);
  const [near, far] = [await connectedBy(server.port, "late"), await connectedBy(wire.port, "late")];
  const writer = await createPostgresRun(near, "friday");
  await writer.add([edit({})]);
  await writer.seal(header());
  const options = { clock: wallClock, leaseMs: 300 };
  const late = await openPostgresJournal(far, "friday", options);
  const other = await openPostgresJournal(near, "friday", options);
  const wanted = { max: 1, perActor: 1, halted: new Set<never>() };
  const [claim] = await late.claim(wanted);
  if (claim === undefined) throw new Error("there is a step to take");
  await holdCommits("late", "intents");
  const [written] = await answeredTooLate(near, wire, () => late.intent(claim, intent(1)));
  const [taken] = await until(async () => {
    const claims = await other.claim(wanted);
    return claims.length > 0 ? claims : undefined;
  });
  expect(taken?.intent?.attempt).toBe(1);
  wire.mend();
  expect(await written).toBe("lost");
  await Promise.all([late.close(), other.close()]);
  await wire.close();
  await Promise.all([near.close(), far.close()]);
});

it("several first connections at once find out together that the server offers no TLS", async () => {
  const database = new JournalDatabase(parseJournalAddress(base));
  const answers = await Promise.all(Array.from({ length: 4 }, () => database.rows("select 1 as one")));
  expect(answers.flat()).toEqual([{ one: 1 }, { one: 1 }, { one: 1 }, { one: 1 }]);
  await database.close();
});

it("what somebody changed beside a run in the database is damage to it, and a run that is gone is missing", async () => {
  const database = new JournalDatabase(parseJournalAddress(`${base}?schema=meddled`));
  await database.prepare();
  const writer = await createPostgresRun(database, "friday");
  await writer.add([edit({})]);
  await writer.seal(header());
  await database.rows("insert into kept (run, name, body) select id, 'waves', 'no JSON' from runs");
  await database.rows("insert into audit (run, seq, body, hash) select id, 1, 'null', '' from runs");
  const reader = await openPostgresReader(database, "friday");
  await expect(reader.kept("waves")).rejects.toMatchObject({ name: "RunFileError", kind: "corrupt" });
  await expect(reader.audit(0, 1)).rejects.toMatchObject({ name: "RunFileError", kind: "corrupt" });
  const own = { worker: 1, steps: 0, perSecond: undefined, drifted: [], leaseMs: 1000 };
  await expect(beat(database, { run: 999, handedAt: 0 }, own)).rejects.toMatchObject({ kind: "missing" });
  await database.close();
});
