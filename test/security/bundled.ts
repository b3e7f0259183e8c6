/** A signed, approved run with its plan file, the evidence bundle of it, and ways to take a bundle apart and put it together otherwise. */
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommandLine } from "../../src/cli/program.ts";
import { openJournal } from "../../src/journal/sqlite/journal.ts";
import { openReader } from "../../src/journal/sqlite/reader.ts";
import { approvalText } from "../../src/model/signing/approval.ts";
import { approvalId } from "../../src/model/signing/kept-approvals.ts";
import { openSshText } from "../../src/model/signing/private-key.ts";
import { signText } from "../../src/model/signing/signature.ts";
import type { SigningKey } from "../../src/model/signing/signature.ts";
import { readTarHeader, tarBlock, tarHeader, tarPadding } from "../../src/model/tar.ts";
import { world } from "../cli/world.ts";
import { newKey, signerWith, signersText } from "../model/signing/keys.ts";
import { ManualClock } from "../support/clock.ts";
import { header } from "../journal/samples.ts";
import { makeFinishedRun, steps } from "./finished-run.ts";

export const planner: SigningKey = newKey("anna@acme.example");
export const approver: SigningKey = newKey("ben@acme.example");

export const planText = "from,to\nleaver@acme.example,heir@acme.example\n";

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export async function handover(folder: string, line: string): Promise<Ran> {
  const made = await world({ argv: line.split(" "), folder });
  const code = await runCommandLine(made.context);
  return { code, out: made.out(), err: made.err() };
}

/** `run.handover` with its plan file, `signers`, and `planner.key` in `folder`. */
export async function makeApprovedRun(folder: string, change: { readonly runId?: string } = {}): Promise<void> {
  const path = join(folder, "run.handover");
  const signers = signersText(planner, approver);
  await writeFile(join(folder, "signers"), signers, { mode: 0o600 });
  await writeFile(join(folder, "planner.key"), openSshText(planner.secret, planner.comment, 1), { mode: 0o600 });
  await writeFile(join(folder, "moves.csv"), planText);
  const sha256 = createHash("sha256").update(planText).digest("hex");
  await makeFinishedRun(path, {
    signer: signerWith(planner),
    header: {
      ...change,
      planner: { account: "anna@laptop", key: planner.key.fingerprint },
      planFiles: [{ name: "moves.csv", sha256 }],
      totals: { ...header().totals, steps },
    },
  });
  const reader = await openReader(path);
  const { runId, tenant, admin } = reader.header;
  const { digest } = reader;
  await reader.close();
  const clock = new ManualClock();
  const text = approvalText({
    run: runId,
    digest,
    tenant,
    admin,
    approver: approver.comment,
    key: approver.key.fingerprint,
    issuedAt: clock.now() - 1000,
    expiresAt: clock.now() + 86_400_000,
    limits: { changes: undefined },
    note: "agreed",
    toolVersion: "0.0.0-test",
  });
  const journal = await openJournal(path, { clock, signer: signerWith(planner) });
  const details = { by: "signatures", required: 1, approvers: approver.comment, approvals: approvalId(text) };
  await clock.drive(journal.note("approved", details));
  const { row } = await journal.head();
  journal.keep(
    "approvals",
    JSON.stringify([{ name: "run.approval-ben.json", text, signature: signText(text, approver), row }]),
  );
  journal.keep("signers", signers);
  await clock.drive(journal.verified(5, "verified", clock.now()));
  await journal.close();
}

export interface Member {
  readonly name: string;
  readonly content: Buffer;
}

/** What a bundle holds, by whole names. */
export async function unpacked(path: string): Promise<Member[]> {
  const bytes = await readFile(path);
  const members: Member[] = [];
  for (let at = 0; ;) {
    const entry = readTarHeader(bytes.subarray(at, at + tarBlock));
    if (entry.kind !== "file") return members;
    const from = at + tarBlock;
    members.push({ name: entry.name, content: bytes.subarray(from, from + entry.size) });
    at = from + entry.size + tarPadding(entry.size);
  }
}

export function packed(members: readonly Member[]): Buffer {
  const blocks = members.flatMap(({ name, content }) => [
    tarHeader(name, content.length, 1_763_715_600),
    content,
    Buffer.alloc(tarPadding(content.length)),
  ]);
  return Buffer.concat([...blocks, Buffer.alloc(2 * tarBlock)]);
}

/** One member changed, and the list of hashes written anew, as whoever holds the bundle can. */
export function rewritten(members: readonly Member[], name: string, change: (text: string) => string): Member[] {
  const changed = members
    .filter((each) => !each.name.endsWith("SHA256SUMS.sig"))
    .map((each) =>
      each.name.endsWith(`/${name}`) ? { ...each, content: Buffer.from(change(each.content.toString("utf8"))) } : each,
    );
  return withSums(changed);
}

export function withSums(members: readonly Member[]): Member[] {
  const others = members.filter((each) => !/SHA256SUMS(?:\.sig)?$/.test(each.name));
  const folder = (others[0]?.name ?? "").replace(/[^/]*$/, "");
  const lines = others.map(
    ({ name, content }) => `${createHash("sha256").update(content).digest("hex")}  ${name.slice(folder.length)}\n`,
  );
  return [...others, { name: `${folder}SHA256SUMS`, content: Buffer.from(lines.join("")) }];
}
