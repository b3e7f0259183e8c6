/** Failures and skips in groups: how many, of which class, why, and one step to look at. */
import { thousands } from "../model/text.ts";
import type { FailureGroup } from "./rows.ts";
import { cells, fit, pad, padStart, shown, sigil, wrap } from "./style.ts";
import type { Style } from "./style.ts";

const groupsListed = 20;
const classCellsMax = 28;

export function failureLines(groups: readonly FailureGroup[], style: Style): string[] {
  const listed = groups.slice(0, groupsListed).map((group) => ({
    count: thousands(group.count),
    failure: fit(shown(group.failure, style), classCellsMax, style),
    text: `${shown(group.reason, style, 500)} (${group.count === 1 ? "" : "first "}#${group.seq})`,
    mark: group.outcome === "failed" ? ("x" as const) : ("!" as const),
  }));
  const countWidth = Math.max(0, ...listed.map((group) => group.count.length));
  const classWidth = Math.max(0, ...listed.map((group) => cells(group.failure)));
  const more = groups.length - listed.length;
  return [
    ...listed.flatMap((group) => {
      const first = `  ${sigil(group.mark, style)} ${padStart(group.count, countWidth)}  ${pad(group.failure, classWidth)}  `;
      return wrap(group.text, first, style.width);
    }),
    ...(more > 0 ? [`    and ${thousands(more)} more kinds`] : []),
  ];
}
