/** An asset as a search shows it, as a row of a table. Titles are JSON: they may hold halves of surrogate pairs. */
import type { Asset, AssetName } from "../../model/asset.ts";
import type { Email } from "../../model/email.ts";
import { textOfJson } from "../../model/json-text.ts";

export interface FoundRow {
  readonly name: AssetName;
  readonly type: string;
  readonly title: string;
  readonly owner: Email | null;
  readonly trashed: number;
  readonly created: string | null;
  readonly updated: string | null;
}

/** The same columns as an array: building an object of so many costs more than finding the row. */
export type FoundCells = [
  name: AssetName,
  type: string,
  title: string,
  owner: Email | null,
  trashed: number,
  created: string | null,
  updated: string | null,
];

export const foundColumns = "name, type, title, owner, trashed, created, updated";

export function foundOf(row: FoundRow): Asset {
  return {
    name: row.name,
    assetType: row.type,
    title: textOfJson(row.title),
    owner: row.owner ?? undefined,
    trashed: row.trashed === 1,
    createTime: row.created ?? undefined,
    updateTime: row.updated ?? undefined,
  };
}

/** The asset of a row that begins with `foundColumns`. */
export function foundIn(cells: readonly [...FoundCells, ...unknown[]]): Asset {
  return {
    name: cells[0],
    assetType: cells[1],
    title: textOfJson(cells[2]),
    owner: cells[3] ?? undefined,
    trashed: cells[4] === 1,
    createTime: cells[5] ?? undefined,
    updateTime: cells[6] ?? undefined,
  };
}
