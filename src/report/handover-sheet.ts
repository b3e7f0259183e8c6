/** The hand-over sheet: what each person opens, what they click there and by when, as text, Markdown and CSV. */
import type { Email } from "../model/email.ts";
import type { Keep } from "../model/request.ts";
import type { Digest, RunHeader } from "../model/run.ts";
import { counted } from "../model/text.ts";
import { csvRecord } from "./csv.ts";
import type { Block, Phrase, Task } from "./document.ts";
import { blockMarkdown } from "./document-markdown.ts";
import { blockText } from "./document-text.ts";
import type { Pages } from "./rows.ts";
import { sheetLines } from "./sheet-lines.ts";
import type { ReconnectLine, SheetLine, SheetLines } from "./sheet-lines.ts";
import type { Style } from "./style.ts";
import { stateWords } from "./words.ts";

export interface HandoverSheet extends SheetLines {
  readonly header: RunHeader;
  readonly digest: Digest;
}

/** The sheet of a run, from every step of it. */
export async function handoverSheet(header: RunHeader, digest: Digest, steps: Pages): Promise<HandoverSheet> {
  return { header, digest, ...(await sheetLines(steps)) };
}

/** Lines without their ends. */
export function* sheetText(sheet: HandoverSheet, style: Style): Generator<string> {
  for (const block of sheetBlocks(sheet)) yield* blockText(block, style);
}

/** Lines without their ends. */
export function* sheetMarkdown(sheet: HandoverSheet): Generator<string> {
  for (const block of sheetBlocks(sheet)) yield* blockMarkdown(block);
}

/** The whole file in pieces to be written as they are: one record a click. */
export function* sheetCsv(sheet: HandoverSheet): Generator<string> {
  yield csvRecord(["what", "who", "title", "type", "link", "new_owner", "old_owner", "keep", "waits_for_step", "step"]);
  for (const { person, lines } of sheet.people) {
    for (const { asset, url, to, keep, waitsFor, seq } of lines) {
      const waits = waitsFor === undefined ? "" : String(waitsFor.seq);
      yield csvRecord(["make-owner", person, asset.title, asset.assetType, url, to, person, keep, waits, String(seq)]);
    }
  }
  for (const { person, to, asset, url, seq } of sheet.reconnect) {
    const title = asset?.title ?? allMoved(person, to);
    yield csvRecord([
      "reconnect",
      to,
      title,
      asset?.assetType ?? "DATA_SOURCE",
      url ?? "",
      to,
      person,
      "",
      "",
      String(seq),
    ]);
  }
}

function* sheetBlocks(sheet: HandoverSheet): Generator<Block> {
  const { header, people, reconnect } = sheet;
  yield { kind: "heading", level: 1, text: `Hand-over sheet for ${header.tenant}` };
  yield {
    kind: "fields",
    fields: [
      ["Run", [{ code: header.runId }]],
      ["Digest", [{ code: sheet.digest }]],
    ],
  };
  if (people.length + reconnect.length === 0) {
    yield { kind: "paragraph", text: ["Nothing in this run is left to do by hand."] };
    return;
  }
  if (people.length > 0) yield* ownerBlocks(sheet);
  if (reconnect.length > 0) yield* reconnectBlocks(reconnect);
}

/** What the web page asks for (api.md 3.2), and what happens to whatever is left (api.md 3.3). */
const clicks: readonly Phrase[] = [
  ["Open the link, signed in as the person whose name is above it: only the owner can do this."],
  ["Choose Share, and find the new owner among the people with access: only they can become owner."],
  ["Choose Make owner beside that name and confirm. It may take a few minutes, and cannot be taken back."],
];

function* ownerBlocks({ people }: HandoverSheet): Generator<Block> {
  const changes = people.reduce((total, each) => total + each.lines.length, 0);
  yield {
    kind: "paragraph",
    text: [
      `${counted(changes, "owner change")} for ${counted(people.length, "person", "people")} that Google allows in its web page only. `,
      deadline,
    ],
  };
  yield { kind: "instructions", items: clicks };
  for (const { person, lines } of people) {
    yield { kind: "heading", level: 2, text: `${person}: ${counted(lines.length, "asset")}` };
    yield { kind: "paragraph", text: ["Before this account is suspended or deleted:"] };
    yield { kind: "tasks", tasks: lines.map((line) => ownerTask(person, line)) };
  }
}

const deadline =
  "A suspended person cannot click any more, and what a deleted person still owns is lost unless the account is restored within 20 days.";

function ownerTask(person: Email, { asset, url, to, keep, waitsFor, unless }: SheetLine): Task {
  const details: Phrase[] = [[`Make ${to} the owner; ${afterwards(person, to, keep)}.`]];
  if (waitsFor !== undefined) {
    const state = stateWords.get(waitsFor.state) ?? waitsFor.state;
    details.push([`Not yet: step #${waitsFor.seq} must first give ${to} access (${state}).`]);
  }
  if (unless !== undefined) details.push([`Only if step #${unless} has not changed the owner already.`]);
  return { what: typeWords(asset.assetType), title: asset.title, url, details };
}

/** The old owner stays editor until somebody changes that (api.md 3.2). */
function afterwards(person: Email, to: Email, keep: Keep): string {
  if (keep === "editor") return `${person} stays editor`;
  return keep === "viewer" ? `then ${to} makes ${person} a viewer` : `then ${to} removes ${person}`;
}

function* reconnectBlocks(reconnect: readonly ReconnectLine[]): Generator<Block> {
  yield { kind: "heading", level: 2, text: "Data sources to reconnect" };
  yield {
    kind: "paragraph",
    text: [
      "These go on reading with the credentials of the person named, and break when that account is suspended or deleted. ",
      "The new owner opens the data source, chooses Edit connection, and reconnects.",
    ],
  };
  yield { kind: "tasks", tasks: reconnect.map(reconnectTask) };
}

function reconnectTask({ person, to, asset, url, seq }: ReconnectLine): Task {
  const details: Phrase[] = [[`${to} reconnects: the credentials are those of ${person}.`]];
  if (asset === undefined)
    return { what: "Data sources:", title: `${allMoved(person, to)} (step #${seq})`, url, details };
  return { what: typeWords(asset.assetType), title: asset.title, url, details };
}

/** The sheet is for people who know the product from its pages, not from its API. */
function typeWords(assetType: string): string {
  if (assetType === "REPORT") return "Report";
  return assetType === "DATA_SOURCE" ? "Data source" : assetType;
}

function allMoved(from: Email, to: Email): string {
  return `all that move from ${from} to ${to}`;
}
