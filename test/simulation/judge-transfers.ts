/** Judges Data Transfer jobs: each planned one once, believed only when nothing is left behind. */
import type { TransferRecord } from "../../src/emulator/data-transfer.ts";
import type { StepRow } from "../../src/journal/journal.ts";
import type { TransferStep } from "../../src/model/step.ts";
import type { Evidence } from "./evidence.ts";
import { ownersOf } from "./pairs.ts";
import type { Sent } from "./wire.ts";

export function judgeTransfer(step: TransferStep, row: StepRow, evidence: Evidence): readonly string[] {
  const found: string[] = [];
  const name = `(step ${step.seq}, ${step.from.email} to ${step.to.email}, ${row.state})`;
  if (row.result?.failure === "predecessor") return found;
  const endedAt = evidence.endOf(row);
  if (endedAt === undefined) return [`I8: ended, and no process has ended it ${name}`];
  // A job of the same pair that another run started is as good.
  const jobs = evidence.allJobs.filter((job) => isFor(job, step));
  if (row.state === "applied" && leftBehind(step, endedAt, evidence) > 0) {
    found.push(`I3b: called applied, and the old owner still owned something ${name}`);
  }
  if (row.state === "applied" && !jobs.some((job) => job.status === "completed")) {
    found.push(`I3b: called applied without a completed job ${name}`);
  }
  const isCalledFailed = row.state === "failed" && row.result?.failure === "transfer-failed";
  if (isCalledFailed && !jobs.some((job) => job.status === "failed")) {
    found.push(`I11: called failed without a failed job ${name}`);
  }
  if (row.state === "failed" && row.result?.evidence === "none") found.push(`I11: failed without evidence ${name}`);
  const until = endedAt + evidence.wallStart;
  if (evidence.jobs.some((job) => isFor(job, step) && job.requestedAt > until)) {
    found.push(`I11: a job was started after the end ${name}`);
  }
  // A request whose token was rejected is made again with another one, under the same intent.
  const inserts = evidence.sent.filter((each) => each.kind === "insert" && each.status !== 401).length;
  const transfers = evidence.rows.filter((other) => other.step.kind === "transfer");
  const intents = transfers.reduce((sum, other) => sum + other.attempts, 0);
  if (inserts > intents) found.push(`I4: ${inserts} jobs asked for with ${intents} intents`);
  return found;
}

function isFor(job: TransferRecord, step: TransferStep): boolean {
  return job.oldOwnerUserId === step.from.id && job.newOwnerUserId === step.to.id;
}

/** A look at everything takes two searches at least, one for each type, and more where pages are small. */
const looksBack = 8;

/** Assets that belonged to the old owner all the while the last searches were made. */
function leftBehind(step: TransferStep, endedAt: number, evidence: Evidence): number {
  const { changes, state, sent, wallStart, switches } = evidence;
  const isLooking = (each: Sent): boolean =>
    each.kind === "search" &&
    [step.from.email, step.to.email].some((email) => email === each.actor) &&
    (each.deliveredAt ?? Infinity) <= endedAt + 1;
  const looks = sent.filter(isLooking);
  // Where the old owner cannot be acted as, the heir is asked, who is not shown everything: nobody can do better.
  if (looks.at(-1)?.actor !== step.from.email) return 0;
  const since = (looks.at(-looksBack) ?? looks[0])?.sentAt ?? endedAt;
  const from = wallStart + since - switches.searchLagMs - 1000;
  const until = wallStart + endedAt;
  let found = 0;
  for (const [name, asset] of state.assets) {
    const own = changes.filter((change) => change.asset === name);
    if (asset.trashed || own.some((change) => change.before === change.after)) continue;
    if (own.some((change) => change.at >= from && change.at <= until)) continue;
    const roles = own.findLast((change) => change.at <= until)?.after ?? own[0]?.before ?? asset.roles;
    if (ownersOf(roles).includes(`user:${step.from.email}`)) found += 1;
  }
  return found;
}

/** I2 and I3 of transfers: the planned jobs, each once. */
export function jobsOnce({ rows, jobs }: Evidence): readonly string[] {
  const found: string[] = [];
  for (const { step } of rows) {
    if (step.kind !== "transfer") continue;
    const same = jobs.filter((job) => isFor(job, step));
    if (same.length > 1) found.push(`I3: ${same.length} jobs move what ${step.from.email} owns`);
  }
  const isAsked = (job: TransferRecord): boolean =>
    rows.some(({ step }) => step.kind === "transfer" && isFor(job, step));
  if (!jobs.every(isAsked)) found.push("I2: a job is not in the plan");
  return found;
}
