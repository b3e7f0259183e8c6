/** What examining a run file found: each check with how much it covered, the first flaw of each, and what cannot be told. */
import { isOnlyUnsigned, isSound } from "../model/examination.ts";
import type {
  BundleFacts,
  ChainHead,
  CheckName,
  Examination,
  CheckOutcome,
  Flaw,
  SignedPart,
} from "../model/examination.ts";
import { counted, thousands } from "../model/text.ts";
import { label, labelled, labelledCommand, pad, paint, shown, sigil, wrap } from "./style.ts";
import type { Style } from "./style.ts";
import { shellWord, timeText } from "./words.ts";

const nameWidth = 10;

/** What was looked at, where it holds. */
const coverage: Readonly<Record<CheckName, (covered: number) => string>> = {
  tables: (count) => `${counted(count, "definition")}, those of a run and nothing beside them`,
  file: (count) => `${counted(count, "page")} in order, by SQLite's own check`,
  header: () => "agrees with the digest",
  steps: (count) => `${counted(count, "step")} as planned, by the digest`,
  chain: (count) => `${counted(count, "row")}, each bound to the one before`,
  results: (count) => `${counted(count, "ended step")}, each with one row that says the same, and no other row`,
  order: (count) => `${counted(count, "step")}, each waiting for what the plan says`,
  attempts: (count) =>
    `${counted(count, "intent and ending", "intents and endings")}, none missing, and no change without an attempt`,
  scope: (count) => `${counted(count, "step")} within what the plan names`,
  files: (count) => `${counted(count, "file")}, each with the hash that its list gives`,
  content: (count) => `${counted(count, "file")}, each as the run itself says`,
  signed: (count) => `${counted(count, "checkpoint")}, each signed, and its row as it was signed`,
  approvals: (count) => `${counted(count, "approval")} that counted, each signed by an approver for this run`,
  head: (row) =>
    row === 0 ? "the noted head is what the chain begins with" : `the noted head is row ${thousands(row)}`,
};

/** Last what a chain cannot tell, and what to do about that. */
export function evidenceText(examination: Examination, runName: string, style: Style): string[] {
  const { findings, header, head } = examination;
  const name = shown(runName, style);
  const run =
    header === undefined ? [] : [`run ${header.runId}`, `tenant ${header.tenant}`, timeText(header.createdAt)];
  return [
    ...wrap([name, ...run.map((part) => shown(part, style))].join("   "), label("Evidence", style), style.width),
    "",
    ...findings.flatMap((finding) => findingLines(finding, style)),
    "",
    ...verdictLines(examination, style),
    ...(head === undefined ? [] : headLines(head, examination, runName, style)),
  ];
}

function findingLines(finding: CheckOutcome, style: Style): string[] {
  const { check, verdict, covered, flaw } = finding;
  const first = (mark: "=" | "x" | "?"): string => `  ${sigil(mark, style)} ${pad(check, nameWidth)}`;
  if (verdict === "holds") return wrap(coverage[check](covered), first("="), style.width);
  if (flaw === undefined) return wrap("not checked: what it rests on is broken", first("?"), style.width);
  const indent = " ".repeat(nameWidth + 4);
  const fact = (name: string, value: string | undefined): string[] =>
    value === undefined ? [] : wrap(shown(value, style, 500), `${indent}${pad(name, 10)}`, style.width);
  return [
    ...wrap(placed(flaw, style), first("x"), style.width),
    ...fact("expected", flaw.expected),
    ...fact("found", flaw.found),
  ];
}

function placed(flaw: Flaw, style: Style): string {
  const row = flaw.row === undefined ? [] : [`row ${thousands(flaw.row)}`];
  const step = flaw.step === undefined ? [] : [`step ${thousands(flaw.step)}`];
  const place = [...row, ...step].join(", ");
  return `${place === "" ? "" : `${place}: `}${shown(flaw.problem, style, 500)}`;
}

function verdictLines(examination: Examination, style: Style): string[] {
  if (isSound(examination)) {
    return labelled("Verdict", paint("sound: nothing in it contradicts anything else", "green", style), style);
  }
  if (isOnlyUnsigned(examination)) {
    return [
      ...labelled("Verdict", paint("nothing contradicts anything else, but it is not signed", "yellow", style), style),
      ...labelled(
        "Remedy",
        "a run is signed where plan and apply are given --sign-key; this one can be held against a head that was noted",
        style,
      ),
    ];
  }
  return [
    ...labelled("Verdict", paint("not as it was written", "red", style), style),
    ...labelled("Remedy", "do not rely on it or apply it: find out who changed it, and compare with a copy", style),
  ];
}

function headLines(head: ChainHead, examination: Examination, runName: string, style: Style): string[] {
  const { findings, signed, bundle } = examination;
  const asked = findings.some((finding) => finding.check === "head");
  return [
    ...labelled("Head", `row ${thousands(head.row)}`, style),
    `${label("", style)}${head.hash}`,
    ...(signed === undefined ? [] : labelled("Signed", signedText(signed, head, style), style)),
    ...(bundle === undefined ? [] : labelled("Bundle", bundleText(bundle, style), style)),
    ...labelled("Limits", limitsText(signed, head), style),
    ...(asked
      ? []
      : labelledCommand("Later", `handover evidence verify ${shellWord(runName)} --head ${head.hash}`, style)),
  ];
}

/** Up to which row, and by whom. */
function signedText({ row, keys }: SignedPart, head: ChainHead, style: Style): string {
  const upTo = row === head.row ? "to the last row" : `to row ${thousands(row)} of ${thousands(head.row)}`;
  const by = keys.map(({ fingerprint, principal }) =>
    principal === undefined ? shown(fingerprint, style) : `${shown(principal, style)} (${shown(fingerprint, style)})`,
  );
  return `${upTo}, by ${by.join(" and ")}`;
}

/** Who stands for the bundle as a whole, and what of it was not looked at. */
function bundleText({ toolVersion, wordsCompared, signedBy, missing }: BundleFacts, style: Style): string {
  const by =
    signedBy === undefined
      ? "its list of hashes is signed by nobody"
      : `its list of hashes is signed by ${signedBy.principal === undefined ? "" : `${shown(signedBy.principal, style)} with `}${shown(signedBy.fingerprint, style)}`;
  const words = wordsCompared ? "" : "; its tables and sheets for people were not compared, as this is another version";
  const without =
    missing.length === 0 ? "" : `; without the plan files ${missing.map((name) => shown(name, style)).join(", ")}`;
  return `made by handover ${shown(toolVersion, style)}; ${by}${words}${without}`;
}

/** What is not proven, said as plainly as what is. */
function limitsText(signed: SignedPart | undefined, head: ChainHead): string {
  const inChain = "Not in the chain: intents of steps still open, what verify found, and what the pacer learned.";
  if (signed === undefined) {
    return (
      "The chain is not signed: whoever holds the file can write all of it anew. Against that, note the head where they " +
      `cannot change it. ${inChain}`
    );
  }
  const whose = signed.keys.some(({ principal }) => principal === undefined)
    ? "Whose those keys are is not checked: add --signers FILE. "
    : "";
  const rest = signed.row === head.row ? "" : "The rows after that are not signed. ";
  return (
    `${whose}${rest}Whoever holds the file and no such key can still cut it back to an earlier checkpoint: against that, ` +
    `note the head. ${inChain}`
  );
}
