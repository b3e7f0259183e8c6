/** The rules that turn one row, whichever format it came from, into a request or into diagnostics. */
import { assetNameOrUndefined, parseAssetReference } from "../model/asset.ts";
import type { AssetName, AssetType } from "../model/asset.ts";
import type { Parsed } from "../model/brand.ts";
import { parseEmail } from "../model/email.ts";
import type { Email } from "../model/email.ts";
import { allUsers, memberKind, parseMember } from "../model/member.ts";
import { linkRoles, personRoles } from "../model/permissions.ts";
import type { Action, Request, Selector, WrittenMember } from "../model/request.ts";
import { quoted } from "../model/text.ts";
import { parseTitleGlob } from "./glob.ts";
import type { Problems } from "./problems.ts";
import { actions, fields, reads } from "./row.ts";
import type { Beyond, Field, Row } from "./row.ts";
import { parseAction, parseAssetType, parseKeep, parseLinkRole, parsePersonRole, typeList } from "./values.ts";

/** Texts whose parsed form is kept, a kind: the same few people and words stand in most rows of a large file. */
const rememberedMax = 20_000;
/** Every role a domain can hold; people and groups hold no link roles. */
const everyRole = [...personRoles, ...linkRoles];

const readSets = new Map<Action, ReadonlySet<Field>>(
  actions.map((action) => [action, new Set(["action", "note", ...reads[action].required, ...reads[action].optional])]),
);

export class RequestBuilder {
  readonly #problems: Problems;
  readonly #actionOf = remembering(parseAction);
  readonly #personOf = remembering(parsePerson);
  readonly #memberOf = remembering(parseMember);
  readonly #personRoleOf = remembering(parsePersonRole);

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  /** The request of a row, or undefined once everything wrong with the row has been added to the problems. */
  build(row: Row, beyond: Beyond): Request | undefined {
    const written = row.text("action");
    const action = written === undefined ? "transfer" : this.#value(row, "action", this.#actionOf(written));
    if (action === undefined) return undefined;
    const complete = this.#checkFields(row, action);
    const request = this.#request(action, row, beyond);
    return complete ? request : undefined;
  }

