/** How a line of the hand-over sheet ends: it is needed, or the edit before it has made it needless. */
import type { RunReader } from "../journal/journal.ts";
import type { ByHandStep } from "../model/step.ts";
import { ended, result } from "./ending.ts";
import type { Ending } from "./ending.ts";

/** The line is needed unless the edit before it has moved the owner already. */
export async function endByHand(run: Pick<RunReader, "step">, step: ByHandStep): Promise<Ending> {
  const tried = step.unless === undefined ? undefined : await run.step(step.unless);
  const moved = tried?.result?.newOwner === step.to;
  const reason = moved ? "the owner was changed through the API" : "an owner change only a person can make";
  return ended(result(moved ? "unchanged" : "by-hand", step.actor, { reason }));
}
