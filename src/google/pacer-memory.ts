/** What the pacer keeps across restarts, as plain data. */
import { z } from "zod";

export interface GateMemory {
  readonly gate: string;
  /** Undefined for the whole project. */
  readonly actor?: string | undefined;
  /** The limit learned, calls a minute. */
  readonly limitPerMinute?: number | undefined;
  /** Wall ms before which the server wants no calls. */
  readonly notBeforeMs?: number | undefined;
}

export interface PacerMemory {
  readonly gates: readonly GateMemory[];
}

const memory = z.object({
  gates: z.array(
    z.object({
      gate: z.string(),
      actor: z.string().optional(),
      limitPerMinute: z.number().positive().optional(),
      notBeforeMs: z.number().optional(),
    }),
  ),
});

/** The entries of a memory; none when it is not one, because the pacer can learn everything again. */
export function parsePacerMemory(remembered: unknown): readonly GateMemory[] {
  const parsed = memory.safeParse(remembered);
  return parsed.success ? parsed.data.gates : [];
}
