/** The tidy rules: pure functions from files to problems, so that a planted violation can be shown to be found. */
import { factsOf } from "./facts.ts";
import type { Facts, GlobalUse, SourceFile } from "./facts.ts";
import {
  emptyNames,
  fileRules,
  globalEffects,
  layerRules,
  linesMax,
  madeNames,
  pureModules,
  randomNames,
  topNames,
} from "./house.ts";
import type { Effect, Layer, LayerRule } from "./house.ts";

export const rules = [
  "barrel",
  "cycle",
  "default-export",
  "empty-name",
  "extension",
  "focused-test",
  "global",
  "layer",
  "length",
  "machine-path",
  "module",
  "opening-comment",
  "package",
  "reminder",
  "syntax",
  "top-level",
  "unknown-layer",
  "unresolved",
] as const;

export type Rule = (typeof rules)[number];

export interface Problem {
  readonly rule: Rule;
  readonly path: string;
  readonly line: number;
  readonly what: string;
}

/** Everything wrong with a tree: TypeScript under `src/` and `test/`, any other text for machine paths only. */
export function check(files: readonly SourceFile[]): readonly Problem[] {
  const facts = files.filter((file) => /^(?:src|test)\/.*\.ts$/.test(file.path)).map(factsOf);
  const sources = facts.filter((fact) => fact.path.startsWith("src/"));
  const tests = facts.filter((fact) => fact.path.startsWith("test/"));
  const known = new Set(files.map((file) => file.path));
  return [
    ...facts.flatMap(syntax),
    ...sources.flatMap(layering),
    ...sources.flatMap(reach),
    ...sources.flatMap(shape),
    ...facts.flatMap((fact) => references(fact, known)),
    ...cycles(sources),
    ...sources.flatMap(size),
    ...facts.flatMap(reminders),
    ...tests.flatMap(focus),
    ...files.flatMap(machinePaths),
  ];
}

/** Names at the top of the repository that are not among the permitted ones. */
export function checkTop(names: readonly string[]): readonly Problem[] {
  return names
    .filter((name) => !name.startsWith(".") && !madeNames.test(name) && !topNames.has(name))
    .map((name) => ({ rule: "top-level", path: name, line: 0, what: "is not a name the top level may hold" }));
}

export function problemText(problem: Problem): string {
  return `${problem.path}:${problem.line} ${problem.rule}: ${problem.what}`;
}

function layerOf(path: string): Layer | undefined {
  if (path.startsWith("src/report/page/client/")) return "client";
  const [, first = "", second] = path.split("/");
  const name = second === undefined ? first.replace(/\.ts$/, "") : first;
  return [...layerRules.keys()].find((layer) => layer === name && (layer === "index") === (second === undefined));
}

