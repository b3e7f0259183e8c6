/**
 * Judges a run by the emulator's own history (reliability.md 2.1), with arithmetic of its own. What Handover says of the
 * run is among what is judged.
 */
import type { HistoryChange, Roles, TenantView } from "../support/process.ts";
import type { DeltaText, ReportText, StepText } from "./evidence.ts";

export interface Facts {
  readonly report: ReportText;
  /** Changes on the server from the beginning of the apply. */
  readonly changes: readonly HistoryChange[];
  readonly tenant: TenantView;
  /** Transfers that were there before. */
  readonly jobsBefore: number;
}

const good: ReadonlySet<string> = new Set(["applied", "confirmed", "unchanged"]);
const ourWrites = "assets.updatePermissions";

export function judge(facts: Facts): readonly string[] {
  const { report, changes } = facts;
  const edits = new Map(report.steps.filter(isEdit).map((step) => [step.asset?.name ?? "", step]));
  return [
    ...changes.flatMap((change) => judgeChange(change, edits.get(change.asset))),
    ...report.steps.flatMap((step) =>
      judgeStep(step, facts).map((text) => `${text} (step ${step.seq}, ${step.state})`),
    ),
    ...judgeJobs(facts),
    ...(report.audit?.firstBad === undefined ? [] : [`I8: the audit chain breaks at row ${report.audit.firstBad}`]),
  ];
}

function isEdit(step: StepText): boolean {
  return step.kind === "edit";
}

/** I1, I2 and writes that change nothing. */
function judgeChange(change: HistoryChange, step: StepText | undefined): readonly string[] {
  const owners = change.after.filter(([role]) => role === "OWNER").flatMap(([, members]) => members);
  const found = owners.length === 1 ? [] : [`I1: ${change.asset} has the owners [${owners.join()}]`];
  if (change.via !== ourWrites) return found;
  const made = madeBy(change);
  const asked = new Set(step?.delta === undefined ? [] : signed(step.delta));
  const outside = made.filter((pair) => !asked.has(pair));
  if (outside.length > 0) found.push(`I2: ${change.asset}: ${outside.join(", ")} is not in the plan`);
  if (made.length === 0) found.push(`I3: ${change.asset}: a write that changes nothing`);
  return found;
}

function judgeStep(step: StepText, facts: Facts): readonly string[] {
  const { state, result, kind } = step;
  if (state === "planned" || state === "in-flight") return ["I7: it has not ended"];
  if (result === undefined) return ["I8: it has no result"];
  if (kind === "by-hand") return state === "by-hand" ? [] : ["a line by hand is something else"];
  if (kind === "transfer") return judgeTransfer(step, facts);
  return judgeEdit(step, facts);
}

function judgeEdit(step: StepText, { changes, tenant }: Facts): readonly string[] {
  const name = step.asset?.name ?? "";
  const claims = new Set(signed(step.result?.changed ?? { add: [], remove: [] }));
  const ours = new Map<string, number>();
  for (const change of changes) {
    if (change.asset !== name || change.via !== ourWrites) continue;
    for (const pair of madeBy(change)) ours.set(pair, (ours.get(pair) ?? 0) + 1);
  }
  const found: string[] = [];
  for (const [pair, times] of ours) {
    if (times > 1) found.push(`I3: ${pair} took effect ${times} times`);
    if (!claims.has(pair)) found.push(`I4b: ${pair} was made and is not in the result`);
  }
  for (const pair of claims) if (!ours.has(pair)) found.push(`I3b: ${pair} is claimed and never happened`);
  if (good.has(step.state)) {
    const held = pairsOf(tenant.assets.find((asset) => asset.name === name)?.roles ?? []);
    const missing = signed(step.delta ?? { add: [], remove: [] }).filter(
      (pair) => held.has(pair.slice(1)) !== isAdded(pair),
    );
    if (missing.length > 0) found.push(`I3b: called done, and ${missing.join(", ")} is not so`);
    if ((step.state === "unchanged") !== (claims.size === 0)) found.push(`I4c: claims ${claims.size} changes`);
  } else {
    // Nothing in this weather refuses a change for good.
    found.push(`ended ${step.state}: ${step.result?.failure ?? ""} ${step.result?.reason ?? ""}`);
  }
  return found;
}

