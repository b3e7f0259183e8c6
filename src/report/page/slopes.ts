/** Slope charts, one a figure and side by side: what it was before, and what it comes to after. */
import { thousands } from "../../model/text.ts";
import { html } from "./markup.ts";
import type { Markup } from "./markup.ts";

export interface Slope {
  readonly label: string;
  readonly before: number;
  readonly after: number;
}

const [left, right, top, bottom] = [6, 154, 6, 42];

/** Each on a scale of its own from zero: four public links must not vanish beside two hundred of another kind. */
export function slopes(list: readonly Slope[], caption: string): Markup {
  return html`<figure>
    <ul class="slopes">
      ${list.map(slope)}
    </ul>
    <figcaption>${caption}</figcaption>
  </figure>`;
}

function slope({ label, before, after }: Slope): Markup {
  const most = Math.max(1, before, after);
  const y = (value: number): string => (bottom - ((bottom - top) * value) / most).toFixed(1);
  const tone = after < before ? "good" : after > before ? "high" : "info";
  const figures = after === before ? thousands(after) : `${thousands(before)} → ${thousands(after)}`;
  return html`<li class="tone-${tone}">
    <span class="label">${label}</span> <span class="figure">${figures}</span>
    <span class="note">${changeText(after - before)}</span>
    <svg viewBox="0 0 160 48" aria-hidden="true">
      <line x1="${left}" y1="${y(before)}" x2="${right}" y2="${y(after)}"></line>
      <circle cx="${left}" cy="${y(before)}" r="4"></circle>
      <circle cx="${right}" cy="${y(after)}" r="4"></circle>
    </svg>
  </li>`;
}

function changeText(change: number): string {
  if (change === 0) return "as before";
  return change < 0 ? `${thousands(-change)} fewer` : `${thousands(change)} more`;
}
