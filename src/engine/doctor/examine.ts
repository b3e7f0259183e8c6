/** Makes a list of checks: each as soon as what it rests on has passed, all within their time, and none of them throws. */
import type { Clock } from "../../model/clock.ts";
import type { Check, CheckFinding, CheckResult, Verdict } from "../../model/doctor.ts";
import { unknown, unknownBecause } from "../../model/doctor.ts";
import { printable } from "../../model/text.ts";

export interface ExamineOptions {
  readonly clock: Clock;
  /** For one check, from when what it rests on has passed. */
  readonly checkMs: number;
  /** For all of them; what has not been looked at by then is skipped and says so. */
  readonly totalMs: number;
  /** Fires when the user asks to stop. */
  readonly stop?: AbortSignal | undefined;
}

/** The results, in the order of `checks`. A check that needs one which is not in the list before it is a fault of ours. */
export async function examine(checks: readonly Check[], options: ExamineOptions): Promise<readonly CheckResult[]> {
  const endsAt = options.clock.monotonic() + options.totalMs;
  const under = new Map<string, Promise<CheckResult>>();
  for (const check of checks) under.set(check.id, make(check, under, endsAt, options));
  return Promise.all(under.values());
}

async function make(
  check: Check,
  earlier: ReadonlyMap<string, Promise<CheckResult>>,
  endsAt: number,
  options: ExamineOptions,
): Promise<CheckResult> {
  const { id, group, title, isNeeded } = check;
  const finding = await find(check, [...earlier], endsAt, options);
  return { id, group, title, isNeeded, ...finding, area: finding.area ?? check.area };
}

async function find(
  check: Check,
  earlier: readonly (readonly [string, Promise<CheckResult>])[],
  endsAt: number,
  options: ExamineOptions,
): Promise<CheckFinding> {
  const pending = new Map(earlier);
  const results = new Map<string, CheckResult>();
  for (const id of [...check.needs, ...(check.after ?? [])]) {
    const result = await pending.get(id);
    if (result === undefined) throw new Error(`${check.id} rests on ${id}, which is not among the checks before it`);
    results.set(id, result);
  }
  const hindrance = check.needs.map((id) => results.get(id)).find((result) => !isMet(result));
  // The root of the row is named: what stands in between was not looked at either.
  if (hindrance !== undefined) return unknownBecause(hindrance.because ?? hindrance.id);
  const verdictOf = (id: string): Verdict => {
    const result = results.get(id);
    return isMet(result) ? "pass" : (result?.verdict ?? "unknown");
  };
  const roomMs = Math.min(options.checkMs, endsAt - options.clock.monotonic());
  if (options.stop?.aborted === true) return unknown("not looked at: stopped on request");
  if (roomMs <= 0) return unknown("not looked at: the time for the whole examination was used up");
  return withinTime(check, verdictOf, roomMs, options);
}

/** What is merely advised stands in nobody's way. */
function isMet(result: CheckResult | undefined): boolean {
  return result?.verdict === "pass" || result?.isAdvice === true;
}

async function withinTime(
  check: Check,
  verdictOf: (id: string) => Verdict,
  roomMs: number,
  { clock, stop }: ExamineOptions,
): Promise<CheckFinding> {
  const done = new AbortController();
  const onStop = (): void => done.abort();
  stop?.addEventListener("abort", onStop, { once: true });
  const late = clock.sleep(roomMs, done.signal).then(() => {
    const seconds = Math.max(1, Math.round(roomMs / 1000));
    return stop?.aborted === true
      ? unknown("not looked at: stopped on request")
      : unknown(`no result within ${seconds} s`);
  });
  try {
    return await Promise.race([look(check, verdictOf), late]);
  } finally {
    stop?.removeEventListener("abort", onStop);
    done.abort();
  }
}

async function look(check: Check, verdictOf: (id: string) => Verdict): Promise<CheckFinding> {
  try {
    return await check.look(verdictOf);
  } catch (error) {
    // Whatever stumbles, the others go on: a doctor that ends early leaves everything untold.
    const problem = error instanceof Error ? error.message : String(error);
    return unknown(`the check itself stumbled: ${printable(problem, 300)}`, {
      action: "this is a fault of handover: report it with what is printed here",
    });
  }
}
