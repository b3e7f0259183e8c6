/** Small texts in the database that several workers change one after the other, on the database's clock: for the shared pace. */
import type { CellChange, SharedCells } from "../../model/shared-cells.ts";
import type { JournalDatabase } from "./database.ts";

interface Row {
  readonly key: string;
  readonly body: string | null;
  readonly now: string;
}

// The clock is read once the rows are ours: whoever had them before may have kept them for a while.
const locked = `with ours as materialized (select key, body from cells where key = any ($1) order by key for update)
  select key, body, extract(epoch from clock_timestamp()) * 1000 as now from ours`;

export class DatabaseCells implements SharedCells {
  readonly #database: JournalDatabase;

  constructor(database: JournalDatabase) {
    this.#database = database;
  }

  async change<Answer>(
    keys: readonly string[],
    change: (texts: ReadonlyMap<string, string>, now: number) => CellChange<Answer>,
  ): Promise<Answer> {
    return this.#database.transaction(async (client) => {
      let { rows } = await client.query<Row>(locked, [keys]);
      if (rows.length < keys.length) {
        const missing = keys.filter((key) => !rows.some((row) => row.key === key)).toSorted();
        await client.query("insert into cells (key) select unnest($1::text[]) on conflict do nothing", [missing]);
        rows = (await client.query<Row>(locked, [keys])).rows;
      }
      const texts = new Map(rows.flatMap(({ key, body }) => (body === null ? [] : [[key, body] as const])));
      const { texts: changed, answer } = change(texts, Math.max(...rows.map(({ now }) => Number(now))));
      await client.query(
        `update cells c set body = n.body from unnest($1::text[], $2::text[]) as n (key, body) where c.key = n.key`,
        [[...changed.keys()], [...changed.values()]],
      );
      return answer;
    });
  }
}
