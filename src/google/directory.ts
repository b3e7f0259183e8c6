/** The Admin SDK Directory API (api.md 5): who an address is, read as an administrator. */
import type { admin_directory_v1 } from "googleapis/build/src/apis/admin/index.js";
import { z } from "zod";
import type { DirectoryApi } from "../model/api.ts";
import { emailOrUndefined, parseDomain } from "../model/email.ts";
import type { Domain, Email } from "../model/email.ts";
import { ApiError } from "../model/errors.ts";
import type { GroupMember } from "../model/inventory.ts";
import type { Person } from "../model/tenant.ts";
import type { Authorised } from "./authorised.ts";
import { carry, loadDirectory } from "./generated.ts";
import type { Carriage } from "./generated.ts";
import { allPages } from "./pages.ts";
import { adminOrigin } from "./route.ts";
import { directoryMemberScopes, directoryScopes } from "./scopes.ts";
import type { Scopes } from "./scopes.ts";
import { ShapeError } from "./send.ts";

const customer = "my_customer";
const domainsUrl = `${adminOrigin}/admin/directory/v1/customer/${customer}/domains`;
const userFields = "id,primaryEmail,aliases,nonEditableAliases,suspended,archived,deletionTime,orgUnitPath";
const pageFields = `nextPageToken,users(${userFields})`;
/** The largest page of users, and of a group's members (api.md 5). */
const usersPerPage = 500;
const membersPerPage = 200;

const user = z.object({
  id: z.string().min(1),
  primaryEmail: z.string(),
  aliases: z.array(z.string()).optional(),
  nonEditableAliases: z.array(z.string()).optional(),
  suspended: z.boolean().optional(),
  archived: z.boolean().optional(),
  deletionTime: z.string().optional(),
  orgUnitPath: z.string().optional(),
});
const onePerson = user.transform((answer): Person => {
  const person = personOf(answer);
  if (person === undefined) throw new ShapeError("the user has no usable address");
  return person;
});
/** A user whose address is no address cannot be acted as or named, and is left out. */
const peoplePage = z
  .object({ users: z.array(user).optional(), nextPageToken: z.string().optional() })
  .transform(({ users = [], nextPageToken }) => ({
    items: users.map(personOf).filter((person) => person !== undefined),
    nextPageToken,
  }));
const group = z.object({ id: z.string().min(1), email: z.string() }).transform((answer) => {
  const email = emailOrUndefined(answer.email);
  if (email === undefined) throw new ShapeError("the group has no usable address");
  return { id: answer.id, email };
});
/** A member without an address that can be used is known by its type alone. */
const membersPage = z
  .object({
    members: z.array(z.object({ email: z.string().optional(), type: z.string().optional() })).optional(),
    nextPageToken: z.string().optional(),
  })
  .transform(({ members = [], nextPageToken = "" }) => ({
    members: members.map(({ email, type = "" }): GroupMember => ({
      email: emailOrUndefined(email ?? ""),
      type: type.toUpperCase(),
    })),
    nextPageToken: nextPageToken === "" ? undefined : nextPageToken,
  }));
const domainList = z.object({
  domains: z.array(
    z.object({
      domainName: z.string(),
      isPrimary: z.boolean().optional(),
      verified: z.boolean().optional(),
      domainAliases: z.array(z.object({ domainAliasName: z.string(), verified: z.boolean().optional() })).optional(),
    }),
  ),
});
const domains = domainList.transform(({ domains: listed }) => {
  const verified = listed.filter((each) => each.verified !== false);
  const primary = verified.find((each) => each.isPrimary === true);
  if (primary === undefined) throw new ShapeError("no domain is the primary one");
  const aliases = verified
    .flatMap((each) => each.domainAliases ?? [])
    .filter((alias) => alias.verified !== false)
    .map((alias) => alias.domainAliasName);
  const names = [...verified.map((each) => each.domainName), ...aliases];
  return { primary: domainOrThrow(primary.domainName), all: [...new Set(names.map(domainOrThrow))] };
});

export class DirectoryClient implements DirectoryApi {
  readonly #authorised: Authorised;
  readonly #admin: Email;
  #api: Promise<admin_directory_v1.Admin> | undefined;
  /** Whether this administrator was seen to read the Directory. */
  #isAdmin = false;

  constructor(authorised: Authorised, admin: Email) {
    this.#authorised = authorised;
    this.#admin = admin;
  }

