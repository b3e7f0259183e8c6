/** What keeps an apply from beginning: each guard names its rule, where the figure comes from, and how to lift it. */
import type { Api } from "../model/api.ts";
import { GuardError } from "../model/errors.ts";
import type { Setting } from "../model/guard.ts";
import type { Counts, RunHeader } from "../model/run.ts";
import { hazardsToAllow } from "../model/step.ts";
import type { HazardName } from "../model/step.ts";
import { durationText, timeText } from "../report/words.ts";

/** Whether anything of the run has been carried out: then its age no longer matters, every step reads before it writes. */
export function hasBegun(counts: Counts): boolean {
  return Object.entries(counts).some(([state, count]) => count > 0 && state !== "planned" && state !== "cancelled");
}

/** Throws when a run that has not begun is older than `ageMax`, in ms. */
export function guardAge(header: RunHeader, counts: Counts, now: number, ageMax: Setting<number>): void {
  const age = now - header.snapshotAt;
  if (hasBegun(counts) || age <= ageMax.value) return;
  const lifted = `${Math.ceil(age / 3_600_000) + 1}h`;
  const lift = ageMax.from.startsWith("--")
    ? `apply with ${ageMax.from} ${lifted}`
    : `raise it to ${lifted} in ${ageMax.from}`;
  throw new GuardError(
    "max-age",
    `the run rests on what was read ${durationText(age)} ago (${timeText(header.snapshotAt)}), and ${ageMax.from} permits ${durationText(ageMax.value)}`,
    `plan again, or ${lift}`,
  );
}

/** The hazards of the run that must be allowed by name and are not. */
export function hazardsLeft(header: RunHeader, allowed: ReadonlySet<HazardName>): readonly HazardName[] {
  return header.hazards
    .filter((hazard) => hazardsToAllow.has(hazard.name) && !allowed.has(hazard.name))
    .map((hazard) => hazard.name);
}

export function hazardsError(header: RunHeader, left: readonly HazardName[]): GuardError {
  const texts = header.hazards.filter((hazard) => left.includes(hazard.name)).map((hazard) => hazard.text);
  return new GuardError(
    "hazard",
    `the run holds what must be allowed by name: ${left.join(", ")}${texts.length === 0 ? "" : ` (${texts.join("; ")})`}`,
    `add ${left.map((name) => `--allow ${name}`).join(" ")}`,
  );
}

/** Throws when the credentials belong to another tenant than the run. One Directory read. */
export async function guardTenant(api: Api, header: RunHeader): Promise<void> {
  const { primary } = await api.directory.domains();
  if (primary === header.tenant) return;
  throw new GuardError(
    "tenant",
    `the run was planned for ${header.tenant}, and these credentials belong to ${primary}`,
    "use the key and administrator the run was planned with",
  );
}
