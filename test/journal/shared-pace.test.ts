/** The pace that workers share, over a real PostgreSQL: each with connections and a clock of its own, which disagree. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { wallClock } from "../../src/cli/context.ts";
import { noRates } from "../../src/google/pacer.ts";
import type { PacedCall, Rates } from "../../src/google/pacer.ts";
import { SharedPacer } from "../../src/google/shared-pacer.ts";
import { DatabaseCells } from "../../src/journal/postgres/cells.ts";
import { parseJournalAddress } from "../../src/journal/postgres/address.ts";
import { JournalDatabase } from "../../src/journal/postgres/database.ts";
import type { Clock } from "../../src/model/clock.ts";
import { startPostgres } from "../support/postgres.ts";
import type { PostgresServer } from "../support/postgres.ts";
import { until } from "../support/process.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";

let server: PostgresServer;
let address: string;

beforeAll(async () => {
  server = await startPostgres();
  address = await server.database();
});

afterAll(async () => {
  await server.dispose();
});

const write: PacedCall = { service: "data-studio", kind: "write", actor: "ana@acme.example" };
const perMinute = 2400;
const rates: Rates = { ...noRates, project: { ...noRates.project, writes: { perMinute, known: true } } };

async function connected(url: string): Promise<JournalDatabase> {
  const database = new JournalDatabase(parseJournalAddress(url));
  await database.prepare();
  return database;
}

/** Hours away from everybody else's. */
function skewed(ms: number): Clock {
  return { ...wallClock, now: () => wallClock.now() + ms, monotonic: () => wallClock.monotonic() + ms };
}

/** Notes when each call may leave, by the one clock of the test, until stopped. */
async function takeTurns(pacer: SharedPacer, passed: number[], stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    try {
      await pacer.take(write, stop);
      passed.push(performance.now());
    } catch {
      return;
    }
  }
}

describe("workers with clocks that disagree", () => {
  it("stay within one quota between them", async () => {
    const stop = new AbortController();
    const passed: number[] = [];
    const databases = await Promise.all([0, 1, 2, 3].map(() => connected(address)));
    const pacers = databases.map((database, index) => {
      const clock = skewed((index - 1) * 7_200_000);
      return new SharedPacer({ clock, cells: new DatabaseCells(database), scope: "one project", rates });
    });
    const startedAt = performance.now();
    const turns = pacers.flatMap((pacer) => [0, 1, 2, 3].map(() => takeTurns(pacer, passed, stop.signal)));
    // Three seconds, and on a busy machine as many more as it takes to see some calls.
    await until(async () => (performance.now() - startedAt > 3000 && passed.length > 30) || undefined);
    stop.abort();
    await Promise.all(turns);
    const tookMs = performance.now() - startedAt;
    await Promise.all(databases.map((database) => database.close()));
    const intervalMs = 60_000 / (perMinute * 0.99);
    // In any stretch no more calls than slots, and those of the half second that a slot may wait to be used.
    for (const [first, from] of passed.entries()) {
      for (const [more, to] of passed.slice(first).entries()) {
        expect(more).toBeLessThanOrEqual((to - from + 500) / intervalMs + 1);
      }
    }
    expect(passed.length).toBeLessThanOrEqual(tookMs / intervalMs);
  });

  it("let nothing pass while the database cannot be reached, and go on once it can", async () => {
    const wire = await startTcpProxy(server.port);
    const database = await connected(address.replace(`:${server.port}/`, `:${wire.port}/`));
    const pacer = new SharedPacer({
      clock: wallClock,
      cells: new DatabaseCells(database),
      scope: "another project",
      rates,
    });
    await pacer.take(write);
    wire.cut();
    // What is in hand was asked for before.
    await wallClock.sleep(1200);
    let hasPassed = false;
    const turn = pacer.take(write).then(() => {
      hasPassed = true;
    });
    await wallClock.sleep(300);
    expect(hasPassed).toBe(false);
    wire.mend();
    await turn;
    pacer.close();
    await database.close();
    await wire.close();
  });
});
