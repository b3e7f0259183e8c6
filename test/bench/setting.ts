/** What every benchmark is given: how large to measure, a workshop for its files, and where to say how far it is. */
import type { Figure } from "./figure.ts";
import type { Scale } from "./flags.ts";
import type { Workshop } from "./workshop.ts";

export interface Setting {
  readonly scale: Scale;
  /** No run larger than this, where the time for the goal's own size is lacking: figures tell what they were measured at. */
  readonly most: number | undefined;
  readonly workshop: Workshop;
  readonly say: (text: string) => void;
}

export type Bench = (setting: Setting) => Promise<readonly Figure[]>;

/** The small or the full size of something, or as much of it as there is time for. */
export function sized({ scale, most = Infinity }: Setting, small: number, full: number): number {
  return Math.min(scale === "small" ? small : full, most);
}
