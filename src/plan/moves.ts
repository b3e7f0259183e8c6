/** One item under `moves:` of a YAML plan, in any of its forms, as a row. */
import { isMap } from "yaml";
import type { Node } from "yaml";
import { parseAssetReference } from "../model/asset.ts";
import type { AssetType } from "../model/asset.ts";
import type { Place } from "../model/diagnostic.ts";
import type { Action, Selector } from "../model/request.ts";
import { quoted } from "../model/text.ts";
import { parsePerson } from "./build.ts";
import { parseTitleGlob } from "./glob.ts";
import type { Problems } from "./problems.ts";
import { actions, fields } from "./row.ts";
import type { Beyond, Field, Row } from "./row.ts";
import { parseAnyRole, parseAssetType, parseAudience, parseOwnerChange, parseTrashed, typeList } from "./values.ts";
import type { Entry, Written, YamlText } from "./yaml-text.ts";

const plainKeys: readonly string[] = [...fields, "types", "roles", "owner_change", "trashed", "select"];
const moveKeys: readonly string[] = [...plainKeys, ...actions];
const selectKeys: readonly string[] = ["owner", "asset", "title", "type", "types", "audience"];

/** A move ready to be built. */
export interface Move {
  readonly row: Row;
  readonly beyond: Beyond;
  /** Stands for one replace-member for each line of the file that `users` names. */
  readonly users: boolean;
}

/** Reads one item; undefined once everything wrong with its shape has been added. `defaults` holds where it is silent. */
export function readMove(yaml: YamlText, node: Node | null, defaults: Beyond, problems: Problems): Move | undefined {
  return new MoveReader(yaml, node, defaults, problems).read();
}

class MoveReader {
  readonly #yaml: YamlText;
  readonly #node: Node | null;
  readonly #defaults: Beyond;
  readonly #problems: Problems;
  readonly #written = new Map<Field, Written>();
  /** The other keys, from the move itself and from the mapping under its action. */
  readonly #extra = new Map<string, Entry>();
  #users = false;

  constructor(yaml: YamlText, node: Node | null, defaults: Beyond, problems: Problems) {
    this.#yaml = yaml;
    this.#node = node;
    this.#defaults = defaults;
    this.#problems = problems;
  }

  read(): Move | undefined {
    const before = this.#problems.count;
    const keys = this.#yaml.entries(this.#node, "a move", moveKeys);
    if (keys === undefined) return undefined;
    this.#take(keys);
    this.#takeAction(keys);
    const action = this.#written.get("action")?.text ?? "transfer";
    const select = this.#select(action);
    const types = this.#types(this.#extra.get("types"), this.#written.get("type"), "types");
    const roles = this.#yaml.list(this.#extra.get("roles"), "roles", parseAnyRole);
    const trashed = this.#yaml.value(this.#extra.get("trashed"), "trashed", parseTrashed);
    const ownerChange = this.#yaml.value(this.#extra.get("owner_change"), "owner_change", parseOwnerChange);
    this.#onlyFor(action, "roles", "replace-member");
    this.#onlyFor(action, "owner_change", "transfer");
    if (this.#problems.count > before) return undefined;
    return {
      row: new MoveRow(this.#yaml.placeOf(this.#node), this.#written),
      beyond: {
        keep: this.#defaults.keep,
        types: types ?? this.#defaults.types,
        trashed: trashed ?? this.#defaults.trashed,
        ownerChange: ownerChange ?? this.#defaults.ownerChange,
        select,
        roles: roles === undefined ? undefined : [...new Set(roles)],
      },
      users: this.#users,
    };
  }

  #take(keys: ReadonlyMap<string, Entry>): void {
    for (const [key, entry] of keys) {
      if (key.startsWith("x_") || (actions as readonly string[]).includes(key)) continue;
      const taken = isField(key) ? this.#written.has(key) : this.#extra.has(key);
      if (taken) {
        this.#problems.add(
          entry.key,
          `${quoted(key)} is written both in the move and under its action`,
          "keep one of the two",
        );
      } else if (isField(key) && !(key === "type" && !isSingle(entry.node))) {
        const written = this.#yaml.text(entry.node, key);
        if (written?.text === "")
          this.#problems.add(entry.key, `${key} is empty`, "write a value, or leave the key out");
        else if (written !== undefined) this.#written.set(key, written);
      } else {
        this.#extra.set(key === "type" ? "types" : key, entry);
      }
    }
  }

