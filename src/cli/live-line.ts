/** One line about how the work goes: redrawn in place on a terminal, written anew every few seconds to anything else. */
import type { Context } from "./context.ts";

const redrawMs = 100;
const repeatMs = 5_000;
/** Lines said beside it; when a fault repeats a thousand times, the log and the report have the rest. */
const saidMax = 200;
const clearLine = "\r\u001b[K";

export class LiveLine {
  readonly #context: Context;
  readonly #current: () => string | undefined;
  readonly #terminal: boolean;
  readonly #timer: NodeJS.Timeout;
  #drawn = "";
  #said = 0;

  /** `current` is asked whenever the line is drawn; undefined while there is nothing to say. */
  constructor(context: Context, current: () => string | undefined) {
    this.#context = context;
    this.#current = current;
    this.#terminal = context.stderr.isTTY === true && context.env["TERM"] !== "dumb";
    this.#timer = setInterval(() => this.#draw(), this.#terminal ? redrawMs : repeatMs);
    this.#timer.unref();
  }

  /** A line that stays. */
  say(text: string): void {
    this.#said += 1;
    if (this.#said > saidMax) return;
    this.#clear();
    this.#context.stderr.write(`${text}\n`);
    if (this.#said === saidMax)
      this.#context.stderr.write("More of this is not shown here; --log-file keeps all of it.\n");
  }

  /** Takes the line off the terminal; nothing is drawn afterwards. */
  close(): void {
    clearInterval(this.#timer);
    this.#clear();
  }

  #draw(): void {
    const line = this.#current();
    if (line === undefined || line === this.#drawn) return;
    this.#context.stderr.write(this.#terminal ? `${clearLine}${line}` : `${line}\n`);
    this.#drawn = line;
  }

  #clear(): void {
    if (!this.#terminal || this.#drawn === "") return;
    this.#context.stderr.write(clearLine);
    this.#drawn = "";
  }
}
