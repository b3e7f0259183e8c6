/** The report of a run: what was to be done, what became of it, and what proves it. */
import type { Counts, RunHeader } from "../model/run.ts";
import { counted, thousands } from "../model/text.ts";
import { openOf, totalOf } from "./counts-text.ts";
import type { Block, Phrase } from "./document.ts";
import { blockMarkdown } from "./document-markdown.ts";
import { blockText } from "./document-text.ts";
import { helpCommand } from "./more-help.ts";
import { exposureWords } from "./plan-sums.ts";
import type { AuditHead, Pages, RunFacts, StepProgress, Verification } from "./rows.ts";
import { verificationText } from "./status-text.ts";
import type { Style } from "./style.ts";
import { applyCommand, evidenceCommand, shellWord, stateWords, timeText } from "./words.ts";

/** Lines without their ends. `transfers` are pages of transfer steps. */
export async function* runReportText(
  facts: RunFacts,
  audit: AuditHead | undefined,
  transfers: Pages,
  runName: string,
  style: Style,
): AsyncGenerator<string> {
  for await (const block of reportBlocks(facts, audit, transfers, runName)) yield* blockText(block, style);
}

/** The same as Markdown. */
export async function* runReportMarkdown(
  facts: RunFacts,
  audit: AuditHead | undefined,
  transfers: Pages,
  runName: string,
): AsyncGenerator<string> {
  for await (const block of reportBlocks(facts, audit, transfers, runName)) yield* blockMarkdown(block);
}

async function* reportBlocks(
  facts: RunFacts,
  audit: AuditHead | undefined,
  transfers: Pages,
  runName: string,
): AsyncGenerator<Block> {
  yield { kind: "heading", level: 1, text: `Report of run ${runName}` };
  yield { kind: "paragraph", text: [verdict(facts)] };
  yield provenanceBlock(facts.header);
  yield* outcomeBlocks(facts);
  yield* failureBlocks(facts);
  yield* transferBlocks(await firstRows(transfers));
  yield* handBlocks(facts, runName);
  yield* refusalBlocks(facts.header);
  yield* exposureBlocks(facts.header);
  yield* proofBlocks(facts, audit);
  yield { kind: "next", command: nextCommand(facts, runName) };
}

/** One sentence for somebody who reads no further. Unverified is not success, and neither is a line left to people. */
export function verdict({ counts, verification }: RunFacts): string {
  const total = totalOf(counts);
  const open = openOf(counts);
  const byHand = counts["by-hand"];
  const people = byHand === 0 ? "." : `; ${counted(byHand, "owner change is", "owner changes are")} left to people.`;
  if (total === 0) return "There was nothing to do: everything was as the plan asked.";
  if (open === total) return `Nothing has been carried out yet: ${counted(total, "step")} planned.`;
  if (open > 0) return `Not finished: ${thousands(open)} of ${counted(total, "step")} left.`;
  if (byHand === total) return `Nothing in it can be done by an API${people}`;
  return `${endedWords(counts, total - byHand, verification)}${people}`;
}

function endedWords(counts: Counts, steps: number, verification: Verification | undefined): string {
  const bad = counts.failed + counts.skipped;
  if (bad > 0) return `${thousands(bad)} of ${counted(steps, "step")} ${bad === 1 ? "was" : "were"} not carried out`;
  const ended = steps === 1 ? "The one step has ended well" : `All ${thousands(steps)} steps have ended well`;
  if (verification === undefined) return `${ended}; not verified yet`;
  const off = verification.drifted + verification.unreadable;
  if (off > 0) return `${ended}, but reading back did not show it for ${thousands(off)}`;
  const wanted = counts.applied + counts.confirmed + counts.unchanged;
  if (verification.verified < wanted) {
    return `${ended}; reading back has shown ${thousands(verification.verified)} of them so far`;
  }
  return `${ended}, and reading back has shown it`;
}

function provenanceBlock(header: RunHeader): Block {
  const files = header.planFiles.flatMap((file, index): Phrase => [
    `${index === 0 ? "" : ", "}${file.name} `,
    { code: file.sha256.slice(0, 12) },
  ]);
  const { coverage, undoOf } = header;
  return {
    kind: "fields",
    fields: [
      ["Tenant", [header.tenant]],
      ...(files.length === 0 ? [] : [["Plan files", files] as const]),
      ...(undoOf === undefined ? [] : [["Takes back", [{ code: undoOf.runId }]] as const]),
      ["Run id", [{ code: header.runId }]],
      ["Made", [`${timeText(header.createdAt)} by handover ${header.toolVersion}, as ${header.admin}`]],
      [
        "Read",
        [
          `${counted(coverage.assetsRead, "asset")} of ${thousands(coverage.usersRead)}/${counted(coverage.usersTried, "user")}, ${timeText(header.snapshotAt)}`,
        ],
      ],
    ],
  };
}

function* outcomeBlocks({ counts }: RunFacts): Generator<Block> {
  if (totalOf(counts) === 0) return;
  yield { kind: "heading", level: 2, text: "Outcomes" };
  yield {
    kind: "table",
    columns: [{ name: "Steps", right: true }, { name: "State" }, { name: "Which means" }],
    rows: [...stateWords]
      .filter(([state]) => counts[state] > 0)
      .map(([state, words]) => [[thousands(counts[state])], [words], [stateMeanings[state]]]),
  };
}

const stateMeanings: Readonly<Record<keyof RunFacts["counts"], string>> = {
  applied: "changed by this run, and Google's answer showed it",
  confirmed: "changed by this run; found so after an interruption",
  unchanged: "was as planned already; this run changed nothing",
  "by-hand": "on the hand-over sheet: people must do it",
  skipped: "not carried out; nothing was changed",
  failed: "not carried out; nothing of it was left behind",
  cancelled: "ended by a person without being carried out",
  "in-flight": "begun; apply goes on with it",
  planned: "not begun",
};