  /** The form `grant: …`: the action is a key, and its value the most important field, or a mapping of fields. */
  #takeAction(keys: ReadonlyMap<string, Entry>): void {
    const named = actions.filter((action) => keys.has(action));
    const first = named[0];
    const entry = first === undefined ? undefined : keys.get(first);
    if (first === undefined || entry === undefined) return;
    const other = named[1] ?? (keys.has("action") ? "action" : undefined);
    if (other !== undefined) {
      this.#problems.add(
        (keys.get(other) ?? entry).key,
        `a move does one thing, and this one says ${first} and ${other}`,
        "write a move for each",
      );
      return;
    }
    this.#written.set("action", { text: first, place: entry.key });
    if (isMap(entry.node)) {
      const inner = this.#yaml.entries(
        entry.node,
        first,
        plainKeys.filter((key) => key !== "action"),
      );
      if (inner !== undefined) this.#take(inner);
      return;
    }
    const value = this.#yaml.text(entry.node, first);
    if (value !== undefined) this.#takeValue(first, value);
  }

  #takeValue(action: Action, value: Written): void {
    if (value.text === "true") return;
    const field = shortField.get(action);
    if (action === "replace-member" && value.text === "users") {
      this.#users = true;
    } else if (field === undefined || value.text === "false" || value.text === "") {
      this.#problems.add(
        value.place,
        `${action}: ${quoted(value.text)} says nothing`,
        field === undefined ? `write ${action}: true` : `write ${action}: and the ${field}`,
      );
    } else if (this.#written.has(field)) {
      this.#problems.add(
        value.place,
        `${field} is written twice: after ${action} and as ${field}`,
        "keep one of the two",
      );
    } else {
      this.#written.set(field, value);
    }
  }

  /** The mapping under `select`. For a transfer its owner is who the assets come from. */
  #select(action: string): Selector | undefined {
    const entry = this.#extra.get("select");
    if (entry === undefined) return undefined;
    const keys = this.#yaml.entries(entry.node, "select", selectKeys);
    if (keys === undefined) return undefined;
    for (const field of ["asset", "title", "type"] as const) {
      const beside = this.#written.get(field);
      if (beside !== undefined)
        this.#problems.add(beside.place, `${field} stands beside select`, "write it inside select");
    }
    if (this.#extra.has("types"))
      this.#problems.add(
        this.#extra.get("types")?.key ?? entry.key,
        "types stands beside select",
        "write it inside select",
      );
    const owner = this.#owner(action, keys.get("owner"));
    const asset = this.#yaml.value(keys.get("asset"), "select.asset", parseAssetReference);
    const title = this.#yaml.value(keys.get("title"), "select.title", parseTitleGlob);
    const audience = this.#yaml.value(keys.get("audience"), "select.audience", parseAudience);
    const typeEntry = keys.get("types") ?? keys.get("type");
    if (keys.has("types") && keys.has("type"))
      this.#problems.add(entry.key, "select has both type and types", "keep one of the two");
    const types = this.#types(typeEntry, undefined, "select.type") ?? this.#defaults.types;
    if (
      asset !== undefined &&
      (keys.has("title") || keys.has("audience") || (keys.has("owner") && action !== "transfer"))
    ) {
      this.#problems.add(
        entry.key,
        "an asset is chosen by its id alone",
        "leave out the other conditions, or the asset",
      );
    }
    if (asset?.assetType !== undefined && typeEntry !== undefined && !types.includes(asset.assetType)) {
      this.#problems.add(
        entry.key,
        `the type says otherwise than the address, which is that of a ${asset.assetType === "REPORT" ? "report" : "data source"}`,
        "correct one of the two",
      );
    }
    const says = keys.has("asset") || keys.has("owner") || keys.has("title") || keys.has("audience");
    if (!says && action !== "transfer" && action !== "replace-member") {
      this.#problems.add(
        entry.key,
        "select does not say which assets",
        'write an owner, asset, title or audience; title: "*" means every asset',
      );
    }
    const widened =
      asset?.assetType === undefined || typeEntry !== undefined ? types : typeList([...types, asset.assetType]);
    return { asset: asset?.name, owner, title, types: widened, audience };
  }

  #owner(action: string, entry: Entry | undefined): Selector["owner"] {
    const from = this.#written.get("from");
    if (action !== "transfer" && action !== "replace-member" && from !== undefined) {
      this.#problems.add(from.place, `from is not read by ${action} beside select`, "write it inside select as owner");
    }
    const written = entry === undefined ? undefined : this.#yaml.text(entry.node, "select.owner");
    if (written === undefined) return undefined;
    const owner = this.#problems.value(parsePerson(written.text), written.place, "select.owner");
    if (action !== "transfer" || owner === undefined) return owner;
    const parsed = from === undefined ? undefined : parsePerson(from.text);
    if (from !== undefined && parsed?.ok === true && parsed.value !== owner) {
      this.#problems.add(
        written.place,
        `the owner in select is ${owner}, and from is ${parsed.value}`,
        "leave one of the two out",
      );
    }
    if (from === undefined) this.#written.set("from", written);
    return owner;
  }

  #types(entry: Entry | undefined, single: Written | undefined, what: string): readonly AssetType[] | undefined {
    if (entry !== undefined && single !== undefined)
      this.#problems.add(entry.key, "type and types are both written", "keep one of the two");
    const types = this.#yaml.list(entry, what, parseAssetType);
    return types === undefined ? undefined : typeList(types);
  }

  #onlyFor(action: string, key: string, reader: Action): void {
    const entry = this.#extra.get(key);
    if (entry === undefined || action === reader) return;
    this.#problems.add(entry.key, `${key} is not read by ${action}`, `leave it out; only ${reader} reads it`);
  }
}

/** The field that stands right after the action. */
const shortField = new Map<Action, Field>([
  ["grant", "member"],
  ["revoke", "member"],
  ["set-role", "member"],
  ["replace-member", "from"],
  ["set-link", "role"],
]);

function isField(key: string): key is Field {
  return (fields as readonly string[]).includes(key);
}

function isSingle(node: Node | null): boolean {
  return node === null || !("items" in node);
}

/** A move's fields with the place of each value. */
class MoveRow implements Row {
  readonly place: Place;
  readonly #written: ReadonlyMap<Field, Written>;

  constructor(place: Place, written: ReadonlyMap<Field, Written>) {
    this.place = place;
    this.#written = written;
  }

  text(field: Field): string | undefined {
    const text = this.#written.get(field)?.text;
    return text === "" ? undefined : text;
  }

  placeOf(field: Field): Place {
    return this.#written.get(field)?.place ?? this.place;
  }

  nameOf(field: Field): string {
    return field;
  }
}
