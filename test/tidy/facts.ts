/** What one source file says of itself: its imports, the globals it reaches for, its exports and comments, by its syntax tree. */
import { parseSync, visitorKeys } from "oxc-parser";

export interface SourceFile {
  /** Relative to the top of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
}

interface Import {
  readonly specifier: string;
  /** Imported names; `*` for the whole module, `default` for its default. */
  readonly names: readonly string[];
  readonly line: number;
}

/** A global that is reached for: `process`, with the member in `process.env` and the form in which it is used. */
export interface GlobalUse {
  readonly name: string;
  readonly member: string | undefined;
  /** `new Date()` and `Date()` read the clock, `new Date(ms)` does not. */
  readonly form: "call" | "new" | "new-empty" | "other";
  readonly line: number;
}

export interface Facts {
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  readonly globals: readonly GlobalUse[];
  readonly comments: readonly { readonly text: string; readonly line: number }[];
  readonly opensWithDocComment: boolean;
  readonly defaultExports: readonly number[];
  /** Nothing but imports and re-exports, or an `export *`. */
  readonly forwards: boolean;
  /** `it.only`, `describe.skip` and their like. */
  readonly focused: readonly { readonly text: string; readonly line: number }[];
  readonly syntaxErrors: readonly string[];
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

const testRoots = new Set(["it", "test", "describe", "suite", "bench"]);
const focusing = new Set(["only", "skip", "todo", "fails"]);

/** Type positions name no value; these wrappers hold an expression all the same. */
const typedExpressions = /^TS(?:As|Satisfies|NonNull|TypeAssertion|Instantiation)/;

export function factsOf(file: SourceFile): Facts {
  const { program, module, comments, errors } = parseSync(file.path, file.text);
  const lineAt = lineFinder(file.text);
  const seen = observe(program as unknown as Node, lineAt);
  const body = program.body.map((statement) => statement as unknown as Node);
  const reexports = body.filter((statement) => isReexport(statement));
  const hashbang = program.hashbang === null ? 0 : file.text.indexOf("\n") + 1;
  return {
    path: file.path,
    lines: file.text === "" ? 0 : file.text.replace(/\n$/, "").split("\n").length,
    imports: [...staticImports(module, lineAt), ...seen.imports],
    globals: seen.uses.filter((use) => !seen.bound.has(use.name)),
    comments: comments.map((comment) => ({ text: comment.value, line: lineAt(comment.start) })),
    opensWithDocComment: /^\/\*\*\s*\S/.test(file.text.slice(hashbang)),
    defaultExports: seen.defaultExports,
    forwards:
      body.some((statement) => statement.type === "ExportAllDeclaration") ||
      (reexports.length > 0 &&
        body.every((statement) => statement.type === "ImportDeclaration" || isReexport(statement))),
    focused: seen.focused,
    syntaxErrors: errors.map((error) => error.message),
  };
}

function isReexport(statement: Node): boolean {
  if (statement.type === "ExportAllDeclaration") return true;
  return statement.type === "ExportNamedDeclaration" && statement["declaration"] === null;
}

function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

function staticImports(
  module: ReturnType<typeof parseSync>["module"],
  lineAt: (offset: number) => number,
): readonly Import[] {
  const imported = module.staticImports.map((statement) => ({
    specifier: statement.moduleRequest.value,
    names: statement.entries.map((entry) => nameOf(entry.importName)),
    line: lineAt(statement.start),
  }));
  const reexported = module.staticExports.flatMap((statement) =>
    statement.entries.flatMap((entry) =>
      entry.moduleRequest === null
        ? []
        : [{ specifier: entry.moduleRequest.value, names: [nameOf(entry.importName)], line: lineAt(statement.start) }],
    ),
  );
  return [...imported, ...reexported];
}

function nameOf(entry: { readonly kind: string; readonly name: string | null }): string {
  if (entry.kind === "Name") return entry.name ?? "*";
  return entry.kind === "Default" ? "default" : "*";
}

interface Observed {
  readonly imports: Import[];
  readonly uses: GlobalUse[];
  /** Every name the file binds anywhere; such a name is taken for the file's own. */
  readonly bound: Set<string>;
  readonly defaultExports: number[];
  readonly focused: { readonly text: string; readonly line: number }[];
}

function observe(program: Node, lineAt: (offset: number) => number): Observed {
  const seen: Observed = { imports: [], uses: [], bound: new Set(), defaultExports: [], focused: [] };
  const visit = (node: Node, parents: readonly Node[]): void => {
    if (node.type.startsWith("TS") && !typedExpressions.test(node.type)) return;
    if (node.type === "ExportDefaultDeclaration") seen.defaultExports.push(lineAt(node.start));
    if (node.type === "ExportSpecifier" && literal(node["exported"]) === "default") {
      seen.defaultExports.push(lineAt(node.start));
    }
    if (node.type === "ImportExpression") {
      // A specifier that is computed cannot be judged, so it is shown as what it is and fits no table.
      const specifier = literal(node["source"]) ?? "(computed)";
      seen.imports.push({ specifier, names: ["*"], line: lineAt(node.start) });
    }
    if (node.type === "MemberExpression") {
      const root = rootOf(node);
      const property = memberName(node);
      if (root !== undefined && testRoots.has(root) && property !== undefined && focusing.has(property)) {
        seen.focused.push({ text: `${root}.${property}`, line: lineAt(node.start) });
      }
    }
    if (node.type === "Identifier") {
      const name = String(node["name"]);
      if (isBinding(node, parents)) seen.bound.add(name);
      else if (isReference(node, parents)) seen.uses.push(useOf(node, parents, lineAt(node.start)));
    }
    const below = [...parents, node];
    for (const child of childrenOf(node)) visit(child, below);
  };
  visit(program, []);
  return seen;
}

function childrenOf(node: Node): readonly Node[] {
  return (visitorKeys[node.type] ?? []).flatMap((key) => {
    const value = node[key];
    return (Array.isArray(value) ? value : [value]).filter(isNode);
  });
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value;
}

function literal(value: unknown): string | undefined {
  if (!isNode(value)) return undefined;
  if (value.type === "Identifier") return String(value["name"]);
  return typeof value["value"] === "string" ? value["value"] : undefined;
}

/** The property of a member expression, also when it is written as `["name"]`. */
function memberName(node: Node): string | undefined {
  const property = node["property"];
  if (node["computed"] === true && isNode(property) && property.type === "Identifier") return undefined;
  return literal(property);
}

/** `it` in `it.each.only` and in `it.each(rows).skip`. */
function rootOf(node: Node): string | undefined {
  let current: unknown = node;
  while (isNode(current)) {
    if (current.type === "Identifier") return String(current["name"]);
    current = current.type === "CallExpression" ? current["callee"] : current["object"];
  }
  return undefined;
}

const declarators = new Set([
  "FunctionDeclaration",
  "FunctionExpression",
  "ArrowFunctionExpression",
  "ClassDeclaration",
  "ClassExpression",
  "ImportSpecifier",
  "ImportDefaultSpecifier",
  "ImportNamespaceSpecifier",
  "CatchClause",
  "RestElement",
]);

function isBinding(node: Node, parents: readonly Node[]): boolean {
  const parent = parents.at(-1);
  if (parent === undefined) return false;
  if (declarators.has(parent.type)) return parent["body"] !== node && parent["superClass"] !== node;
  if (parent.type === "VariableDeclarator") return parent["id"] === node;
  if (parent.type === "AssignmentPattern") return parent["left"] === node;
  if (parent.type === "ArrayPattern") return true;
  if (parent.type !== "Property" || parent["value"] !== node) return false;
  return parents.at(-2)?.type === "ObjectPattern";
}

function isReference(node: Node, parents: readonly Node[]): boolean {
  const parent = parents.at(-1);
  if (parent === undefined) return true;
  if (parent.type === "MemberExpression") return parent["object"] === node || parent["computed"] === true;
  if (parent["key"] === node) return parent["computed"] === true;
  return !["ExportSpecifier", "LabeledStatement", "BreakStatement", "ContinueStatement", "MetaProperty"].includes(
    parent.type,
  );
}

function useOf(node: Node, parents: readonly Node[], line: number): GlobalUse {
  const parent = parents.at(-1);
  const name = String(node["name"]);
  if (parent?.type === "MemberExpression" && parent["object"] === node) {
    return { name, member: memberName(parent) ?? "*", form: "other", line };
  }
  if (parent?.type === "CallExpression" && parent["callee"] === node) {
    return { name, member: undefined, form: "call", line };
  }
  if (parent?.type === "NewExpression" && parent["callee"] === node) {
    const given = parent["arguments"];
    const form = Array.isArray(given) && given.length > 0 ? "new" : "new-empty";
    return { name, member: undefined, form, line };
  }
  return { name, member: undefined, form: "other", line };
}
