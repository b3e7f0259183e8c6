/** Whether a snapshot still holds what it held when it was finished, for people and for programs. */
import { instantText } from "../model/clock.ts";
import type { SnapshotHeader } from "../model/inventory.ts";
import type { Digest } from "../model/run.ts";
import { counted } from "../model/text.ts";
import { jsonText } from "./json.ts";
import { label, labelledCommand, pad, paint, shown, sigil, wrap } from "./style.ts";
import type { Style } from "./style.ts";
import { shellWord, timeText } from "./words.ts";

export interface ContentView {
  readonly header: SnapshotHeader;
  /** Wall ms. */
  readonly finishedAt: number;
  /** Written when the snapshot was finished. */
  readonly sealed: Digest;
  /** Noted by somebody at some time. */
  readonly noted: Digest | undefined;
  /** Of what the file holds now. */
  readonly found: Digest;
  readonly assets: number;
}

export function holds({ sealed, noted, found }: ContentView): boolean {
  return found === sealed && (noted === undefined || noted === found);
}

const nameWidth = 10;

/** Last what the digest cannot tell, and what to do about that. */
export function contentText(view: ContentView, name: string, style: Style): string[] {
  const { header, finishedAt, sealed, noted, found } = view;
  const facts = [`snapshot ${header.snapshotId}`, `tenant ${header.tenant}`, timeText(finishedAt)];
  const about = [shown(name, style), ...facts.map((fact) => shown(fact, style))].join("   ");
  const verdict = holds(view)
    ? paint("The snapshot is as it was when it was finished.", "green", style)
    : paint("The snapshot is NOT as it was: take the inventory again.", "red", style);
  return [
    ...wrap(about, label("Evidence", style), style.width),
    "",
    ...check("content", sealed, `${counted(view.assets, "asset")} with everybody they name, by the digest`),
    ...(noted === undefined ? [] : check("noted", noted, "the digest that was noted is this one")),
    "",
    verdict,
    ...wrap(
      "The digest is over users, assets, permissions, people and groups; not over times, reasons and who read what. It is not signed: note it where nobody can change it, and check it later.",
      "",
      style.width,
    ),
    ...labelledCommand("Later", `handover evidence verify ${shellWord(name)} --head ${found}`, style),
  ];

  function check(what: string, expected: Digest, words: string): string[] {
    if (expected === found) return wrap(words, `  ${sigil("=", style)} ${pad(what, nameWidth)}`, style.width);
    const indent = " ".repeat(nameWidth + 4);
    return [
      `  ${sigil("x", style)} ${pad(what, nameWidth)}differs`,
      ...wrap(shown(expected, style), `${indent}${pad("expected", nameWidth)}`, style.width),
      ...wrap(found, `${indent}${pad("found", nameWidth)}`, style.width),
    ];
  }
}

/** One `content` document. */
export function contentJson(view: ContentView, name: string): string {
  const { header, finishedAt, sealed, noted, found, assets } = view;
  return jsonText({
    type: "content",
    version: 1,
    snapshot: name,
    snapshotId: header.snapshotId,
    tenant: header.tenant,
    finishedAt: instantText(finishedAt),
    sound: holds(view),
    assets,
    digest: sealed,
    noted,
    found,
  });
}
