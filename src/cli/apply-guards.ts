/** The guards of an apply: its options, what of settings and options is in force, and what they refuse before anything is sent. */
import { dayMs } from "../model/clock.ts";
import type { Command } from "commander";
import type { ApplyGuards } from "../engine/apply-guards.ts";
import { CallBudget } from "../engine/call-budget.ts";
import { callsName, closedText } from "../engine/guarding.ts";
import { recallWaves } from "../engine/waves.ts";
import type { Journal } from "../journal/journal.ts";
import { GuardError, UsageError } from "../model/errors.ts";
import { amountText, parseAmount, stricter } from "../model/guard.ts";
import type { Amount } from "../model/guard.ts";
import type { Counts } from "../model/run.ts";
import { printable } from "../model/text.ts";
import { closedWindow, parseTimeWindow } from "../model/window.ts";
import type { TimeWindow, WindowRules } from "../model/window.ts";
import { collectWhole, count, countOrNone, duration } from "./flags.ts";
import { addLimitOptions, amount, byFlag, limitsByFlag, percent, strictestLimits } from "./guard-flags.ts";
import type { LimitFlags } from "./guard-flags.ts";
import type { GuardSettings } from "./guard-settings.ts";
import { failureRateLeast, failureRateOver, stricterDrift, stricterRate } from "./guard-settings.ts";
import { guardAge } from "./guards.ts";

export interface ApplyGuardFlags extends LimitFlags {
  readonly maxFailures?: number;
  readonly maxFailureRate?: number;
  readonly maxDrift?: Amount;
  readonly maxAge?: number;
  readonly maxCalls?: number;
  readonly maxDuration?: number;
  readonly window?: readonly string[];
  readonly outsideWindow?: boolean;
  readonly acceptFailures?: boolean;
  readonly acceptDrift?: boolean;
  /** False: `--no-canary`. */
  readonly canary?: string | false;
  readonly pauseAfterWave?: boolean;
}

/** What the options of an apply say of guards. */
export interface ApplyGuardOptions {
  readonly flags: ApplyGuardFlags;
  readonly windows: readonly TimeWindow[] | undefined;
  readonly canary: readonly Amount[] | undefined;
}

export function addApplyGuards(command: Command): Command {
  return addLimitOptions(command)
    .option("--max-age <time>", "do not begin a run planned longer ago than this (default 24h)", duration)
    .option("--max-failures <n>", "stop after this many failed steps", countOrNone)
    .option("--max-failure-rate <p>", "stop when more of the last 200 steps failed, such as 5%", percent)
    .option("--max-drift <n>", "stop when more assets, or more of the steps (5%), changed since the plan", amount)
    .option("--accept-failures", "go on although steps failed: they are known, and counting begins anew")
    .option("--accept-drift", "go on although assets changed: they are known, and counting begins anew")
    .option("--max-calls <n>", "pause when this many calls were made", count)
    .option("--max-duration <time>", "take no new step after this long, such as 90m", duration)
    .option("--window <hours>", 'only within these hours, such as "Sat 00:00-Sun 24:00 Europe/Berlin"', collectWhole)
    .option("--outside-window", "carry it out although a window is closed")
    .option("--canary <sizes>", "in waves, each read back before the next: 1,5%,100%")
    .option("--no-canary", "without the waves that the run is divided into")
    .option("--pause-after-wave", "end after each wave; the same command goes on with the next");
}

/** Throws UsageError for windows and waves that are none. */
export function applyGuardOptions(flags: ApplyGuardFlags): ApplyGuardOptions {
  if (flags.outsideWindow === true && flags.window !== undefined) {
    throw new UsageError("--window and --outside-window contradict each other", "leave one of them out");
  }
  return { flags, windows: flags.window?.map(windowOf), canary: flags.canary ? sizesOf(flags.canary) : undefined };
}

function windowOf(text: string): TimeWindow {
  const parsed = parseTimeWindow(text);
  if (parsed.ok) return parsed.value;
  throw new UsageError(`--window: ${parsed.problem}`, parsed.remedy);
}

