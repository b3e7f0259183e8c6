/** A few lines about how a run stands: drawn in place on a terminal, one line now and then to anything else. */
import type { Context } from "./context.ts";

const lineEveryMs = 5_000;

export class WatchView {
  readonly #context: Context;
  readonly #terminal: boolean;
  #drawn = 0;
  #line = "";
  #saidAt = -Infinity;

  constructor(context: Context) {
    this.#context = context;
    this.#terminal = context.stdout.isTTY === true && context.env["TERM"] !== "dumb";
  }

  /** `lines` for a terminal, `line` for anything else. */
  show(lines: readonly string[], line: string): void {
    const { clock, stdout } = this.#context;
    if (this.#terminal) {
      stdout.write(`${this.#back()}${lines.map((each) => `${each}\u001b[K\n`).join("")}\u001b[J`);
      this.#drawn = lines.length;
      return;
    }
    const now = clock.monotonic();
    if (line === this.#line || now - this.#saidAt < lineEveryMs) return;
    this.#line = line;
    this.#saidAt = now;
    stdout.write(`${line}\n`);
  }

  /** A line that stays. */
  say(line: string): void {
    this.#context.stdout.write(`${line}\n`);
  }

  /** What was drawn last stays. */
  close(): void {
    this.#drawn = 0;
  }

  #back(): string {
    return this.#drawn === 0 ? "" : `\r\u001b[${this.#drawn}A`;
  }
}
