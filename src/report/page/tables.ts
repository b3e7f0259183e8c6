/** Tables as a page carries them: column by column, repeated values once, so that 50,000 rows deflate to little. */
import { inert } from "../style.ts";
import type { Column, PackedColumn, PackedTable } from "./packed.ts";

const cellCharactersMax = 2000;

export type Cell = string | number | undefined;

/** Texts that several columns of a page refer to. */
export class TextPools {
  readonly #pools = new Map<string, Map<string, number>>();

  place(pool: string, text: string): number {
    let places = this.#pools.get(pool);
    if (places === undefined) {
      places = new Map();
      this.#pools.set(pool, places);
    }
    return placeIn(places, text);
  }

  end(): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries([...this.#pools].map(([name, places]) => [name, [...places.keys()]]));
  }
}

function placeIn(places: Map<string, number>, text: string): number {
  const known = places.get(text);
  if (known !== undefined) return known;
  const place = places.size;
  places.set(text, place);
  return place;
}

/** Takes rows until the table is full, and counts the rest. */
export class TableBuilder {
  readonly #id: string;
  readonly #nouns: readonly [string, string];
  readonly #columns: readonly Column[];
  readonly #rowsMax: number;
  readonly #link: PackedTable["link"];
  readonly #pools: TextPools | undefined;
  readonly #numbers: number[][];
  readonly #places: Map<string, number>[];
  #rows = 0;
  #total = 0;

  constructor(
    id: string,
    nouns: readonly [string, string],
    columns: readonly Column[],
    options: { readonly rowsMax: number; readonly link?: PackedTable["link"]; readonly pools?: TextPools },
  ) {
    this.#id = id;
    this.#nouns = nouns;
    this.#columns = columns;
    this.#rowsMax = options.rowsMax;
    this.#link = options.link;
    this.#pools = options.pools;
    this.#numbers = columns.map(() => []);
    this.#places = columns.map(() => new Map());
  }

  /** Cells in the order of the columns. */
  add(cells: readonly Cell[]): void {
    this.#total += 1;
    if (this.#rows >= this.#rowsMax) return;
    this.#rows += 1;
    for (const [index, column] of this.#columns.entries()) {
      const cell = cells[index];
      this.#numbers[index]?.push(column.kind === "number" ? Number(cell ?? 0) : this.#place(index, String(cell ?? "")));
    }
  }

  end(): PackedTable {
    return {
      id: this.#id,
      nouns: this.#nouns,
      columns: this.#columns,
      packed: this.#columns.map((column, index) => this.#packed(column, index)),
      rows: this.#rows,
      total: this.#total,
      ...(this.#link === undefined ? {} : { link: this.#link }),
    };
  }

  #packed({ kind, pool }: Column, index: number): PackedColumn {
    const numbers = this.#numbers[index] ?? [];
    if (kind === "number") return { numbers };
    if (pool !== undefined && this.#pools !== undefined) {
      return { pool, steps: numbers.map((place, row) => place - (numbers[row - 1] ?? 0)) };
    }
    return { texts: [...(this.#places[index]?.keys() ?? [])], at: numbers };
  }

  /** Text that leaves the page by its clipboard goes into commands and spreadsheets: nothing invisible rides along. */
  #place(index: number, text: string): number {
    const shown = inert(text, cellCharactersMax);
    const pool = this.#columns[index]?.pool;
    if (pool !== undefined && this.#pools !== undefined) return this.#pools.place(pool, shown);
    return placeIn(this.#places[index] ?? new Map<string, number>(), shown);
  }
}
