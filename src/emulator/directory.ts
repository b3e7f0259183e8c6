/** The Directory API, reads only: users, groups, members, domains and the customer (api.md 5). */
import { restorableMs } from "../model/tenant.ts";
import { param } from "./call.ts";
import type { Call } from "./call.ts";
import { groupJson, memberJson, publicUserJson, userJson } from "./directory-json.ts";
import type { DirectoryState, GroupMemberRecord, GroupRecord, PersonRecord } from "./directory-state.ts";
import { notFound, Refusal } from "./refusal.ts";
import { instantText } from "../model/clock.ts";

const kinds = "admin#directory#";

/** Directory and Data Transfer calls are an administrator's. */
export function requireAdmin(call: Call): void {
  if (call.caller.kind !== "person" || !call.caller.person.isAdmin) throw notAuthorized();
}

function notAuthorized(): Refusal {
  return new Refusal({
    code: 403,
    status: "PERMISSION_DENIED",
    message: "Not Authorized to access this resource/api",
    reason: "forbidden",
  });
}

export function invalidInput(field: string): Refusal {
  return new Refusal({
    code: 400,
    status: "INVALID_ARGUMENT",
    message: `Invalid Input: ${field}`,
    reason: "invalid",
  });
}

function missing(field: string): Refusal {
  return notFound(`Resource Not Found: ${field}`);
}

/** users.get: by primary address, alias or id. */
export function getUser(call: Call): object {
  const publicView = call.query.get("viewType") === "domain_public";
  if (!publicView) requireAdmin(call);
  const key = param(call, 0);
  checkKey(call, key, "userKey");
  const person = call.state.directory.person(key);
  if (person === undefined) throw missing("userKey");
  return publicView ? publicUserJson(person) : userJson(call.state.directory, person);
}

/** users.list: one domain or the customer, live or (with showDeleted) deleted in the last 20 days. */
export function listUsers(call: Call): object {
  requireAdmin(call);
  const { directory } = call.state;
  const domain = scopeOf(call);
  const showDeleted = call.query.get("showDeleted") === "true";
  const matches = userQuery(call.query.get("query") ?? "");
  const people = [...directory.people.values()].filter(
    (person) =>
      isListed(person, showDeleted, call.now) &&
      (domain === undefined || person.email.endsWith(`@${domain}`)) &&
      matches(person, directory),
  );
  sortPeople(people, call.query.get("orderBy") ?? "email", call.query.get("sortOrder") === "DESCENDING");
  const page = pageOf(call, people, 100, 500, (person) => person.id);
  return {
    kind: `${kinds}users`,
    etag: listEtag(call),
    ...(page.items.length === 0 ? {} : { users: page.items.map((person) => userJson(directory, person)) }),
    ...page.next,
  };
}

function isListed(person: PersonRecord, deleted: boolean, now: number): boolean {
  if (person.deletedAt === undefined) return !deleted;
  return deleted && now - person.deletedAt < restorableMs;
}

function sortPeople(people: PersonRecord[], orderBy: string, descending: boolean): void {
  const field = (["email", "familyName", "givenName"] as const).find((name) => name === orderBy);
  if (field === undefined) throw invalidInput("orderBy");
  const direction = descending ? -1 : 1;
  people.sort((a, b) => direction * (a[field] < b[field] ? -1 : a[field] > b[field] ? 1 : a.id < b.id ? -1 : 1));
}

type UserTest = (person: PersonRecord, directory: DirectoryState) => boolean;

/** The part of the query language that clients use: `email:x*`, `email=x`, `isSuspended=`, `isArchived=`, `isAdmin=`, `orgUnitPath=`. */
function userQuery(query: string): UserTest {
  const tests: UserTest[] = [];
  for (const [, field, operator, quoted, plain] of query.matchAll(/([A-Za-z]+)\s*([:=])\s*(?:'([^']*)'|(\S+))/g)) {
    tests.push(userTest(field ?? "", operator ?? "", quoted ?? plain ?? ""));
  }
  if (tests.length === 0 && query.trim() !== "") tests.push(userTest("email", ":", `${query.trim()}*`));
  return (person, directory) => tests.every((test) => test(person, directory));
}

