/** HTML built from templates that escape: foreign text can become text and nothing else. */
import { inert } from "../style.ts";

/** Text that is HTML already. Foreign text gets into one by `html` and `joined` only, which escape it. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Part = string | number | Markup | undefined | readonly Part[];

/** What a cell or a paragraph shows of one foreign text. */
const charactersMax = 2000;

/** `html\`<b>${title}</b>\``: each value is escaped, unless `html` has made it; lists are joined; undefined is nothing. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let text = strings[0] ?? "";
  for (const [index, part] of parts.entries()) text += partText(part) + (strings[index + 1] ?? "");
  return new Markup(text);
}

/** Pieces one after the other. */
export function joined(parts: readonly Part[]): Markup {
  return new Markup(partText(parts));
}

function partText(part: Part): string {
  if (part === undefined) return "";
  if (part instanceof Markup) return part.text;
  if (typeof part === "number") return String(part);
  if (typeof part === "string") return escaped(part);
  return part.map(partText).join("");
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Foreign text for a place between tags or inside a quoted attribute: inert, visible, at most 2,000 characters. */
export function escaped(text: string): string {
  return inert(text, charactersMax).replace(/[&<>"']/g, (found) => entities[found] ?? found);
}
