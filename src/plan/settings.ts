/** What a YAML plan says beside its moves: version, tenant, defaults, protected assets and limits; and how files combine. */
import { parseAssetReference } from "../model/asset.ts";
import { placeText } from "../model/diagnostic.ts";
import type { Place } from "../model/diagnostic.ts";
import { parseDomain } from "../model/email.ts";
import type { Domain } from "../model/email.ts";
import { stricter } from "../model/guard.ts";
import type { Setting } from "../model/guard.ts";
import { parseMember } from "../model/member.ts";
import type { LimitName, PlanSettings, ProtectRule } from "../model/request.ts";
import { quoted } from "../model/text.ts";
import { parsePerson } from "./build.ts";
import { parseTitleGlob } from "./glob.ts";
import type { Problems } from "./problems.ts";
import { unsaid } from "./row.ts";
import type { Beyond } from "./row.ts";
import { parseAssetType, parseKeep, parseOwnerChange, parseTrashed, typeList } from "./values.ts";
import type { Entry, YamlText } from "./yaml-text.ts";

export const topKeys: readonly string[] = ["version", "tenant", "defaults", "protect", "limits", "users", "moves"];

/** The settings of several files, the strictest of each. */
export class SettingsMerge {
  readonly #problems: Problems;
  #tenant: { readonly domain: Domain; readonly place: Place } | undefined;
  readonly #protect: ProtectRule[] = [];
  #limits: PlacedLimits = {};

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  get settings(): PlanSettings {
    const set = Object.entries(this.#limits).filter(([, setting]) => setting !== undefined);
    return {
      tenant: this.#tenant?.domain,
      protect: this.#protect,
      limits: Object.fromEntries(set.map(([name, setting]) => [name, setting?.value])),
      limitsFrom: Object.fromEntries(set.map(([name, setting]) => [name, setting?.from])),
    };
  }

  /** Takes in the top-level entries of one file and returns what applies to its moves. */
  add(yaml: YamlText, top: ReadonlyMap<string, Entry>): Beyond {
    this.#version(yaml, top.get("version"));
    this.#addTenant(yaml, top.get("tenant"));
    this.#addProtect(yaml, top.get("protect"));
    this.#addLimits(yaml, top.get("limits"));
    return readDefaults(yaml, top.get("defaults"));
  }

  #version(yaml: YamlText, entry: Entry | undefined): void {
    if (entry === undefined) {
      yaml.add(yaml.root, "the plan has no version", "begin the file with version: 1");
      return;
    }
    const written = yaml.text(entry.node, "version");
    if (written !== undefined && written.text !== "1") {
      this.#problems.add(
        written.place,
        `version ${quoted(written.text)} is not one this program reads`,
        "write version: 1, or use a newer handover",
      );
    }
  }

  #addTenant(yaml: YamlText, entry: Entry | undefined): void {
    const domain = yaml.value(entry, "tenant", parseDomain);
    if (domain === undefined || entry === undefined) return;
    const known = this.#tenant;
    const place = yaml.placeOf(entry.node);
    if (known !== undefined && known.domain !== domain) {
      this.#problems.add(
        place,
        `the tenant is ${domain} here, and ${known.domain} in ${placeText(known.place)}`,
        "plan each tenant on its own",
      );
    }
    this.#tenant ??= { domain, place };
  }

  #addProtect(yaml: YamlText, entry: Entry | undefined): void {
    if (entry === undefined) return;
    const items = yaml.items(entry.node, "protect", 'write protect: [ { title: "Board *" } ]');
    for (const [index, node] of (items ?? []).entries()) {
      const id = `protect[${index}]`;
      const keys = yaml.entries(node, id, ["owner", "title", "asset", "member"]);
      if (keys === undefined) continue;
      const owner = yaml.value(keys.get("owner"), `${id}.owner`, parsePerson);
      const title = yaml.value(keys.get("title"), `${id}.title`, parseTitleGlob);
      const asset = yaml.value(keys.get("asset"), `${id}.asset`, parseAssetReference)?.name;
      const member = yaml.value(keys.get("member"), `${id}.member`, parseMember)?.member;
      if (!["owner", "title", "asset", "member"].some((key) => keys.has(key))) {
        yaml.add(node, `${id} says nothing to protect`, "write an owner, a title, an asset or a member");
      }
      this.#protect.push({ id, place: yaml.placeOf(node), owner, title, asset, member });
    }
  }

  #addLimits(yaml: YamlText, entry: Entry | undefined): void {
    if (entry === undefined) return;
    const keys = yaml.entries(entry.node, "limits", [
      "changes",
      "percent_of_assets",
      "per_owner",
      "new_external",
      "new_public",
      "failures",
    ]);
    const count = (key: string): Setting<number> | undefined =>
      this.#number(yaml, keys?.get(key), key, /^\d{1,15}$/, Number.MAX_SAFE_INTEGER, "a whole number, 0 or more");
    const read: PlacedLimits = {
      changes: count("changes"),
      percentOfAssets: this.#number(
        yaml,
        keys?.get("percent_of_assets"),
        "percent_of_assets",
        /^\d{1,3}(?:\.\d{1,15})?$/,
        100,
        "a number from 0 to 100",
      ),
      perOwner: count("per_owner"),
      newExternal: count("new_external"),
      newPublic: count("new_public"),
      failures: count("failures"),
    };
    this.#limits = strictest(this.#limits, read);
  }

  #number(
    yaml: YamlText,
    entry: Entry | undefined,
    key: string,
    shape: RegExp,
    max: number,
    kind: string,
  ): Setting<number> | undefined {
    const written = entry === undefined ? undefined : yaml.text(entry.node, `limits.${key}`);
    if (written === undefined) return undefined;
    if (shape.test(written.text) && Number(written.text) <= max) {
      return { value: Number(written.text), from: placeText(written.place) };
    }
    this.#problems.add(
      written.place,
      `${key} must be ${kind}, and ${quoted(written.text)} is not`,
      `write ${key} with digits only, such as ${key}: 5, or leave it out for no limit`,
    );
    return undefined;
  }
}

type PlacedLimits = { readonly [name in LimitName]?: Setting<number> | undefined };

function strictest(a: PlacedLimits, b: PlacedLimits): PlacedLimits {
  return {
    changes: stricter(a.changes, b.changes),
    percentOfAssets: stricter(a.percentOfAssets, b.percentOfAssets),
    perOwner: stricter(a.perOwner, b.perOwner),
    newExternal: stricter(a.newExternal, b.newExternal),
    newPublic: stricter(a.newPublic, b.newPublic),
    failures: stricter(a.failures, b.failures),
  };
}

function readDefaults(yaml: YamlText, entry: Entry | undefined): Beyond {
  if (entry === undefined) return unsaid;
  const keys = yaml.entries(entry.node, "defaults", ["keep", "types", "trashed", "owner_change"]);
  const types = yaml.list(keys?.get("types"), "types", parseAssetType);
  return {
    keep: yaml.value(keys?.get("keep"), "keep", parseKeep) ?? unsaid.keep,
    types: types === undefined ? unsaid.types : typeList(types),
    trashed: yaml.value(keys?.get("trashed"), "trashed", parseTrashed) ?? unsaid.trashed,
    ownerChange: yaml.value(keys?.get("owner_change"), "owner_change", parseOwnerChange) ?? unsaid.ownerChange,
  };
}
