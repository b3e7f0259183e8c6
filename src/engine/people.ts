/** Who is who: addresses looked up in the Directory once each and kept for the rest of a survey. */
import { eachPage } from "../google/pages.ts";
import type { DirectoryApi } from "../model/api.ts";
import { isServiceAccount } from "../model/email.ts";
import type { Email } from "../model/email.ts";
import type { Person, Principal, Tenant } from "../model/tenant.ts";
import { isActive, isInside } from "../model/tenant.ts";
import { inParallel } from "./parallel.ts";

/** From this many unknown addresses on, one listing of all users is cheaper than asking for each. */
const listFrom = 200;

export class People {
  readonly #directory: DirectoryApi;
  readonly #tenant: Tenant;
  readonly #known = new Map<Email, Principal>();
  #deleted: Promise<ReadonlyMap<Email, Person>> | undefined;
  #everyone: Promise<readonly Person[]> | undefined;

  constructor(directory: DirectoryApi, tenant: Tenant) {
    this.#directory = directory;
    this.#tenant = tenant;
  }

  /** What is known of an address; undefined when it was never looked up. */
  principal(email: Email): Principal | undefined {
    return this.#known.get(email);
  }

  /** Looks up those of `emails` that are not known yet. Throws ApiError. */
  async lookUp(emails: Iterable<Email>, concurrency: number, stop: AbortSignal): Promise<void> {
    const unknown = [...new Set(emails)].filter((email) => !this.#known.has(email));
    // Most readers are known by the time somebody asks, and even an empty queue costs.
    if (unknown.length === 0) return;
    const inside = unknown.filter((email) => isInside(this.#tenant, email) && !isServiceAccount(email));
    if (inside.length >= listFrom) await this.everyone();
    await inParallel(
      unknown.filter((email) => !this.#known.has(email)),
      concurrency,
      stop,
      async (email) => {
        this.#known.set(email, await this.#find(email));
      },
    );
  }

  /** All users of the tenant, suspended ones included; listed once. */
  async everyone(): Promise<readonly Person[]> {
    this.#everyone ??= this.#list();
    return this.#everyone;
  }

  /** The users who can be acted as, in the order of the listing. */
  async active(): Promise<readonly Email[]> {
    const people = await this.everyone();
    return people.filter((person) => isActive({ kind: "user", person })).map((person) => person.email);
  }

  async #list(): Promise<readonly Person[]> {
    const people: Person[] = [];
    for await (const page of eachPage((pageToken) => this.#directory.users(pageToken))) {
      for (const person of page.people) {
        people.push(person);
        for (const email of [person.email, ...person.aliases]) this.#known.set(email, { kind: "user", person });
      }
    }
    return people;
  }

  async #find(email: Email): Promise<Principal> {
    if (isServiceAccount(email)) return { kind: "serviceAccount", email };
    if (!isInside(this.#tenant, email)) return { kind: "external", email };
    const person = await this.#directory.user(email);
    if (person !== undefined) return { kind: "user", person };
    const group = await this.#directory.group(email);
    if (group !== undefined) return { kind: "group", id: group.id, email: group.email };
    const deleted = (await this.#deletedUsers()).get(email);
    return deleted === undefined ? { kind: "missing", email } : { kind: "deleted", person: deleted };
  }

  async #deletedUsers(): Promise<ReadonlyMap<Email, Person>> {
    this.#deleted ??= this.#directory
      .deletedUsers()
      .then((people) => new Map(people.flatMap((person) => [person.email, ...person.aliases].map((e) => [e, person]))));
    return this.#deleted;
  }
}

/** The tenant the credentials belong to. Throws ApiError. */
export async function tenantOf(directory: DirectoryApi): Promise<Tenant> {
  const { primary, all } = await directory.domains();
  return { primaryDomain: primary, domains: new Set([primary, ...all]) };
}
