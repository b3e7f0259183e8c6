/** Judges the plan of an undo: it takes back what the run says it changed and what its planner saw standing, and nothing else (I6). */
import type { StepRow } from "../../src/journal/journal.ts";
import type { RoleMap } from "../../src/model/permissions.ts";
import type { RunHeader } from "../../src/model/run.ts";
import type { Step } from "../../src/model/step.ts";
import { holdsPair, lastSeen, ownersOf, signedTexts } from "./pairs.ts";
import type { Sent } from "./wire.ts";

/** @param seen requests of the undo's planner: the answers it had are what it could know */
export function judgeUndo(
  done: readonly StepRow[],
  undo: readonly StepRow[],
  header: RunHeader,
  seen: readonly Sent[],
): readonly string[] {
  const found: string[] = [];
  const steps = new Map(undo.map(({ step }) => [step.kind === "transfer" ? "" : step.asset.name, step]));
  const refused = new Set(header.refusals.flatMap((refusal) => refusal.places.map((place) => place.line)));
  for (const row of done) {
    if (row.step.kind !== "edit" || row.result === undefined) continue;
    const { name } = row.step.asset;
    const step = steps.get(name);
    steps.delete(name);
    const isRefused = row.step.sources.some((place) => refused.has(place.line));
    if (step === undefined && isRefused) continue;
    const roles = lastSeen(
      seen.filter((each) => each.asset === name),
      Infinity,
    );
    const wanted = roles === undefined ? [] : wantedOf(row, roles);
    const got = step?.kind === "edit" ? gotOf(step) : [];
    if (got.join() === wanted.join()) continue;
    found.push(`I6: the undo of ${name} is [${got.join(", ")}], and should be [${wanted.join(", ")}]`);
  }
  for (const name of steps.keys()) found.push(`I6: the undo touches ${name}, which the run did not change`);
  return found;
}

function wantedOf({ step, result }: StepRow, roles: RoleMap): readonly string[] {
  if (result === undefined || step.kind !== "edit") return [];
  const wanted = [
    ...result.changed.add.filter((pair) => holdsPair(roles, pair)).map((pair) => `-${pair.role} ${pair.member}`),
    ...result.changed.remove.filter((pair) => !holdsPair(roles, pair)).map((pair) => `+${pair.role} ${pair.member}`),
  ].toSorted();
  const isOurs = result.newOwner !== undefined && ownersOf(roles).some((owner) => owner === `user:${result.newOwner}`);
  return isOurs ? [...wanted, `owner ${step.owner ?? ""}`] : wanted;
}

function gotOf(step: Extract<Step, { kind: "edit" }>): readonly string[] {
  const pairs = [...signedTexts(step.delta)].toSorted();
  return step.attemptOwner === undefined ? pairs : [...pairs, `owner ${step.attemptOwner}`];
}
