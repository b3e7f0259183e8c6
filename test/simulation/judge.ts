/**
 * Judges a run by what happened on the server and on the wire (reliability.md 2.1). It has its own arithmetic on pairs and
 * trusts nothing the engine says of itself; what the engine says is among what is judged.
 */
import type { Change, TenantState } from "../../src/emulator/state.ts";
import type { TransferRecord } from "../../src/emulator/data-transfer.ts";
import type { StepRow } from "../../src/journal/journal.ts";
import type { RoleMap } from "../../src/model/permissions.ts";
import type { EditStep, Step, StepResult, TransferStep } from "../../src/model/step.ts";
import type { Sent } from "./wire.ts";

/** Everything known of one run once it is over and everything late has landed. */
export interface Evidence {
  readonly rows: readonly StepRow[];
  /** Changes on the server from the beginning of the run. */
  readonly changes: readonly Change[];
  /** Requests of the run's processes. */
  readonly sent: readonly Sent[];
  /** Requests made before the run: what planning saw. */
  readonly sentBefore: readonly Sent[];
  readonly jobs: readonly TransferRecord[];
  /** Wall ms at virtual time 0. */
  readonly wallStart: number;
  readonly attemptsMax: number;
  /** Whether a role that a write leaves out stays, so that a write can change nothing. */
  readonly mayKeepRoles: boolean;
  readonly state: TenantState;
  /** Whether nobody may look at what is in the trash. */
  readonly isTrashHidden: boolean;
  /** Reads, and writes, allowed in any minute; undefined when no limit is known. */
  readonly perMinuteMax: number | undefined;
}

type Pairs = ReadonlySet<string>;

const good: ReadonlySet<string> = new Set(["applied", "confirmed", "unchanged"]);

function pairsOf(roles: RoleMap): Pairs {
  const found = new Set<string>();
  for (const [role, members] of roles) for (const member of members) found.add(`${role} ${member}`);
  return found;
}

function texts(pairs: readonly { readonly role: string; readonly member: string }[]): readonly string[] {
  return pairs.map((pair) => `${pair.role} ${pair.member}`);
}

function minus(a: Pairs, b: Pairs): readonly string[] {
  return [...a].filter((pair) => !b.has(pair));
}

/** Signed pairs a change made: `+EDITOR user:…`. */
function signed(change: Change): readonly string[] {
  const before = pairsOf(change.before);
  const after = pairsOf(change.after);
  return [...minus(after, before).map((pair) => `+${pair}`), ...minus(before, after).map((pair) => `-${pair}`)];
}

function opposite(pair: string): string {
  return `${pair.startsWith("+") ? "-" : "+"}${pair.slice(1)}`;
}

function planned(step: EditStep): Pairs {
  return new Set([
    ...texts(step.delta.add).map((pair) => `+${pair}`),
    ...texts(step.delta.remove).map((pair) => `-${pair}`),
  ]);
}

function claimed(result: StepResult): readonly string[] {
  return [
    ...texts(result.changed.add).map((pair) => `+${pair}`),
    ...texts(result.changed.remove).map((pair) => `-${pair}`),
  ];
}

/** Whether `roles` show all that the step asks for. */
function holds(roles: RoleMap, step: EditStep): boolean {
  const held = pairsOf(roles);
  return [...planned(step)].every((pair) => held.has(pair.slice(1)) === pair.startsWith("+"));
}

function ownersOf(roles: RoleMap): readonly string[] {
  return roles.get("OWNER") ?? [];
}

/** What is wrong; empty when nothing is. */
export function judge(evidence: Evidence): readonly string[] {
  return [
    ...oneOwner(evidence),
    ...onlyWhatIsPlanned(evidence),
    ...evidence.rows.flatMap((row) => judgeRow(row, evidence)),
    ...jobsOnce(evidence),
    ...waitsObeyed(evidence),
    ...withinQuota(evidence),
    ...inOrder(evidence),
  ];
}

/** I1. */
function oneOwner({ changes }: Evidence): readonly string[] {
  return changes
    .filter((change) => ownersOf(change.after).length !== 1)
    .map((change) => `I1: ${change.asset} has the owners [${ownersOf(change.after).join()}]`);
}

