/** Checks an evidence bundle: the container, every hash, the run put together again from its lines, and everything else made anew from that. */
import { createHash } from "node:crypto";
import type { RunDump } from "../journal/dump.ts";
import { rebuildRun } from "../journal/sqlite/rebuild.ts";
import type { DumpSource, RebuiltRun } from "../journal/sqlite/rebuild.ts";
import { flawOf, isOnlyUnsigned, isSound } from "../model/examination.ts";
import type { BundleFacts, Examination, CheckOutcome, Flaw } from "../model/examination.ts";
import { checkSignature } from "../model/signing/signature.ts";
import { signerOf } from "../model/signing/signers.ts";
import type { Signer } from "../model/signing/signers.ts";
import { printable } from "../model/text.ts";
import type { PlanFileInBundle } from "../report/bundle-members.ts";
import { BundleError, BundleFile } from "./bundle-file.ts";
import {
  approvalsFile,
  bundleFolder,
  bundleMembers,
  headerFile,
  indexFile,
  pagesFile,
  planFolder,
  planMember,
  signersFile,
} from "./bundle-members.ts";

const sumsFile = "SHA256SUMS";
const sumsSignature = `${sumsFile}.sig`;
const smallBytesMax = 256 * 1024 * 1024;

interface CheckOptions {
  readonly head: string | undefined;
  readonly signers: readonly Signer[] | undefined;
  /** Of this handover: words are only compared with those of the same version. */
  readonly toolVersion: string;
  /** Wall ms. */
  readonly now: number;
}

/** Everything wrong with a bundle is a finding; nothing in it makes this throw. */
export async function examineBundle(path: string, options: CheckOptions): Promise<Examination> {
  const findings: CheckOutcome[] = [];
  const broken = (check: CheckOutcome["check"], flaw: Flaw, covered = 0): void => {
    findings.push({ check, verdict: "broken", covered, flaw });
  };
  const nothing = { header: undefined, digest: undefined, head: undefined, signed: undefined };
  let bundle: BundleFile | undefined;
  let rebuilt: RebuiltRun | undefined;
  try {
    bundle = await BundleFile.open(path);
    const { covered, signedBy } = await checkSums(bundle, options);
    findings.push({ check: "files", verdict: "holds", covered, flaw: undefined });
    rebuilt = await rebuildRun(await sourceOf(bundle));
    const { dump, flaw } = rebuilt;
    if (flaw !== undefined || dump === undefined) {
      broken("content", flaw ?? flawOf("it holds no run"));
      return { findings, ...nothing };
    }
    const { head, signers, toolVersion } = options;
    const examination = await rebuilt.examine({ head, signers });
    // What is derived can only be made anew from a run that holds.
    const content =
      isSound(examination) || isOnlyUnsigned(examination) ? await checkContent(bundle, dump, toolVersion) : undefined;
    if (content === undefined) findings.push({ check: "content", verdict: "unchecked", covered: 0, flaw: undefined });
    else if (content.flaw === undefined) findings.push({ check: "content", verdict: "holds", ...content });
    else broken("content", content.flaw, content.covered);
    const { tool } = await indexOf(bundle);
    const missing = missingPlanFiles(bundle, dump);
    const facts = { toolVersion: tool, wordsCompared: tool === toolVersion, signedBy, missing };
    return { ...examination, findings: [...findings, ...examination.findings], bundle: facts };
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    broken(findings.length === 0 ? "files" : "content", flawOf(error.message));
    return { findings, ...nothing };
  } finally {
    rebuilt?.close();
    await bundle?.close();
  }
}

/** Every member has the hash the list gives, and the list names every member and nothing else. Answers how many, and who signed the list. */
async function checkSums(
  bundle: BundleFile,
  { signers, now }: CheckOptions,
): Promise<{ readonly covered: number; readonly signedBy: BundleFacts["signedBy"] }> {
  const text = await bundle.text(sumsFile, smallBytesMax);
  const listed = new Map<string, string>();
  for (const [index, line] of text.split("\n").slice(0, -1).entries()) {
    const match = /^([0-9a-f]{64}) {2}([\w@.+/-]+)$/.exec(line);
    const [, sha256 = "", name = ""] = match ?? [];
    if (match === null || listed.has(name))
      throw new BundleError(`${sumsFile}, line ${index + 1}: it is not as it was written`);
    listed.set(name, sha256);
  }
  if (!text.endsWith("\n")) throw new BundleError(`${sumsFile} ends within a line`);
  for (const name of bundle.names) {
    if (name === sumsFile || name === sumsSignature) continue;
    const expected = listed.get(name);
    if (expected === undefined) throw new BundleError(`${name} is not in ${sumsFile}: it was added`);
    if ((await bundle.sha256(name)) !== expected)
      throw new BundleError(`${name} has not the SHA-256 that ${sumsFile} gives it: one of them was changed`);
  }
  for (const name of listed.keys()) if (!bundle.has(name)) throw new BundleError(`${printable(name)} is missing`);
  const signedBy = bundle.has(sumsSignature) ? await signerOfSums(bundle, text, signers, now) : undefined;
  return { covered: listed.size, signedBy };
}