  /** Names the required fields that are empty and the filled ones that the action does not read. */
  #checkFields(row: Row, action: Action): boolean {
    let complete = true;
    const read = readSets.get(action);
    for (const field of reads[action].required) {
      if (row.text(field) !== undefined) continue;
      complete = false;
      this.#add(row, field, `${row.nameOf(field)} is empty, and ${action} needs it`, needed(action, field));
    }
    for (const field of fields) {
      if (read?.has(field) === true || row.text(field) === undefined) continue;
      complete = false;
      this.#add(row, field, `${row.nameOf(field)} is not read by ${action}`, unread(action, field));
    }
    const note = row.text("note");
    if (note?.includes("\0") === true) {
      complete = false;
      this.#add(row, "note", `${row.nameOf("note")} contains a NUL character`, "write the note again, or leave it out");
    }
    return complete;
  }

  #request(action: Action, row: Row, beyond: Beyond): Request | undefined {
    const select = this.#select(action, row, beyond);
    const common = { place: row.place, trashed: beyond.trashed, note: row.text("note") };
    switch (action) {
      case "transfer": {
        const from = this.#person(row, "from");
        const to = this.#person(row, "to");
        const keepText = row.text("keep");
        const keep = keepText === undefined ? beyond.keep : this.#value(row, "keep", parseKeep(keepText));
        if (select === undefined || from === undefined || to === undefined || keep === undefined) return undefined;
        if (from === to) return this.#same(row, from);
        const own = select.asset === undefined ? { ...select, owner: from } : { ...select, owner: undefined };
        return { action, ...common, select: own, from, to, keep, ownerChange: beyond.ownerChange };
      }
      case "grant":
      case "set-role": {
        const member = this.#member(row, "member", action);
        const role = this.#role(row, this.#personRoleOf);
        if (select === undefined || member === undefined || role === undefined) return undefined;
        return { action, ...common, select, member, role };
      }
      case "revoke": {
        const member = this.#member(row, "member", action);
        const role = this.#role(row, this.#personRoleOf);
        if (select === undefined || member === undefined) return undefined;
        if (role === undefined && row.text("role") !== undefined) return undefined;
        return { action, ...common, select, member, role };
      }
      case "replace-member": {
        const from = this.#member(row, "from", action);
        const to = this.#member(row, "to", action);
        if (select === undefined || from === undefined || to === undefined) return undefined;
        if (from.member === to.member) return this.#same(row, from.member);
        const roles = beyond.roles ?? (memberKind(from.member) === "domain" ? everyRole : personRoles);
        return { action, ...common, select, from, to, roles };
      }
      case "set-link": {
        const member = this.#audience(row);
        const role = this.#role(row, parseLinkRole);
        if (select === undefined || member === undefined || role === undefined) return undefined;
        return { action, ...common, select, member: member.member, role };
      }
      case "close-link":
        return select === undefined ? undefined : { action, ...common, select };
    }
  }

  /** Which assets: the move's own selector, or the fields `asset`, `from` (as the owner), `title` and `type`. */
  #select(action: Action, row: Row, beyond: Beyond): Selector | undefined {
    if (beyond.select !== undefined) return beyond.select;
    const assetText = row.text("asset");
    if (assetText !== undefined) return this.#namedAsset(action, row, assetText, beyond);
    const byOwner = action === "grant" || action === "revoke" || action === "set-role";
    const titleText = row.text("title");
    const ownerText = byOwner ? row.text("from") : undefined;
    if (titleText === undefined && ownerText === undefined && action !== "transfer" && action !== "replace-member") {
      this.#add(row, "asset", `${action} does not say which assets`, byOwner ? whichAssets : whichAsset);
      return undefined;
    }
    const types = this.#types(row, beyond);
    const title = titleText === undefined ? undefined : this.#value(row, "title", parseTitleGlob(titleText));
    const owner = ownerText === undefined ? undefined : this.#person(row, "from");
    if (types === undefined || (titleText !== undefined && title === undefined)) return undefined;
    if (ownerText !== undefined && owner === undefined) return undefined;
    return { asset: undefined, owner, title, types, audience: undefined };
  }

  #namedAsset(action: Action, row: Row, text: string, beyond: Beyond): Selector | undefined {
    const asset = this.#asset(row, text);
    let types = this.#types(row, beyond);
    let alone = true;
    const others: readonly Field[] =
      action === "transfer" || action === "replace-member" ? ["title"] : ["title", "from"];
    for (const field of others) {
      if (row.text(field) === undefined || readSets.get(action)?.has(field) !== true) continue;
      alone = false;
      this.#add(
        row,
        field,
        `${row.nameOf(field)} is not read when an asset is named`,
        "leave one of the two empty; a column whose name starts with x_ may say anything",
      );
    }
    if (asset === undefined || types === undefined || !alone) return undefined;
    if (row.text("type") !== undefined && asset.assetType !== undefined && !types.includes(asset.assetType)) {
      this.#add(
        row,
        "type",
        `${row.nameOf("type")} says ${quoted(row.text("type") ?? "")}, but the address is that of a ${asset.assetType === "REPORT" ? "report" : "data source"}`,
        "correct one of the two",
      );
      return undefined;
    }
    if (row.text("type") === undefined && asset.assetType !== undefined && !types.includes(asset.assetType)) {
      types = typeList([...types, asset.assetType]);
    }
    return { asset: asset.name, owner: undefined, title: undefined, types, audience: undefined };
  }

  #asset(row: Row, text: string): { readonly name: AssetName; readonly assetType: AssetType | undefined } | undefined {
    const bare = assetNameOrUndefined(text);
    if (bare !== undefined) return { name: bare, assetType: undefined };
    return this.#value(row, "asset", parseAssetReference(text));
  }

  #types(row: Row, beyond: Beyond): readonly AssetType[] | undefined {
    const text = row.text("type");
    if (text === undefined) return beyond.types;
    const one = this.#value(row, "type", parseAssetType(text));
    return one === undefined ? undefined : typeList([one]);
  }

  #person(row: Row, field: Field): Email | undefined {
    const text = row.text(field);
    if (text === undefined) return undefined;
    return this.#value(row, field, this.#personOf(text));
  }

  #member(row: Row, field: Field, action: Action): WrittenMember | undefined {
    const text = row.text(field);
    if (text === undefined) return undefined;
    const written = this.#value(row, field, this.#memberOf(text));
    if (written?.member !== allUsers) return written;
    this.#add(
      row,
      field,
      `${row.nameOf(field)}: allUsers is link sharing, which ${action} does not change`,
      "use set-link or close-link",
    );
    return undefined;
  }

  /** Whom a link is for: everybody, or a whole domain (api.md 1.4). */
  #audience(row: Row): WrittenMember | undefined {
    const text = row.text("member");
    if (text === undefined) return undefined;
    const parsed = parseMember(text);
    const kind = parsed.ok ? memberKind(parsed.value.member) : undefined;
    if (parsed.ok && (kind === "allUsers" || kind === "domain")) return parsed.value;
    this.#add(
      row,
      "member",
      `${row.nameOf("member")}: ${quoted(text)} is not somebody a link can be for`,
      "write allUsers (anyone with the link) or domain:acme.example (anyone there); use grant for a person or a group",
    );
    return undefined;
  }

  #role(row: Row, parse: (text: string) => Parsed<string>): string | undefined {
    const text = row.text("role");
    return text === undefined ? undefined : this.#value(row, "role", parse(text));
  }

  #same(row: Row, who: string): undefined {
    this.#add(
      row,
      "to",
      `${row.nameOf("from")} and ${row.nameOf("to")} are both ${who}`,
      "write two different people, or remove the line",
    );
    return undefined;
  }

  #value<T>(row: Row, field: Field, parsed: Parsed<T>): T | undefined {
    return parsed.ok ? parsed.value : this.#problems.value(parsed, row.placeOf(field), row.nameOf(field));
  }

  #add(row: Row, field: Field, problem: string, remedy: string): void {
    this.#problems.add(row.placeOf(field), problem, remedy);
  }
}

