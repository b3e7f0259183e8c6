/** Whether what was printed is what the guide shows, apart from what differs from one time to the next. */

/** What no two runs have in common, and what stands for it on both sides. */
const passing: readonly (readonly [RegExp, string])[] = [
  [/\u{1b}\[[0-9;]*[A-Za-z]/gu, ""],
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<id>"],
  [/\b0[0-9A-HJKMNP-TV-Z]{25}\b/g, "<id>"],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?/g, "<time>"],
  [/\d{4}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d)?)?/g, "<time>"],
  [/\b\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* \d{4}\b/g, "<time>"],
  [/\b\d{1,2}:\d\d(?::\d\d)?\b/g, "<time>"],
  [/(127\.0\.0\.1|localhost):<time>/g, "$1:<port>"],
  [/(127\.0\.0\.1|localhost):\d+/g, "$1:<port>"],
  [/\b\d+(?:\.\d+)?\/(?:s|min|h)\b/g, "<rate>"],
  [/\b\d+(?:\.\d+)? ?(?:ms|s|min|h|d)\b(?: \d+ ?(?:ms|s|min|h)\b)*/g, "<duration>"],
  [/\bSHA256:[A-Za-z0-9+/]{20,}/g, "<hash>"],
  [/\bAAAA[A-Za-z0-9+/]{20,}={0,2}/g, "<key>"],
  [/\b[0-9a-f]{8,}\b/g, "<hash>"],
  [/\bhandover \d+\.\d+\.\d+\S*/g, "handover <version>"],
  [/(?:\/private)?\/(?:tmp|var\/folders)\/[^\s'":;,]+/g, "<temporary>"],
  [/[ \t]+$/gm, ""],
];

function settled(text: string): string {
  return passing.reduce((sofar, [pattern, word]) => sofar.replaceAll(pattern, word), text);
}

export interface Difference {
  /** Which of the shown lines, from 0. */
  readonly at: number;
  readonly shown: string;
  readonly printed: string;
}

/** Undefined where they are alike. A line `…` stands for any lines, or none; `…` within a line for any text. */
export function difference(shown: readonly string[], printed: string): Difference | undefined {
  const wanted = shown.map((line) => settled(line).trimEnd());
  const lines = settled(printed).split("\n");
  while (lines.at(-1) === "") lines.pop();
  let furthest = { at: 0, line: 0 };
  const matches = (at: number, line: number): boolean => {
    if (at > furthest.at) furthest = { at, line };
    const want = wanted[at];
    if (want === undefined) return line === lines.length;
    if (isGap(want)) {
      for (let next = line; next <= lines.length; next += 1) if (matches(at + 1, next)) return true;
      return false;
    }
    const have = lines[line];
    return have !== undefined && isLine(want, have) && matches(at + 1, line + 1);
  };
  if (matches(0, 0)) return undefined;
  const { at, line } = furthest;
  return { at, shown: wanted[at] ?? "nothing more", printed: lines[line] ?? "nothing more" };
}

function isGap(line: string): boolean {
  return line.trim() === "…" || line.trim() === "...";
}

function isLine(want: string, have: string): boolean {
  if (!want.includes("…")) return want === have;
  const parts = want.split("…").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(have);
}