async function signerOfSums(
  bundle: BundleFile,
  text: string,
  signers: readonly Signer[] | undefined,
  now: number,
): Promise<BundleFacts["signedBy"]> {
  const checked = checkSignature(Buffer.from(text, "utf8"), await bundle.text(sumsSignature, 1024 * 1024));
  if (!checked.ok) throw new BundleError(`${sumsSignature}: ${checked.problem}`);
  const { fingerprint } = checked.key;
  const principal = signers === undefined ? undefined : signerOf(signers, fingerprint, now);
  if (signers !== undefined && principal === undefined) {
    throw new BundleError(`${sumsSignature}: its key ${fingerprint} is not in the signers file`);
  }
  return { fingerprint, principal };
}

function missingPlanFiles(bundle: BundleFile, { header }: RunDump): readonly string[] {
  return header.planFiles.flatMap(({ name }, place) => (bundle.has(planMember(place, name)) ? [] : [name]));
}

async function sourceOf(bundle: BundleFile): Promise<DumpSource> {
  const optional = async (name: string): Promise<string | undefined> =>
    bundle.has(name) ? bundle.text(name, smallBytesMax) : undefined;
  const index = await indexOf(bundle);
  const pages = await bundle.text(pagesFile, smallBytesMax);
  return {
    head: {
      header: await bundle.text(headerFile, smallBytesMax),
      digest: index.digest,
      pages: pages.split("\n").slice(0, -1),
      rows: index.rows,
      head: index.head,
    },
    approvals: await optional(approvalsFile),
    signers: await optional(signersFile),
    lines: (file) => bundle.lines(file),
  };
}

interface Index {
  readonly digest: string;
  readonly tool: string;
  readonly rows: number;
  readonly head: string;
}

async function indexOf(bundle: BundleFile): Promise<Index> {
  let read: unknown;
  try {
    read = JSON.parse(await bundle.text(indexFile, smallBytesMax));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const { type, version, digest, tool, rows, head } = (typeof read === "object" && read !== null ? read : {}) as Record<
    string,
    unknown
  >;
  if (type === "handover evidence" && typeof version === "number" && version > 1) {
    throw new BundleError(
      `${indexFile}: the bundle is of a later version: use the handover that made it, or a newer one`,
    );
  }
  const texts = [digest, tool, head].every((each) => typeof each === "string");
  if (type !== "handover evidence" || version !== 1 || !texts || !Number.isSafeInteger(rows)) {
    throw new BundleError(`${indexFile} is not as it was written`);
  }
  return { digest: String(digest), tool: String(tool), rows: Number(rows), head: String(head) };
}

/** Each member is what the run's own lines make of it, and each plan file is the one that was planned. */
async function checkContent(
  bundle: BundleFile,
  dump: RunDump,
  toolVersion: string,
): Promise<{ readonly covered: number; readonly flaw: Flaw | undefined }> {
  const { tool } = await indexOf(bundle);
  const { header } = dump;
  let covered = 0;
  const differs = (problem: string): { covered: number; flaw: Flaw } => ({ covered, flaw: flawOf(problem) });
  if (bundle.folder !== bundleFolder(header.runId))
    return differs(`its folder ${bundle.folder} is not the one of run ${printable(header.runId, 40)}`);
  const expected = new Set([sumsFile, sumsSignature]);
  const planFiles: PlanFileInBundle[] = [];
  for (const [place, { name, sha256 }] of header.planFiles.entries()) {
    const member = planMember(place, name);
    expected.add(member);
    planFiles.push({ name, sha256, member: bundle.has(member) ? member : undefined });
    if (!bundle.has(member)) continue;
    if ((await bundle.sha256(member)) !== sha256)
      return differs(`${member} is not the plan file the run was made from`);
    covered += 1;
  }
  for await (const { name, pieces, worded } of bundleMembers(dump, planFiles, tool)) {
    expected.add(name);
    if (!bundle.has(name)) return differs(`${name} is missing`);
    if (worded && tool !== toolVersion) continue;
    const digest = createHash("sha256");
    for await (const piece of pieces) digest.update(piece, "utf8");
    if (digest.digest("hex") !== (await bundle.sha256(name)))
      return differs(`${name} says something else than the run it was made from`);
    covered += 1;
  }
  const stray = bundle.names.find((name) => !expected.has(name));
  return stray === undefined
    ? { covered, flaw: undefined }
    : differs(`${stray} is no part of this run${stray.startsWith(planFolder) ? "'s plan files" : ""}`);
}
