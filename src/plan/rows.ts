/** CSV files of a plan: the table of actions, and the table of old and new addresses. */
import type { Place } from "../model/diagnostic.ts";
import { counted, quoted, thousands } from "../model/text.ts";
import { cellMax } from "./csv.ts";
import type { Table } from "./csv.ts";
import { readHeader } from "./header.ts";
import type { Header } from "./header.ts";
import type { Problems } from "./problems.ts";
import { fields } from "./row.ts";
import type { Field, Row } from "./row.ts";

/** A kind of CSV file: its columns, and the field of a row each stands for. */
export interface Layout {
  readonly columns: ReadonlyMap<string, Field>;
  readonly required: readonly string[];
  /** Said where the file does not. */
  readonly action?: string;
}

/** One line is one wish. */
export const actionLayout: Layout = {
  columns: new Map(fields.map((field) => [field, field])),
  required: ["from", "to"],
};

/** One line is one address and the one that takes its place. */
export const peopleLayout: Layout = {
  columns: new Map<string, Field>([
    ["old", "from"],
    ["new", "to"],
    ["note", "note"],
  ]),
  required: ["old", "new"],
  action: "replace-member",
};

/** Hands each well-formed row of one file to `onRow`; the row is good only during the call. */
export class RowTable implements Table {
  readonly #file: string;
  readonly #layout: Layout;
  readonly #problems: Problems;
  readonly #onRow: (row: Row) => void;
  readonly #onFlush: () => Promise<void>;
  #header: Header | undefined;
  #current: CellRow | undefined;
  /** Whether there was a first line at all. */
  begun = false;
  rows = 0;

  constructor(
    file: string,
    layout: Layout,
    problems: Problems,
    onRow: (row: Row) => void,
    onFlush: () => Promise<void>,
  ) {
    this.#file = file;
    this.#layout = layout;
    this.#problems = problems;
    this.#onRow = onRow;
    this.#onFlush = onFlush;
  }

  header(cells: readonly string[], line: number): boolean {
    this.begun = true;
    const known = [...this.#layout.columns.keys()];
    this.#header = readHeader(this.#file, cells, line, known, this.#layout.required, this.#problems);
    if (this.#header === undefined) return false;
    this.#current = new CellRow(this.#file, this.#layout, this.#header);
    return true;
  }

  row(cells: readonly string[], line: number): void {
    this.rows += 1;
    const current = this.#current;
    const width = this.#header?.width ?? 0;
    if (current === undefined) return;
    if (cells.length !== width) {
      const column = Math.min(cells.length, width) + 1;
      this.#problems.add(
        { file: this.#file, line, column },
        `the row has ${counted(cells.length, "cell")} and the header ${thousands(width)}`,
        "give every row as many cells as the header; put a cell that contains a comma in quotes",
      );
      return;
    }
    const long = cells.findIndex((cell) => cell.length > cellMax);
    if (long >= 0) {
      this.#problems.add(
        { file: this.#file, line, column: long + 1 },
        `the cell is longer than ${thousands(cellMax)} characters: ${quoted((cells[long] ?? "").slice(0, 40))}`,
        "shorten it; perhaps a quote before it is not closed",
      );
      return;
    }
    current.set(cells, line);
    this.#onRow(current);
  }

  flush(): Promise<void> {
    return this.#onFlush();
  }
}

/** The row the parser has just read; one object a file, because there are a million rows. */
class CellRow implements Row {
  readonly #file: string;
  readonly #action: string | undefined;
  readonly #column: Readonly<Partial<Record<Field, number>>>;
  readonly #name: Readonly<Partial<Record<Field, string>>>;
  #cells: readonly string[] = [];
  #line = 0;

  constructor(file: string, layout: Layout, header: Header) {
    this.#file = file;
    this.#action = layout.action;
    const columns: Partial<Record<Field, number>> = {};
    const names: Partial<Record<Field, string>> = {};
    for (const [name, field] of layout.columns) {
      names[field] = name;
      const column = header.columns.get(name);
      if (column !== undefined) columns[field] = column;
    }
    this.#column = columns;
    this.#name = names;
  }

  set(cells: readonly string[], line: number): void {
    this.#cells = cells;
    this.#line = line;
  }

  get place(): Place {
    return { file: this.#file, line: this.#line, column: 1 };
  }

  text(field: Field): string | undefined {
    const column = this.#column[field];
    if (column === undefined) return field === "action" ? this.#action : undefined;
    const cell = this.#cells[column];
    if (cell === undefined || cell === "") return undefined;
    const text = withoutFormulaQuote(cell.trim());
    return text === "" ? undefined : text;
  }

  placeOf(field: Field): Place {
    return { file: this.#file, line: this.#line, column: (this.#column[field] ?? 0) + 1 };
  }

  nameOf(field: Field): string {
    return this.#name[field] ?? field;
  }
}

const formulaSigns = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20";

/** Takes back the quote that exports put before text a spreadsheet would take for a formula. */
function withoutFormulaQuote(text: string): string {
  return text.length > 1 && text.charCodeAt(0) === 0x27 && formulaSigns.includes(text.charAt(1)) ? text.slice(1) : text;
}
