/** Findings in a temporary SQLite database, which the operating system forgets with the process. */
import Database from "better-sqlite3";
import type { Database as Connection, Statement } from "better-sqlite3";
import { findingKey, severities } from "../../model/finding.ts";
import type { Acceptance, Finding, FindingCount, StoredFinding } from "../../model/finding.ts";
import type { FindingSide, FindingStore } from "../findings.ts";
import { withFaults } from "./faults.ts";

/** What errors call it. */
const place = "the temporary file of the audit";

/** `place` is the rank in the list, made when everything is in; 0 for what is not listed: old findings that still stand. */
const tables = `
  create table findings (
    id integer primary key, old integer not null, severity integer not null, rule text not null,
    key text not null, body text not null, until text, reason text, change text
  ) strict;
  create table listed (place integer primary key, finding integer not null) strict;
`;

interface Row {
  readonly place: number;
  readonly body: string;
  readonly until: string | null;
  readonly reason: string | null;
  readonly change: StoredFinding["change"] | null;
}

export async function openFindings(): Promise<FindingStore> {
  // SQLite makes a private temporary file for the empty name, and spills to it what exceeds the cache.
  const db = new Database("");
  db.pragma("journal_mode = off");
  db.pragma("synchronous = off");
  db.pragma("cache_size = -65536");
  db.exec(tables);
  return new SqliteFindings(db);
}

class SqliteFindings implements FindingStore {
  readonly #db: Connection;
  readonly #insert: Statement<(string | number | null)[]>;

  constructor(db: Connection) {
    this.#db = db;
    this.#insert = db.prepare(
      "insert into findings (old, severity, rule, key, body, until, reason) values (?, ?, ?, ?, ?, ?, ?)",
    );
  }

  async add(
    side: FindingSide,
    findings: readonly { readonly finding: Finding; readonly accepted: Acceptance | undefined }[],
  ): Promise<void> {
    // Pages come in order of asset, so that ids grow with assets, and the list needs to be sorted by rules only.
    const keyed = findings.map(({ finding, accepted }) => ({ finding, accepted, key: findingKey(finding) }));
    keyed.sort((a, b) => (a.key < b.key ? -1 : 1));
    this.#writing(() => {
      for (const { finding, accepted, key } of keyed) {
        this.#insert.run(
          side === "old" ? 1 : 0,
          severities.indexOf(finding.severity),
          finding.rule,
          key,
          JSON.stringify({ ...finding, fix: finding.fix === undefined ? undefined : [...finding.fix] }),
          accepted?.until ?? null,
          accepted?.reason ?? null,
        );
      }
    });
  }

  async settle(compared: boolean): Promise<void> {
    this.#writing(() => {
      if (compared) {
        this.#db.exec(`
          create index by_key on findings (key, old);
          update findings set change = case
            when old = 1 then iif(exists (select 1 from findings n where n.key = findings.key and n.old = 0), null, 'fixed')
            else iif(exists (select 1 from findings o where o.key = findings.key and o.old = 1), 'known', 'new') end;
        `);
      }
      this.#db.exec(`
        insert into listed (place, finding)
        select row_number() over (order by old, severity, rule, id), id
        from findings where old = 0 or change = 'fixed';
      `);
    });
  }

  async page(after: number, max: number): Promise<readonly StoredFinding[]> {
    const rows = withFaults(place, () =>
      this.#db
        .prepare<[number, number], Row>(
          `select l.place, f.body, f.until, f.reason, f.change from listed l join findings f on f.id = l.finding
           where l.place > ? order by l.place limit ?`,
        )
        .all(after, max),
    );
    return rows.map(({ place: order, body, until, reason, change }) => ({
      order,
      finding: findingOf(body),
      accepted: reason === null ? undefined : { until: until ?? undefined, reason },
      change: change ?? undefined,
    }));
  }

  async counts(): Promise<readonly FindingCount[]> {
    const rows = this.#db
      .prepare<
        [],
        { rule: string; severity: number; change: StoredFinding["change"] | null; accepted: number; count: number }
      >(
        `select f.rule, f.severity, f.change, f.reason is not null as accepted, count(*) as count
         from findings f where f.old = 0 or f.change = 'fixed'
         group by f.severity, f.rule, f.change, accepted order by f.severity, f.rule`,
      )
      .all();
    return rows.map(({ rule, severity, change, accepted, count }) => ({
      rule,
      severity: severities[severity] ?? "info",
      change: change ?? undefined,
      accepted: accepted === 1,
      count,
    }));
  }

  async close(): Promise<void> {
    this.#db.close();
  }

  #writing(work: () => unknown): void {
    withFaults(place, this.#db.transaction(work));
  }
}

function findingOf(body: string): Finding {
  const { fix, ...finding } = JSON.parse(body) as Omit<Finding, "fix"> & {
    readonly fix?: readonly (readonly [string, string])[];
  };
  return { ...finding, fix: fix === undefined ? undefined : new Map(fix) };
}
