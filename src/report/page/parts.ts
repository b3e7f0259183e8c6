/** The parts that pages are put together from: strips of figures, lists of facts, plain tables, bars. */
import { thousands } from "../../model/text.ts";
import { helpCommand } from "../more-help.ts";
import { html, joined } from "./markup.ts";
import type { Markup, Part } from "./markup.ts";

/** What a part is coloured by; severities and verdicts have the same words. */
export type Tone = "critical" | "high" | "medium" | "low" | "info" | "good";

export interface Figure {
  readonly value: string;
  readonly label: string;
  /** A second, quieter line. */
  readonly note?: string | undefined;
  readonly tone: Tone | undefined;
  /** A table this figure filters when pressed, and by what: `severity=high`. */
  readonly filter?: { readonly table: string; readonly where: string } | undefined;
}

/** The strip at the top: what matters most, in large figures. */
export function strip(figures: readonly Figure[]): Markup {
  return html`<ul class="strip">
    ${figures.map(({ value, label, note = "", tone, filter }) => {
      const quiet = note === "" ? undefined : html`<span class="note">${note}</span>`;
      const content = html`<span class="figure">${value}</span> <span class="label">${label}</span> ${quiet}`;
      const pressed =
        filter === undefined
          ? content
          : html`<button type="button" data-filter="${filter.table}" data-where="${filter.where}">${content}</button>`;
      return html`<li class="${tone === undefined ? "" : `tone-${tone}`}">${pressed}</li>`;
    })}
  </ul>`;
}

export function facts(rows: readonly (readonly [string, Part])[]): Markup {
  return html`<dl class="facts">
    ${rows.map(
      ([name, value]) =>
        html`<dt>${name}</dt>
          <dd>${value}</dd>`,
    )}
  </dl>`;
}

/** `numbers` are the places of columns with figures. */
export function plainTable(
  heads: readonly string[],
  rows: readonly (readonly Part[])[],
  numbers: readonly number[] = [],
): Markup {
  const kind = (index: number): string => (numbers.includes(index) ? "number" : "");
  return html`<div class="scroll-x">
    <table class="plain">
      <thead>
        <tr>
          ${heads.map((head, index) => html`<th scope="col" class="${kind(index)}">${head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell, index) => html`<td class="${kind(index)}">${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** Where the page's program puts a table. */
export function tablePlace(id: string): Markup {
  return html`<div data-table="${id}"></div>`;
}

export function timeLinePlace(id: string): Markup {
  return html`<div data-timeline="${id}"></div>`;
}

/** A table of counts shaded by their share of the largest; each count filters a table when pressed. */
export function matrix(options: {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly count: (row: string, column: string) => number;
  readonly filter: (row: string, column: string) => { readonly table: string; readonly where: string };
}): Markup {
  const { rows, columns, count, filter } = options;
  const most = Math.max(1, ...rows.flatMap((row) => columns.map((column) => count(row, column))));
  const shade = (value: number): number => Math.ceil(8 * Math.sqrt(value / most));
  return html`<div class="scroll-x">
    <table class="plain matrix">
      <thead>
        <tr>
          <td></td>
          ${columns.map((column) => html`<th scope="col" class="number">${column}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              <th scope="row">${row}</th>
              ${columns.map((column) => {
                const value = count(row, column);
                if (value === 0) return html`<td><span class="muted">0</span></td>`;
                const { table, where } = filter(row, column);
                return html`<td>
                  <button
                    type="button"
                    class="heat-${shade(value)}"
                    data-filter="${table}"
                    data-where="${where}"
                    aria-label="${`${row}, ${column}: ${value}; show them`}"
                  >
                    ${thousands(value)}
                  </button>
                </td>`;
              })}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

export interface Bar {
  readonly label: string;
  readonly parts: readonly { readonly value: number; readonly tone: Tone | "plain"; readonly label: string }[];
}

const barUnits = 1000;
/** A part that is there is seen, however small its share. */
const barUnitsMin = 3;

/** Horizontal bars with a common scale, each of one or more parts; the parts are told in words as well. */
export function bars(list: readonly Bar[], caption: string): Markup {
  const sums = list.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0));
  const most = Math.max(1, ...sums);
  const isParted = list.some(({ parts }) => parts.length > 1);
  const rows = list.map(({ label, parts }, row) => {
    const present = parts.filter(({ value }) => value > 0);
    const words = present.map((part) => `${part.label} ${thousands(part.value)}`).join(", ");
    return html`<li>
      <span class="bar-label">${label}</span>
      <svg viewBox="0 0 ${barUnits} 16" preserveAspectRatio="none" aria-hidden="true">
        ${barParts(label, present, most)}
      </svg>
      <span class="bar-sum">${thousands(sums[row] ?? 0)}</span>
      ${isParted ? html`<span class="unseen">${words}</span>` : undefined}
    </li>`;
  });
  return html`<figure>
    <ul class="bars">
      ${rows}
    </ul>
    <figcaption>${caption}${isParted ? legend(list) : undefined}</figcaption>
  </figure>`;
}

function barParts(label: string, parts: Bar["parts"], most: number): readonly Markup[] {
  let x = 0;
  return parts.map((part) => {
    const wide = Math.max(barUnitsMin, (barUnits * part.value) / most);
    const rect = html`<rect class="bar-${part.tone}" x="${x.toFixed(1)}" y="0" width="${wide.toFixed(1)}" height="16">
      <title>${`${label}, ${part.label}: ${thousands(part.value)}`}</title>
    </rect>`;
    x += wide;
    return rect;
  });
}

/** Each colour once, with everything that has it. */
function legend(list: readonly Bar[]): Markup {
  const labels = new Map<string, Set<string>>();
  for (const { value, tone, label } of list.flatMap(({ parts }) => parts)) {
    if (value > 0) labels.set(tone, (labels.get(tone) ?? new Set<string>()).add(label));
  }
  return html`<span class="legend"
    >${[...labels].map(
      ([tone, names]) =>
        html`<span
          ><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="bar-${tone}" width="10" height="10"></rect></svg>
          ${[...names].join(", ")}</span
        >`,
    )}</span
  >`;
}

/** Below a list of hazards or failures: the command that explains them. */
export function readMore(kind: "hazard" | "failure", names: Iterable<string>): Markup | undefined {
  const command = helpCommand(kind, names);
  return command === undefined ? undefined : html`<p>What that means, and what to do: <code>${command}</code></p>`;
}

/** Sections one after the other, each with its heading; those without content are left out. */
export function sections(list: readonly (readonly [string, Markup | undefined])[]): Markup {
  return joined(
    list.map(([title, content]) =>
      content === undefined
        ? undefined
        : html`<section>
            <h2>${title}</h2>
            ${content}
          </section>`,
    ),
  );
}
