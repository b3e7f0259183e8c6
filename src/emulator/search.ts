/** assets.search: which assets a caller sees, by which words and operators, in which order, page by page (api.md 1.2). */
import { OWNER } from "../model/permissions.ts";
import type { RoleMap } from "../model/permissions.ts";
import { accessLevel, candidates } from "./access.ts";
import { flag, wholeNumber } from "./body.ts";
import { secondsText } from "./call.ts";
import type { Call } from "./call.ts";
import { badField, invalidArgument } from "./refusal.ts";
import type { SearchView, StoredAsset, TenantState } from "./state.ts";

interface Words {
  /** Folded; each must stand in the title or the description. */
  readonly text: readonly string[];
  readonly operators: readonly (readonly [operator: string, value: string])[];
}

interface Query {
  readonly type: string;
  readonly words: Words;
  readonly owner: string;
  readonly trashed: "live" | "trashed" | "both";
  readonly order: string;
  readonly descending: boolean;
  readonly pageSize: number;
}

/** One line of a result, with the text or number it is ordered by. */
interface Hit {
  readonly asset: StoredAsset;
  readonly view: SearchView;
  readonly key: string | number;
}

interface Cursor {
  /** Where the page stands: the last (or for `back` the first) item of the neighbouring page. */
  readonly key: string | number;
  readonly name: string;
  readonly offset: number;
  readonly back: boolean;
}

const orders: ReadonlySet<string> = new Set(["title", "last_viewed_by_me", "create_time", "last_accessed_time", "id"]);
const keptResultsMax = 4;

export class Search {
  /** Results of the last few queries, so that the pages of one walk are computed once. */
  readonly #kept = new Map<string, { readonly stamp: string; readonly hits: readonly Hit[] }>();

  page(call: Call): object {
    const query = readQuery(call);
    const identity = identityOf(call, query);
    const cursor = readCursor(call.query.get("pageToken") ?? "", identity);
    const hits = this.#hits(call, query, identity);
    const [from, until] = bounds(hits, cursor, query, call.switches.paging);
    const page = hits.slice(from, until);
    const first = page[0];
    const last = page.at(-1);
    return {
      ...(page.length === 0 ? {} : { assets: page.map((hit) => assetJson(hit.asset, hit.view, call)) }),
      ...(until < hits.length && last !== undefined
        ? { nextPageToken: writeCursor(last, until, false, identity) }
        : {}),
      ...(from > 0 && first !== undefined ? { previousPageToken: writeCursor(first, from, true, identity) } : {}),
    };
  }

  #hits(call: Call, query: Query, identity: string): readonly Hit[] {
    const { state } = call;
    const stamp = `${state.version}/${state.directory.version}`;
    const lagging = call.searchLagMs > 0 ? state.lagging(call.now) : [];
    const kept = this.#kept.get(identity);
    if (kept?.stamp === stamp && lagging.length === 0) return kept.hits;
    const hits = find(call, query, lagging);
    if (lagging.length === 0) {
      if (this.#kept.size >= keptResultsMax) this.#kept.clear();
      this.#kept.set(identity, { stamp, hits });
    }
    return hits;
  }
}

function find(call: Call, query: Query, lagging: readonly StoredAsset[]): readonly Hit[] {
  const { state } = call;
  const shown = call.switches.linkSharedInSearch === "shown";
  const pool = new Set(shown ? state.assets.values() : candidates(state, call.caller));
  for (const asset of lagging) pool.add(asset);
  const hits: Hit[] = [];
  for (const asset of pool) {
    const view = state.searchView(asset, call.now, call.searchLagMs);
    if (!wanted(call, query, asset, view)) continue;
    const level = accessLevel(state, view.roles, call.caller);
    if (level === "none" || (level === "link" && !shown)) continue;
    hits.push({ asset, view, key: sortKey(asset, view, query.order, call) });
  }
  const direction = query.descending ? -1 : 1;
  return hits.toSorted((a, b) => direction * compare(a.key, a.asset.name, b.key, b.asset.name));
}

