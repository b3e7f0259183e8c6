/** The instructions in an evidence bundle, for somebody who has sha256sum and ssh-keygen, and not handover. */
import type { Approval } from "../model/signing/approval.ts";
import { printable } from "../model/text.ts";
import type { BundleContent, PlanFileInBundle } from "./bundle-members.ts";
import { shellWord } from "./words.ts";

const files: readonly (readonly [string, string])[] = [
  ["run.json", "what was planned, without its steps; covered by the digest"],
  ["pages.txt", "a digest for each thousand steps"],
  ["steps.ndjson", "every step as planned; covered by the digest"],
  ["audit.ndjson", "what happened, row by row: the audit chain"],
  ["checkpoints.ndjson", "signatures over the chain as it grew"],
  ["progress.ndjson", "how each step stands; follows from the audit chain"],
  ["intents.ndjson", "requests of steps still open that may have been sent"],
  ["verdicts.ndjson", "what verify read back; no part of the chain"],
  ["before.ndjson", "each asset as the plan read it"],
  ["after.ndjson", "each asset as its audit row says the run left it; null where others changed it too"],
  ["steps.csv", "every step with its outcome, for people"],
  ["handover-sheet.md", "what is left for people to click; handover-sheet.csv the same"],
  ["summary.json", "counts, coverage, verification, versions"],
  ["approvals/, signers", "who approved, and the signers file that was judged by"],
  ["plan-files/", "what people wrote; each has the SHA-256 that run.json names"],
];

/** NAME and YOUR-SIGNERS stand for what only the reader knows. */
export function readmeText(bundle: BundleContent): string {
  const { facts, approvals, planFiles, toolVersion } = bundle;
  const { header, digest } = facts;
  const lines = [
    `Evidence of run ${printable(header.runId)}, tenant ${printable(header.tenant)}`,
    `Made by handover ${toolVersion} from a run that handover ${printable(header.toolVersion)} planned.`,
    "",
    "With handover, without credentials or network:",
    "  handover evidence verify BUNDLE.tar --signers FILE",
    "",
    "By hand, in this folder:",
    "1. Every file is as it was bundled:",
    "  sha256sum -c SHA256SUMS",
    "   If SHA256SUMS.sig is there, somebody signed that list (NAME as your own signers file has it):",
    "  ssh-keygen -Y verify -f YOUR-SIGNERS -I NAME -n handover -s SHA256SUMS.sig < SHA256SUMS",
    `2. The plan is the one with the digest ${digest}.`,
    "   This prints it again from run.json, and from the digests of each thousand steps in pages.txt:",
    '  { echo "handover run 1"; sha256sum < run.json | cut -c1-64; cat pages.txt; } | sha256sum',
    ...approvalLines(approvals),
    ...chainLines(bundle),
    "",
    "Files",
    ...files.map(([name, what]) => `  ${name.padEnd(20)}  ${what}`),
    ...missingLines(planFiles),
    "",
  ];
  return lines.join("\n");
}

function approvalLines(approvals: readonly Approval[]): readonly string[] {
  if (approvals.length === 0) return ["3. Nobody approved it with a signature."];
  return [
    "3. These approved it. Compare the signers file with your own, and each text with the digest:",
    ...approvals.map(({ approver }, index) => {
      const file = `approvals/${index + 1}.json`;
      return `  ssh-keygen -Y verify -f signers -I ${shellWord(approver)} -n handover -s ${file}.sig < ${file}`;
    }),
  ];
}

function chainLines({ facts, head, signedTo }: BundleContent): readonly string[] {
  const first = `printf 'handover audit 1\\n%s\\n%s\\n' ${shellWord(facts.header.runId)} ${facts.digest} | sha256sum`;
  return [
    `4. The audit chain has ${head.row} rows; its last hash is ${head.hash}.`,
    "   The hash of a row is SHA-256 of the hash before it followed by its body; the one before the first:",
    `  ${first}`,
    "   All of them, with jq; it prints the last hash:",
    `  h=$(${first} | cut -c1-64)`,
    "  while IFS= read -r row; do",
    `    h=$(printf '%s%s' "$h" "$(printf '%s' "$row" | jq -r .body)" | sha256sum | cut -c1-64)`,
    `    [ "$h" = "$(printf '%s' "$row" | jq -r .hash)" ] || { echo "bad: $row"; break; }`,
    `  done < audit.ndjson; echo "$h"`,
    ...(signedTo === undefined
      ? ["   No row of it is signed: whoever held the run could have written all of it anew."]
      : [
          `   It is signed to row ${signedTo}. The last checkpoint names that row and its hash:`,
          "  ssh-keygen -Y verify -f YOUR-SIGNERS -I NAME -n handover -s checkpoint.json.sig < checkpoint.json",
        ]),
  ];
}

function missingLines(planFiles: readonly PlanFileInBundle[]): readonly string[] {
  const missing = planFiles.filter(({ member }) => member === undefined);
  if (missing.length === 0) return [];
  return [
    "",
    "Missing, because they were not found as they were planned:",
    ...missing.map(({ name, sha256 }) => `  ${printable(name)}  SHA-256 ${printable(sha256, 64)}`),
  ];
}
