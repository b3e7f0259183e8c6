/** What of a run is signed: its checkpoints against the chain, and its approvals against the rows that say they counted. */
import type { Database } from "better-sqlite3";
import { flawOf, unsignedProblem } from "../../model/examination.ts";
import type { Flaw, SignedPart } from "../../model/examination.ts";
import { checkCheckpoint, checkpointName } from "../../model/signing/checkpoint.ts";
import type { Checkpoint } from "../../model/signing/checkpoint.ts";
import { judgeApprovals } from "../../model/signing/judge.ts";
import {
  approvalId,
  approvalsName,
  approvedIn,
  foundAgain,
  keptApprovalsIn,
  signersName,
} from "../../model/signing/kept-approvals.ts";
import { parseSigners, signerOf } from "../../model/signing/signers.ts";
import type { Signer } from "../../model/signing/signers.ts";
import type { Covered } from "./agreement.ts";
import { objectOf } from "../shapes.ts";
import { hashAt, keptCheckpoints } from "./checkpoints.ts";
import type { SealedRun } from "./open.ts";

/** The checkpoints, and up to where they sign. Undefined where there are none and nobody asks for any. */
export function examineCheckpoints(
  db: Database,
  run: SealedRun,
  signers: readonly Signer[] | undefined,
): (Covered & { readonly signed: SignedPart | undefined }) | undefined {
  const chain = { runId: run.header.runId, digest: run.digest };
  const parts = new Map<string, SignedPart["keys"][number]>();
  let covered = 0;
  let row: number | undefined;
  const signed = (): SignedPart | undefined => (row === undefined ? undefined : { row, keys: [...parts.values()] });
  for (const { name, body } of keptCheckpoints(db)) {
    const checked = checkCheckpoint(body, chain);
    if (!checked.ok) return { covered, signed: signed(), flaw: flawOf(`${name}: ${checked.problem}`) };
    const { checkpoint } = checked;
    const flaw = checkpointFlaw(db, chain, name, checkpoint, signers);
    if (flaw !== undefined) return { covered, signed: signed(), flaw };
    const { fingerprint } = checkpoint.key;
    const principal = signers === undefined ? undefined : signerOf(signers, fingerprint, Date.parse(checkpoint.at));
    parts.set(fingerprint, { fingerprint, principal });
    row = checkpoint.head.row;
    covered += 1;
  }
  if (covered > 0) return { covered, signed: signed(), flaw: planFlaw(run, parts) };
  const planned = planFlaw(run, parts);
  if (signers === undefined && planned === undefined) return undefined;
  return { covered, signed: undefined, flaw: planned ?? flawOf(unsignedProblem) };
}

function checkpointFlaw(
  db: Database,
  chain: Parameters<typeof hashAt>[1],
  name: string,
  { head, key, at }: Checkpoint,
  signers: readonly Signer[] | undefined,
): Flaw | undefined {
  const { row } = head;
  if (name !== checkpointName(row)) return flawOf(`${name}: it is the checkpoint of another row`, { row });
  const found = hashAt(db, chain, row);
  if (found !== head.hash) {
    const problem = "the row is not the one that was signed: the chain was cut or written anew";
    return flawOf(problem, { row, expected: head.hash, found: found ?? "no row" });
  }
  if (signers === undefined || signerOf(signers, key.fingerprint, Date.parse(at)) !== undefined) return undefined;
  return flawOf("its checkpoint is signed by nobody the signers file names", { row, found: key.fingerprint });
}

/** A run that says which key planned it has a checkpoint before its first row, signed with that key. */
function planFlaw({ header }: SealedRun, keys: ReadonlyMap<string, unknown>): Flaw | undefined {
  const key = header.planner?.key;
  if (key === undefined || keys.has(key)) return undefined;
  return flawOf("the run names the key of who planned it, and that key has not signed it", { expected: key });
}

/** Undefined where nothing was approved by signatures. */
export function examineApprovals(
  db: Database,
  run: SealedRun,
  given: readonly Signer[] | undefined,
): Covered | undefined {
  const read = (name: string): string | undefined =>
    db.prepare<[string], string>("select body from kept where name = ?").pluck().get(name);
  const rows = db
    .prepare<[], { seq: number; body: string }>(
      `select seq, body from audit where body like '%"note:approved"%' and body like '%"by":"signatures"%' order by seq`,
    )
    .all();
  const text = read(approvalsName);
  if (rows.length === 0 && text === undefined) return undefined;
  const kept = keptApprovalsIn(text);
  if (kept === undefined) return { covered: 0, flaw: flawOf("the approvals are not as they were written") };
  const ids = new Set(kept.map((each) => approvalId(each.text)));
  for (const { seq, body } of rows) {
    const missing = approvedIn(body)?.find((id) => !ids.has(id));
    if (missing !== undefined)
      return { covered: 0, flaw: flawOf("an approval that counted is missing", { row: seq, expected: missing }) };
  }
  const signers = given ?? parseSigners(read(signersName) ?? "", signersName).signers;
  const found = kept.map((each) => foundAgain(each, rowAt(db, each.row)));
  const unnamed = found.find(({ countedAt }) => countedAt === undefined);
  if (unnamed !== undefined) return { covered: 0, flaw: flawOf(`${unnamed.name}: no row says that it counted`) };
  // Each by itself: who approved once more, after the first had expired, did nothing wrong.
  const [bad] = found.flatMap((each) => judgeApprovals([each], run, signers, 0).refused);
  return {
    covered: found.length,
    flaw: bad === undefined ? undefined : flawOf(`${bad.found.name}: ${bad.problem}`),
  };
}

function rowAt(db: Database, seq: number): { readonly at: number; readonly body: string } | undefined {
  const body = db.prepare<[number], string>("select body from audit where seq = ?").pluck().get(seq);
  if (body === undefined) return undefined;
  const { at } = objectOf(JSON.parse(body) as { readonly at?: unknown });
  return typeof at === "number" ? { at, body } : undefined;
}
