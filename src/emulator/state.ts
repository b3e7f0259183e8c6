/** The tenant's assets with their policies, and the history of every change made to them: what the server truly holds. */
import { etag } from "../model/brand.ts";
import type { Etag } from "../model/brand.ts";
import { applyDelta, OWNER, ownerOf } from "../model/permissions.ts";
import type { Delta, RoleMap } from "../model/permissions.ts";
import type { Member } from "../model/member.ts";
import type { DirectoryState } from "./directory-state.ts";

export interface StoredAsset {
  readonly name: string;
  readonly type: string;
  title: string;
  description: string;
  creator: string;
  /** Never changed in place: every write puts a new map here, so that history can keep the old one. */
  roles: RoleMap;
  /** Microseconds, strictly increasing over the whole tenant. */
  etagMicros: number;
  trashed: boolean;
  readonly createdAt: number;
  updatedAt: number;
  accessedAt: number | undefined;
  /** False when the owner has switched off that editors share. */
  editorsMayShare: boolean;
  folder: string;
  workspace: string;
}

/** One change of a policy, an owner or the trash mark, as it took effect on the server. */
export interface Change {
  /** 1-based, without gaps. */
  readonly seq: number;
  /** Emulator time, ms. */
  readonly at: number;
  /** The user who made it; for transfers the job. */
  readonly actor: string;
  readonly asset: string;
  readonly before: RoleMap;
  readonly after: RoleMap;
  readonly etagBefore: Etag;
  readonly etagAfter: Etag;
  readonly trashed: boolean;
  /** The route, `transfer`, `person`, or the fault that did it. */
  readonly via: string;
}

/** What search shows of an asset whose newest change has not reached the index yet. */
export interface SearchView {
  readonly roles: RoleMap;
  readonly title: string;
  readonly trashed: boolean;
}

interface Lagging extends SearchView {
  readonly changedAt: number;
}

export interface Cause {
  readonly at: number;
  readonly actor: string;
  readonly via: string;
}

const nobody: ReadonlySet<StoredAsset> = new Set();

export class TenantState {
  readonly directory: DirectoryState;
  readonly assets: Map<string, StoredAsset> = new Map();
  readonly history: Change[] = [];
  /** Oldest entries go first when the history is longer. */
  historyMax = 1_000_000;
  /** How long the view before a change is kept for a lagging search, ms. */
  retainMs = 0;
  /** Moves with every change of an asset. */
  version = 0;
  lastMicros = 0;
  changes = 0;
  readonly #lagging = new Map<StoredAsset, Lagging[]>();
  #byMember: Map<string, Set<StoredAsset>> | undefined;

  constructor(directory: DirectoryState) {
    this.directory = directory;
  }

  /** The next etag: the time in microseconds, moved on where two writes share one. */
  nextMicros(now: number): number {
    this.lastMicros = Math.max(Math.floor(now * 1000), this.lastMicros + 1);
    return this.lastMicros;
  }

