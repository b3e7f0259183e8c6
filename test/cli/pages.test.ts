/** The pages about hazards and failures: they fit a terminal, name only what the program has, and can be found. */
import type { Command } from "commander";
import { beforeAll, describe, expect, it } from "vitest";
import { runCommandLine, wholeProgram } from "../../src/cli/program.ts";
import { pageKindOf, pageKinds, topicNames } from "../../src/cli/topic-names.ts";
import { allPages, pagesText } from "../../src/cli/topics/pages/find.ts";
import { isCommand, pageText } from "../../src/cli/topics/pages/page.ts";
import type { Page } from "../../src/cli/topics/pages/page.ts";
import { cells } from "../../src/report/style.ts";
import { world } from "./world.ts";

const every = pageKinds.flatMap((kind) => allPages(kind).map((each) => ({ kind, ...each })));
const textOf = ({ title, what, why, data, done, now, sure = "" }: Page): string =>
  [title, what, why, data, done, ...now, sure].join("\n");

let program: Command;
let verbs: ReadonlyMap<string, Command>;

beforeAll(async () => {
  program = await wholeProgram((await world({ argv: [] })).context);
  verbs = new Map(program.commands.map((command) => [command.name(), command]));
});

/** What is wrong with a command as somebody would type it; undefined when the program takes it. */
function wrongIn(line: string): string | undefined {
  const words = (line.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ""));
  const [, verb = "", ...rest] = words;
  if (verb === "--version") return undefined;
  if (verb === "help") {
    const [topic = "", ...names] = rest;
    const kind = pageKindOf(topic);
    if (kind !== undefined)
      return names.every((name) => allPages(kind).some((each) => each.name === name)) ? undefined : topic;
    return verbs.has(topic) || topicNames.some((name) => name === topic) ? undefined : `no topic ${topic}`;
  }
  let command = verbs.get(verb);
  if (command === undefined) return `no verb ${verb}`;
  const below = command.commands.find((each) => each.name() === rest[0]);
  command = below ?? command;
  const { operands, unknown } = command.parseOptions(below === undefined ? rest : rest.slice(1));
  if (unknown.length > 0) return `no option ${unknown.join(" ")}`;
  const places = command.registeredArguments;
  const tooMany = operands.length > places.length && places.at(-1)?.variadic !== true;
  const tooFew = operands.length < places.filter((place) => place.required).length;
  return tooMany || tooFew ? `${operands.length} arguments` : undefined;
}

/** What `check` finds wrong, with the page it is on. */
function wrongOnPages(check: (page: Page, name: string, one: string) => readonly string[]): readonly string[] {
  return every.flatMap(({ name, one, page }) => check(page, name, one).map((wrong) => `${one} ${name}: ${wrong}`));
}

describe("every page", () => {
  it("fits 80 columns", () => {
    const tooWide = (page: Page, name: string, one: string): readonly string[] =>
      pageText(name, one, page).filter((line) => cells(line) > 80);
    expect(wrongOnPages(tooWide)).toEqual([]);
  });

  it("says something in each of its parts, in whole sentences", () => {
    const noSentence = ({ title, what, why, data, done, now }: Page): readonly string[] => [
      ...[what, why, data, done].filter((text) => !/^[A-Z-].*[.]$/s.test(text)),
      ...[title].filter((text) => !/^[A-Z].*[^.]$/.test(text)),
      ...(now.length === 0 ? ["nothing to do"] : []),
    ];
    expect(wrongOnPages(noSentence)).toEqual([]);
  });

  it("names commands that the program takes", () => {
    const refused = ({ now }: Page): readonly string[] =>
      now
        .filter((line) => line.startsWith("handover "))
        .flatMap((line) => [wrongIn(line)].filter((wrong) => wrong !== undefined));
    expect(wrongOnPages(refused)).toEqual([]);
  });

  it("mentions only verbs and options there are", () => {
    const options = new Set(["--version", ...[...verbs.values()].flatMap(allOptions)]);
    const unknown = (page: Page): readonly string[] => [
      ...[...textOf(page).matchAll(/\bhandover ([a-z]+) (?=[A-Z]|$|-)/gm)]
        .map(([, verb = ""]) => verb)
        .filter((verb) => verb !== "help" && !verbs.has(verb)),
      ...[...textOf(page).matchAll(/--[a-z][a-z-]+/g)]
        .map(([option]) => option)
        .filter((option) => !options.has(option)),
    ];
    expect(wrongOnPages(unknown)).toEqual([]);
  });
});

function allOptions(command: Command): readonly string[] {
  return [...command.options.map(({ long }) => long ?? ""), ...command.commands.flatMap(allOptions)];
}

describe("the check of commands", () => {
  it.each<[string, string | undefined]>([
    ["handover apply RUN --allow new-public", undefined],
    ["handover applies RUN", "no verb applies"],
    ["handover apply RUN --alow new-public", "no option --alow new-public"],
    ["handover apply", "0 arguments"],
    ["handover help limit", "no topic limit"],
    ["handover auth login --timeout 15m", undefined],
  ])("judges %s", (line, wrong) => {
    expect(wrongIn(line)).toBe(wrong);
  });
});

async function help(
  ...words: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const made = await world({ argv: ["help", ...words] });
  const code = await runCommandLine(made.context);
  return { code, out: made.out(), err: made.err() };
}

describe("handover help", () => {
  it.each(pageKinds)("lists every %s on lines of 80 columns", async (kind) => {
    const { code, out } = await help(`${kind}s`);
    expect(code).toBe(0);
    for (const line of out.split("\n")) expect(cells(line), line).toBeLessThanOrEqual(80);
    for (const { name, page } of allPages(kind)) expect(out, page.title).toMatch(new RegExp(`^ {2}${name} +`, "m"));
    expect((await help(kind)).out).toBe(out);
  });

  it("shows several pages, and of a name that means two things both", async () => {
    const { code, out } = await help("failure", "throttled", "not-found");
    expect(code).toBe(0);
    expect(out.match(/^\S+ {2}\(.*\)$/gm)).toEqual([
      "throttled  (Google's answer)",
      "not-found  (refused when planning)",
      "not-found  (Google's answer)",
    ]);
  });

  it.each<[string, readonly string[], string]>([
    ["a slip", ["failure", "throtled"], 'did you mean "throttled"? all of them: handover help failures'],
    ["a word like none", ["hazard", "xyzzy"], "all of them: handover help hazards"],
    [
      "a hazard looked for among failures",
      ["failure", "new-public"],
      "it is a hazard: handover help hazard new-public",
    ],
    ["an exit code", ["failure", "6"], "for exit codes: handover help exit-codes"],
  ])("says of %s what was perhaps meant", async (_name, words, remedy) => {
    const { code, out, err } = await help(...words);
    expect(code).toBe(3);
    expect(out).toBe("");
    expect(err.replace(/\s+/g, " ")).toContain(remedy);
  });
});

it("a command is told from a sentence", () => {
  expect(isCommand("handover doctor")).toBe(true);
  expect(isCommand("Handover never deletes.")).toBe(false);
  expect(pagesText("hazard", ["new-public"]).filter((line) => line.startsWith("              handover "))).toHaveLength(
    2,
  );
});
