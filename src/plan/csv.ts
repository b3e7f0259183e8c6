/** How CSV text becomes rows with the line each begins on; what one of them means is decided elsewhere. */
import { Parser } from "csv-parse";
import type { CsvError, Info } from "csv-parse";
import type { Problems } from "./problems.ts";

/** Receives a file row by row, in order. */
export interface Table {
  /** The first row. False: the rest is not worth reading. */
  header(cells: readonly string[], line: number): boolean;
  /** Any later row that is not blank. */
  row(cells: readonly string[], line: number): void;
  /** Called between pieces of the file, for whatever takes time. */
  flush(): Promise<void>;
}

/** Characters of one cell, and bytes of one row. */
export const cellMax: number = 64 * 1024;
const rowBytesMax = 1024 * 1024;
/** Rows with misplaced quotes after which a file is not a CSV file; and quotes in one row, each of which costs its length. */
const brokenRowsMax = 200;
const brokenQuotesMax = 50;

/** Returned through the parser to end the reading of one file; what is wrong has been added already. */
class StopReading extends Error {}

/** Reads `pieces` of the file `file`, whose lines end in LF, into `table`. Rejects only with what `pieces` or `table.flush` throw. */
export async function readCsv(
  file: string,
  pieces: AsyncIterable<string>,
  table: Table,
  problems: Problems,
): Promise<void> {
  const reading = new Reading(file, table, problems);
  for await (const piece of pieces) {
    await reading.take(piece);
    await table.flush();
    if (reading.stopped) break;
  }
  await reading.end();
  await table.flush();
}

/**
 * The parser, with its rows taken as they are found. Its own callback for rows makes two objects a row to say on which
 * line the row ends, which doubles the time a row costs; at this point the line is at hand.
 */
class RowParser extends Parser {
  readonly #onRow: (cells: readonly string[], info: Info) => void;

  constructor(onSkip: (error: CsvError) => undefined, onRow: (cells: readonly string[], info: Info) => void) {
    super({
      record_delimiter: "\n",
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: rowBytesMax,
      skip_records_with_error: true,
      on_skip: (error) => (error === undefined ? undefined : onSkip(error)),
    });
    this.#onRow = onRow;
    this.on("error", () => {});
    this.resume();
  }

  override push(row: readonly string[] | null): boolean {
    if (row === null) return super.push(null);
    this.#onRow(row, this.info);
    return true;
  }
}

class Reading {
  readonly #file: string;
  readonly #table: Table;
  readonly #problems: Problems;
  readonly #parser: RowParser;
  #headerRead = false;
  #stopped = false;
  #brokenRows = 0;
  #brokenLine = 0;
  #brokenQuotes = 0;
  /** The parser's count of lines where the last row ended, and of empty lines until then. */
  #lastEnd = 0;
  #lastEmpty = 0;

  constructor(file: string, table: Table, problems: Problems) {
    this.#file = file;
    this.#table = table;
    this.#problems = problems;
    this.#parser = new RowParser(
      (error) => this.#skipped(error),
      (cells, info) => this.#row(cells, info),
    );
  }

  /** Whether the rest of the file is not worth reading. */
  get stopped(): boolean {
    return this.#stopped;
  }

  take(piece: string): Promise<void> {
    return this.#fed((done) => this.#parser.write(piece, done));
  }

  async end(): Promise<void> {
    if (!this.#stopped) await this.#fed((done) => this.#parser.end(done));
    this.#parser.destroy();
  }

  async #fed(feed: (done: (error?: Error | null) => void) => void): Promise<void> {
    const error = await new Promise<Error | null | undefined>((resolve) => feed(resolve));
    if (error === null || error === undefined) return;
    this.#stopped = true;
    if (!(error instanceof StopReading)) throw error;
  }

  #row(cells: readonly string[], info: Info): void {
    if (this.#stopped) return;
    const line = this.#lineOf(cells, info);
    if (!this.#headerRead) {
      this.#headerRead = true;
      this.#stopped = !this.#table.header(cells, line);
    } else if (!cells.every((cell) => cell.trim() === "")) {
      this.#table.row(cells, line);
    }
  }

  /** The line on which the row begins that the parser has just come to the end of. */
  #lineOf(cells: readonly string[], { lines, empty_lines }: Info): number {
    let start = this.#nextStart(empty_lines);
    if (lines !== start) {
      start = lines;
      for (const cell of cells) start -= lineEnds(cell);
    }
    this.#lastEnd = lines;
    this.#lastEmpty = empty_lines;
    return start;
  }

  #nextStart(emptyLines: number): number {
    return this.#lastEnd + 1 + (emptyLines - this.#lastEmpty);
  }

  /** A row with a quote inside an unquoted cell is left out and reading goes on; nothing else can be stepped over. */
  #skipped(error: CsvError): undefined {
    // The piece that holds a useless header may hold broken rows too, which are as little worth reading.
    if (this.#stopped) throw new StopReading();
    const { lines: line, empty_lines } = this.#parser.info;
    const start = Math.min(line, this.#nextStart(empty_lines));
    const column = Number(error["index"]) + 1;
    const place = { file: this.#file, line, column };
    switch (error.code) {
      case "INVALID_OPENING_QUOTE":
        if (this.#brokenRows === 0 || this.#brokenLine !== line) {
          this.#brokenLine = line;
          this.#brokenQuotes = 0;
          this.#brokenRows += 1;
          this.#problems.add(
            place,
            "a quote stands in the middle of a cell",
            'put the whole cell in quotes and write each quote inside it twice: "the ""big"" one"',
          );
        }
        this.#brokenQuotes += 1;
        if (this.#brokenRows < brokenRowsMax && this.#brokenQuotes < brokenQuotesMax) return;
        break;
      case "CSV_INVALID_CLOSING_QUOTE":
        this.#problems.add(
          place,
          "text follows a closing quote; the rest of the file was not read",
          "write a quote inside a cell twice, and nothing between a closing quote and the next comma",
        );
        break;
      case "CSV_QUOTE_NOT_CLOSED":
        this.#problems.add(
          { file: this.#file, line: start, column },
          "a quote opens in this row and is never closed; the rest of the file was not read",
          "close the quote, or remove it",
        );
        break;
      case "CSV_MAX_RECORD_SIZE":
        if (line > start) {
          this.#problems.add(
            { file: this.#file, line: start, column },
            "a quote opens in this row and is not closed within 1 MiB; the rest of the file was not read",
            "close the quote, or remove it",
          );
        } else {
          this.#problems.add(
            place,
            "the row is longer than 1 MiB; the rest of the file was not read",
            "check that this is the right file; a row has at most a few hundred characters",
          );
        }
        break;
      default:
        throw error;
    }
    throw new StopReading();
  }
}

function lineEnds(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}
