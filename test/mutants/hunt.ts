/** Looks for a bug in a copy of the tree, and tells a find from a copy that merely does not work. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Hunt } from "./mutant.ts";
import { runCommand } from "./command.ts";
import type { Ended } from "./command.ts";

export type Finding =
  /** `where` is the seed, or the name of the test; `said` is what was reported. */
  | { readonly kind: "found"; readonly where: string; readonly said: string }
  | { readonly kind: "survived" }
  /** It does not compile, does not end, or falls over by itself: that finds nothing. */
  | { readonly kind: "broken"; readonly said: string };

/** For one hunt; what takes longer hangs. */
const huntMsMax = 300_000;

/** What a bug in the bug looks like: the code fell over, and no check was asked. */
const fellOver = /\b(?:TypeError|ReferenceError|SyntaxError|RangeError: Maximum call stack)\b/;

export function hunt(folder: string, where: Hunt, seeds: number): Promise<Finding> {
  return where === "sim" ? huntInSimulation(folder, seeds) : huntInTests(folder, [where]);
}

export async function huntInSimulation(folder: string, seeds: number): Promise<Finding> {
  const wanted = ["run", "--silent", "sim", "--", "--seeds", String(seeds), "--from", "1", "--failures", "1"];
  return readSimulation(await runCommand("npm", wanted, folder, huntMsMax));
}

/** `seed N: what is wrong` for the first seed that fails, and figures as one JSON line at the end. */
export function readSimulation({ code, out, err, timedOut }: Ended): Finding {
  if (timedOut) return { kind: "broken", said: "the simulation does not end" };
  const lines = out.split("\n");
  const wrong = lines.map((line) => /^seed (\d+)(?:: | is )(.*)$/.exec(line)).filter((match) => match !== null);
  const violations = wrong.filter((match) => !fellOver.test(match[2] ?? ""));
  const [first] = violations;
  if (first !== undefined) return { kind: "found", where: `seed ${first[1] ?? ""}`, said: first[2] ?? "" };
  if (code === 0 && hasFigures(lines)) return { kind: "survived" };
  return { kind: "broken", said: wrong[0]?.[0] ?? firstLine(err || out) };
}

export async function huntInTests(folder: string, files: readonly string[]): Promise<Finding> {
  const report = join(folder, "mutants.json");
  await rm(report, { force: true });
  const vitest = join(folder, "node_modules/vitest/vitest.mjs");
  const wanted = [vitest, "run", ...files, "--bail=1", "--retry=0", "--reporter=json", `--outputFile=${report}`];
  const ended = await runCommand(process.execPath, wanted, folder, huntMsMax);
  return readTests(ended, await readFile(report, "utf8").catch(() => ""));
}

interface TestReport {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

/** `text` is the report of vitest, in Jest's format. */
export function readTests({ code, out, err, timedOut }: Ended, text: string): Finding {
  if (timedOut) return { kind: "broken", said: "the tests do not end" };
  if (text === "") return { kind: "broken", said: firstLine(err || out) };
  const report = JSON.parse(text) as TestReport;
  const failed = report.testResults.flatMap((file) => file.assertionResults.filter((test) => test.status === "failed"));
  for (const { fullName, failureMessages = [] } of failed) {
    const said = failureMessages[0] ?? "";
    if (!fellOver.test(firstLine(said))) return { kind: "found", where: fullName.trim(), said: firstLine(said) };
  }
  if (code === 0 && report.success && report.numPassedTests > 0) return { kind: "survived" };
  const said = failed[0]?.failureMessages?.[0] ?? report.testResults.find((file) => file.message)?.message ?? err;
  return { kind: "broken", said: firstLine(said) };
}

function hasFigures(lines: readonly string[]): boolean {
  const last = lines.findLast((line) => line !== "") ?? "";
  return last.startsWith("{") && last.includes('"seeds"');
}

function firstLine(text: string): string {
  return (
    text
      .split("\n")
      .find((line) => line.trim() !== "")
      ?.trim() ?? ""
  );
}
