/** A slope chart: what a figure was before, and what it comes to after. */
import { thousands } from "../../model/text.ts";
import { html } from "./markup.ts";
import type { Markup } from "./markup.ts";

export interface Slope {
  readonly label: string;
  readonly before: number;
  readonly after: number;
}

const [left, right, top, height] = [210, 450, 30, 180];
/** Labels closer than this would be set over each other. */
const gap = 17;

export function slopes(list: readonly Slope[], caption: string): Markup {
  const most = Math.max(1, ...list.flatMap(({ before, after }) => [before, after]));
  const y = (value: number): number => top + height * (1 - value / most);
  const befores = apart(list.map(({ before }) => y(before)));
  const afters = apart(list.map(({ after }) => y(after)));
  const lines = list.map(({ label, before, after }, index) => {
    const tone = after < before ? "good" : after > before ? "high" : "info";
    return html`<line
        class="slope-${tone}"
        x1="${left}"
        y1="${y(before).toFixed(1)}"
        x2="${right}"
        y2="${y(after).toFixed(1)}"
      ></line>
      <circle class="bar-${tone}" cx="${left}" cy="${y(before).toFixed(1)}" r="4"></circle
      ><circle class="bar-${tone}" cx="${right}" cy="${y(after).toFixed(1)}" r="4"></circle>
      <text x="${left - 12}" y="${((befores[index] ?? 0) + 4).toFixed(1)}" text-anchor="end"
        >${`${label} ${thousands(before)}`}</text
      >
      <text x="${right + 12}" y="${((afters[index] ?? 0) + 4).toFixed(1)}">${`${thousands(after)} ${label}`}</text>`;
  });
  const words = list.map(({ label, before, after }) => `${label} from ${before} to ${after}`).join(", ");
  const bottom = Math.max(top + height, ...befores, ...afters) + 20;
  return html`<figure>
    <svg
      viewBox="0 0 660 ${bottom.toFixed(0)}"
      width="660"
      height="${bottom.toFixed(0)}"
      role="img"
      aria-label="${`${caption}: ${words}`}"
    >
      <text x="${left}" y="14" text-anchor="middle">before</text>
      <text x="${right}" y="14" text-anchor="middle">after</text>
      ${lines}
    </svg>
    <figcaption>${caption}</figcaption>
  </figure>`;
}

/** Places moved down until none is nearer than `gap` to the next. */
function apart(places: readonly number[]): readonly number[] {
  const moved = [...places];
  const order = places.map((_, index) => index).toSorted((a, b) => (places[a] ?? 0) - (places[b] ?? 0));
  let last = Number.NEGATIVE_INFINITY;
  for (const index of order) {
    last = Math.max(places[index] ?? 0, last + gap);
    moved[index] = last;
  }
  return moved;
}
