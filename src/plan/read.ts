/** Plan files in, requests out: reads CSV and YAML plans, merges what they repeat, and collects all that is wrong with them. */
import type { Diagnostic } from "../model/diagnostic.ts";
import type { PlanSettings, Request } from "../model/request.ts";
import { RequestBuilder } from "./build.ts";
import { readCsv } from "./csv.ts";
import { decodeText, UnreadableText } from "./decode.ts";
import { Ledger } from "./ledger.ts";
import { Problems } from "./problems.ts";
import { unsaid } from "./row.ts";
import type { Beyond, Row } from "./row.ts";
import { actionLayout, peopleLayout, RowTable } from "./rows.ts";
import type { Layout } from "./rows.ts";
import { SettingsMerge } from "./settings.ts";
import { readYaml } from "./yaml.ts";
import type { MoveSink } from "./yaml.ts";

/** One plan file. `name` is what places call it. */
export interface PlanSource {
  readonly name: string;
  readonly format: "csv" | "yaml";
  readonly bytes: AsyncIterable<Uint8Array>;
  /** A file named by this one, by its path relative to this one; undefined when there is none. */
  readonly related?: (relativePath: string) => AsyncIterable<Uint8Array> | undefined;
}

/** What the files of one plan said beside their requests. */
export interface PlanReading {
  readonly settings: PlanSettings;
  /** The first 1,000 problems, file by file in the order of their discovery. None: the requests are good. */
  readonly diagnostics: readonly Diagnostic[];
  readonly diagnosticsOmitted: number;
  /** Rows, moves and lines of people files read. */
  readonly rows: number;
  /** Those that said what another one had said; they were not handed on. */
  readonly duplicates: number;
}

export type OnRequests = (batch: readonly Request[]) => Promise<void> | void;

/**
 * Reads the files of one plan, one after the other. Requests are handed on while reading, each wish once, in file order;
 * they are worth nothing if `finish` has diagnostics. Memory grows with the distinct requests by some 50 bytes each, not
 * with their text.
 */
export class PlanReader {
  readonly #problems = new Problems();
  readonly #ledger = new Ledger();
  readonly #builder = new RequestBuilder(this.#problems);
  readonly #settings = new SettingsMerge(this.#problems);
  #rows = 0;
  #duplicates = 0;

  /** Rejects only with what `source` or `onRequests` throw; all that is wrong with the file becomes diagnostics. */
  async read(source: PlanSource, onRequests: OnRequests): Promise<void> {
    const outbox = new Outbox(onRequests);
    await this.#guarded(source.name, async () => {
      if (source.format === "csv") {
        await this.#readRows(source.name, source.bytes, actionLayout, unsaid, outbox);
      } else {
        await readYaml(source.name, source.bytes, this.#sink(source, outbox), this.#settings, this.#problems);
      }
    });
    await outbox.flush();
  }

  finish(): PlanReading {
    return {
      settings: this.#settings.settings,
      diagnostics: this.#problems.kept,
      diagnosticsOmitted: this.#problems.omitted,
      rows: this.#rows,
      duplicates: this.#duplicates,
    };
  }

  #sink(source: PlanSource, outbox: Outbox): MoveSink {
    return {
      row: (row, beyond) => {
        this.#rows += 1;
        this.#add(row, beyond, outbox);
      },
      badRow: () => {
        this.#rows += 1;
      },
      flush: () => outbox.flush(),
      people: async (people, beyond) => {
        const bytes = source.related?.(people.text);
        if (bytes === undefined) {
          this.#problems.add(
            people.place,
            `users: there is no file ${JSON.stringify(people.text)} beside this one`,
            "write the path relative to this plan file",
          );
          return;
        }
        const slash = source.name.lastIndexOf("/");
        const name = source.name.slice(0, slash + 1) + people.text;
        await this.#guarded(name, () => this.#readRows(name, bytes, peopleLayout, beyond, outbox));
      },
    };
  }

  async #readRows(
    name: string,
    bytes: AsyncIterable<Uint8Array>,
    layout: Layout,
    beyond: Beyond,
    outbox: Outbox,
  ): Promise<void> {
    const table = new RowTable(
      name,
      layout,
      this.#problems,
      (row) => this.#add(row, beyond, outbox),
      () => outbox.flush(),
    );
    try {
      await readCsv(name, decodeText(bytes), table, this.#problems);
    } finally {
      this.#rows += table.rows;
    }
    if (table.begun) return;
    this.#problems.add(
      { file: name, line: 1, column: 1 },
      "the file is empty",
      `begin it with a header line, such as ${layout.required.join(",")}`,
    );
  }

  #add(row: Row, beyond: Beyond, outbox: Outbox): void {
    const request = this.#builder.build(row, beyond);
    if (request === undefined) return;
    const verdict = this.#ledger.add(request);
    if (verdict.kind === "new") outbox.add(request);
    else if (verdict.kind === "duplicate") this.#duplicates += 1;
    else this.#problems.add(request.place, verdict.problem, verdict.remedy);
  }

  /** Bytes that are no text end the reading of their file. */
  async #guarded(file: string, read: () => Promise<void>): Promise<void> {
    try {
      await read();
    } catch (error) {
      if (!(error instanceof UnreadableText)) throw error;
      this.#problems.add(
        { file, line: error.line, column: 0 },
        `${error.message}; the rest of the file was not read`,
        error.remedy,
      );
    }
  }
}

/** Requests on their way out, handed on together. */
class Outbox {
  readonly #onRequests: OnRequests;
  #batch: Request[] = [];

  constructor(onRequests: OnRequests) {
    this.#onRequests = onRequests;
  }

  add(request: Request): void {
    this.#batch.push(request);
  }

  async flush(): Promise<void> {
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    this.#batch = [];
    await this.#onRequests(batch);
  }
}
