/** The small vocabularies of plan files: each text is one of a few known words, or is explained. */
import { assetTypes } from "../model/asset.ts";
import type { AssetType } from "../model/asset.ts";
import type { Parsed } from "../model/brand.ts";
import { EDITOR, linkRoles, OWNER, personRoles, VIEWER } from "../model/permissions.ts";
import type { Role } from "../model/permissions.ts";
import type { Action, Audience, Keep, Trashed } from "../model/request.ts";
import { quoted } from "../model/text.ts";
import { actions } from "./row.ts";
import { chooseFrom } from "./suggest.ts";

/** Reads one of `words`; case is folded, and a blank or `_` counts as `-` or `_`, whichever the word has. */
function oneOf<T extends string>(text: string, words: readonly T[], kind: string): Parsed<T> {
  const folded = text
    .trim()
    .toLowerCase()
    .replace(/[\s_-]+/g, "-");
  const found = words.find((word) => word.toLowerCase().replaceAll("_", "-") === folded);
  if (found !== undefined) return { ok: true, value: found };
  return { ok: false, problem: `${quoted(text)} is not ${kind}`, remedy: chooseFrom(text, words) };
}

export function parseAction(text: string): Parsed<Action> {
  return oneOf(text, actions, "an action");
}

export function parseKeep(text: string): Parsed<Keep> {
  return oneOf<Keep>(text, ["editor", "viewer", "none"], "something the old owner can keep");
}

export function parseTrashed(text: string): Parsed<Trashed> {
  return oneOf<Trashed>(text, ["exclude", "include"], "a rule for the trash");
}

export function parseOwnerChange(text: string): Parsed<"compile" | "attempt"> {
  return oneOf<"compile" | "attempt">(text, ["compile", "attempt"], "a way to change owners");
}

export function parseAudience(text: string): Parsed<Audience> {
  return oneOf<Audience>(text, ["public", "external", "domain"], "an audience");
}

const onlyReports: readonly AssetType[] = ["REPORT"];
const onlyDataSources: readonly AssetType[] = ["DATA_SOURCE"];

/** `report` or `data_source`, in singular or plural, in any case, with `_`, `-`, a blank or nothing between. */
export function parseAssetType(text: string): Parsed<AssetType> {
  const folded = text
    .trim()
    .toLowerCase()
    .replace(/[\s_-]+/g, "");
  if (folded === "report" || folded === "reports") return { ok: true, value: "REPORT" };
  if (folded === "datasource" || folded === "datasources") return { ok: true, value: "DATA_SOURCE" };
  return {
    ok: false,
    problem: `${quoted(text)} is not a type of asset`,
    remedy: chooseFrom(text, ["report", "data_source"]),
  };
}

/** The types as a list in one order, each once; shared, so that a million rows hold three lists. */
export function typeList(types: readonly AssetType[]): readonly AssetType[] {
  if (!types.includes("DATA_SOURCE")) return onlyReports;
  return types.includes("REPORT") ? assetTypes : onlyDataSources;
}

/** A role that people hold. OWNER is refused: no API can give or take it (api.md 0.2). */
export function parsePersonRole(text: string): Parsed<Role> {
  const folded = text.trim().toUpperCase();
  if (personRoles.includes(folded)) return { ok: true, value: folded };
  if (folded === OWNER) {
    return {
      ok: false,
      problem: "OWNER can be neither given nor taken through Google's API",
      remedy: "write a transfer instead: from (the present owner), to (the new one) and the asset",
    };
  }
  if (linkRoles.includes(folded)) {
    return {
      ok: false,
      problem: `${folded} is a role of link sharing, which this action does not change`,
      remedy: "use set-link or close-link, or write EDITOR or VIEWER",
    };
  }
  return { ok: false, problem: `${quoted(text)} is not a role`, remedy: chooseFrom(text, personRoles) };
}

export function parseLinkRole(text: string): Parsed<Role> {
  const folded = text.trim().toUpperCase();
  if (linkRoles.includes(folded)) return { ok: true, value: folded };
  const meant = folded === EDITOR || folded === VIEWER ? `LINK_${folded}` : text;
  return { ok: false, problem: `${quoted(text)} is not a role of link sharing`, remedy: chooseFrom(meant, linkRoles) };
}

/** Any role that a member other than the owner can stand in. */
export function parseAnyRole(text: string): Parsed<Role> {
  const folded = text.trim().toUpperCase();
  return linkRoles.includes(folded) ? { ok: true, value: folded } : parsePersonRole(text);
}
