/** The problems found in the plan files of one command: the first are kept with their places, the rest are counted. */
import type { Parsed } from "../model/brand.ts";
import type { Diagnostic, Place } from "../model/diagnostic.ts";
import { printable } from "../model/text.ts";

/** Diagnostics kept; whoever has more problems than this does not read them one by one. */
const keptMax = 1000;
/** Characters shown of one problem: foreign text is quoted in it. */
const shownMax = 400;

export class Problems {
  readonly #kept: Diagnostic[] = [];
  #omitted = 0;

  add(place: Place, problem: string, remedy: string): void {
    if (this.#kept.length >= keptMax) {
      this.#omitted += 1;
      return;
    }
    this.#kept.push({ place, problem: printable(problem, shownMax), remedy: printable(remedy, shownMax) });
  }

  /** The value, or undefined once what is wrong with it has been added under the name of its field. */
  value<T>(parsed: Parsed<T>, place: Place, field: string): T | undefined {
    if (parsed.ok) return parsed.value;
    this.add(place, `${field}: ${parsed.problem}`, parsed.remedy);
    return undefined;
  }

  get count(): number {
    return this.#kept.length + this.#omitted;
  }

  get kept(): readonly Diagnostic[] {
    return this.#kept;
  }

  /** Problems found beyond those kept. */
  get omitted(): number {
    return this.#omitted;
  }
}
