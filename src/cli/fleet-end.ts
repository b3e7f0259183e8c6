/** How a run that workers carried out has ended, as the words and the exit code of an apply. */
import { endOf } from "./worker-member.ts";
import { endedAtOnce, endedByMove } from "../journal/postgres/fleet.ts";
import type { Carrying } from "../journal/postgres/fleet.ts";
import type { ApplySummary } from "../engine/verbs.ts";
import type { Counts } from "../model/run.ts";
import { exitCode, exitCodes } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";

export function summaryOf(ended: NonNullable<Carrying["ended"]>, counts: Counts): ApplySummary {
  const reason = ended.reason === "" ? undefined : ended.reason;
  return { end: ended.end === "guard" ? "gate" : endOf(ended.end), reason, counts, blocked: [], ended: 0 };
}

export function codeOfEnd(ended: NonNullable<Carrying["ended"]>, counts: Counts): ExitCode {
  if (ended.end === "guard" || ended.end === endedByMove) return exitCodes.guard;
  if (ended.end === endedAtOnce) return exitCodes.forced;
  return exitCode({ kind: "apply", summary: summaryOf(ended, counts) });
}