function wanted(call: Call, query: Query, asset: StoredAsset, view: SearchView): boolean {
  if (asset.type !== query.type) return false;
  if (query.trashed !== "both" && view.trashed !== (query.trashed === "trashed")) return false;
  const owner = ownerText(view.roles);
  if (query.owner !== "" && owner !== query.owner) return false;
  if (query.words.text.length > 0) {
    const text = `${view.title}\n${asset.description}`.toLowerCase();
    if (!query.words.text.every((word) => text.includes(word))) return false;
  }
  return query.words.operators.every(([operator, value]) => fits(call, operator, value, asset, view, owner));
}

function fits(
  call: Call,
  operator: string,
  value: string,
  asset: StoredAsset,
  view: SearchView,
  owner: string,
): boolean {
  const me = call.caller.email;
  const who = value === "me" ? me : value;
  switch (operator) {
    case "creator":
      return asset.creator === who;
    case "owner":
      return owner === who;
    case "from":
      return owner === who && owner !== me;
    case "to":
      return owner === me && [...view.roles.values()].some((members) => members.some((m) => m.endsWith(`:${who}`)));
    case "parentWorkspace":
      return asset.workspace === value || asset.folder === value;
    default:
      return false;
  }
}

/** The owner as search shows it: a bare address, empty when there is none. */
function ownerText(roles: RoleMap): string {
  const owner = roles.get(OWNER)?.[0] ?? "";
  return owner.startsWith("user:") ? owner.slice("user:".length) : "";
}

function sortKey(asset: StoredAsset, view: SearchView, order: string, call: Call): string | number {
  switch (order) {
    case "create_time":
      return asset.createdAt;
    case "last_accessed_time":
      return asset.accessedAt ?? 0;
    case "last_viewed_by_me":
      return ownerText(view.roles) === call.caller.email ? (asset.accessedAt ?? 0) : 0;
    case "id":
      return asset.name;
    default:
      return view.title.toLowerCase();
  }
}

function compare(keyA: string | number, nameA: string, keyB: string | number, nameB: string): number {
  if (keyA !== keyB) return keyA < keyB ? -1 : 1;
  return nameA < nameB ? -1 : nameA > nameB ? 1 : 0;
}

/** Where the page begins and ends. */
function bounds(
  hits: readonly Hit[],
  cursor: Cursor | undefined,
  query: Query,
  paging: "key" | "offset",
): readonly [from: number, until: number] {
  if (cursor === undefined) return [0, Math.min(hits.length, query.pageSize)];
  const found = paging === "offset" ? cursor.offset : positionAfter(hits, cursor, query.descending);
  const at = Math.min(found, hits.length);
  return cursor.back ? [Math.max(0, at - query.pageSize), at] : [at, Math.min(hits.length, at + query.pageSize)];
}

