/**
 * Judges one carrying-out of a run by what happened on the server (reliability.md 2.1), with arithmetic of its own on
 * signed pairs such as `+EDITOR user:…`; what the journal says is among what is judged.
 */
import type { TransferRecord } from "../../src/emulator/data-transfer.ts";
import type { Change, TenantState } from "../../src/emulator/state.ts";
import type { StepRow } from "../../src/journal/journal.ts";
import type { EditStep, StepResult, TransferStep } from "../../src/model/step.ts";
import type { Sent } from "./ground.ts";

export interface Evidence {
  readonly rows: readonly StepRow[];
  readonly changes: readonly Change[];
  /** What people have done since the plan was made. */
  readonly meanwhile: readonly Change[];
  readonly sent: readonly Sent[];
  readonly jobs: readonly TransferRecord[];
  readonly state: TenantState;
  readonly attemptsMax: number;
  /** Whether every step must have ended. */
  readonly isOver: boolean;
}

type Roles = ReadonlyMap<string, readonly string[]>;

const good: ReadonlySet<string> = new Set(["applied", "confirmed", "unchanged"]);
/** Failures of a transfer that say what came of a job that was there. */
const seenToFail: ReadonlySet<string> = new Set(["transfer-failed", "transfer-incomplete"]);
const byPatch = "assets.updatePermissions";

function pairsOf(roles: Roles): readonly string[] {
  return [...roles].flatMap(([role, members]) => members.map((member) => `${role} ${member}`));
}

/** The pairs a change of roles made, each with its sign. */
function signed(before: Roles, after: Roles): readonly string[] {
  const [was, is] = [pairsOf(before), pairsOf(after)];
  return [
    ...is.filter((pair) => !was.includes(pair)).map((pair) => `+${pair}`),
    ...was.filter((pair) => !is.includes(pair)).map((pair) => `-${pair}`),
  ];
}

function opposite(pair: string): string {
  return `${pair.startsWith("+") ? "-" : "+"}${pair.slice(1)}`;
}

function texts({ add, remove }: EditStep["delta"]): readonly string[] {
  const text = (pair: { readonly role: string; readonly member: string }): string => `${pair.role} ${pair.member}`;
  return [...add.map((pair) => `+${text(pair)}`), ...remove.map((pair) => `-${text(pair)}`)];
}

/** Everything the server was made to do, each thing as often as it was done. */
export function effectsOf(changes: readonly Change[]): readonly string[] {
  return changes
    .flatMap(({ asset, before, after, via }) => signed(before, after).map((pair) => `${via} ${asset} ${pair}`))
    .toSorted();
}

/** Every asset with all who hold a role on it, sorted. */
export function stateText(state: TenantState): string {
  return [...state.assets.keys()]
    .toSorted()
    .map(
      (name) =>
        `${name}: ${pairsOf(state.assets.get(name)?.roles ?? new Map())
          .toSorted()
          .join(", ")}`,
    )
    .join("\n");
}

/** What is wrong; empty when nothing is. */
export function judge(evidence: Evidence): readonly string[] {
  const steps = new Map(evidence.rows.flatMap(({ step }) => (step.kind === "edit" ? [[step.asset.name, step]] : [])));
  return [
    ...evidence.changes.flatMap((change) => judgeChange(change, steps)),
    ...evidence.rows.flatMap((row) => judgeRow(row, evidence)),
    ...judgeJobs(evidence),
  ];
}

/** I1, and I2: a write of ours changes only what the plan names for that asset. */
function judgeChange(change: Change, steps: ReadonlyMap<string, EditStep>): readonly string[] {
  const found: string[] = [];
  const owners = change.after.get("OWNER") ?? [];
  if (owners.length !== 1) found.push(`I1: ${change.asset} has ${owners.length} owners`);
  if (change.via !== byPatch) return found;
  const step = steps.get(change.asset);
  if (step === undefined) return [...found, `I2: ${change.asset} is changed and not in the plan`];
  const made = signed(change.before, change.after);
  const allowed = new Set(texts(step.delta));
  if (step.attemptOwner !== undefined) {
    allowed.add(`+OWNER user:${step.attemptOwner}`);
    for (const owner of change.before.get("OWNER") ?? []) allowed.add(`-OWNER ${owner}`);
  }
  const outside = made.filter((pair) => !allowed.has(pair));
  if (outside.length > 0) found.push(`I2: ${change.asset}: ${outside.join(", ")} is not in the plan`);
  if (made.length === 0) found.push(`I3: ${change.asset}: a write that changes nothing`);
  return found;
}

function judgeRow(row: StepRow, evidence: Evidence): readonly string[] {
  const { step, state, result } = row;
  const name = `step ${step.seq} (${step.kind}, ${state})`;
  if (result === undefined) return evidence.isOver ? [`I7: ${name} has not ended`] : [];
  if (row.attempts > evidence.attemptsMax) return [`I10: ${name} had ${row.attempts} attempts`];
  switch (step.kind) {
    case "edit":
      return judgeEdit(step, row, result, evidence).map((text) => `${text}: ${name}`);
    case "transfer":
      return judgeTransfer(step, row, evidence).map((text) => `${text}: ${name}`);
    case "by-hand":
      return [];
  }
}

