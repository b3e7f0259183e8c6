/** The `live` document as it comes from a socket: checked before anything of it is shown. */
import { z } from "zod";
import { noCounts } from "../model/run.ts";
import { slownessKinds } from "../model/slowness.ts";
import type { LiveRun } from "../report/live.ts";

const text = z.string().max(4096);
const figure = z.number().min(0);
const count = z.int().min(0);
const counts = z.object(
  Object.fromEntries(Object.keys(noCounts).map((state) => [state, count])) as Record<
    keyof typeof noCounts,
    typeof count
  >,
);

const live = z.object({
  type: z.literal("live"),
  version: z.literal(1),
  at: text,
  run: text,
  runId: text,
  tenant: text,
  digest: text,
  standing: z.enum(["under-way", "paused", "stopping"]),
  counts,
  underWay: z.object({ steps: count, waiting: count, transfers: count }),
  concurrency: count,
  stepsPerSecond: figure.nullable(),
  timeLeftMs: figure.nullable(),
  rates: z.array(z.object({ calls: text, perSecond: figure.nullable(), waiting: count })).max(20),
  slowness: z.object({
    kind: z.enum(slownessKinds),
    text,
    sinceMs: figure.optional(),
    untilMs: figure.optional(),
    by: text.optional(),
    calls: text.optional(),
    perSecond: figure.optional(),
    count: figure.optional(),
    user: text.optional(),
  }),
});

/** Undefined when it is no such document. */
export function readLive(value: unknown): LiveRun | undefined {
  const read = live.safeParse(value);
  return read.success ? read.data : undefined;
}
