/** The organisation's people, groups and domains: who exists, under which addresses, and who is in which group. */

export interface PersonRecord {
  /** Immutable, a decimal string. */
  readonly id: string;
  email: string;
  givenName: string;
  familyName: string;
  aliases: string[];
  suspended: boolean;
  archived: boolean;
  isAdmin: boolean;
  orgUnitPath: string;
  createdAt: number;
  lastLoginAt: number | undefined;
  /** Set while a deleted user can still be restored. */
  deletedAt: number | undefined;
  /** The Data Studio service is off for this person. */
  serviceOff: boolean;
}

export interface GroupMemberRecord {
  /** `CUSTOMER` stands for everyone in the organisation. */
  readonly kind: "USER" | "GROUP" | "CUSTOMER" | "EXTERNAL";
  /** The address, or the customer id. */
  readonly email: string;
  readonly role: "OWNER" | "MANAGER" | "MEMBER";
}

export interface GroupRecord {
  readonly id: string;
  email: string;
  name: string;
  description: string;
  aliases: string[];
  members: GroupMemberRecord[];
}

export interface DomainRecord {
  readonly name: string;
  readonly primary: boolean;
  readonly verified: boolean;
  readonly createdAt: number;
  readonly aliases: readonly string[];
}

export class DirectoryState {
  readonly customerId: string;
  readonly domains: DomainRecord[] = [];
  /** By id; deleted people stay until they are purged. */
  readonly people: Map<string, PersonRecord> = new Map();
  /** By primary address. */
  readonly groups: Map<string, GroupRecord> = new Map();
  /** Moves with every change. */
  version = 0;
  readonly #liveByAddress = new Map<string, PersonRecord>();
  readonly #deletedByAddress = new Map<string, PersonRecord>();
  readonly #groupByAddress = new Map<string, GroupRecord>();
  readonly #principals = new Map<string, { readonly version: number; readonly set: ReadonlySet<string> }>();
  #parents: { readonly version: number; readonly byMember: ReadonlyMap<string, readonly GroupRecord[]> } | undefined;

  constructor(customerId: string, primaryDomain: string, createdAt: number) {
    this.customerId = customerId;
    this.domains.push({ name: primaryDomain, primary: true, verified: true, createdAt, aliases: [] });
  }

  get primaryDomain(): string {
    return this.domains.find((domain) => domain.primary)?.name ?? "";
  }

  addDomain(domain: DomainRecord): void {
    this.domains.push(domain);
    this.version += 1;
  }

  addDomainAlias(parent: string, alias: string): void {
    const index = this.domains.findIndex((domain) => domain.name === parent);
    const found = this.domains[index];
    if (found === undefined) throw new Error(`no domain ${parent}`);
    this.domains[index] = { ...found, aliases: [...found.aliases, alias] };
    this.version += 1;
  }

  addPerson(person: PersonRecord): void {
    if (this.people.has(person.id)) throw new Error(`there is a person with the id ${person.id} already`);
    this.people.set(person.id, person);
    this.#index(person);
  }

  addGroup(group: GroupRecord): void {
    this.groups.set(group.email, group);
    for (const address of [group.email, ...group.aliases]) this.#groupByAddress.set(address, group);
    this.version += 1;
  }

