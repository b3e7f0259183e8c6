/** The trace of a seed: every line goes into its hash; the lines themselves are kept only when somebody wants to read them. */

export class Trace {
  readonly lines: string[] = [];
  readonly #keep: boolean;
  #hash = 0x811c9dc5;
  #hash2 = 0x1234567;

  constructor(keep: boolean) {
    this.#keep = keep;
  }

  get hash(): string {
    return `${(this.#hash >>> 0).toString(16)}${(this.#hash2 >>> 0).toString(16)}`;
  }

  /** What happened at `at`, virtual ms. */
  note(at: number, line: string): void {
    // The time goes in as a number, to the microsecond: writing it out would cost as much as the line.
    const micros = Math.round(at * 1000);
    let hash = Math.imul(this.#hash ^ micros, 0x01000193);
    let hash2 = Math.imul(this.#hash2 + Math.floor(micros / 0x1_0000_0000), 0x85ebca6b) ^ line.length;
    for (let index = 0; index < line.length; index += 1) {
      const code = line.charCodeAt(index);
      hash = Math.imul(hash ^ code, 0x01000193);
      hash2 = Math.imul(hash2 + code, 0x85ebca6b) ^ (hash2 >>> 13);
    }
    this.#hash = hash;
    this.#hash2 = hash2;
    if (this.#keep) this.lines.push(`${clockText(at)} ${line}`);
  }

  /** For readers only: in the trace, but not in its hash. The line is made only when it is kept. */
  aside(at: number, line: () => string): void {
    if (this.#keep) this.lines.push(`${clockText(at)} ${line()}`);
  }
}

/** `01:02:03.004` since the simulation began. */
function clockText(at: number): string {
  const ms = Math.floor(at);
  const pad = (value: number, digits: number): string => String(value).padStart(digits, "0");
  const hours = pad(Math.floor(ms / 3_600_000), 2);
  return `${hours}:${pad(Math.floor(ms / 60_000) % 60, 2)}:${pad(Math.floor(ms / 1000) % 60, 2)}.${pad(ms % 1000, 3)}`;
}
