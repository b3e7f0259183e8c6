/** What is stored with a run that is handed to workers: everything whoever handed it over said of how it is to be carried out. */
import { z } from "zod";
import type { ApplyGuards } from "../engine/apply-guards.ts";
import { CallBudget } from "../engine/call-budget.ts";
import { RunFileError } from "../model/errors.ts";
import type { Setting } from "../model/guard.ts";
import type { ProtectRule } from "../model/request.ts";
import { parseTimeWindow } from "../model/window.ts";
import type { WindowRules } from "../model/window.ts";

export interface Handed {
  readonly guards: Omit<ApplyGuards, "calls" | "windows" | "waves" | "accept">;
  readonly calls: Setting<number> | undefined;
  /** All workers together may take so long, from when it was handed over. */
  readonly durationMs: number | undefined;
  readonly windows: WindowRules;
  readonly pausesAfterWave: boolean;
  /** Drift that the gate after a wave has shown is let through. */
  readonly acceptsDrift: boolean;
  readonly protect: readonly ProtectRule[];
  /** Steps at once by each worker, and as one user by all of them; undefined: as the worker says. */
  readonly concurrency: number | undefined;
  readonly perActor: number | undefined;
  /** Calls a second, over all workers. */
  readonly rate: number | undefined;
  readonly actorRate: number | undefined;
}

const setting = <Value extends z.ZodType>(value: Value) => z.object({ value, from: z.string() });
const amount = z.union([z.object({ count: z.number() }), z.object({ percent: z.number() })]);
const email = z.string();
const shape = z.object({
  version: z.literal(1),
  guards: z.object({
    failures: setting(z.number()).optional(),
    failureRate: setting(z.object({ percent: z.number(), over: z.number(), least: z.number() })).optional(),
    drift: setting(amount).optional(),
  }),
  calls: setting(z.number()).optional(),
  durationMs: z.number().optional(),
  windows: z.array(setting(z.array(z.string()))),
  pausesAfterWave: z.boolean(),
  acceptsDrift: z.boolean(),
  protect: z.array(
    z.object({
      id: z.string(),
      place: z.unknown(),
      owner: email.optional(),
      title: z.string().optional(),
      asset: z.string().optional(),
      member: z.string().optional(),
    }),
  ),
  concurrency: z.number().optional(),
  perActor: z.number().optional(),
  rate: z.number().optional(),
  actorRate: z.number().optional(),
});

export function handedText(handed: Handed): string {
  const windows = handed.windows.map(({ value, from }) => ({ value: value.map(({ text }) => text), from }));
  return JSON.stringify({ version: 1, ...handed, windows });
}

/** Throws RunFileError (`newer`) for what another version has written: its guards must not be dropped. */
export function handedIn(text: string, name: string): Handed {
  const read = shape.safeParse(parsed(text));
  const unknown = (): RunFileError =>
    new RunFileError(
      "newer",
      `the run ${name} was handed over by another version of handover, in words this one does not know`,
      "run workers of the version that handed it over",
    );
  if (!read.success) throw unknown();
  const { windows, protect, ...rest } = read.data;
  const rules = windows.map(({ value, from }) => ({
    value: value.map((each) => {
      const window = parseTimeWindow(each);
      if (!window.ok) throw unknown();
      return window.value;
    }),
    from,
  }));
  const { calls, durationMs, concurrency, perActor, rate, actorRate } = rest;
  return {
    ...rest,
    calls,
    durationMs,
    concurrency,
    perActor,
    rate,
    actorRate,
    windows: rules,
    // Written by ourselves, from what our own parsers made.
    protect: protect as unknown as readonly ProtectRule[],
  };
}

/** As the engine of one worker takes them; `budget` is its part of the calls. */
export function guardsOf(handed: Handed, budget: CallBudget | undefined): ApplyGuards {
  return {
    ...handed.guards,
    windows: handed.windows,
    calls: budget,
    waves: { sizes: undefined, pause: handed.pausesAfterWave, without: false },
    accept: { failures: false, drift: handed.acceptsDrift },
  };
}

export function budgetOf({ calls }: Handed): CallBudget | undefined {
  return calls === undefined ? undefined : CallBudget.shared(calls);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