  /** Changes a person and keeps every index right. */
  changePerson(person: PersonRecord, change: Partial<Omit<PersonRecord, "id">>): void {
    for (const address of [person.email, ...person.aliases]) {
      if (this.#liveByAddress.get(address) === person) this.#liveByAddress.delete(address);
      if (this.#deletedByAddress.get(address) === person) this.#deletedByAddress.delete(address);
    }
    Object.assign(person, change);
    this.#index(person);
  }

  #index(person: PersonRecord): void {
    const index = person.deletedAt === undefined ? this.#liveByAddress : this.#deletedByAddress;
    for (const address of [person.email, ...person.aliases]) index.set(address, person);
    this.version += 1;
  }

  changeGroup(group: GroupRecord, members: GroupMemberRecord[]): void {
    group.members = members;
    this.version += 1;
  }

  /** The live person under a primary address, alias, alias-domain address or id. */
  person(key: string): PersonRecord | undefined {
    const folded = this.foldDomainAlias(key.toLowerCase());
    const found = this.#liveByAddress.get(folded);
    if (found !== undefined) return found;
    const byId = this.people.get(key);
    return byId?.deletedAt === undefined ? byId : undefined;
  }

  deletedPerson(address: string): PersonRecord | undefined {
    return this.#deletedByAddress.get(this.foldDomainAlias(address.toLowerCase()));
  }

  group(key: string): GroupRecord | undefined {
    const folded = this.foldDomainAlias(key.toLowerCase());
    const found = this.#groupByAddress.get(folded);
    if (found !== undefined) return found;
    for (const group of this.groups.values()) if (group.id === key) return group;
    return undefined;
  }

  /** An address under an alias domain as the address under its parent domain. */
  foldDomainAlias(address: string): string {
    const at = address.lastIndexOf("@");
    if (at < 0) return address;
    const domain = address.slice(at + 1);
    for (const candidate of this.domains) {
      if (candidate.aliases.includes(domain)) return `${address.slice(0, at)}@${candidate.name}`;
    }
    return address;
  }

  /** Whether a domain is one of the organisation's, alias domains included. */
  isOwnDomain(domain: string): boolean {
    return this.domains.some((candidate) => candidate.name === domain || candidate.aliases.includes(domain));
  }

  /** Every address under which a person can be reached. */
  addresses(person: PersonRecord): readonly string[] {
    const direct = [person.email, ...person.aliases];
    return [...direct, ...this.domainAliasAddresses(person)];
  }

  /** The addresses a person has only because a domain has an alias. */
  domainAliasAddresses(person: PersonRecord): readonly string[] {
    return [person.email, ...person.aliases].flatMap((address) => {
      const at = address.lastIndexOf("@");
      const domain = this.domains.find((candidate) => candidate.name === address.slice(at + 1));
      return (domain?.aliases ?? []).map((alias) => `${address.slice(0, at)}@${alias}`);
    });
  }

  /** The groups that hold an address directly. */
  parents(address: string): readonly GroupRecord[] {
    if (this.#parents?.version !== this.version) {
      const byMember = new Map<string, GroupRecord[]>();
      for (const group of this.groups.values()) {
        for (const member of group.members) {
          const known = byMember.get(member.email);
          if (known === undefined) byMember.set(member.email, [group]);
          else known.push(group);
        }
      }
      this.#parents = { version: this.version, byMember };
    }
    return this.#parents.byMember.get(address) ?? [];
  }

  /** Every group an address is in, directly or through other groups. */
  groupsOf(addresses: readonly string[]): ReadonlySet<GroupRecord> {
    const found = new Set<GroupRecord>();
    const open = [...addresses];
    for (let address = open.pop(); address !== undefined; address = open.pop()) {
      for (const group of this.parents(address)) {
        if (found.has(group)) continue;
        found.add(group);
        open.push(group.email);
      }
    }
    return found;
  }

  /** Every member, in lower case, that stands for this person: own addresses, groups, domains. */
  principals(person: PersonRecord): ReadonlySet<string> {
    const known = this.#principals.get(person.id);
    if (known?.version === this.version) return known.set;
    const addresses = this.addresses(person);
    const set = new Set<string>();
    for (const address of addresses) {
      set.add(`user:${address}`);
      set.add(`domain:${address.slice(address.lastIndexOf("@") + 1)}`);
    }
    for (const group of this.groupsOf([...addresses, this.customerId])) {
      for (const address of [group.email, ...group.aliases]) set.add(`group:${address}`);
    }
    this.#principals.set(person.id, { version: this.version, set });
    return set;
  }
}