const whichAsset = "fill asset with an id or an address";
const whichAssets = "fill asset, or from (the owner) and title; a title of * means every asset";

function needed(action: Action, field: Field): string {
  if (action === "set-link" && field === "member")
    return "write allUsers (anyone with the link) or domain:acme.example";
  if (action === "set-link") return "write LINK_VIEWER or LINK_EDITOR";
  if (field === "role") return "write EDITOR or VIEWER";
  if (field === "member") return "write whom it is about: an address, group:… or domain:…";
  return field === "from" ? "write the address of the present one" : "write the address of the new one";
}

function unread(action: Action, field: Field): string {
  if (action === "transfer" && (field === "member" || field === "role")) {
    return "empty it; what others get is a row of its own with the action grant";
  }
  if (field === "keep") return "empty it; only a transfer has an old owner who can keep something";
  if (
    (action === "set-link" || action === "close-link") &&
    (field === "title" || field === "from" || field === "type")
  ) {
    return "name the asset; choosing by owner or title needs a select in a YAML plan";
  }
  return "empty it, or choose the action that reads it";
}

/** An address of a person, with or without `user:`: only people own assets (api.md 1.4). */
export function parsePerson(text: string): Parsed<Email> {
  const prefix = /^\s*(user|group|domain|serviceaccount):/i.exec(text)?.[1]?.toLowerCase();
  if (prefix === undefined) return parseEmail(text);
  if (prefix === "user") return parseEmail(text.slice(text.indexOf(":") + 1));
  return {
    ok: false,
    problem: `${quoted(text.trim())} is not a person, and only people own assets`,
    remedy: "write the address of a person of your organisation",
  };
}

/** The same parser, looking up what it has parsed before. */
function remembering<T>(parse: (text: string) => Parsed<T>): (text: string) => Parsed<T> {
  const known = new Map<string, Parsed<T>>();
  return (text) => {
    let parsed = known.get(text);
    if (parsed !== undefined) return parsed;
    parsed = parse(text);
    if (known.size >= rememberedMax) known.clear();
    known.set(text, parsed);
    return parsed;
  };
}