/** I2, and writes that change nothing. */
function onlyWhatIsPlanned({ changes, rows, mayKeepRoles }: Evidence): readonly string[] {
  const steps = new Map<string, EditStep>();
  for (const { step } of rows) if (step.kind === "edit") steps.set(step.asset.name, step);
  const found: string[] = [];
  for (const change of changes) {
    if (change.via !== "assets.updatePermissions") continue;
    const step = steps.get(change.asset);
    const made = signed(change);
    if (step === undefined) {
      found.push(`I2: ${change.asset} is changed and not in the plan`);
      continue;
    }
    const allowed = new Set(planned(step));
    if (step.attemptOwner !== undefined) {
      allowed.add(`+OWNER user:${step.attemptOwner}`);
      for (const owner of ownersOf(change.before)) allowed.add(`-OWNER ${owner}`);
    }
    const outside = made.filter((pair) => !allowed.has(pair));
    if (outside.length > 0) found.push(`I2: ${change.asset}: ${outside.join(", ")} is not in the plan`);
    const isIdle = made.length === 0 && step.attemptOwner === undefined && !mayKeepRoles;
    if (isIdle) found.push(`I3: ${change.asset}: a write that changes nothing`);
  }
  return found;
}

function judgeRow(row: StepRow, evidence: Evidence): readonly string[] {
  const { step, state, result } = row;
  if (state === "planned" || state === "in-flight") {
    return isLockedOut(step, evidence) ? [] : [`I7: step ${step.seq} is still ${state}`];
  }
  if (result === undefined) return [`I8: step ${step.seq} is ${state} without a result`];
  switch (step.kind) {
    case "edit":
      return judgeEdit(step, row, result, evidence).map(
        (text) => `${text} (step ${step.seq}, ${step.asset.name}, ${state})`,
      );
    case "transfer":
      return judgeTransfer(step, row, evidence);
    case "by-hand":
      return [];
  }
}

/** Nobody listed for the step may look at the asset any more, so that what was sent for it can never be checked. */
function isLockedOut(step: Step, evidence: Evidence): boolean {
  const { state, rows, isTrashHidden } = evidence;
  if (step.kind === "transfer") return false;
  if (step.kind === "by-hand") {
    const edit = rows.find((row) => row.step.seq === step.unless)?.step;
    return edit !== undefined && isLockedOut(edit, evidence);
  }
  const asset = state.assets.get(step.asset.name);
  if (asset?.trashed === true && isTrashHidden) return true;
  const roles = asset?.roles;
  const able = new Set([...ownersOf(roles ?? new Map()), ...(roles?.get("EDITOR") ?? [])]);
  const isActive = (actor: string): boolean => state.directory.person(actor)?.suspended === false;
  return ![step.actor, ...step.alternates].some((actor) => able.has(`user:${actor}`) && isActive(actor));
}

function judgeEdit(step: EditStep, row: StepRow, result: StepResult, evidence: Evidence): readonly string[] {
  const found: string[] = [];
  const endedAt = (row.updatedAt ?? 0) - evidence.wallStart + 1;
  const sent = evidence.sent.filter((each) => each.asset === step.asset.name);
  const writes = sent.filter((each) => each.kind === "patch");
  const seen = lastSeen([...evidence.sentBefore.filter((each) => each.asset === step.asset.name), ...sent], endedAt);
  // A write whose token was rejected is made again with another one.
  const tries = writes.filter((write) => write.status !== 401).length;
  if (tries > evidence.attemptsMax) found.push(`I10: ${tries} writes were sent`);
  if (writes.length > row.attempts) found.push(`I4: ${writes.length} writes for ${row.attempts} intents`);
  if (writes.some((write) => write.sentAt > endedAt)) found.push("I11: a write was sent after the end");
  found.push(...judgeClaims(step, row, result, evidence));
  if (good.has(result.outcome)) {
    if (seen === undefined || !holds(seen, step))
      found.push("I3b: called done, and the server was not seen to hold it");
    const claims = claimed(result).length + (result.newOwner === undefined ? 0 : 1);
    if ((result.outcome === "unchanged") !== (claims === 0)) found.push(`I4c: claims ${claims} changes`);
    return found;
  }
  if (result.failure === "predecessor") {
    if (sent.some((each) => each.kind === "patch")) found.push("I4b: written to, and skipped with its predecessor");
    return found;
  }
  if (result.evidence === "none") found.push("I11: ended without evidence");
  if (
    result.evidence === "refusal" &&
    !sent.some((each) => each.isRefusal && (each.deliveredAt ?? Infinity) <= endedAt)
  ) {
    found.push(`I11: called refused (${result.failure ?? ""}), and no answer was a refusal`);
  }
  if (result.evidence === "read" && seen === undefined) found.push("I11: nothing was read");
  if (seen !== undefined && result.evidence === "read" && holds(seen, step) && step.attemptOwner === undefined) {
    found.push("I11: given up, and the server was seen to hold it");
  }
  return found;
}

