/** Tables as a page carries them: column by column, repeated values once, so that 50,000 rows deflate to little. */
import { printable } from "../../model/text.ts";
import { inked } from "../style.ts";
import type { Column, PackedTable } from "./packed.ts";

const cellCharactersMax = 2000;

export type Cell = string | number | undefined;

/** Takes rows until the table is full, and counts the rest. */
export class TableBuilder {
  readonly #id: string;
  readonly #nouns: readonly [string, string];
  readonly #columns: readonly Column[];
  readonly #rowsMax: number;
  readonly #link: PackedTable["link"];
  readonly #numbers: number[][];
  readonly #places: Map<string, number>[];
  #rows = 0;
  #total = 0;

  constructor(
    id: string,
    nouns: readonly [string, string],
    columns: readonly Column[],
    options: { readonly rowsMax: number; readonly link?: PackedTable["link"] },
  ) {
    this.#id = id;
    this.#nouns = nouns;
    this.#columns = columns;
    this.#rowsMax = options.rowsMax;
    this.#link = options.link;
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
      packed: this.#columns.map(({ kind }, index) => {
        const numbers = this.#numbers[index] ?? [];
        return kind === "number" ? { numbers } : { texts: [...(this.#places[index]?.keys() ?? [])], at: numbers };
      }),
      rows: this.#rows,
      total: this.#total,
      ...(this.#link === undefined ? {} : { link: this.#link }),
    };
  }

  /** Text that leaves the page by its clipboard goes into commands and spreadsheets: nothing invisible rides along. */
  #place(index: number, text: string): number {
    const places = this.#places[index];
    const shown = inked(printable(text, cellCharactersMax));
    const known = places?.get(shown);
    if (known !== undefined) return known;
    const place = places?.size ?? 0;
    places?.set(shown, place);
    return place;
  }
}
