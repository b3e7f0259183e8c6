/** Judges the plan of an undo: it takes back what the run says it changed and what still stands, and nothing else (I6). */
import type { TenantState } from "../../src/emulator/state.ts";
import type { StepRow } from "../../src/journal/journal.ts";
import type { RunHeader } from "../../src/model/run.ts";

export function judgeUndo(
  done: readonly StepRow[],
  undo: readonly StepRow[],
  header: RunHeader,
  state: TenantState,
): readonly string[] {
  const found: string[] = [];
  const steps = new Map(undo.map(({ step }) => [step.kind === "transfer" ? "" : step.asset.name, step]));
  const refused = new Set(header.refusals.flatMap((refusal) => refusal.places));
  const isRefused = (row: StepRow): boolean =>
    row.step.sources.some((place) => [...refused].some((other) => other.line === place.line));
  for (const row of done) {
    if (row.step.kind !== "edit" || row.result === undefined) continue;
    const { name } = row.step.asset;
    const roles = state.assets.get(name)?.roles ?? new Map<string, readonly string[]>();
    const holds = (pair: { readonly role: string; readonly member: string }): boolean =>
      (roles.get(pair.role) ?? []).some((member) => member === pair.member);
    const wanted = [
      ...row.result.changed.add.filter(holds).map((pair) => `-${pair.role} ${pair.member}`),
      ...row.result.changed.remove.filter((pair) => !holds(pair)).map((pair) => `+${pair.role} ${pair.member}`),
    ].toSorted();
    if (
      row.result.newOwner !== undefined &&
      (roles.get("OWNER") ?? []).some((m) => m === `user:${row.result?.newOwner}`)
    ) {
      wanted.push(`owner ${row.step.owner ?? ""}`);
    }
    const step = steps.get(name);
    steps.delete(name);
    const got =
      step?.kind === "edit"
        ? [
            ...step.delta.add.map((pair) => `+${pair.role} ${pair.member}`),
            ...step.delta.remove.map((pair) => `-${pair.role} ${pair.member}`),
          ]
            .toSorted()
            .concat(step.attemptOwner === undefined ? [] : [`owner ${step.attemptOwner}`])
        : [];
    if (got.join() === wanted.join() || (step === undefined && isRefused(row))) continue;
    found.push(`I6: the undo of ${name} is [${got.join(", ")}], and should be [${wanted.join(", ")}]`);
  }
  for (const name of steps.keys()) found.push(`I6: the undo touches ${name}, which the run did not change`);
  return found;
}