/** `1,5%,100%`: rising, as far as can be said before the steps are known; 100 % only last. */
function sizesOf(text: string): readonly Amount[] {
  const wrong = (problem: string): UsageError =>
    new UsageError(`--canary: ${problem}`, "write such as 1,5%,100%: numbers or shares of the steps, rising");
  const sizes = text.split(",").map((part) => {
    const size = parseAmount(part);
    if (size !== undefined && (size.count ?? size.percent) > 0) return size;
    throw wrong(`${JSON.stringify(printable(part))} is no size of a wave`);
  });
  for (const [index, size] of sizes.entries()) {
    const before = sizes[index - 1];
    if (before === undefined) continue;
    const falls =
      before.percent === undefined
        ? size.count !== undefined && size.count <= before.count
        : size.percent === undefined
          ? before.percent === 100
          : size.percent <= before.percent;
    if (falls) throw wrong(`${amountText(size)} is not more than ${amountText(before)}`);
  }
  return sizes;
}

/** What is in force for this apply. */
export interface GuardsInForce {
  readonly engine: ApplyGuards;
  readonly durationMs: number | undefined;
}

/**
 * What settings and options say together, the strictest of each. Throws GuardError when the run may not begin now, and
 * UsageError for waves other than those the run has. What somebody lifted by name goes into the audit chain.
 */
export async function holdGuards(
  journal: Journal,
  counts: Counts,
  settings: GuardSettings,
  { flags, windows, canary }: ApplyGuardOptions,
  now: number,
): Promise<GuardsInForce> {
  const isOpen = counts.planned + counts["in-flight"] > 0;
  const age = flags.maxAge === undefined ? settings.ageMs : stricter(byFlag(flags.maxAge, "--max-age"), settings.ageMs);
  const rules: WindowRules = [
    ...(windows === undefined ? [] : [{ value: windows, from: "--window" }]),
    ...(flags.outsideWindow === true ? [] : settings.windows),
  ];
  if (isOpen) {
    const bounds = strictestLimits(settings.limits, limitsByFlag(flags));
    if (Object.keys(bounds.limits).length > 0) {
      const { guardLimits } = await import("./guard-limits.ts");
      guardLimits(journal.header, bounds);
    }
    guardAge(journal.header, counts, now, age ?? { value: dayMs, from: "--max-age" });
    guardWindow(rules, now);
    await guardWaves(journal, canary);
  }
  if (isOpen && flags.outsideWindow === true && settings.windows.length > 0) {
    await journal.note("outside-window", { windows: settings.windows.map(({ from }) => from).join(", ") });
  }
  const calls = stricter(byFlag(flags.maxCalls, "--max-calls"), settings.budgets.calls);
  return {
    durationMs: stricter(byFlag(flags.maxDuration, "--max-duration"), settings.budgets.durationMs)?.value,
    engine: {
      failures: stricter(byFlag(flags.maxFailures, "--max-failures"), settings.limits.failures),
      failureRate: stricterRate(rateByFlag(flags), settings.failureRate),
      drift: stricterDrift(byFlag(flags.maxDrift, "--max-drift"), settings.drift),
      windows: rules,
      calls: calls === undefined ? undefined : new CallBudget(calls, await spentBefore(journal)),
      waves: { sizes: canary, pause: flags.pauseAfterWave === true, without: flags.canary === false },
      accept: { failures: flags.acceptFailures === true, drift: flags.acceptDrift === true },
    },
  };
}

function rateByFlag({ maxFailureRate }: ApplyGuardFlags): GuardSettings["failureRate"] {
  if (maxFailureRate === undefined) return undefined;
  const value = { percent: maxFailureRate, over: failureRateOver, least: failureRateLeast };
  return { value, from: "--max-failure-rate" };
}

/** Calls of processes that were killed, as far as they came to keep them: since a process last ended by itself. */
async function spentBefore(journal: Journal): Promise<number> {
  const spent = Number((await journal.kept(callsName)) ?? "0");
  return Number.isSafeInteger(spent) && spent >= 0 ? spent : 0;
}

function guardWindow(rules: WindowRules, now: number): void {
  const closed = closedWindow(rules, now);
  if (closed === undefined) return;
  throw new GuardError(
    "window",
    closedText(rules, closed, now),
    closed.from === "--window"
      ? "wait, or leave --window out"
      : `wait, or carry it out now on purpose: --outside-window`,
  );
}

/** The waves of a run are chosen once. */
async function guardWaves(journal: Journal, canary: readonly Amount[] | undefined): Promise<void> {
  const kept = await recallWaves(journal);
  if (kept === undefined || canary === undefined) return;
  if (!kept.dropped && kept.sizes.join() === canary.map(amountText).join()) return;
  throw new UsageError(
    kept.dropped
      ? "the waves of this run have been given up with --no-canary"
      : `this run is divided into waves already: ${kept.sizes.join(", ")}`,
    "leave --canary out to go on, or --no-canary to go on without waves",
  );
}