function userTest(field: string, operator: string, value: string): UserTest {
  const yes = value.toLowerCase() === "true";
  switch (field) {
    case "email": {
      const wanted = value.toLowerCase();
      const prefix = operator === ":" && wanted.endsWith("*") ? wanted.slice(0, -1) : undefined;
      return (person, directory) =>
        directory.addresses(person).some((a) => (prefix === undefined ? a === wanted : a.startsWith(prefix)));
    }
    case "isSuspended":
      return (person) => person.suspended === yes;
    case "isArchived":
      return (person) => person.archived === yes;
    case "isAdmin":
      return (person) => person.isAdmin === yes;
    case "orgUnitPath":
      return (person) => person.orgUnitPath === value || person.orgUnitPath.startsWith(`${value}/`);
    default:
      throw invalidInput("query");
  }
}

/** groups.get. */
export function getGroup(call: Call): object {
  requireAdmin(call);
  return groupJson(groupAt(call, 0));
}

/** groups.list: of the customer, a domain, or those a user is directly in. */
export function listGroups(call: Call): object {
  requireAdmin(call);
  const { directory } = call.state;
  const userKey = call.query.get("userKey");
  const domain = userKey === null ? scopeOf(call) : undefined;
  const person = userKey === null ? undefined : directory.person(userKey);
  if (userKey !== null && person === undefined) throw missing("userKey");
  const all =
    person === undefined
      ? [...directory.groups.values()].filter((group) => domain === undefined || group.email.endsWith(`@${domain}`))
      : [...new Set(directory.addresses(person).flatMap((address) => [...directory.parents(address)]))];
  const groups = all.toSorted((a, b) => (a.email < b.email ? -1 : 1));
  const page = pageOf(call, groups, 200, 200, (group) => group.id);
  return {
    kind: `${kinds}groups`,
    etag: listEtag(call),
    ...(page.items.length === 0 ? {} : { groups: page.items.map(groupJson) }),
    ...page.next,
  };
}

/** members.list. */
export function listMembers(call: Call): object {
  requireAdmin(call);
  const { directory } = call.state;
  const group = groupAt(call, 0);
  const roles = (call.query.get("roles") ?? "").split(",").filter(Boolean);
  const derived = call.query.get("includeDerivedMembership") === "true";
  const held = (derived ? derivedMembers(directory, group) : group.members).filter(
    (member) => roles.length === 0 || roles.includes(member.role),
  );
  const page = pageOf(call, held, 200, 200, (member) => member.email);
  return {
    kind: `${kinds}members`,
    etag: listEtag(call),
    ...(page.items.length === 0 ? {} : { members: page.items.map((member) => memberJson(directory, member)) }),
    ...page.next,
  };
}

/** members.get. */
export function getMember(call: Call): object {
  requireAdmin(call);
  const { directory } = call.state;
  const key = param(call, 1).toLowerCase();
  const address = directory.person(key)?.email ?? directory.group(key)?.email ?? key;
  const member = groupAt(call, 0).members.find((candidate) => candidate.email === address);
  if (member === undefined) throw missing("memberKey");
  return memberJson(directory, member);
}

/** members.hasMember: direct or through other groups. */
export function hasMember(call: Call): object {
  requireAdmin(call);
  const { directory } = call.state;
  const group = groupAt(call, 0);
  const key = param(call, 1);
  const person = directory.person(key);
  const inner = person === undefined ? directory.group(key) : undefined;
  if (person === undefined && inner === undefined) throw missing("memberKey");
  const addresses =
    person === undefined ? [inner?.email ?? ""] : [...directory.addresses(person), directory.customerId];
  return { isMember: directory.groupsOf(addresses).has(group) };
}

/** domains.list, alias domains inside their parents. */
export function listDomains(call: Call): object {
  requireAdmin(call);
  checkCustomer(call, param(call, 0));
  return {
    kind: `${kinds}domains`,
    etag: listEtag(call),
    domains: call.state.directory.domains.map((domain) => ({
      kind: `${kinds}domain`,
      domainName: domain.name,
      isPrimary: domain.primary,
      verified: domain.verified,
      creationTime: String(domain.createdAt),
      ...(domain.aliases.length === 0
        ? {}
        : {
            domainAliases: domain.aliases.map((alias) => ({
              kind: `${kinds}domainAlias`,
              domainAliasName: alias,
              parentDomainName: domain.name,
              verified: true,
              creationTime: String(domain.createdAt),
            })),
          }),
    })),
  };
}

