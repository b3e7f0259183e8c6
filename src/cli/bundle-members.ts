/** What an evidence bundle holds, member by member: made from a run to write it, and again from the bundle's own lines to check it. */
import { keptCheckpointsIn } from "../journal/checkpoints.ts";
import { dumpedLines, dumpedTables } from "../journal/dump.ts";
import type { RunDump } from "../journal/dump.ts";
import { checkpointsFile } from "../journal/sqlite/rebuild.ts";
import { parseApproval } from "../model/signing/approval.ts";
import type { Approval } from "../model/signing/approval.ts";
import { signedTextOf } from "../model/signing/checkpoint.ts";
import { approvalsName, keptApprovalsIn, signersName } from "../model/signing/kept-approvals.ts";
import { afterLines, beforeLines, summaryText } from "../report/bundle-members.ts";
import type { BundleContent, PlanFileInBundle } from "../report/bundle-members.ts";
import { readmeText } from "../report/bundle-readme.ts";
import { stepsCsv } from "../report/csv.ts";
import { handoverSheet, sheetCsv, sheetMarkdown } from "../report/handover-sheet.ts";
import { pagesOf } from "../report/rows.ts";
import { runFacts } from "./run-facts.ts";

export interface BundleMember {
  /** Below the folder of the bundle. */
  readonly name: string;
  readonly pieces: AsyncIterable<string> | Iterable<string>;
  /** Its words may differ from one version of handover to the next. */
  readonly worded: boolean;
}

export const indexFile = "bundle.json";
export const headerFile = "run.json";
export const pagesFile = "pages.txt";
export const approvalsFile = "approvals.json";
export const signersFile = "signers";
export const planFolder = "plan-files/";

/** The one folder everything in a bundle lies in. */
export function bundleFolder(runId: string): string {
  return `evidence-${runId}/`;
}

/** Everything but plan files and sums. The same run gives the same members, to the byte. */
export async function* bundleMembers(
  dump: RunDump,
  planFiles: readonly PlanFileInBundle[],
  toolVersion: string,
): AsyncGenerator<BundleMember> {
  const { frozen } = dump;
  const [approvals, signers] = [await dump.kept(approvalsName), await dump.kept(signersName)];
  const checkpoints = keptCheckpointsIn(await dump.allKept());
  const facts = await bundleFacts(dump, approvals, checkpoints.at(-1)?.name, planFiles, toolVersion);
  const exactly = (name: string, ...pieces: readonly string[]): BundleMember => ({ name, pieces, worded: false });
  yield { name: "README.txt", pieces: [readmeText(facts)], worded: true };
  const index = {
    type: "handover evidence",
    version: 1,
    digest: frozen.digest,
    tool: toolVersion,
    rows: frozen.rows,
    head: frozen.head,
  };
  yield exactly(indexFile, `${JSON.stringify(index)}\n`);
  yield exactly(headerFile, frozen.header);
  yield exactly(pagesFile, frozen.pages.map((page) => `${page}\n`).join(""));
  for (const table of dumpedTables) yield { name: table.file, pieces: dumpedLines(dump, table), worded: false };
  yield exactly(checkpointsFile, ...checkpoints.map(({ name, body }) => `${JSON.stringify({ name, body })}\n`));
  const last = signedTextOf(checkpoints.at(-1)?.body ?? "");
  if (last !== undefined) {
    yield exactly("checkpoint.json", last.text);
    yield exactly("checkpoint.json.sig", last.signature);
  }
  yield { name: "before.ndjson", pieces: beforeLines(pagesOf(dump)), worded: true };
  yield { name: "after.ndjson", pieces: afterLines(pagesOf(dump)), worded: true };
  yield { name: "steps.csv", pieces: stepsCsv(pagesOf(dump)), worded: true };
  const sheet = await handoverSheet(dump.header, dump.digest, pagesOf(dump));
  yield { name: "handover-sheet.md", pieces: withEnds(sheetMarkdown(sheet)), worded: true };
  yield { name: "handover-sheet.csv", pieces: sheetCsv(sheet), worded: true };
  yield { name: "summary.json", pieces: [summaryText(facts)], worded: true };
  if (approvals !== undefined) yield exactly(approvalsFile, approvals);
  if (signers !== undefined) yield exactly(signersFile, signers);
  for (const [place, { text, signature }] of (keptApprovalsIn(approvals) ?? []).entries()) {
    yield exactly(`approvals/${place + 1}.json`, text);
    yield exactly(`approvals/${place + 1}.json.sig`, signature);
  }
}

function* withEnds(lines: Iterable<string>): Generator<string> {
  for (const line of lines) yield `${line}\n`;
}

async function bundleFacts(
  dump: RunDump,
  approvals: string | undefined,
  last: string | undefined,
  planFiles: readonly PlanFileInBundle[],
  toolVersion: string,
): Promise<BundleContent> {
  const read = (keptApprovalsIn(approvals) ?? []).map(({ text }) => parseApproval(text));
  return {
    facts: await runFacts(dump),
    head: await dump.head(),
    signedTo: last === undefined ? undefined : Number(last.replace(/^.*-/, "")),
    approvals: read.flatMap((each): readonly Approval[] => (each.ok ? [each.value] : [])),
    planFiles,
    toolVersion,
  };
}

/** Where a plan file lies in the bundle. */
export function planMember(place: number, name: string): string {
  const last = name
    .replace(/^.*[/\\]/, "")
    .replace(/[^\w@.+-]/g, "_")
    .slice(-40);
  return `${planFolder}${place + 1}-${last}`;
}
