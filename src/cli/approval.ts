/** Whether an apply may begin: options that allow it, or a person at the terminal who says so. */
import type { Journal } from "../journal/journal.ts";
import { GuardError } from "../model/errors.ts";
import type { Counts } from "../model/run.ts";
import type { HazardName } from "../model/step.ts";
import type { Context } from "./context.ts";
import { hazardsError, hazardsLeft, hasBegun } from "./guards.ts";
import { print, styleOf } from "./output.ts";
import { canAsk, confirm, confirmByTyping } from "./prompt.ts";

export interface Approval {
  readonly yes: boolean;
  readonly allow: ReadonlySet<HazardName>;
  readonly json: boolean;
  readonly color: boolean;
}

/**
 * False when the person says no. Throws `GuardError` when nobody can be asked and the options do not allow it. What was
 * allowed, and how, goes into the audit chain.
 */
export async function approve(
  context: Context,
  given: Approval,
  journal: Journal,
  name: string,
  counts: Counts,
): Promise<boolean> {
  const { header } = journal;
  if (counts.planned + counts["in-flight"] === 0) return true;
  const left = hazardsLeft(header, given.allow);
  const asks = !given.yes && canAsk(context) && !given.json;
  if (left.length > 0 && !asks) throw hazardsError(header, left);
  if (!given.yes && !asks) {
    throw new GuardError(
      "approval",
      "nobody is at a terminal to confirm, and --yes is not given",
      "look at the run with handover show, then add --yes",
    );
  }
  if (asks) {
    const { planHead, planSums } = await import("../report/plan-text.ts");
    const style = styleOf(context, context.stderr, given.color);
    await print(context.stderr, [
      ...planHead(header, name, style),
      ...planSums(header, journal.digest, name, style),
      "",
    ]);
    const agreed =
      left.length > 0
        ? await confirmByTyping(context, `This run holds: ${left.join(", ")}.`, header.tenant)
        : await confirm(context, hasBegun(counts) ? "Go on with this run?" : "Carry out this run?");
    if (!agreed) return false;
  }
  await journal.note("approved", {
    by: asks ? "terminal" : "options",
    allowed: [...given.allow, ...left].toSorted().join(","),
  });
  return true;
}
