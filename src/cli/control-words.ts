/** The language of the control socket: one JSON object a line, versioned, no line longer than 64 KiB. */

export const controlVersion = 1 as const;
/** Bytes of a line, in either direction. */
const lineMax = 64 * 1024;

/** Steps at once that may be asked for. */
export const concurrencyMax = 1000;
/** Calls a second that may be asked for. */
export const perSecondMin = 0.01;
export const perSecondMax = 10_000;

/** What somebody who asks is told. */
export type ControlAnswer =
  | { readonly version: number; readonly type: "done"; readonly said: string }
  | {
      readonly version: number;
      readonly type: "refused";
      readonly why: "stopping" | "wrong";
      readonly problem: string;
    }
  /** How the run stands; a `live` document. */
  | { readonly version: number; readonly type: "live"; readonly live: unknown }
  /** The last word of an apply. */
  | { readonly version: number; readonly type: "ended"; readonly exitCode: number; readonly ending: string };

/** Cuts what comes from a socket into lines. */
export class Lines {
  #pieces: Buffer[] = [];
  #bytes = 0;

  /** The lines that `piece` completes; undefined when one is too long, after which nothing more is to be read. */
  add(piece: Buffer): readonly string[] | undefined {
    const lines: string[] = [];
    let from = 0;
    for (let end = piece.indexOf(10); end !== -1; end = piece.indexOf(10, from)) {
      this.#keep(piece.subarray(from, end));
      if (this.#bytes > lineMax) return undefined;
      lines.push(Buffer.concat(this.#pieces).toString("utf8"));
      this.#pieces = [];
      this.#bytes = 0;
      from = end + 1;
    }
    this.#keep(piece.subarray(from));
    return this.#bytes > lineMax ? undefined : lines;
  }

  #keep(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#bytes += piece.length;
  }
}

/** The object that a line holds; undefined for anything else. */
export function objectIn(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
