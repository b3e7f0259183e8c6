/** Assets as the Data Studio API describes them, and the many ways people write down which one they mean. */
import type { Brand, Parsed } from "./brand.ts";
import type { Email } from "./email.ts";
import { firstForbiddenCharacter, quoted } from "./text.ts";

/** The bare id in `Asset.name`, used as is in paths (api.md 1.1). */
export type AssetName = Brand<string, "AssetName">;

/** The two searchable types; answers may hold others, which are carried through. */
export type AssetType = "REPORT" | "DATA_SOURCE";

export const assetTypes: readonly AssetType[] = ["REPORT", "DATA_SOURCE"];

/** What search says of an asset (api.md 1.3). Absent booleans are false. Times are RFC 3339 UTC as sent. */
export interface Asset {
  readonly name: AssetName;
  readonly assetType: string;
  readonly title: string;
  /** A bare address; undefined when the server names none. */
  readonly owner: Email | undefined;
  readonly trashed: boolean;
  readonly createTime?: string | undefined;
  readonly updateTime?: string | undefined;
}

const nameShape = /^[A-Za-z0-9_-]{1,128}$/;
const hosts = new Set(["lookerstudio.google.com", "datastudio.google.com"]);

/** Marks an id that has the shape of `Asset.name`; undefined for anything else, so that no id can bend a path. */
export function assetNameOrUndefined(text: string): AssetName | undefined {
  return nameShape.test(text) ? (text as AssetName) : undefined;
}

/**
 * Reads an asset as people write it: the bare id, `assets/<id>`, or any address of a report or data source under either
 * product name, with account switches (`/u/0/`), `/c/`, `/embed/`, pages, queries and fragments.
 */
export function parseAssetReference(
  text: string,
): Parsed<{ readonly name: AssetName; readonly assetType: AssetType | undefined }> {
  const trimmed = text.trim();
  const forbidden = firstForbiddenCharacter(trimmed);
  if (forbidden !== undefined) {
    return { ok: false, problem: `the asset contains ${forbidden}`, remedy: "copy the id or the address again" };
  }
  const bare = trimmed.startsWith("assets/") ? trimmed.slice("assets/".length) : trimmed;
  const name = assetNameOrUndefined(bare);
  if (name !== undefined) return { ok: true, value: { name, assetType: undefined } };

  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !hosts.has(url.hostname) || !/^https?:$/.test(url.protocol)) {
    return {
      ok: false,
      problem: `${quoted(trimmed)} is neither an asset id nor a Looker Studio address`,
      remedy: "write the id, or the address of the report or data source as the browser shows it",
    };
  }
  const segments = url.pathname.split("/").filter((segment) => segment !== "");
  for (const [index, segment] of segments.entries()) {
    const assetType = segment === "reporting" ? "REPORT" : segment === "datasources" ? "DATA_SOURCE" : undefined;
    if (assetType === undefined) continue;
    const found = assetNameOrUndefined(segments[index + 1] ?? "");
    if (found !== undefined && found !== ("create" as AssetName)) {
      return { ok: true, value: { name: found, assetType } };
    }
  }
  if (segments.includes("s")) {
    return {
      ok: false,
      problem: "a short link does not say which asset it leads to",
      remedy: "open it and copy the long address (/reporting/… or /datasources/…)",
    };
  }
  return {
    ok: false,
    problem: `the address ${quoted(url.pathname)} names no report or data source`,
    remedy: "copy the address of the asset itself (/reporting/<id> or /datasources/<id>)",
  };
}

/** The page in the web UI where a person can open the asset (api.md 1.3). */
export function assetUrl(name: AssetName, assetType: string): string {
  const kind = assetType === "DATA_SOURCE" ? "datasources" : "reporting";
  return `https://lookerstudio.google.com/${kind}/${name}`;
}
