/** Showing a run before it is carried out, or why there is none: the same view for `plan`, `undo` and `show`. */
import type { PlanOutcome } from "../engine/verbs.ts";
import type { RunReader } from "../journal/journal.ts";
import { matchedNothingText, overLimitText, refusedText } from "../report/diagnostics-text.ts";
import { planJson } from "../report/json.ts";
import { planFoot, planHead, planMore, planStep } from "../report/plan-text.ts";
import { planSteps } from "../report/plan-steps.ts";
import { pagesOf } from "../report/rows.ts";
import type { Context } from "./context.ts";
import { typedCommand } from "./files.ts";
import { print, printText, styleOf } from "./output.ts";

export interface PlanViewOptions {
  readonly json: boolean;
  /** Every step, not only the first ones. */
  readonly all: boolean;
  readonly color: boolean;
}

/** Steps read for the short view, where alike ones stand together; `--all` shows every step by itself. */
const stepsShownMax = 400;

/** `name` is the run as it is to be typed. */
export async function showRun(context: Context, run: RunReader, name: string, view: PlanViewOptions): Promise<void> {
  const { header, digest } = run;
  if (view.json) {
    const plan = { verdict: "made", header, digest, runName: name, breaches: [] } as const;
    for await (const piece of planJson(plan, pagesOf(run))) await printText(context.stdout, piece);
    return;
  }
  const style = styleOf(context, context.stdout, view.color);
  await print(context.stdout, planHead(header, name, style));
  let shown = 0;
  for await (const page of pagesOf(run, {}, view.all ? 500 : stepsShownMax)) {
    const steps = page.map((row) => row.step);
    const lines = view.all ? steps.flatMap((step) => planStep(step, header, style)) : planSteps(steps, header, style);
    await print(context.stdout, lines);
    shown += page.length;
    if (!view.all || !context.stdout.writable) break;
  }
  await print(context.stdout, [...planMore(shown, header, name, style), ...planFoot(header, digest, name, style)]);
}

/** Why planning left no run behind. */
export async function showNoRun(
  context: Context,
  outcome: Exclude<PlanOutcome, { readonly kind: "made" }>,
  name: string,
  view: PlanViewOptions,
): Promise<void> {
  const { header } = outcome;
  const breaches = outcome.kind === "over-limit" ? outcome.breaches : [];
  if (view.json) {
    const plan = { verdict: outcome.kind, header, digest: undefined, runName: name, breaches } as const;
    for await (const piece of planJson(plan, noPages())) await printText(context.stdout, piece);
    return;
  }
  const style = styleOf(context, context.stderr, view.color);
  switch (outcome.kind) {
    case "refused":
      return print(context.stderr, refusedText(header, typedCommand(context), style));
    case "over-limit":
      return print(context.stderr, overLimitText(header, breaches, style));
    case "matched-nothing":
      return print(context.stderr, matchedNothingText(header, style));
  }
}

async function* noPages(): AsyncGenerator<never> {}