/** customers.get. */
export function getCustomer(call: Call): object {
  requireAdmin(call);
  checkCustomer(call, param(call, 0));
  const { directory } = call.state;
  return {
    kind: `${kinds}customer`,
    id: directory.customerId,
    etag: listEtag(call),
    customerDomain: directory.primaryDomain,
    customerCreationTime: instantText(directory.domains[0]?.createdAt ?? 0),
  };
}

export function checkCustomer(call: Call, key: string): void {
  const { directory } = call.state;
  if (key !== "my_customer" && key !== directory.customerId && key !== directory.primaryDomain) {
    throw key.includes(".") ? notFound("Domain not found.") : invalidInput("customer");
  }
}

/** The domain a listing is limited to, or undefined for the whole customer. */
function scopeOf(call: Call): string | undefined {
  const domain = call.query.get("domain");
  if (domain !== null && domain !== "") {
    if (!call.state.directory.isOwnDomain(domain)) throw notFound("Domain not found.");
    return domain;
  }
  const customer = call.query.get("customer");
  if (customer === null || customer === "") {
    throw new Refusal({ code: 400, status: "INVALID_ARGUMENT", message: "Bad Request", reason: "badRequest" });
  }
  checkCustomer(call, customer);
  return undefined;
}

function checkKey(call: Call, key: string, field: string): void {
  const at = key.lastIndexOf("@");
  if (key === "" || /[\s<>"]/.test(key) || key.indexOf("@") !== at) throw invalidInput(field);
  if (at >= 0 && !call.state.directory.isOwnDomain(key.slice(at + 1).toLowerCase())) throw notAuthorized();
}

function groupAt(call: Call, index: number): GroupRecord {
  const key = param(call, index);
  checkKey(call, key, "groupKey");
  const group = call.state.directory.group(key);
  if (group === undefined) throw missing("groupKey");
  return group;
}

function derivedMembers(directory: DirectoryState, group: GroupRecord): readonly GroupMemberRecord[] {
  const found = new Map<string, GroupMemberRecord>();
  const seen = new Set<GroupRecord>([group]);
  const open = [group];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const member of next.members) {
      if (!found.has(member.email)) found.set(member.email, member);
      const inner = member.kind === "GROUP" ? directory.group(member.email) : undefined;
      if (inner === undefined || seen.has(inner)) continue;
      seen.add(inner);
      open.push(inner);
    }
  }
  return [...found.values()];
}

/** One page of an ordered list; tokens name the last item and are bound to the other parameters. */
function pageOf<T>(
  call: Call,
  items: readonly T[],
  preset: number,
  most: number,
  idOf: (item: T) => string,
): { readonly items: readonly T[]; readonly next: { readonly nextPageToken?: string } } {
  const asked = call.query.get("maxResults");
  const size = asked === null || asked === "" ? preset : Number(asked);
  if (!Number.isInteger(size) || size < 1 || size > most) throw invalidInput("maxResults");
  const bound = boundTo(call);
  const token = call.query.get("pageToken") ?? "";
  let from = 0;
  if (token !== "") {
    const [tokenBound, lastId] = Buffer.from(token, "base64url").toString("utf8").split("\n");
    const last = items.findIndex((item) => idOf(item) === lastId);
    if (tokenBound !== bound || last < 0) throw invalidInput("pageToken");
    from = last + 1;
  }
  const page = items.slice(from, from + size);
  const last = page.at(-1);
  if (last === undefined || from + size >= items.length) return { items: page, next: {} };
  return { items: page, next: { nextPageToken: Buffer.from(`${bound}\n${idOf(last)}`).toString("base64url") } };
}

function boundTo(call: Call): string {
  const names = ["customer", "domain", "query", "orderBy", "sortOrder", "showDeleted", "userKey", "roles"];
  return [call.route.id, ...call.params, ...names.map((name) => call.query.get(name) ?? "")]
    .join("|")
    .replace(/\n/g, " ");
}

function listEtag(call: Call): string {
  return `"emulated/${call.state.directory.version}"`;
}
