/** The verdicts on all mutants as a Markdown table, and as figures. */
import type { Finding } from "./hunt.ts";
import type { Mutant } from "./mutant.ts";

export type Verdict = (Finding | { readonly kind: "stale" }) & { readonly mutant: Mutant };

export interface Sums {
  readonly mutants: number;
  readonly found: number;
  readonly survived: number;
  readonly broken: number;
  readonly stale: number;
}

const saidMax = 100;

export function sums(verdicts: readonly Verdict[]): Sums {
  const count = (kind: Verdict["kind"]): number => verdicts.filter((verdict) => verdict.kind === kind).length;
  return {
    mutants: verdicts.length,
    found: count("found"),
    survived: count("survived"),
    broken: count("broken"),
    stale: count("stale"),
  };
}

export function markdown(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map((verdict) => {
    const { name, breaks, hunt } = verdict.mutant;
    return [name, breaks, hunt, ...result(verdict)].map(cell);
  });
  const lines = [["mutant", "what it breaks", "looked for in", "found by", "said"], ["-", "-", "-", "-", "-"], ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function result(verdict: Verdict): readonly [where: string, said: string] {
  switch (verdict.kind) {
    case "found":
      return [verdict.where, verdict.said];
    case "broken":
      return ["**broken**", verdict.said];
    case "survived":
      return ["**survived**", ""];
    case "stale":
      return ["**stale**", "its place is not in the file exactly once"];
  }
}

/** On one line, short, and without what would end the cell. */
function cell(text: string): string {
  const plain = text.replace(/\p{Cc}+/gu, " ").replaceAll("|", "\\|");
  return plain.length <= saidMax ? plain : `${plain.slice(0, saidMax - 1)}…`;
}
