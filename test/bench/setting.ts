/** What every benchmark is given: how large to measure, a workshop for its files, and where to say how far it is. */
import type { Figure } from "./figure.ts";
import type { Scale } from "./flags.ts";
import type { Workshop } from "./workshop.ts";

export interface Setting {
  readonly scale: Scale;
  readonly workshop: Workshop;
  readonly say: (text: string) => void;
}

export type Bench = (setting: Setting) => Promise<readonly Figure[]>;

/** The small or the full size of something. */
export function sized({ scale }: Setting, small: number, full: number): number {
  return scale === "small" ? small : full;
}