function judgeEdit(step: EditStep, row: StepRow, result: StepResult, evidence: Evidence): readonly string[] {
  const found: string[] = [];
  const writes = evidence.sent.filter((each) => each.kind === "patch" && each.asset === step.asset.name);
  if (writes.length > row.attempts) found.push(`I4: ${writes.length} writes for ${row.attempts} intents`);
  const { standing, doubled } = doneTo(step, evidence.changes);
  for (const pair of doubled) found.push(`I3: ${pair} took effect twice`);
  const claims = texts(result.changed);
  const missing = [...standing].filter((pair) => !claims.includes(pair) && !pair.slice(1).startsWith("OWNER "));
  if (missing.length > 0) found.push(`I4b: ${missing.join()} was done and is not in the result`);
  const invented = claims.filter((pair) => !standing.has(pair) && !isUnsure(pair, step, row, result, evidence));
  if (invented.length > 0) found.push(`I4c: ${invented.join()} is claimed and was not done`);
  const moved = standing.has(`+OWNER user:${step.attemptOwner ?? ""}`);
  if (moved !== (result.newOwner !== undefined)) found.push("I4b: the result says otherwise of the owner");
  if (good.has(result.outcome)) {
    const held = pairsOf(evidence.state.assets.get(step.asset.name)?.roles ?? new Map());
    const lacking = texts(step.delta).filter((pair) => held.includes(pair.slice(1)) !== pair.startsWith("+"));
    if (lacking.length > 0) found.push(`I3b: called done without ${lacking.join()}`);
    const claimed = claims.length + (result.newOwner === undefined ? 0 : 1);
    if ((result.outcome === "unchanged") !== (claimed === 0)) found.push("I4c: called by the wrong name");
  } else if (result.failure !== "predecessor" && result.evidence === "none") found.push("I11: no evidence");
  const before = evidence.rows.find((other) => other.step.seq === step.after);
  const readyAt = before === undefined ? -Infinity : good.has(before.state) ? (before.updatedAt ?? 0) : Infinity;
  if (writes.some((write) => write.at < readyAt)) found.push(`order: it did not wait for step ${step.after ?? 0}`);
  return found;
}

/**
 * After an intent that nobody has seen the end of, a change that stands may be the dead process's own or another's, and
 * on an asset that is gone it may have been made: undo looks again, so that claiming it is the safe side.
 */
function isUnsure(pair: string, step: EditStep, row: StepRow, result: StepResult, evidence: Evidence): boolean {
  if (row.attempts === 0) return false;
  if (result.failure === "not-found") return true;
  return evidence.meanwhile.some(
    (change) => change.asset === step.asset.name && signed(change.before, change.after).includes(pair),
  );
}

/** What the step's writes have made of its asset, and what they did twice over. */
function doneTo(step: EditStep, changes: readonly Change[]): { standing: ReadonlySet<string>; doubled: string[] } {
  const standing = new Set<string>();
  const doubled: string[] = [];
  for (const change of changes) {
    if (change.asset !== step.asset.name) continue;
    for (const pair of signed(change.before, change.after)) {
      standing.delete(opposite(pair));
      if (change.via !== byPatch) continue;
      if (standing.has(pair)) doubled.push(pair);
      standing.add(pair);
    }
  }
  return { standing, doubled };
}

function judgeTransfer(step: TransferStep, row: StepRow, { jobs, sent, state }: Evidence): readonly string[] {
  const found: string[] = [];
  const ours = jobs.filter((job) => job.oldOwnerUserId === step.from.id && job.newOwnerUserId === step.to.id);
  const inserts = sent.filter(
    (each) => each.kind === "insert" && each.body.includes(`"oldOwnerUserId":"${step.from.id}"`),
  ).length;
  if (inserts > row.attempts) found.push(`I4: ${inserts} jobs asked for with ${row.attempts} intents`);
  if (ours.length > 1) found.push(`I3: ${ours.length} jobs`);
  if (row.state === "applied" && !ours.some((job) => job.status === "completed")) found.push("I3b: no completed job");
  if (row.state === "failed" && row.result?.evidence === "none") found.push("I11: no evidence");
  const why = row.result?.failure ?? "";
  if (row.state === "failed" && !seenToFail.has(why) && ours.length > 0) {
    found.push(`I4b: called ${why}, and a job is ${ours[0]?.status ?? ""}`);
  }
  const kept = [...state.assets.values()].filter(
    (asset) => asset.roles.get("OWNER")?.[0] === `user:${step.from.email}`,
  );
  const arrived = jobs.some((job) => job.newOwnerUserId === step.from.id);
  if (row.state === "applied" && !arrived && kept.some((asset) => !asset.trashed)) {
    found.push(`I3b: ${kept.length} assets are left behind`);
  }
  return found;
}

function judgeJobs({ rows, jobs }: Evidence): readonly string[] {
  const isPlanned = (job: TransferRecord): boolean =>
    rows.some(
      ({ step }) =>
        step.kind === "transfer" && step.from.id === job.oldOwnerUserId && step.to.id === job.newOwnerUserId,
    );
  return jobs.filter((job) => !isPlanned(job)).map((job) => `I2: the job ${job.id} is not in the plan`);
}
