/** A sequence of slots as text that outlasts a process, times on the clock of whoever keeps it. */
import { z } from "zod";
import { Spacing } from "./spacing.ts";
import type { SpacingState } from "./spacing.ts";
import type { Quota } from "./pace.ts";

/** How far behind its slots a shared gate may be: what was handed out is used a little later still. */
const sharedCatchUpMs = 100;
/** No server asks for more than an hour here, so that a clock that was turned back cannot stop a run for longer. */
const holdMaxMs = 3_600_000;
/** A cell nobody has used for so long says nothing of the quota that is in force now. */
const idleMs = 60_000;

// JSON has no infinity.
const figure = z
  .union([z.number(), z.literal("inf"), z.literal("-inf")])
  .transform((value) => (value === "inf" ? Infinity : value === "-inf" ? -Infinity : value));
const reason = z.enum(["configured", "told", "measured", "cut", "rising"]);
const stored = z.object({
  quota: z.object({ perMinute: figure, known: z.boolean() }),
  pace: z.object({
    perMinute: figure,
    ceiling: figure,
    limit: z
      .number()
      .nullable()
      .transform((limit) => limit ?? undefined),
    reason,
    slowedAt: figure,
    streak: z.number(),
    level: z.number(),
    acceptedThen: z.number(),
    recoveredAt: figure,
    raiseAt: figure,
    step: z.number(),
  }),
  lastSlot: z.number(),
  startedAt: z.number(),
  serverHold: figure,
  ownHold: figure,
  tally: z.object({ counts: z.array(z.number().nullable()), second: z.number() }),
});

export function spacingText({ state }: Spacing): string {
  const kept = { ...state, pace: { ...state.pace, limit: state.pace.limit ?? null } };
  return JSON.stringify(kept, (_, value: unknown) => {
    if (value === Infinity) return "inf";
    return value === -Infinity ? "-inf" : value;
  });
}

/**
 * The sequence as it was left, or a new one that starts empty: for a text nobody can read the pace is learned again.
 * `isNewcomer`: whoever asks has not met it yet; the stricter of two quotas then holds.
 */
export function spacingOf(text: string | undefined, quota: Quota, now: number, isNewcomer: boolean): Spacing {
  const state = text === undefined ? undefined : stateIn(text);
  if (state === undefined) return new Spacing(quota, now, sharedCatchUpMs);
  const { lastSlot, serverHold, ownHold } = state;
  // What was handed out lies a second ahead at most, and a pause of its own takes half a minute.
  const spacing = new Spacing(quota, now, sharedCatchUpMs, {
    ...state,
    lastSlot: Math.min(lastSlot, now + 60_000),
    serverHold: Math.min(serverHold, now + holdMaxMs),
    ownHold: Math.min(ownHold, now + 60_000),
  });
  const differs = quota.perMinute !== spacing.quota.perMinute || quota.known !== spacing.quota.known;
  const isStricter = quota.known && (!spacing.quota.known || quota.perMinute < spacing.quota.perMinute);
  if (differs && (lastSlot < now - idleMs || (isNewcomer && isStricter))) spacing.setQuota(quota, now);
  return spacing;
}

function stateIn(text: string): SpacingState | undefined {
  try {
    const read = stored.safeParse(JSON.parse(text));
    return read.success ? read.data : undefined;
  } catch {
    return undefined;
  }
}
