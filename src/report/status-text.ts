/** How far a run has come, from its file alone. */
import type { RunFacts } from "./rows.ts";
import type { Style } from "./style.ts";

/** `held`: another process is carrying the run out at this moment. */
export function statusText(facts: RunFacts, runName: string, held: boolean, style: Style): string[] {
  return [facts.digest, runName, String(held), String(style.width)];
}