  /**
   * Asked before every apply, of which it is often the only call to the Directory: without the generated client, because
   * loading that takes a third of the time from the start to the first change.
   */
  async domains(): Promise<{ readonly primary: Domain; readonly all: readonly Domain[] }> {
    const call = {
      service: "directory" as const,
      route: "directory.domains.list",
      isWrite: false,
      actor: this.#admin,
      method: "GET" as const,
      url: domainsUrl,
      headers: { accept: "application/json", "user-agent": "handover (gzip)" },
    };
    const found = await this.#authorised.read(call, directoryScopes, (body) => domains.parse(JSON.parse(body)));
    this.#isAdmin = true;
    return found;
  }

  user(key: string): Promise<Person | undefined> {
    return this.#found(() =>
      this.#call("directory.users.get", onePerson, (api, carriage) =>
        api.users.get({ userKey: key, projection: "basic", fields: userFields }, carriage),
      ),
    );
  }

  group(key: string): Promise<{ readonly id: string; readonly email: Email } | undefined> {
    return this.#found(() =>
      this.#call("directory.groups.get", group, (api, carriage) =>
        api.groups.get({ groupKey: key, fields: "id,email" }, carriage),
      ),
    );
  }

  deletedUsers(): Promise<readonly Person[]> {
    return allPages((pageToken) => this.#userPage(pageToken, true));
  }

  async users(
    pageToken?: string,
    orgUnit?: string,
  ): Promise<{ readonly people: readonly Person[]; readonly nextPageToken: string | undefined }> {
    const { items, nextPageToken = "" } = await this.#userPage(pageToken, false, orgUnit);
    return { people: items, nextPageToken: nextPageToken === "" ? undefined : nextPageToken };
  }

  groupMembers(
    groupKey: Email,
    pageToken?: string,
  ): Promise<{ readonly members: readonly GroupMember[]; readonly nextPageToken: string | undefined }> {
    const parameters = {
      groupKey,
      maxResults: membersPerPage,
      fields: "nextPageToken,members(email,type)",
      ...(pageToken === undefined ? {} : { pageToken }),
    };
    return this.#call(
      "directory.members.list",
      membersPage,
      (api, carriage) => api.members.list(parameters, carriage),
      directoryMemberScopes,
    );
  }

  #userPage(pageToken: string | undefined, areDeleted: boolean, orgUnit?: string): Promise<z.infer<typeof peoplePage>> {
    const parameters = {
      customer,
      maxResults: usersPerPage,
      orderBy: "email",
      projection: "basic",
      fields: pageFields,
      ...(areDeleted ? { showDeleted: "true" } : {}),
      ...(orgUnit === undefined ? {} : { query: `orgUnitPath='${orgUnit.replaceAll("'", "\\'")}'` }),
      ...(pageToken === undefined ? {} : { pageToken }),
    };
    return this.#call("directory.users.list", peoplePage, (api, carriage) => api.users.list(parameters, carriage));
  }

  /**
   * Undefined for what does not exist. Google refuses addresses outside the customer in the words it has for callers
   * who are no administrators; which of the two it is, the list of domains tells.
   */
  async #found<T>(ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApiError) || error.disposition !== "refuse") throw error;
      if (error.failure === "not-found") return undefined;
      if (error.failure !== "permission-denied") throw error;
      if (!this.#isAdmin) await this.domains();
      return undefined;
    }
  }

  async #call<T>(
    route: string,
    schema: z.ZodType<T>,
    run: (api: admin_directory_v1.Admin, carriage: Carriage) => Promise<unknown>,
    scopes: Scopes = directoryScopes,
  ): Promise<T> {
    this.#api ??= loadDirectory();
    const api = await this.#api;
    const call = { service: "directory" as const, route, isWrite: false, actor: this.#admin, scopes };
    return carry(this.#authorised, call, schema, (carriage) => run(api, carriage));
  }
}

function personOf(answer: z.infer<typeof user>): Person | undefined {
  const email = emailOrUndefined(answer.primaryEmail);
  if (email === undefined) return undefined;
  const aliases = [...(answer.aliases ?? []), ...(answer.nonEditableAliases ?? [])];
  return {
    id: answer.id,
    email,
    aliases: aliases.map(emailOrUndefined).filter((alias) => alias !== undefined),
    suspended: answer.suspended ?? false,
    archived: answer.archived ?? false,
    deletionTime: answer.deletionTime,
    orgUnit: answer.orgUnitPath,
  };
}

function domainOrThrow(name: string): Domain {
  const parsed = parseDomain(name);
  if (!parsed.ok) throw new ShapeError("a domain has no usable name");
  return parsed.value;
}
