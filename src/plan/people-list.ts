/** A list of people, one to a line: whom to read as, or who leaves, when, and who takes over. */
import { isDay } from "../model/clock.ts";
import type { Diagnostic, Place } from "../model/diagnostic.ts";
import { parseEmail } from "../model/email.ts";
import type { Email } from "../model/email.ts";
import { quoted } from "../model/text.ts";
import { readCsv } from "./csv.ts";
import type { Table } from "./csv.ts";
import { decodeText, UnreadableText } from "./decode.ts";
import { readHeader } from "./header.ts";
import type { Header } from "./header.ts";
import { Problems } from "./problems.ts";

export interface ListedPerson {
  readonly email: Email;
  readonly place: Place;
  /** The day the account is suspended, and the day it is deleted, as `2026-11-30`. */
  readonly suspendedOn: string | undefined;
  readonly deletedOn: string | undefined;
  /** Who takes over, and where that stands. */
  readonly heir: Email | undefined;
  readonly heirPlace: Place;
}

export interface PeopleList {
  readonly people: readonly ListedPerson[];
  /** None: the list is good. */
  readonly diagnostics: readonly Diagnostic[];
  readonly diagnosticsOmitted: number;
}

const columns = ["email", "suspended_on", "deleted_on", "heir"] as const;

/**
 * Reads a CSV file with the column `email` and, where wanted, `suspended_on`, `deleted_on` (days as `2026-11-30`) and
 * `heir`. Rejects only with what `bytes` throw; all that is wrong with the file becomes diagnostics. A person who stands
 * there twice in the same words is one person; in different words, a problem.
 */
export async function readPeopleList(file: string, bytes: AsyncIterable<Uint8Array>): Promise<PeopleList> {
  const problems = new Problems();
  const table = new PeopleTable(file, problems);
  try {
    await readCsv(file, decodeText(bytes), table, problems);
  } catch (error) {
    if (!(error instanceof UnreadableText)) throw error;
    const place = { file, line: error.line, column: 0 };
    problems.add(place, `${error.message}; the rest of the file was not read`, error.remedy);
  }
  if (problems.count === 0 && table.people.length === 0) {
    problems.add(
      { file, line: 1, column: 1 },
      "the list names nobody",
      "write a header line email, and an address a line",
    );
  }
  return { people: table.people, diagnostics: problems.kept, diagnosticsOmitted: problems.omitted };
}

class PeopleTable implements Table {
  readonly people: ListedPerson[] = [];
  readonly #file: string;
  readonly #problems: Problems;
  readonly #known = new Map<Email, ListedPerson>();
  #header: Header | undefined;

  constructor(file: string, problems: Problems) {
    this.#file = file;
    this.#problems = problems;
  }

  header(cells: readonly string[], line: number): boolean {
    this.#header = readHeader(this.#file, cells, line, columns, ["email"], this.#problems);
    return this.#header !== undefined;
  }

  row(cells: readonly string[], line: number): void {
    const email = this.#address("email", cells, line);
    const suspendedOn = this.#day("suspended_on", cells, line);
    const deletedOn = this.#day("deleted_on", cells, line);
    const heir = this.#text("heir", cells) === "" ? undefined : this.#address("heir", cells, line);
    if (email === undefined) return;
    const place = this.#place("email", line);
    if (heir === email) {
      this.#problems.add(this.#place("heir", line), `${email} cannot take over from themselves`, "name somebody else");
    }
    if (suspendedOn !== undefined && deletedOn !== undefined && deletedOn < suspendedOn) {
      const problem = `${email} is deleted on ${deletedOn}, before the suspension on ${suspendedOn}`;
      this.#problems.add(this.#place("deleted_on", line), problem, "check the two days");
    }
    const person = { email, place, suspendedOn, deletedOn, heir, heirPlace: this.#place("heir", line) };
    const first = this.#known.get(email);
    if (first === undefined) {
      this.#known.set(email, person);
      this.people.push(person);
    } else if (first.suspendedOn !== suspendedOn || first.deletedOn !== deletedOn || first.heir !== heir) {
      const problem = `${email} stands in line ${first.place.line} too, with something else beside it`;
      this.#problems.add(place, problem, "leave one of the two lines");
    }
  }

  async flush(): Promise<void> {}

  #address(column: (typeof columns)[number], cells: readonly string[], line: number): Email | undefined {
    return this.#problems.value(parseEmail(this.#text(column, cells)), this.#place(column, line), column);
  }

  #day(column: (typeof columns)[number], cells: readonly string[], line: number): string | undefined {
    const text = this.#text(column, cells);
    if (text === "") return undefined;
    if (isDay(text)) return text;
    const problem = `${column}: ${quoted(text)} is not a day`;
    this.#problems.add(this.#place(column, line), problem, "write year, month and day: 2026-11-30");
    return undefined;
  }

  #text(column: (typeof columns)[number], cells: readonly string[]): string {
    const index = this.#header?.columns.get(column);
    return index === undefined ? "" : (cells[index] ?? "").trim();
  }

  #place(column: (typeof columns)[number], line: number): Place {
    return { file: this.#file, line, column: (this.#header?.columns.get(column) ?? 0) + 1 };
  }
}
