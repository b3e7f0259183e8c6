/** The limits of whoever applies a run, held against what it does. */
import { GuardError } from "../model/errors.ts";
import type { LimitPlaces, Limits } from "../model/request.ts";
import type { RunHeader } from "../model/run.ts";
import { breaches } from "../plan/compile/totals.ts";
import { breachRemedy, breachText, limitNames } from "../report/diagnostics-text.ts";

/** Throws when the run goes beyond a limit of whoever applies it. An undo reads nothing but its own assets: no share of them counts. */
export function guardLimits(
  header: RunHeader,
  { limits, limitsFrom }: { readonly limits: Limits; readonly limitsFrom: LimitPlaces },
): void {
  const known = header.undoOf === undefined ? limits : { ...limits, percentOfAssets: undefined };
  const broken = breaches(known, header.totals, header.coverage.assetsRead, limitsFrom);
  const [first] = broken;
  if (first === undefined) return;
  throw new GuardError(
    broken.map(({ limit }) => limitNames[limit]),
    `the run is over a limit: ${broken.map(breachText).join("; ")}`,
    `look at it with handover show; then ${broken.map(breachRemedy).join("; ")}`,
  );
}
