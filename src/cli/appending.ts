/** Files that lines are added to behind the work: opened with care, never waited for, given up when they take no more. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { pino } from "pino";
import { UsageError } from "../model/errors.ts";
import { printable } from "../model/text.ts";

type Destination = ReturnType<typeof pino.destination>;

/** Throws `UsageError` for what is no file, or holds something else; `what` is what it should be, `option` what named it. */
export function openAppending(file: string, option: string, what: string): number {
  const other = `choose another ${option}`;
  let descriptor: number;
  try {
    descriptor = openSync(
      file,
      constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW,
      0o600,
    );
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "error";
    throw new UsageError(`${printable(file)} cannot be opened as ${what} (${code})`, other);
  }
  const first = Buffer.alloc(1);
  // Read on the open file: a run or a plan file named here by mistake would be spoilt by the first line.
  const isOther = fstatSync(descriptor).isFile()
    ? readSync(descriptor, first, 0, 1, 0) === 1 && first.toString() !== "{"
    : false;
  if (!isOther) return descriptor;
  closeSync(descriptor);
  throw new UsageError(`${printable(file)} holds something else than ${what}`, other);
}

/** A stream to it that does not keep anybody waiting. */
export function appendTo(descriptor: number, minLength: number): Destination {
  return pino.destination({ dest: descriptor, sync: false, minLength });
}

/** Resolves once everything is written, or cannot be. */
export function closed(destination: Destination): Promise<void> {
  return new Promise((resolve) => {
    destination.once("close", () => resolve());
    destination.once("error", () => resolve());
    destination.end();
  });
}

/** Lines added one by one. */
export class AppendedFile {
  readonly #destination: Destination;
  #isBroken = false;

  /** `onBroken` is called once, with the system's code for the fault. */
  constructor(descriptor: number, onBroken: (code: string) => void) {
    this.#destination = appendTo(descriptor, 0);
    this.#destination.on("error", (error: NodeJS.ErrnoException) => {
      if (!this.#isBroken) onBroken(error.code ?? "error");
      this.#isBroken = true;
    });
  }

  write(line: string): void {
    if (!this.#isBroken) this.#destination.write(`${line}\n`);
  }

  async close(): Promise<void> {
    if (!this.#isBroken) await closed(this.#destination);
  }
}
