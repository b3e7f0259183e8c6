/** The baseline of an audit: findings somebody has looked at and lives with, each with a reason and, if wanted, a last day. */
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { LineCounter, isMap, isNode, isSeq, parseDocument, visit } from "yaml";
import { z } from "zod";
import { PlanFileError, UsageError } from "../model/errors.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { findingKey } from "../model/finding.ts";
import type { Acceptance } from "../model/finding.ts";
import { assetNameOrUndefined } from "../model/asset.ts";
import { isDay } from "../model/clock.ts";
import { member } from "../model/member.ts";
import { printable } from "../model/text.ts";
import type { FindingPages } from "../report/findings.ts";
import { jsonText } from "../report/json.ts";
import type { Context } from "./context.ts";

export interface Baseline {
  readonly name: string;
  /** Entries that hold today, by `findingKey`. */
  readonly accepted: ReadonlyMap<string, Acceptance>;
  readonly entries: number;
  readonly expired: number;
}

const bytesMax = 16 * 1024 * 1024;

const day = z.string().refine(isDay, "not a day such as 2027-03-31");
const entry = z.strictObject({
  rule: z.string().min(1),
  asset: z.string().optional(),
  member: z.string().optional(),
  role: z.string().optional(),
  reason: z.string().min(1),
  until: day.optional(),
});
const file = z.strictObject({ version: z.literal(1), accepted: z.array(entry) });

const shape =
  'each entry is { rule: public-link-view, asset: ID, member: allUsers, role: LINK_VIEWER, reason: "why", until: 2027-03-31 }';

/** Throws PlanFileError with every problem at its place. `today` is such as `2026-11-22`; an entry holds through its day. */
export async function readBaseline(context: Context, name: string, today: string): Promise<Baseline> {
  const text = await contents(context, name);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false, merge: false });
  const at = (offset: number | undefined): Diagnostic["place"] => {
    const { line, col } = lines.linePos(offset ?? 0);
    return { file: name, line, column: col };
  };
  const broken = document.errors.map((error) => ({
    place: at(error.pos[0]),
    problem: printable(error.message),
    remedy: shape,
  }));
  visit(document, {
    Alias: (_, node) => {
      broken.push({
        place: at(node.range?.[0]),
        problem: "an alias is not taken here",
        remedy: "write the entry in full",
      });
    },
  });
  if (broken.length > 0) throw new PlanFileError(broken);
  const parsed = file.safeParse(document.toJS());
  if (!parsed.success) {
    throw new PlanFileError(
      parsed.error.issues.map((issue) => ({
        place: at(offsetOf(document.contents, issue.path)),
        problem: printable(`${issue.path.join(".") || "the file"}: ${issue.message}`),
        remedy: issue.path.length === 0 ? "write version: 1 and accepted: with a list below it" : shape,
      })),
    );
  }
  const accepted = new Map<string, Acceptance>();
  let expired = 0;
  for (const { rule, asset, member: who, role, reason, until } of parsed.data.accepted) {
    if (until !== undefined && until < today) {
      expired += 1;
      continue;
    }
    const assetName = assetNameOrUndefined(asset ?? "");
    const key = findingKey({
      rule,
      asset: assetName === undefined ? undefined : { name: assetName, assetType: "", title: "", owner: undefined },
      member: who === undefined ? undefined : member(who),
      role,
    });
    accepted.set(key, { reason, until });
  }
  return { name, accepted, entries: parsed.data.accepted.length, expired };
}

async function contents(context: Context, name: string): Promise<string> {
  const path = resolve(context.cwd, name);
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined)
    throw new UsageError(`there is no baseline ${printable(name)}`, "make one with: --write-baseline FILE");
  if (!stats.isFile() || stats.size > bytesMax) {
    throw new UsageError(`${printable(name)} is no baseline`, "give the YAML file that --write-baseline has made");
  }
  return readFile(path, "utf8");
}

/** Where the part at `path` stands, or the nearest thing around it. */
function offsetOf(contentsNode: unknown, path: readonly PropertyKey[]): number | undefined {
  let here: unknown = contentsNode;
  let offset: number | undefined;
  for (const part of path) {
    const next: unknown = isMap(here) || isSeq(here) ? here.get(part, true) : undefined;
    if (next === undefined || next === null) break;
    here = next;
    offset = rangeStart(here) ?? offset;
  }
  return offset ?? rangeStart(contentsNode);
}

function rangeStart(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** A baseline that accepts everything that is open now, and what was accepted before. */
export async function* baselineText(
  pages: FindingPages,
  reason: string,
  until: string | undefined,
): AsyncGenerator<string> {
  yield "version: 1\naccepted:\n";
  let any = false;
  for await (const page of pages) {
    for (const { finding, accepted, change } of page) {
      if (change === "fixed") continue;
      any = true;
      const fields = [
        ["rule", finding.rule],
        ["asset", finding.asset?.name],
        ["member", finding.member],
        ["role", finding.role],
        ["reason", accepted?.reason ?? reason],
        ["until", accepted === undefined ? until : accepted.until],
      ].flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${jsonText(value)}`]));
      yield `  - { ${fields.join(", ")} }\n`;
    }
  }
  if (!any) yield "  []\n";
}
