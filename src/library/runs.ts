/** Where a program keeps its runs: a file, a PostgreSQL database, or memory; each opened as the verbs open it. */
import { resolve } from "node:path";
import type { Context } from "../cli/context.ts";
import type { RunPlace } from "../cli/run-place.ts";
import type { Journal, RunReader, RunWriter } from "../journal/journal.ts";
import type { MemoryRun } from "../journal/sqlite/memory.ts";
import type { Clock } from "../model/clock.ts";
import { RunFileError } from "../model/errors.ts";

/**
 * A run, by where it is kept:
 * - a path, such as `friday.handover`: an SQLite file that this account alone can read
 * - `postgres://user@host/database#friday`: the run `friday` in a PostgreSQL database; its password comes from the URL,
 *   `PGPASSWORD` or `~/.pgpass`
 * - an `InMemoryRun`, for tests and rehearsals
 */
export type Run = string | InMemoryRun;

/** What is done with a place in which a run is kept. */
export interface RunStore extends Pick<RunPlace, "name" | "path" | "folder"> {
  isThere(): Promise<boolean>;
  create(wish: { readonly replace: boolean; readonly signer: undefined }): Promise<RunWriter>;
  openReader(): Promise<RunReader>;
  openJournal(options: { readonly clock: Clock }): Promise<Journal>;
}

/**
 * A run that lives as long as this process. If the process dies, what it had begun at Google is known to nobody: keep runs
 * of a real tenant in a file or a database.
 */
export class InMemoryRun implements RunStore {
  readonly name: string;
  readonly path = undefined;
  readonly folder = "";
  #sealed: MemoryRun | undefined;

  /** `name` is what messages call it. */
  constructor(name: string) {
    this.name = name;
  }

  /** Gives the memory back. The run may be made anew. */
  dispose(): void {
    this.#sealed?.dispose();
    this.#sealed = undefined;
  }

  /** @internal */
  async isThere(): Promise<boolean> {
    return this.#sealed !== undefined;
  }

  /** @internal */
  async create(): Promise<RunWriter> {
    const { createMemoryRun } = await import("../journal/sqlite/memory.ts");
    const made = createMemoryRun();
    const { writer } = made;
    return {
      add: (drafts) => writer.add(drafts),
      discard: () => writer.discard(),
      seal: async (header) => {
        const digest = await writer.seal(header);
        this.dispose();
        this.#sealed = made;
        return digest;
      },
    };
  }

  /** @internal */
  async openReader(): Promise<RunReader> {
    return this.#there().openReader();
  }

  /** @internal */
  async openJournal(options: { readonly clock: Clock }): Promise<Journal> {
    return this.#there().openJournal(options);
  }

  #there(): MemoryRun {
    if (this.#sealed !== undefined) return this.#sealed;
    throw new RunFileError("missing", `there is no run ${this.name} in memory`, "make it with plan or undo");
  }
}

/** Nothing is opened yet. Throws UsageError for an address that cannot be one. */
export async function storeOf(context: Context, run: Run): Promise<RunStore> {
  if (typeof run !== "string") return run;
  if (/^postgres(?:ql)?:\/\//i.test(run)) {
    const { freshRun } = await import("../cli/run-store.ts");
    return freshRun(context, {}, run);
  }
  const { filePlace } = await import("../cli/run-file.ts");
  return filePlace(context, resolve(context.cwd, run));
}