function* failureBlocks({ failures }: RunFacts): Generator<Block> {
  if (failures.length === 0) return;
  yield { kind: "heading", level: 2, text: "What was not carried out" };
  yield {
    kind: "table",
    columns: [
      { name: "Steps", right: true },
      { name: "State" },
      { name: "Class" },
      { name: "Reason" },
      { name: "Step" },
    ],
    rows: failures.map((group) => [
      [thousands(group.count)],
      [group.outcome],
      [{ code: group.failure }],
      [group.reason],
      [`#${group.seq}`],
    ]),
  };
  yield* helpBlocks(
    "failure",
    failures.map(({ failure }) => failure),
  );
}

/** What each of `names` means, and what to do about it, is said by a page of the program. */
function* helpBlocks(kind: "hazard" | "failure", names: readonly string[]): Generator<Block> {
  const command = helpCommand(kind, names);
  if (command === undefined) return;
  yield { kind: "paragraph", text: ["What that means, and what to do: ", { code: command }] };
}

const transfersListed = 200;

interface FirstRows {
  readonly rows: readonly StepProgress[];
  readonly more: number;
}

async function firstRows(pages: Pages): Promise<FirstRows> {
  const rows: StepProgress[] = [];
  let more = 0;
  for await (const page of pages) {
    const taken = page.slice(0, transfersListed - rows.length);
    rows.push(...taken);
    more += page.length - taken.length;
  }
  return { rows, more };
}

function* transferBlocks({ rows, more }: FirstRows): Generator<Block> {
  const listed = rows.flatMap((row): Phrase[][] => {
    const { step, state } = row;
    if (step.kind !== "transfer") return [];
    const words = stateWords.get(state) ?? state;
    return [[[`#${step.seq}`], [step.from.email], [step.to.email], [thousands(step.live)], [words]]];
  });
  if (listed.length === 0) return;
  yield { kind: "heading", level: 2, text: "Whole-user transfers" };
  yield {
    kind: "table",
    columns: [{ name: "Step" }, { name: "From" }, { name: "To" }, { name: "Assets", right: true }, { name: "State" }],
    rows: listed,
  };
  if (more > 0) yield { kind: "paragraph", text: [`and ${counted(more, "more transfer")}.`] };
}

function* handBlocks({ header, counts }: RunFacts, runName: string): Generator<Block> {
  const left = header.totals.byHand;
  if (left === 0) return;
  yield { kind: "heading", level: 2, text: "By hand" };
  const ended = counts["by-hand"] > 0 ? thousands(counts["by-hand"]) : `Up to ${thousands(left)}`;
  yield { kind: "paragraph", text: [`${ended} of ${counted(left, "planned owner change")} must be made by people:`] };
  yield { kind: "paragraph", text: [{ code: `handover report ${shellWord(runName)} --handover-sheet` }] };
}

const refusalsListed = 50;

function* refusalBlocks({ refusals }: RunHeader): Generator<Block> {
  if (refusals.length === 0) return;
  const listed = refusals.slice(0, refusalsListed);
  const more = refusals.length - listed.length;
  yield { kind: "heading", level: 2, text: "Refused when planned" };
  yield {
    kind: "table",
    columns: [{ name: "Rule" }, { name: "Row" }, { name: "Why" }],
    rows: listed.map(({ rule, places, problem }) => [
      [{ code: rule }],
      [
        places
          .map(({ file, line }) => `${file}:${line}`)
          .slice(0, 3)
          .join(", "),
      ],
      [problem],
    ]),
  };
  if (more > 0) yield { kind: "paragraph", text: [`and ${counted(more, "more refusal")}.`] };
  yield* helpBlocks(
    "failure",
    refusals.map(({ rule }) => rule),
  );
}

function* exposureBlocks({ exposureBefore, exposureAfter }: RunHeader): Generator<Block> {
  const rows = exposureWords.filter(([key]) => exposureBefore[key] + exposureAfter[key] > 0);
  if (rows.length === 0) return;
  yield { kind: "heading", level: 2, text: "Exposure, as planned" };
  yield {
    kind: "table",
    columns: [{ name: "Who gets in" }, { name: "Before", right: true }, { name: "After", right: true }],
    rows: rows.map(([key, words]) => [[words], [thousands(exposureBefore[key])], [thousands(exposureAfter[key])]]),
  };
}

function* proofBlocks({ digest, verification }: RunFacts, audit: AuditHead | undefined): Generator<Block> {
  yield { kind: "heading", level: 2, text: "Proof" };
  const chain =
    audit?.firstBad === undefined ? "whole: every link follows from the one before" : `BROKEN at row ${audit.firstBad}`;
  yield {
    kind: "fields",
    fields: [
      ["Verified", [verification === undefined ? "not yet" : verificationText(verification)]],
      ["Digest", [{ code: digest }]],
      ...(audit === undefined
        ? [["Audit", ["nothing recorded yet"]] as const]
        : [
            ["Audit", [`${counted(audit.seq, "row")}, the last at ${timeText(audit.at)}; chain ${chain}`]] as const,
            ["Audit head", [{ code: audit.hash }]] as const,
          ]),
    ],
  };
}

function nextCommand({ header, counts, verification }: RunFacts, runName: string): string {
  const run = shellWord(runName);
  if (openOf(counts) > 0) return applyCommand(header, runName);
  if (verification === undefined && totalOf(counts) > 0) return `handover verify ${run}`;
  return counts["by-hand"] > 0 ? `handover report ${run} --handover-sheet` : evidenceCommand(runName);
}