function judgeTransfer(step: StepText, { tenant }: Facts): readonly string[] {
  if (!good.has(step.state)) return [`ended ${step.state}: ${step.result?.failure ?? ""} ${step.result?.reason ?? ""}`];
  const owner = `user:${step.from?.email ?? ""}`;
  const left = tenant.assets.filter((asset) => !asset.trashed && pairsOf(asset.roles).has(`OWNER ${owner}`));
  return left.length === 0 ? [] : [`I3b: called done, and ${owner} owns ${left.length} assets`];
}

/** Each planned transfer once, and no other. */
function judgeJobs({ report, tenant, jobsBefore }: Facts): readonly string[] {
  const found: string[] = [];
  const jobs = tenant.transfers.slice(jobsBefore);
  const steps = report.steps.filter((step) => step.kind === "transfer");
  const isOf = (step: StepText, job: (typeof jobs)[number]): boolean =>
    step.from?.id === job.oldOwnerUserId && step.to?.id === job.newOwnerUserId;
  for (const step of steps) {
    const count = jobs.filter((job) => isOf(step, job)).length;
    if (count > 1) found.push(`I3: ${count} jobs move what ${step.from?.email ?? ""} owns`);
  }
  if (!jobs.every((job) => steps.some((step) => isOf(step, job)))) found.push("I2: a transfer is not in the plan");
  return found;
}

/**
 * I6: what an apply made is as it was before it. Left out is what a transfer changed, which nobody can take back, and the
 * assets whose undo was refused with its reason.
 */
export function judgeRestored(
  applied: readonly HistoryChange[],
  since: readonly HistoryChange[],
  tenant: TenantView,
  isRefused: (asset: string) => boolean,
): readonly string[] {
  const found: string[] = [];
  const first = new Map<string, boolean>();
  for (const change of applied) {
    if (change.via !== ourWrites) continue;
    for (const pair of madeBy(change)) {
      const key = `${change.asset} ${pair.slice(1)}`;
      if (!first.has(key)) first.set(key, !isAdded(pair));
    }
  }
  const others = new Set(
    [...applied, ...since]
      .filter((change) => change.via !== ourWrites)
      .flatMap((change) => madeBy(change).map((pair) => `${change.asset} ${pair.slice(1)}`)),
  );
  for (const [key, wasHeld] of first) {
    const [name = ""] = key.split(" ");
    if (others.has(key) || isRefused(name)) continue;
    const asset = tenant.assets.find((each) => each.name === name);
    const isHeld = pairsOf(asset?.roles ?? []).has(key.slice(name.length + 1));
    if (isHeld !== wasHeld) found.push(`I6: ${key} ${wasHeld ? "was held before and is not" : "is still held"}`);
  }
  return found;
}

function isAdded(pair: string): boolean {
  return pair.startsWith("+");
}

/** `+EDITOR user:…` and `-EDITOR user:…`. */
function signed(delta: DeltaText): readonly string[] {
  const text = ({ role, member }: { readonly role: string; readonly member: string }): string => `${role} ${member}`;
  return [...delta.add.map((pair) => `+${text(pair)}`), ...delta.remove.map((pair) => `-${text(pair)}`)];
}

function pairsOf(roles: Roles): ReadonlySet<string> {
  return new Set(roles.flatMap(([role, members]) => members.map((member) => `${role} ${member}`)));
}

function madeBy(change: HistoryChange): readonly string[] {
  const before = pairsOf(change.before);
  const after = pairsOf(change.after);
  return [
    ...[...after].filter((pair) => !before.has(pair)).map((pair) => `+${pair}`),
    ...[...before].filter((pair) => !after.has(pair)).map((pair) => `-${pair}`),
  ];
}
