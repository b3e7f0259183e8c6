/**
 * Whether a run may be carried out where it lies. There are two of a run once it is copied, and carrying out both would
 * do everything twice: so a copy is a record, and when a run is moved, what stays behind is one.
 */
import { RunFileError } from "../model/errors.ts";
import { printable } from "../model/text.ts";
import { expectAllTexts, expectNumbers, objectOf } from "./shapes.ts";

/** Under this name a record keeps what it is. */
export const recordName = "record";

export interface RunRecord {
  readonly kind: "copy" | "moved";
  /** The run that it was copied from, or moved to, as a person would type it. */
  readonly other: string;
  readonly at: number;
}

export function recordText({ kind, other, at }: RunRecord): string {
  return JSON.stringify({ at, kind, other });
}

/** Undefined for a run that is carried out where it lies. Throws SyntaxError for text that is none of ours. */
export function recordIn(text: string | undefined): RunRecord | undefined {
  if (text === undefined) return undefined;
  const { at, kind, other } = objectOf(JSON.parse(text) as RunRecord);
  expectAllTexts([kind, other]);
  expectNumbers(at);
  return { kind: kind === "copy" ? "copy" : "moved", other, at };
}

/** Throws RunFileError (`moved`) for a record. */
export function refuseRecord(text: string | undefined, place: string): void {
  const record = recordIn(text);
  if (record === undefined) return;
  throw record.kind === "copy"
    ? new RunFileError(
        "moved",
        `${place} is a copy to look at, made from ${record.other}`,
        "give the command with that run; to go on here instead, move it: handover run copy --move",
      )
    : new RunFileError("moved", `${place} was moved to ${record.other}`, "give the command with that run");
}

/** For people who look at one. */
export function recordLine({ kind, other }: RunRecord, name: string): string {
  const said = printable(other, 500);
  return kind === "copy"
    ? `${printable(name, 500)} is a copy to look at, made from ${said}.`
    : `${printable(name, 500)} was moved to ${said}, and is not carried out here any more.`;
}
