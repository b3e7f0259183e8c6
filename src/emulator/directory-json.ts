/** People, groups and members as the Directory API writes them (api.md 5). */
import { instantText } from "../model/clock.ts";
import type { DirectoryState, GroupMemberRecord, GroupRecord, PersonRecord } from "./directory-state.ts";

const kinds = "admin#directory#";

/** What non-administrators see of a user (viewType=domain_public). */
export function publicUserJson(person: PersonRecord): object {
  return { kind: `${kinds}user`, id: person.id, primaryEmail: person.email, name: nameJson(person) };
}

function nameJson(person: PersonRecord): object {
  return {
    givenName: person.givenName,
    familyName: person.familyName,
    fullName: `${person.givenName} ${person.familyName}`,
  };
}

/** A user resource. */
export function userJson(directory: DirectoryState, person: PersonRecord): object {
  const alias = directory.domainAliasAddresses(person);
  return {
    kind: `${kinds}user`,
    id: person.id,
    etag: `"emulated/${person.id}"`,
    primaryEmail: person.email,
    name: nameJson(person),
    isAdmin: person.isAdmin,
    isDelegatedAdmin: false,
    ...(person.lastLoginAt === undefined ? {} : { lastLoginTime: instantText(person.lastLoginAt) }),
    creationTime: instantText(person.createdAt),
    ...(person.deletedAt === undefined ? {} : { deletionTime: instantText(person.deletedAt) }),
    agreedToTerms: true,
    suspended: person.suspended,
    ...(person.suspended ? { suspensionReason: "ADMIN" } : {}),
    archived: person.archived,
    emails: [person.email, ...person.aliases, ...alias].map((address, index) =>
      index === 0 ? { address, primary: true } : { address },
    ),
    ...(person.aliases.length === 0 ? {} : { aliases: person.aliases }),
    ...(alias.length === 0 ? {} : { nonEditableAliases: alias }),
    customerId: directory.customerId,
    orgUnitPath: person.orgUnitPath,
    isMailboxSetup: true,
    includeInGlobalAddressList: true,
  };
}

/** A group resource. */
export function groupJson(group: GroupRecord): object {
  return {
    kind: `${kinds}group`,
    id: group.id,
    etag: `"emulated/${group.id}"`,
    email: group.email,
    name: group.name,
    description: group.description,
    directMembersCount: String(group.members.length),
    adminCreated: true,
    ...(group.aliases.length === 0 ? {} : { aliases: group.aliases }),
  };
}

/** A member of a group. */
export function memberJson(directory: DirectoryState, member: GroupMemberRecord): object {
  const person = member.kind === "USER" ? directory.person(member.email) : undefined;
  const inner = member.kind === "GROUP" ? directory.group(member.email) : undefined;
  const id = member.kind === "CUSTOMER" ? directory.customerId : (person?.id ?? inner?.id);
  return {
    kind: `${kinds}member`,
    etag: `"emulated/${id ?? member.email}"`,
    ...(id === undefined ? {} : { id }),
    ...(member.kind === "CUSTOMER" ? {} : { email: member.email }),
    role: member.role,
    type: member.kind === "EXTERNAL" ? "USER" : member.kind,
    ...(member.kind === "USER" || member.kind === "EXTERNAL"
      ? { status: person?.suspended === true ? "SUSPENDED" : "ACTIVE" }
      : {}),
  };
}