/** I3, I4b, I4c, I6: what the result says was changed is what was changed, no less and no more. */
function judgeClaims(
  step: EditStep,
  row: StepRow,
  result: StepResult,
  { changes, wallStart, state }: Evidence,
): readonly string[] {
  const found: string[] = [];
  const endedAt = row.updatedAt ?? wallStart;
  const claims = new Set(claimed(result));
  const ours = new Set<string>();
  const standing = new Set<string>();
  const theirs = new Set<string>();
  for (const change of changes) {
    if (change.asset !== step.asset.name) continue;
    const isOurs = change.via === "assets.updatePermissions";
    if (isOurs && change.at > endedAt) found.push("I11: a write landed after the end");
    if (change.at > endedAt) continue;
    for (const pair of signed(change)) {
      standing.delete(opposite(pair));
      if (!isOurs) {
        theirs.add(pair);
        continue;
      }
      if (standing.has(pair)) found.push(`I3: ${pair} took effect twice`);
      ours.add(pair);
      standing.add(pair);
    }
  }
  // An asset that is gone for good holds nothing.
  if (!state.assets.has(step.asset.name)) standing.clear();
  for (const pair of standing) {
    if (pair.slice(1).startsWith("OWNER ")) continue;
    if (!claims.has(pair)) found.push(`I4b: ${pair} is on the server and not in the result`);
  }
  const newOwner = [...standing].some((pair) => pair === `+OWNER user:${step.attemptOwner ?? ""}`);
  if (newOwner && result.newOwner === undefined) found.push("I4b: the owner changed and the result does not say so");
  for (const pair of claims) {
    // What was sent to an asset that is gone from sight counts as made: nobody can tell, and undo looks again.
    if (result.failure === "not-found") continue;
    if (!ours.has(pair) && !theirs.has(pair)) found.push(`I3b: ${pair} is claimed and never happened`);
  }
  return found;
}

/** What the server held at the last answer that showed it, up to `endedAt`. */
function lastSeen(sent: readonly Sent[], endedAt: number): RoleMap | undefined {
  let last: Sent | undefined;
  for (const each of sent) {
    if (each.roles === undefined || each.deliveredAt === undefined || each.deliveredAt > endedAt) continue;
    if (last === undefined || each.deliveredAt >= (last.deliveredAt ?? 0)) last = each;
  }
  return last?.roles;
}

function judgeTransfer(step: TransferStep, row: StepRow, evidence: Evidence): readonly string[] {
  const found: string[] = [];
  const name = `(step ${step.seq}, ${step.from.email} to ${step.to.email}, ${row.state})`;
  const jobs = evidence.jobs.filter((job) => job.oldOwnerUserId === step.from.id && job.newOwnerUserId === step.to.id);
  const endedAt = row.updatedAt ?? 0;
  if (row.state === "applied" && leftBehind(step, endedAt, evidence) > 0) {
    found.push(`I3b: called applied, and the old owner still owned something ${name}`);
  }
  if (row.state === "applied" && !jobs.some((job) => job.status === "completed")) {
    found.push(`I3b: called applied without a completed job ${name}`);
  }
  if (
    row.state === "failed" &&
    row.result?.failure === "transfer-failed" &&
    !jobs.some((job) => job.status === "failed")
  ) {
    found.push(`I11: called failed without a failed job ${name}`);
  }
  if (row.state === "failed" && row.result?.evidence === "none") found.push(`I11: failed without evidence ${name}`);
  if (jobs.some((job) => job.requestedAt > endedAt)) found.push(`I11: a job was started after the end ${name}`);
  // A request whose token was rejected is made again with another one, under the same intent.
  const inserts = evidence.sent.filter((each) => each.kind === "insert" && each.status !== 401).length;
  const transfers = evidence.rows.filter((other) => other.step.kind === "transfer");
  const intents = transfers.reduce((sum, other) => sum + other.attempts, 0);
  if (inserts > intents) found.push(`I4: ${inserts} jobs asked for with ${intents} intents`);
  return found;
}

/** Assets the old owner still owned at `at`, wall ms; those that moved in or out of the trash are left out. */
function leftBehind(step: TransferStep, at: number, { changes, state, sent, wallStart }: Evidence): number {
  const isLooking = (each: Sent): boolean =>
    each.kind === "search" &&
    [step.from.email, step.to.email].some((email) => email === each.actor) &&
    (each.deliveredAt ?? Infinity) <= at - wallStart + 1;
  // Where the old owner cannot be acted as, the heir is asked, who is not shown everything: nobody can do better.
  if (sent.findLast(isLooking)?.actor !== step.from.email) return 0;
  const trashing = new Set(changes.filter((change) => change.before === change.after).map((change) => change.asset));
  let found = 0;
  for (const [name, asset] of state.assets) {
    if (asset.trashed || trashing.has(name)) continue;
    const own = changes.filter((change) => change.asset === name);
    const roles = own.findLast((change) => change.at <= at)?.after ?? own[0]?.before ?? asset.roles;
    if (ownersOf(roles).includes(`user:${step.from.email}`)) found += 1;
  }
  return found;
}

