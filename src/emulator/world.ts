/** Building a tenant by hand: people, groups, domains and assets with sensible rest, for tests and for the generator. */
import type { Random } from "../model/clock.ts";
import { member } from "../model/member.ts";
import type { Member } from "../model/member.ts";
import { OWNER } from "../model/permissions.ts";
import type { Role } from "../model/permissions.ts";
import { DirectoryState } from "./directory-state.ts";
import type { GroupMemberRecord, GroupRecord, PersonRecord } from "./directory-state.ts";
import { pickIndex, seededRandom, uuidText } from "./random.ts";
import { TenantState } from "./state.ts";
import type { StoredAsset } from "./state.ts";

/** A whole address, or its part before the `@` in the primary domain. */
type Address = string;

export interface NewUser {
  readonly email: Address;
  readonly givenName?: string;
  readonly familyName?: string;
  readonly aliases?: readonly Address[];
  readonly suspended?: boolean;
  readonly archived?: boolean;
  readonly isAdmin?: boolean;
  readonly orgUnitPath?: string;
  readonly serviceOff?: boolean;
  readonly createdAt?: number;
}

export interface NewGroup {
  readonly email: Address;
  readonly name?: string;
  readonly description?: string;
  readonly aliases?: readonly Address[];
  /** Addresses of users, groups or outsiders; `everyone in the organisation` is the customer id. */
  readonly members?: readonly Address[];
}

export interface NewAsset {
  /** A fresh UUID if absent. */
  readonly name?: string;
  readonly owner: Address;
  readonly title?: string;
  readonly description?: string;
  /** `REPORT` if absent. */
  readonly type?: string;
  /** Members by role, without the owner; members as the API writes them (`user:…`, `allUsers`). */
  readonly roles?: Readonly<Record<string, readonly string[]>> | ReadonlyMap<string, readonly string[]>;
  readonly trashed?: boolean;
  readonly creator?: Address;
  readonly createdAt?: number;
  readonly updatedAt?: number;
  readonly accessedAt?: number;
  readonly editorsMayShare?: boolean;
  readonly folder?: string;
  readonly workspace?: string;
}

/** 1 January 2026, 00:00 UTC: when things that do not say otherwise were made. */
const longAgo = 1_767_225_600_000;

export class World {
  readonly state: TenantState;
  readonly #random: Random;
  /** Ids ascend, as Google's numeric ids are merely distinct. */
  #nextId = 100_000_000_000_001;
  #nextMicros = longAgo * 1000;

  constructor(state: TenantState, random: Random) {
    this.state = state;
    this.#random = random;
  }