/** `src/a/b.ts` and `../c.ts` make `src/c.ts`. */
function resolve(from: string, specifier: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

function syntax(fact: Facts): readonly Problem[] {
  return fact.syntaxErrors.map((what) => ({ rule: "syntax", path: fact.path, line: 0, what }));
}

function layering(fact: Facts): readonly Problem[] {
  const layer = layerOf(fact.path);
  const allowed = layer === undefined ? undefined : layerRules.get(layer)?.layers;
  if (allowed === undefined) {
    return [{ rule: "unknown-layer", path: fact.path, line: 1, what: "belongs to no layer of the house" }];
  }
  return fact.imports
    .filter((one) => one.specifier.startsWith("."))
    .map((one) => ({ line: one.line, target: resolve(fact.path, one.specifier) }))
    .filter(({ target }) => (target.startsWith("src/") ? mayNotImport(layer, allowed, layerOf(target)) : true))
    .map(({ line, target }) => ({ rule: "layer", path: fact.path, line, what: `${layer} may not import ${target}` }));
}

function mayNotImport(layer: Layer | undefined, allowed: readonly Layer[], target: Layer | undefined): boolean {
  return target === undefined || (target !== layer && !allowed.includes(target));
}

/** What of the outside world a file reaches for: packages, modules of Node, globals. */
function reach(fact: Facts): readonly Problem[] {
  const layer = layerOf(fact.path);
  const rule = layer === undefined ? undefined : layerRules.get(layer);
  if (rule === undefined) return [];
  const modules = new Set([...rule.modules, ...(fileRules.get(fact.path)?.modules ?? [])]);
  const effects = new Set<Effect>([...rule.effects, ...(fileRules.get(fact.path)?.effects ?? [])]);
  const problems: Problem[] = [];
  for (const { specifier, names, line } of fact.imports) {
    if (specifier.startsWith(".")) continue;
    if (!specifier.startsWith("node:")) {
      const name = specifier
        .split("/")
        .slice(0, specifier.startsWith("@") ? 2 : 1)
        .join("/");
      if (!rule.packages.includes(name)) {
        problems.push({ rule: "package", path: fact.path, line, what: `${layer} may not use the package ${name}` });
      }
    } else if (specifier === "node:process" && names.every((name) => rule.processMembers.includes(name))) {
      continue;
    } else if (!mayUseModule(modules, specifier.slice("node:".length), names)) {
      const what = `${layer} may not use ${specifier} (${names.join(", ")})`;
      problems.push({ rule: "module", path: fact.path, line, what });
    }
  }
  for (const use of fact.globals) {
    const effect = effectOf(use);
    if (effect === undefined || effects.has(effect) || isPermittedMember(rule, use)) continue;
    const shown = use.member === undefined ? use.name : `${use.name}.${use.member}`;
    problems.push({ rule: "global", path: fact.path, line: use.line, what: `${layer} may not use ${shown}` });
  }
  return problems;
}

function mayUseModule(modules: ReadonlySet<string>, name: string, names: readonly string[]): boolean {
  if (modules.has("*") || modules.has(name)) return true;
  if (!pureModules.has(name)) return false;
  return name !== "crypto" || modules.has("crypto:random") || !names.some((one) => randomNames.has(one));
}

function isPermittedMember(rule: LayerRule, use: GlobalUse): boolean {
  return use.name === "process" && use.member !== undefined && rule.processMembers.includes(use.member);
}

/** What a use of a global touches, or undefined if nothing: `new Date(ms)` formats, `new Date()` reads the clock. */
function effectOf(use: GlobalUse): Effect | undefined {
  switch (use.name) {
    case "Date":
      if (use.form === "new" || use.member === "UTC" || use.member === "parse") return undefined;
      return use.form === "other" && use.member === undefined ? undefined : "time";
    case "Math":
      return use.member === "random" || use.member === "*" ? "chance" : undefined;
    case "AbortSignal":
      return use.member === "timeout" ? "time" : undefined;
    default:
      return globalEffects.get(use.name);
  }
}

function shape(fact: Facts): readonly Problem[] {
  const problems: Problem[] = fact.defaultExports.map((line) => ({
    rule: "default-export",
    path: fact.path,
    line,
    what: "exports by name only",
  }));
  if (!fact.opensWithDocComment) {
    problems.push({ rule: "opening-comment", path: fact.path, line: 1, what: "opens with a /** sentence */" });
  }
  if (fact.forwards && layerOf(fact.path) !== "index") {
    problems.push({ rule: "barrel", path: fact.path, line: 1, what: "only forwards; import from where it is kept" });
  }
  const name = fact.path.slice(fact.path.lastIndexOf("/") + 1).replace(/\.ts$/, "");
  if (emptyNames.has(name)) {
    problems.push({ rule: "empty-name", path: fact.path, line: 1, what: `"${name}" does not say what is kept there` });
  }
  return problems;
}

/** Relative imports end in `.ts` and lead to a file of the tree. */
function references(fact: Facts, known: ReadonlySet<string>): readonly Problem[] {
  return fact.imports.flatMap(({ specifier, line }): readonly Problem[] => {
    if (!specifier.startsWith(".")) return [];
    if (!/\.(?:ts|json)$/.test(specifier)) {
      return [{ rule: "extension", path: fact.path, line, what: `write ${specifier} with its .ts` }];
    }
    const target = resolve(fact.path, specifier);
    if (known.has(target)) return [];
    return [{ rule: "unresolved", path: fact.path, line, what: `${target} does not exist` }];
  });
}

/** One problem for each group of files that reach each other in a circle. */
function cycles(facts: readonly Facts[]): readonly Problem[] {
  const targets = new Map(
    facts.map((fact) => [
      fact.path,
      fact.imports.filter((one) => one.specifier.startsWith(".")).map((one) => resolve(fact.path, one.specifier)),
    ]),
  );
  const done = new Set<string>();
  const problems: Problem[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      const what = [...trail.slice(start), path].join(" -> ");
      problems.push({ rule: "cycle", path, line: 1, what });
    }
    if (start >= 0 || done.has(path)) return;
    for (const target of targets.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of targets.keys()) visit(path, []);
  return problems;
}

function size(fact: Facts): readonly Problem[] {
  if (fact.lines <= linesMax) return [];
  return [{ rule: "length", path: fact.path, line: fact.lines, what: `${fact.lines} lines; ${linesMax} are the most` }];
}

const reminder = /\b(?:TODO|FIXME|XXX|HACK)\b/;

function reminders(fact: Facts): readonly Problem[] {
  return fact.comments
    .filter((comment) => reminder.test(comment.text))
    .map((comment) => ({ rule: "reminder", path: fact.path, line: comment.line, what: comment.text.trim() }));
}

function focus(fact: Facts): readonly Problem[] {
  return fact.focused.map(({ text, line }) => ({ rule: "focused-test", path: fact.path, line, what: text }));
}

/** Folders of the machines that people and builders work on; built from parts so that this file does not hold one. */
const machinePath = new RegExp(`(?<![\\w.}-])/(?:${["work", "root", "Users/\\w+", "home/\\w+"].join("|")})/`);

function machinePaths(file: SourceFile): readonly Problem[] {
  return file.text.split("\n").flatMap((line, index): readonly Problem[] => {
    const found = machinePath.exec(line);
    if (found === null) return [];
    return [{ rule: "machine-path", path: file.path, line: index + 1, what: `names the folder ${found[0]}` }];
  });
}
