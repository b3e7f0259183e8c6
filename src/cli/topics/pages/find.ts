/** The pages of `handover help hazard` and `handover help failure`: which there are, by name, and what an unknown name may have meant. */
import type { PageKind } from "../../topic-names.ts";
import { UsageError } from "../../../model/errors.ts";
import { printable } from "../../../model/text.ts";
import { didYouMean } from "../../../plan/suggest.ts";
import { answerPages } from "./answers.ts";
import { endPages, errorPages } from "./ends.ts";
import { controlPages, journalPages, runFilePages } from "./files.ts";
import { guardPages } from "./guards.ts";
import { hazardPages } from "./hazards.ts";
import { pageText } from "./page.ts";
import type { Page } from "./page.ts";
import { refusalPages } from "./refusals.ts";
import { signInPages } from "./sign-ins.ts";
import { stepPages } from "./steps.ts";
import { tokenPages } from "./tokens.ts";

/** Pages that belong together. A name may stand in several families: then it has a page in each. */
interface Family {
  /** What one of them is. */
  readonly one: string;
  readonly heading: string;
  readonly pages: Readonly<Record<string, Page>>;
}

const families: Readonly<Record<PageKind, readonly Family[]>> = {
  hazard: [{ one: "hazard", heading: "What a step may break", pages: hazardPages }],
  failure: [
    { one: "refused when planning", heading: "Requests that are refused when planning", pages: refusalPages },
    { one: "guard", heading: "Guards that stop a command", pages: guardPages },
    { one: "Google's answer", heading: "What Google answered, or did not", pages: answerPages },
    { one: "no access token", heading: "Access tokens that Google does not give", pages: tokenPages },
    { one: "signing in", heading: "Signing in, and commands that give tokens", pages: signInPages },
    { one: "a step given up", heading: "Steps that were given up", pages: stepPages },
    { one: "how an apply ended", heading: "How an apply can end", pages: endPages },
    { one: "run or snapshot", heading: "Runs and snapshots that cannot be used", pages: runFilePages },
    { one: "database", heading: "Databases that cannot keep runs", pages: journalPages },
    { one: "steering", heading: "Live runs that cannot be steered", pages: controlPages },
    { one: "error", heading: "Other errors", pages: errorPages },
  ],
};

/** Every page of a kind, with its name and what it is a page about. */
export function allPages(
  kind: PageKind,
): readonly { readonly name: string; readonly one: string; readonly page: Page }[] {
  return families[kind].flatMap(({ one, pages }) => Object.entries(pages).map(([name, page]) => ({ name, one, page })));
}

/** The pages of `names`, one after the other; the list of all where no name is given. Throws UsageError for an unknown one. */
export function pagesText(kind: PageKind, names: readonly string[]): readonly string[] {
  if (names.length === 0) return listText(kind);
  const found = names.flatMap((name) => {
    const pages = allPages(kind).filter((each) => each.name === name);
    if (pages.length === 0) throw unknownName(kind, name);
    return pages;
  });
  return found.flatMap(({ name, one, page }, index) => [...(index === 0 ? [] : [""]), ...pageText(name, one, page)]);
}

function listText(kind: PageKind): readonly string[] {
  const width = Math.max(...allPages(kind).map(({ name }) => name.length));
  return [
    ...families[kind].flatMap(({ heading, pages }) => [
      heading,
      ...Object.entries(pages).map(([name, { title }]) => `  ${name.padEnd(width)}  ${title}`),
      "",
    ]),
    `One of them: handover help ${kind} NAME`,
  ];
}

function unknownName(kind: PageKind, name: string): UsageError {
  const other: PageKind = kind === "hazard" ? "failure" : "hazard";
  const problem = `there is no ${kind} "${printable(name, 40)}"`;
  if (/^\d{1,3}$/.test(name)) return new UsageError(problem, "for exit codes: handover help exit-codes");
  if (allPages(other).some((each) => each.name === name)) {
    return new UsageError(problem, `it is a ${other}: handover help ${other} ${name}`);
  }
  const near = didYouMean(
    name,
    allPages(kind).map((each) => each.name),
  );
  const list = `all of them: handover help ${kind}s`;
  return new UsageError(problem, near === undefined ? list : `${near} ${list}`);
}
