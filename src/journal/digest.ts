/** The digest of a run: SHA-256 over the header and over pages of steps, so that a page can be checked by itself. */
import { hash } from "node:crypto";
import type { Digest } from "../model/run.ts";

/** Steps to a digest page. */
export const stepsPerPage = 1000;

/** Every immutable field of one step, as stored. */
export interface DigestRow {
  readonly seq: number;
  readonly kind: number;
  readonly actor: string;
  readonly asset: string | null;
  readonly after: number | null;
  readonly unless: number | null;
  readonly body: string;
}

/**
 * Digests pages of steps as they are handed over in order. Texts are preceded by their lengths, so that no shift of
 * letters from one field to the next gives the same bytes.
 */
export class PageDigests {
  #lines: string[] = [];
  readonly #pages: Digest[] = [];

  add(row: DigestRow): void {
    const { asset, actor, body } = row;
    const numbers = `${row.seq} ${row.kind} ${row.after ?? "-"} ${row.unless ?? "-"}`;
    const lengths = `${actor.length} ${asset?.length ?? "-"} ${body.length}`;
    this.#lines.push(`${numbers} ${lengths} ${actor}${asset ?? ""}${body}\n`);
    if (this.#lines.length === stepsPerPage) this.#close();
  }

  /** The digests of all pages, the last and shorter one included. */
  end(): readonly Digest[] {
    if (this.#lines.length > 0) this.#close();
    return this.#pages;
  }

  #close(): void {
    this.#pages.push(hash("sha256", this.#lines.join("")));
    this.#lines = [];
  }
}

/** The digest of the whole run. `header` is the canonical text as stored. */
export function runDigest(header: string, pages: readonly Digest[]): Digest {
  return hash("sha256", `handover run 1\n${hash("sha256", header)}\n${pages.join("\n")}\n`);
}
