/** An asset as a search shows it, as a row of a table. Titles are JSON: they may hold halves of surrogate pairs. */
import type { Asset, AssetName } from "../../model/asset.ts";
import type { Email } from "../../model/email.ts";

export interface FoundRow {
  readonly name: AssetName;
  readonly type: string;
  readonly title: string;
  readonly owner: Email | null;
  readonly trashed: number;
  readonly created: string | null;
  readonly updated: string | null;
}

export const foundColumns = "name, type, title, owner, trashed, created, updated";

export function foundOf(row: FoundRow): Asset {
  return {
    name: row.name,
    assetType: row.type,
    title: JSON.parse(row.title) as string,
    owner: row.owner ?? undefined,
    trashed: row.trashed === 1,
    createTime: row.created ?? undefined,
    updateTime: row.updated ?? undefined,
  };
}