/** I2 and I3 of transfers: the planned jobs, each once. */
function jobsOnce({ rows, jobs }: Evidence): readonly string[] {
  const found: string[] = [];
  for (const { step } of rows) {
    if (step.kind !== "transfer") continue;
    const same = jobs.filter((job) => job.oldOwnerUserId === step.from.id && job.newOwnerUserId === step.to.id);
    if (same.length > 1) found.push(`I3: ${same.length} jobs move what ${step.from.email} owns`);
  }
  const asked = (job: TransferRecord): boolean =>
    rows.some(
      ({ step }) =>
        step.kind === "transfer" && step.from.id === job.oldOwnerUserId && step.to.id === job.newOwnerUserId,
    );
  if (!jobs.every(asked)) found.push("I2: a job is not in the plan");
  return found;
}

const gates: ReadonlyMap<Sent["kind"], string> = new Map([
  ["read", "reads"],
  ["search", "reads"],
  ["patch", "writes"],
  ["insert", "transfers"],
  ["transfers", "transfers"],
]);

/** I9: no process sends what it was told to hold back. */
function waitsObeyed({ sent }: Evidence): readonly string[] {
  const told = sent.filter((each) => each.retryAfterMs !== undefined && each.deliveredAt !== undefined);
  const found: string[] = [];
  for (const { process, kind, actor, ofActor, deliveredAt = 0, retryAfterMs = 0 } of told) {
    const until = deliveredAt + Math.max(1000, retryAfterMs);
    const early = sent.find(
      (each) =>
        each.process === process &&
        gates.get(each.kind) === gates.get(kind) &&
        gates.has(kind) &&
        (!ofActor || each.actor === actor) &&
        each.sentAt > deliveredAt &&
        each.sentAt < until - 1,
    );
    if (early !== undefined) {
      found.push(`I9: a ${early.kind} was sent at ${early.sentAt}, told at ${deliveredAt} to wait until ${until}`);
    }
  }
  return found;
}

/** I5: in no minute are more calls sent than are allowed, however many processes share the minute. */
function withinQuota({ sent, perMinuteMax }: Evidence): readonly string[] {
  if (perMinuteMax === undefined) return [];
  return ["reads", "writes"].flatMap((gate) => {
    const times = sent.filter((each) => gates.get(each.kind) === gate).map((each) => each.sentAt);
    const over = times.findIndex((at, index) => at - (times[index - perMinuteMax] ?? -Infinity) < 60_000);
    return over < 0 ? [] : [`I5: over ${perMinuteMax} ${gate} in the minute before ${times[over]}`];
  });
}

/** A step that waits for another is not begun before that has succeeded. */
function inOrder({ rows, sent, wallStart }: Evidence): readonly string[] {
  const bySeq = new Map(rows.map((row) => [row.step.seq, row]));
  const found: string[] = [];
  for (const { step } of rows) {
    if (step.after === undefined || step.kind !== "edit") continue;
    const first = bySeq.get(step.after);
    const writes = sent.filter((each) => each.kind === "patch" && each.asset === step.asset.name);
    const ready = first !== undefined && good.has(first.state) ? (first.updatedAt ?? 0) - wallStart : Infinity;
    if (writes.some((write) => write.sentAt < ready))
      found.push(`order: step ${step.seq} did not wait for ${step.after}`);
  }
  return found;
}

/** Calm weather: nothing may fail. */
export function judgeCalm(evidence: Evidence): readonly string[] {
  const found: string[] = [];
  for (const { step, state, result } of evidence.rows) {
    const isExpected = good.has(state) || (step.kind === "by-hand" && state === "by-hand");
    if (!isExpected) found.push(`calm: step ${step.seq} (${step.kind}) ended ${state} ${result?.failure ?? ""}`);
  }
  const steps = evidence.rows.filter(({ step }) => step.kind === "edit");
  const writes = evidence.sent.filter((each) => each.kind === "patch").length;
  const tries = steps.filter(({ step }) => step.kind === "edit" && step.attemptOwner !== undefined).length;
  if (writes > steps.length + tries) found.push(`calm: ${writes} writes for ${steps.length} steps`);
  return found;
}
