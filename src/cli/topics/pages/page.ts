/** The shape of a page about one hazard or one kind of failure, and how it is set for 80 columns. */
import { wrap } from "../../../report/style.ts";

/** In the words of whoever has to decide something now. A line of `now` that begins with `handover ` is a command to type. */
export interface Page {
  /** What it is, in one line of a list. */
  readonly title: string;
  readonly what: string;
  readonly why: string;
  /** What it means for assets and who may use them. */
  readonly data: string;
  /** What Handover has done about it already. */
  readonly done: string;
  readonly now: readonly string[];
  /** What is documented about Google here, and what is only seen or assumed. */
  readonly sure?: string;
}

const width = 80;
const labelWidth = 12;

/** `kind` is what it is a page about, such as `hazard`. */
export function pageText(name: string, kind: string, page: Page): readonly string[] {
  return [
    `${name}  (${kind})`,
    ...wrap(page.title, "", width),
    "",
    ...paragraph("What", page.what),
    ...paragraph("Why", page.why),
    ...paragraph("Your data", page.data),
    ...paragraph("Done so far", page.done),
    ...page.now.flatMap((line, index) => nowLines(line, index === 0 ? "Do now" : "")),
    ...(page.sure === undefined ? [] : paragraph("How sure", page.sure)),
  ];
}

export function isCommand(line: string): boolean {
  return /^(?:handover|gcloud) /.test(line);
}

function paragraph(label: string, text: string): readonly string[] {
  return wrap(text, label.padEnd(labelWidth), width);
}

/** A command stays on one line, so that it can be copied. */
function nowLines(line: string, label: string): readonly string[] {
  return isCommand(line) ? [`${label.padEnd(labelWidth)}  ${line}`] : paragraph(label, line);
}