  /** The same builder over another state. */
  over(state: TenantState): World {
    const world = new World(state, this.#random);
    world.#nextMicros = state.lastMicros;
    const groupIds = [...state.directory.groups.values()].map((group) => group.id.replace(/^\D+/, ""));
    for (const id of [...state.directory.people.keys(), ...groupIds]) {
      // Ids of a saved state may be anybody's: only those made here, which are numbers that hold, are gone on from.
      if (/^\d{1,15}$/.test(id)) world.#nextId = Math.max(world.#nextId, Number(id));
    }
    return world;
  }

  get domain(): string {
    return this.state.directory.primaryDomain;
  }

  address(text: Address): string {
    return (text.includes("@") ? text : `${text}@${this.domain}`).toLowerCase();
  }

  addDomain(name: string, createdAt: number = longAgo): void {
    this.state.directory.addDomain({ name, primary: false, verified: true, createdAt, aliases: [] });
  }

  addDomainAlias(alias: string, parent: string = this.domain): void {
    this.state.directory.addDomainAlias(parent, alias);
  }

  addUser(user: NewUser): PersonRecord {
    const email = this.address(user.email);
    const person: PersonRecord = {
      id: this.#id(),
      email,
      givenName: user.givenName ?? email.slice(0, email.indexOf("@")),
      familyName: user.familyName ?? "Example",
      aliases: (user.aliases ?? []).map((alias) => this.address(alias)),
      suspended: user.suspended ?? false,
      archived: user.archived ?? false,
      isAdmin: user.isAdmin ?? false,
      orgUnitPath: user.orgUnitPath ?? "/",
      createdAt: user.createdAt ?? longAgo,
      lastLoginAt: undefined,
      deletedAt: undefined,
      serviceOff: user.serviceOff ?? false,
    };
    this.state.directory.addPerson(person);
    return person;
  }

  /** Changes a live user; throws if there is none. */
  changeUser(email: Address, change: Partial<Omit<PersonRecord, "id">>): PersonRecord {
    const person = this.person(email);
    this.state.directory.changePerson(person, change);
    return person;
  }

  deleteUser(email: Address, at: number): PersonRecord {
    return this.changeUser(email, { deletedAt: at });
  }

  /** The live user; throws if there is none. */
  person(email: Address): PersonRecord {
    const person = this.state.directory.person(this.address(email));
    if (person === undefined) throw new Error(`there is no user ${email}`);
    return person;
  }

  addGroup(group: NewGroup): GroupRecord {
    const email = this.address(group.email);
    const record: GroupRecord = {
      id: `g${this.#id()}`,
      email,
      name: group.name ?? email.slice(0, email.indexOf("@")),
      description: group.description ?? "",
      aliases: (group.aliases ?? []).map((alias) => this.address(alias)),
      members: (group.members ?? []).map((text) => this.#groupMember(text)),
    };
    this.state.directory.addGroup(record);
    return record;
  }

  addAsset(asset: NewAsset): StoredAsset {
    const owner = this.address(asset.owner);
    const createdAt = asset.createdAt ?? longAgo;
    const roles = new Map<Role, readonly Member[]>([[OWNER, [member(`user:${owner}`)]]]);
    const given = asset.roles === undefined ? [] : isMap(asset.roles) ? [...asset.roles] : Object.entries(asset.roles);
    for (const [role, members] of given) roles.set(role, members.map(member));
    this.#nextMicros = Math.max(this.#nextMicros + 1, Math.floor(createdAt * 1000));
    const stored: StoredAsset = {
      name: asset.name ?? uuidText(this.#random),
      type: asset.type ?? "REPORT",
      title: asset.title ?? "Untitled Report",
      description: asset.description ?? "",
      creator: asset.creator === undefined ? owner : this.address(asset.creator),
      roles,
      etagMicros: this.#nextMicros,
      trashed: asset.trashed ?? false,
      createdAt,
      updatedAt: asset.updatedAt ?? createdAt,
      accessedAt: asset.accessedAt,
      editorsMayShare: asset.editorsMayShare ?? true,
      folder: asset.folder ?? "",
      workspace: asset.workspace ?? "",
    };
    if (this.state.assets.has(stored.name)) throw new Error(`there is an asset ${stored.name} already`);
    this.state.add(stored);
    return stored;
  }

  #id(): string {
    this.#nextId += 1 + pickIndex(this.#random, 1000);
    return String(this.#nextId);
  }

  #groupMember(text: string): GroupMemberRecord {
    const { directory } = this.state;
    if (text === directory.customerId) return { kind: "CUSTOMER", email: text, role: "MEMBER" };
    const email = this.address(text);
    const person = directory.person(email);
    if (person !== undefined) return { kind: "USER", email: person.email, role: "MEMBER" };
    if (directory.group(email) !== undefined) return { kind: "GROUP", email, role: "MEMBER" };
    return { kind: "EXTERNAL", email, role: "MEMBER" };
  }
}

function isMap(
  roles: Readonly<Record<string, readonly string[]>> | ReadonlyMap<string, readonly string[]>,
): roles is ReadonlyMap<string, readonly string[]> {
  return roles instanceof Map;
}

/** A tenant with a domain and nothing else. Names and ids follow from `seed`. */
export function emptyTenant(domain: string, seed = 1): World {
  const directory = new DirectoryState("C01emul8d", domain, longAgo);
  return new World(new TenantState(directory), seededRandom(seed));
}
