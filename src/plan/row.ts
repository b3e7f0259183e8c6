/** What a row and a move have in common: named fields with their places. */
import { assetTypes } from "../model/asset.ts";
import type { AssetType } from "../model/asset.ts";
import type { Place } from "../model/diagnostic.ts";
import type { Action, Keep, Selector, Trashed } from "../model/request.ts";
import type { Role } from "../model/permissions.ts";

/** The columns of a CSV file, which are the plain keys of a move too. */
export const fields = ["action", "from", "to", "asset", "type", "title", "member", "role", "keep", "note"] as const;

export type Field = (typeof fields)[number];

export const actions: readonly Action[] = [
  "transfer",
  "grant",
  "revoke",
  "set-role",
  "replace-member",
  "set-link",
  "close-link",
];

/** One wish as written. */
export interface Row {
  readonly place: Place;
  /** The text of a field without the blanks around it, or undefined where nothing is written. */
  text(field: Field): string | undefined;
  placeOf(field: Field): Place;
  /** The field as this file calls it. */
  nameOf(field: Field): string;
}

/** What applies to a row without standing in one of its fields. */
export interface Beyond {
  /** Used where the row says nothing. */
  readonly keep: Keep;
  readonly types: readonly AssetType[];
  readonly trashed: Trashed;
  readonly ownerChange: "compile" | "attempt";
  /** Says which assets, instead of the fields `asset`, `title`, `type` and `from`. */
  readonly select?: Selector | undefined;
  /** Of a replace-member; undefined: every role the member can hold. */
  readonly roles?: readonly Role[] | undefined;
}

/** What a file of rows has no way to say otherwise. */
export const unsaid: Beyond = {
  keep: "editor",
  types: assetTypes,
  trashed: "exclude",
  ownerChange: "compile",
};

/** The fields each action reads, the required ones first. A filled field outside this list is a mistake. */
export const reads: Readonly<
  Record<Action, { readonly required: readonly Field[]; readonly optional: readonly Field[] }>
> = {
  transfer: { required: ["from", "to"], optional: ["asset", "type", "title", "keep"] },
  grant: { required: ["member", "role"], optional: ["asset", "from", "type", "title"] },
  revoke: { required: ["member"], optional: ["role", "asset", "from", "type", "title"] },
  "set-role": { required: ["member", "role"], optional: ["asset", "from", "type", "title"] },
  "replace-member": { required: ["from", "to"], optional: ["asset", "type", "title"] },
  "set-link": { required: ["role", "member"], optional: ["asset"] },
  "close-link": { required: [], optional: ["asset"] },
};
