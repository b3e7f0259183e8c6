/** What guards must know of earlier processes of the same run, kept beside it: what somebody accepted, and drift found. */
import type { Journal } from "../journal/journal.ts";
import { noDrift } from "./drift-watch.ts";
import type { DriftMemory } from "./drift-watch.ts";
import { auditRows } from "./breaker.ts";

/** Under this name a run keeps it. */
export const guardsName = "guards";
const pageSize = 500;

export interface GuardMemory {
  /** Steps that failed, or were skipped with one that did, and that somebody has seen and accepted. */
  readonly failed: readonly number[];
  /** Steps skipped because their asset had changed, accepted likewise. */
  readonly drifted: readonly number[];
  /** The row of the audit chain at which failures were last accepted. */
  readonly row: number;
  readonly drift: DriftMemory;
}

const nothingKept: GuardMemory = { failed: [], drifted: [], row: 0, drift: noDrift };

/** Text that cannot be read counts as nothing: the guards then are no laxer for it. */
export async function recallGuards(journal: Journal): Promise<GuardMemory> {
  return memoryOf(await journal.kept(guardsName));
}

/** The same text, of a run that leaves a store which counted drift by itself: the guards go on from there. */
export function guardsWithDrift(
  text: string | undefined,
  { found, counting }: { readonly found: number; readonly counting: number },
): string {
  const memory = memoryOf(text);
  const all = Math.max(memory.drift.found + found, counting);
  return JSON.stringify({ ...memory, drift: { found: all, accepted: all - counting, open: [] } });
}

function memoryOf(text: string | undefined): GuardMemory {
  if (text === undefined) return nothingKept;
  try {
    return memoryIn(JSON.parse(text)) ?? nothingKept;
  } catch (error) {
    if (error instanceof SyntaxError) return nothingKept;
    throw error;
  }
}

function memoryIn(read: unknown): GuardMemory | undefined {
  const { failed, drifted, row, drift } = fieldsOf(read);
  const { found, accepted, open } = fieldsOf(drift);
  if (!areNumbers(failed) || !areNumbers(drifted) || !areNumbers(open)) return undefined;
  if (typeof row !== "number" || typeof found !== "number" || typeof accepted !== "number") return undefined;
  return areNumbers([row, found, accepted]) ? { failed, drifted, row, drift: { found, accepted, open } } : undefined;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function areNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(Number.isSafeInteger);
}

export function keepGuards(journal: Journal, memory: GuardMemory): void {
  journal.keep(guardsName, JSON.stringify(memory));
}

/** Takes what has gone wrong so far as known, on somebody's word, which goes into the audit chain. */
export async function acceptSoFar(
  journal: Journal,
  known: GuardMemory,
  accept: { readonly failures: boolean; readonly drift: boolean },
): Promise<GuardMemory> {
  if (!accept.failures && !accept.drift) return known;
  const failed: number[] = [];
  const drifted: number[] = [];
  for (let after = 0; ;) {
    const page = await journal.page({ states: ["failed", "skipped"] }, after, pageSize);
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.step.seq;
    for (const { step, result } of page) (result?.failure === "owner-drift" ? drifted : failed).push(step.seq);
  }
  const { drift } = known;
  const memory: GuardMemory = {
    failed: accept.failures ? failed : known.failed,
    drifted: accept.drift ? drifted : known.drifted,
    row: accept.failures ? await auditRows(journal) : known.row,
    drift: accept.drift ? { ...drift, accepted: drift.found } : drift,
  };
  keepGuards(journal, memory);
  await journal.note("accepted", {
    ...(accept.failures ? { failures: failed.length } : {}),
    ...(accept.drift ? { drift: drift.found + drifted.length } : {}),
  });
  return memory;
}