/** The first index past the cursor; for a cursor that goes back, the index of the item itself. */
function positionAfter(hits: readonly Hit[], cursor: Cursor, descending: boolean): number {
  const direction = descending ? -1 : 1;
  let low = 0;
  let high = hits.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const hit = hits[middle];
    if (hit === undefined) break;
    const order = direction * compare(hit.key, hit.asset.name, cursor.key, cursor.name);
    if (order < 0 || (order === 0 && !cursor.back)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function readQuery(call: Call): Query {
  const { query, switches } = call;
  const types = query.getAll("assetTypes");
  const [type] = types;
  if (type === undefined || types.length !== 1) throw invalidArgument();
  if (type !== "REPORT" && type !== "DATA_SOURCE") {
    throw badField(
      "asset_types",
      `Invalid value at 'asset_types[0]' (type.googleapis.com/google.analytics.datastudio.v1.AssetType), "${type}"`,
    );
  }
  const trash = flag(query.get("includeTrashed"), "include_trashed");
  const size = wholeNumber(query.get("pageSize"), "page_size") ?? 0;
  return {
    type,
    words: readWords(query.get("title") ?? ""),
    owner: (query.get("owner") ?? "").trim().toLowerCase(),
    trashed: !trash ? "live" : switches.includeTrashed === "only" ? "trashed" : "both",
    ...readOrder(query.get("orderBy") ?? ""),
    pageSize: Math.min(size === 0 ? 1000 : size, switches.maxPageSize),
  };
}

/** `title` alone sorts downwards, `title ascending` and the empty text upwards (seen by GAM, api.md 1.2). */
function readOrder(text: string): { readonly order: string; readonly descending: boolean } {
  const [field = "", direction, ...rest] = text.trim().split(/\s+/);
  if (field === "") return { order: "title", descending: false };
  const down = direction === undefined ? field === "title" : /^desc(ending)?$/i.test(direction);
  const known = direction === undefined || /^(asc|desc)(ending)?$/i.test(direction);
  if (!orders.has(field) || !known || rest.length > 0) throw invalidArgument();
  return { order: field, descending: down };
}

const noWords: Words = { text: [], operators: [] };

function readWords(title: string): Words {
  if (title === "") return noWords;
  const text: string[] = [];
  const operators: (readonly [string, string])[] = [];
  for (const [, operator, quotedValue, value, quoted, word] of title.matchAll(
    /(creator|owner|projectNumber|parentWorkspace|from|to):(?:"([^"]*)"|(\S+))|"([^"]*)"|(\S+)/g,
  )) {
    if (operator !== undefined) operators.push([operator, (quotedValue ?? value ?? "").toLowerCase()]);
    else text.push((quoted ?? word ?? "").toLowerCase());
  }
  return { text, operators };
}

/** Everything a page token is bound to: the caller and the query without the page. */
function identityOf(call: Call, query: Query): string {
  return JSON.stringify([
    call.caller.email,
    query.type,
    query.words,
    query.owner,
    query.trashed,
    query.order,
    query.descending,
  ]);
}

function writeCursor(hit: Hit, offset: number, back: boolean, identity: string): string {
  const token = JSON.stringify([hash(identity), hit.key, hit.asset.name, offset, back ? 1 : 0]);
  return Buffer.from(token).toString("base64url");
}

function readCursor(token: string, identity: string): Cursor | undefined {
  if (token === "") return undefined;
  let fields: unknown;
  try {
    fields = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
  } catch {
    throw invalidArgument();
  }
  if (!Array.isArray(fields)) throw invalidArgument();
  const [bound, key, name, offset, back] = fields as readonly unknown[];
  if (bound !== hash(identity) || typeof name !== "string" || typeof offset !== "number") throw invalidArgument();
  if (typeof key !== "string" && typeof key !== "number") throw invalidArgument();
  return { key, name, offset, back: back === 1 };
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}

/** An asset as the caller sees it: empty and false fields are left out (proto3 JSON, api.md 1.3). */
export function assetJson(asset: StoredAsset, view: SearchView, call: Call): object {
  const owner = shownOwner(call.state, ownerText(view.roles), call);
  const mine = owner !== "" && owner === call.caller.email;
  return {
    name: asset.name,
    assetType: asset.type,
    ...(view.title === "" ? {} : { title: view.title }),
    ...(asset.description === "" || asset.type !== "REPORT" ? {} : { description: asset.description }),
    ...(view.trashed ? { trashed: true } : {}),
    ...(owner === "" ? {} : { owner }),
    ...(asset.creator === "" ? {} : { creator: asset.creator }),
    createTime: secondsText(asset.createdAt),
    updateTime: secondsText(asset.updatedAt),
    ...(mine ? { updateByMeTime: secondsText(asset.updatedAt) } : {}),
    ...(mine && asset.accessedAt !== undefined ? { lastViewByMeTime: secondsText(asset.accessedAt) } : {}),
    ...(asset.accessedAt === undefined ? {} : { lastAccessTime: secondsText(asset.accessedAt) }),
    ...(asset.folder === "" ? {} : { folder: asset.folder }),
    ...(asset.workspace === "" ? {} : { workspace: asset.workspace }),
  };
}

function shownOwner(state: TenantState, owner: string, call: Call): string {
  if (call.switches.orphanOwner === "keep" || owner === "") return owner;
  return state.directory.deletedPerson(owner) === undefined ? owner : "";
}