  add(asset: StoredAsset): void {
    this.assets.set(asset.name, asset);
    this.lastMicros = Math.max(this.lastMicros, asset.etagMicros);
    if (this.#byMember !== undefined) addTo(this.#byMember, asset, asset.roles);
    this.version += 1;
  }

  /** Puts a new policy in place, moves the etag, and writes the change down. */
  setRoles(asset: StoredAsset, roles: RoleMap, cause: Cause): void {
    const before = asset.roles;
    const etagBefore = etagText(asset.etagMicros);
    this.#keepView(asset, cause.at);
    asset.roles = roles;
    asset.etagMicros = this.nextMicros(cause.at);
    if (this.#byMember !== undefined) reindex(this.#byMember, asset, before, roles);
    this.#record(asset, before, etagBefore, cause);
  }

  setTrashed(asset: StoredAsset, trashed: boolean, cause: Cause): void {
    this.#keepView(asset, cause.at);
    asset.trashed = trashed;
    asset.updatedAt = cause.at;
    this.#record(asset, asset.roles, etagText(asset.etagMicros), cause);
  }

  setTitle(asset: StoredAsset, title: string, at: number): void {
    this.#keepView(asset, at);
    asset.title = title;
    asset.updatedAt = at;
    this.version += 1;
  }

  remove(asset: StoredAsset, cause: Cause): void {
    this.assets.delete(asset.name);
    if (this.#byMember !== undefined) reindex(this.#byMember, asset, asset.roles, new Map());
    this.#lagging.delete(asset);
    this.#record(asset, asset.roles, etagText(asset.etagMicros), cause);
  }

  /** A person's edit in the web UI: no rights are checked, no request is counted. */
  edit(name: string, delta: Delta, cause: Cause): StoredAsset {
    const asset = this.assets.get(name);
    if (asset === undefined) throw new Error(`no asset ${name}`);
    this.setRoles(asset, applyDelta(asset.roles, delta), cause);
    return asset;
  }

  #record(asset: StoredAsset, before: RoleMap, etagBefore: Etag, cause: Cause): void {
    this.version += 1;
    this.changes += 1;
    this.history.push({
      seq: this.changes,
      at: cause.at,
      actor: cause.actor,
      asset: asset.name,
      before,
      after: asset.roles,
      etagBefore,
      etagAfter: etagText(asset.etagMicros),
      trashed: asset.trashed,
      via: cause.via,
    });
    // Trimmed by halves: taking one entry off the front of a long array for every change would cost its length.
    if (this.history.length > this.historyMax * 2) this.history.splice(0, this.history.length - this.historyMax);
  }

  /** Assets whose policy names a member (lower case), in any role. */
  withMember(member: string): ReadonlySet<StoredAsset> {
    if (this.#byMember === undefined) {
      this.#byMember = new Map();
      for (const asset of this.assets.values()) addTo(this.#byMember, asset, asset.roles);
    }
    return this.#byMember.get(member) ?? nobody;
  }

  ownedBy(email: string): readonly StoredAsset[] {
    return [...this.withMember(`user:${email}`)].filter((asset) => ownerOf(asset.roles) === email);
  }

  #keepView(asset: StoredAsset, now: number): void {
    if (this.retainMs === 0) return;
    const view: Lagging = { changedAt: now, roles: asset.roles, title: asset.title, trashed: asset.trashed };
    const views = (this.#lagging.get(asset) ?? []).filter((old) => now - old.changedAt < this.retainMs);
    this.#lagging.set(asset, [...views, view]);
  }

  /** Assets that search may still show as they were. */
  lagging(now: number): readonly StoredAsset[] {
    const found: StoredAsset[] = [];
    for (const [asset, views] of this.#lagging) {
      const newest = views.at(-1);
      if (newest !== undefined && now - newest.changedAt < this.retainMs) found.push(asset);
      else this.#lagging.delete(asset);
    }
    return found;
  }

  /** The asset as search shows it `lagMs` behind. */
  searchView(asset: StoredAsset, now: number, lagMs: number): SearchView {
    if (lagMs === 0) return asset;
    return this.#lagging.get(asset)?.find((view) => now - view.changedAt < lagMs) ?? asset;
  }
}

function addTo(index: Map<string, Set<StoredAsset>>, asset: StoredAsset, roles: RoleMap): void {
  for (const members of roles.values()) {
    for (const member of members) {
      const key = member.toLowerCase();
      const assets = index.get(key);
      if (assets === undefined) index.set(key, new Set([asset]));
      else assets.add(asset);
    }
  }
}

function reindex(index: Map<string, Set<StoredAsset>>, asset: StoredAsset, before: RoleMap, after: RoleMap): void {
  for (const members of before.values()) {
    for (const member of members) index.get(member.toLowerCase())?.delete(asset);
  }
  addTo(index, asset, after);
}

/** `roles` with another owner; the map keeps OWNER first. */
export function withOwner(roles: RoleMap, owner: Member): RoleMap {
  const next = new Map([[OWNER, [owner] as readonly Member[]]]);
  for (const [role, members] of roles) if (role !== OWNER) next.set(role, members);
  return next;
}

const etagBytes = Buffer.alloc(8);

/** The etag as Google writes it: base64 of 0x07 and seven bytes of microseconds (api.md 0.6). */
export function etagText(micros: number): Etag {
  const high = Math.floor(micros / 4_294_967_296);
  etagBytes[0] = 7;
  etagBytes.writeUIntBE(high, 1, 3);
  etagBytes.writeUInt32BE(micros % 4_294_967_296, 4);
  return etag(etagBytes.toString("base64"));
}
