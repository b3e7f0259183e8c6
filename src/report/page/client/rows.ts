/** The rows of a packed table: values, which rows a filter lets through, and their order. */
import { assetNameOrUndefined, assetUrl } from "../../../model/asset.ts";
import type { PackedTable, PageData } from "../packed.ts";

/** What a column must hold: the text, or somewhere within it. */
export interface Wanted {
  readonly text: string;
  readonly isPart: boolean;
}

/** What is asked of a row: words that stand in any column, and values of some columns by their keys. */
export interface Query {
  readonly words: string;
  readonly where: ReadonlyMap<string, Wanted>;
}

export interface Order {
  readonly column: number;
  readonly descending: boolean;
}

type Values =
  | { readonly numbers: readonly number[] }
  | { readonly texts: readonly string[]; readonly at: readonly number[] };

export class Rows {
  readonly table: PackedTable;
  readonly #columns: readonly Values[];
  readonly #lower: (readonly string[])[];
  /** For each text column, the rank of each distinct text. */
  readonly #ranks = new Map<number, readonly number[]>();

  constructor(table: PackedTable, pools: PageData["pools"]) {
    this.table = table;
    this.#columns = table.packed.map((packed) => {
      if (!("pool" in packed)) return packed;
      let place = 0;
      return { texts: pools[packed.pool] ?? [], at: packed.steps.map((step) => (place += step)) };
    });
    this.#lower = this.#columns.map((column) =>
      "texts" in column ? column.texts.map((text) => text.toLowerCase()) : [],
    );
  }

  text(row: number, column: number): string {
    const packed = this.#columns[column];
    if (packed === undefined) return "";
    if ("numbers" in packed) return (packed.numbers[row] ?? 0).toLocaleString("en");
    return packed.texts[packed.at[row] ?? -1] ?? "";
  }

  /** The distinct texts of a column, in the order it asks for. */
  choices(column: number): readonly string[] {
    const packed = this.#columns[column];
    if (packed === undefined || !("texts" in packed)) return [];
    const order = this.table.columns[column]?.order ?? [];
    const rank = (text: string): number => (order.includes(text) ? order.indexOf(text) : order.length);
    return packed.texts.filter((text) => text !== "").toSorted((a, b) => rank(a) - rank(b) || a.localeCompare(b));
  }

  /** Where the asset of a row opens; undefined when the row has none. */
  address(row: number): string | undefined {
    const { link } = this.table;
    if (link === undefined) return undefined;
    const name = assetNameOrUndefined(this.text(row, this.indexOf(link.id)));
    return name === undefined ? undefined : assetUrl(name, this.text(row, this.indexOf(link.type)));
  }

  indexOf(key: string): number {
    return this.table.columns.findIndex((column) => column.key === key);
  }

  /** Rows that answer the query. Each distinct text is looked at once, however many rows hold it. */
  find({ words, where }: Query): readonly number[] {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    const tests: ((row: number) => boolean)[] = wanted.map((word) => this.#wordTest(word));
    for (const [key, value] of where) tests.push(this.#whereTest(this.indexOf(key), value));
    const found: number[] = [];
    for (let row = 0; row < this.table.rows; row += 1) if (tests.every((test) => test(row))) found.push(row);
    return found;
  }

  sort(rows: readonly number[], { column, descending }: Order): readonly number[] {
    const packed = this.#columns[column];
    if (packed === undefined) return rows;
    const ranks = "texts" in packed ? this.#ranksOf(column) : undefined;
    const value = (row: number): number =>
      "numbers" in packed ? (packed.numbers[row] ?? 0) : (ranks?.[packed.at[row] ?? -1] ?? 0);
    const sign = descending ? -1 : 1;
    return rows.toSorted((a, b) => sign * (value(a) - value(b)) || a - b);
  }

  #wordTest(word: string): (row: number) => boolean {
    const columns = this.#columns.flatMap((packed, column) => {
      if (!("texts" in packed) || this.table.columns[column]?.kind === "hidden") return [];
      const matches = (this.#lower[column] ?? []).map((text) => text.includes(word));
      return matches.includes(true) ? [{ at: packed.at, matches }] : [];
    });
    return (row) => columns.some(({ at, matches }) => matches[at[row] ?? -1] === true);
  }

  #whereTest(column: number, { text, isPart }: Wanted): (row: number) => boolean {
    const packed = this.#columns[column];
    if (packed === undefined || !("texts" in packed)) return () => true;
    const matches = packed.texts.map((each) => (isPart ? each.includes(text) : each === text));
    return (row) => matches[packed.at[row] ?? -1] === true;
  }

  #ranksOf(column: number): readonly number[] {
    const known = this.#ranks.get(column);
    if (known !== undefined) return known;
    const packed = this.#columns[column];
    const texts = packed !== undefined && "texts" in packed ? packed.texts : [];
    const order = this.table.columns[column]?.order ?? [];
    const place = (text: string): number => (order.includes(text) ? order.indexOf(text) : order.length);
    const collator = new Intl.Collator("en", { numeric: true });
    const sorted = texts
      .map((text, index) => ({ text, index }))
      .toSorted((a, b) => place(a.text) - place(b.text) || collator.compare(a.text, b.text));
    const ranks = Array.from<number>({ length: texts.length });
    for (const [rank, { index }] of sorted.entries()) ranks[index] = rank;
    this.#ranks.set(column, ranks);
    return ranks;
  }
}
