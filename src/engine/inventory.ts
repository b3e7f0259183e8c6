/** Takes an inventory: lists users, searches as each, reads every asset's permissions once, looks up everybody named. */
import { eachPage } from "../google/pages.ts";
import type { SnapshotReader, SnapshotStore } from "../journal/snapshot.ts";
import type { Email } from "../model/email.ts";
import { ApiError } from "../model/errors.ts";
import { inventoryQueries } from "../model/inventory.ts";
import type { InventoryAsset, InventoryCoverage, InventoryQuery } from "../model/inventory.ts";
import type { Digest } from "../model/run.ts";
import { isInside } from "../model/tenant.ts";
import type { Person, Principal } from "../model/tenant.ts";
import { lookUpNamed } from "./inventory-people.ts";
import { inParallel } from "./parallel.ts";
import { People, tenantOf } from "./people.ts";
import type { Surroundings } from "./verbs.ts";

export interface InventoryOptions {
  /** Calls under way at once. */
  readonly concurrency: number;
  /** Users to search as, where the scope is a list. */
  readonly listed: readonly Person[] | undefined;
  /** An earlier snapshot whose permissions are taken over where the asset has not changed since and they are young enough. */
  readonly refresh: { readonly from: SnapshotReader; readonly maxAgeMs: number } | undefined;
  /** Users tried for one asset's permissions before it is called unreadable. */
  readonly readersMax: number;
}

export interface InventorySummary {
  /** `stopped` can be gone on with by the same command. */
  readonly end: "finished" | "stopped";
  readonly digest: Digest | undefined;
  readonly coverage: InventoryCoverage;
}

const pageSize = 500;

/**
 * Takes the inventory of `store`, or goes on with it. What one user or asset makes impossible is a line of the coverage;
 * throws ApiError only for what makes everything impossible (credentials, the project), and RunFileError.
 */
export async function takeInventory(
  surroundings: Surroundings,
  store: SnapshotStore,
  options: InventoryOptions,
): Promise<InventorySummary> {
  return new Inventory(surroundings, store, options).take();
}

class Inventory {
  readonly #surroundings: Surroundings;
  readonly #store: SnapshotStore;
  readonly #options: InventoryOptions;
  /** Users nobody can act as, by what was tried in this process. */
  readonly #unreachable = new Set<Email>();
  /** Everybody who was listed and can be acted as. */
  readonly #active = new Set<Email>();
  #usersDone = 0;
  #usersTotal = 0;
  #assets = 0;
  #permissions = 0;

  constructor(surroundings: Surroundings, store: SnapshotStore, options: InventoryOptions) {
    this.#surroundings = surroundings;
    this.#store = store;
    this.#options = options;
  }

  async take(): Promise<InventorySummary> {
    let wasStopped = false;
    try {
      await this.#listUsers();
      await this.#searchAsEach();
      await this.#readPermissions();
      await lookUpNamed(this.#surroundings, this.#store, this.#options.concurrency);
    } catch (error) {
      if (!(error instanceof ApiError) || error.failure !== "stopped") throw error;
      wasStopped = true;
    }
    if (wasStopped || this.#stopped) {
      return { end: "stopped", digest: undefined, coverage: await this.#store.coverage() };
    }
    const digest = await this.#store.finish(this.#surroundings.clock.now());
    return { end: "finished", digest, coverage: await this.#store.coverage() };
  }

  get #stopped(): boolean {
    return this.#surroundings.stop.aborted;
  }

  /** Pages of the listing are kept as they come; a listing that was cut short is made again from its beginning. */
  async #listUsers(): Promise<void> {
    if (!(await this.#store.usersListed())) {
      const { listed } = this.#options;
      if (listed === undefined) await this.#listDirectory();
      else await this.#addUsers(listed);
      if (this.#stopped) return;
      await this.#store.markUsersListed();
    }
    let after = "";
    for (;;) {
      const page = await this.#store.users(after, pageSize);
      const last = page.at(-1);
      if (last === undefined) break;
      after = last.person.email;
      for (const { person } of page) if (reasonToSkip(person) === undefined) this.#active.add(person.email);
    }
  }

  async #listDirectory(): Promise<void> {
    const { directory } = this.#surroundings.api;
    const { scope } = this.#store.header;
    const orgUnit = scope.kind === "org-unit" ? scope.path : undefined;
    for await (const page of eachPage((pageToken) => directory.users(pageToken, orgUnit))) {
      await this.#addUsers(page.people);
      if (this.#stopped) return;
    }
  }

  async #addUsers(people: readonly Person[]): Promise<void> {
    await this.#store.addUsers(people.map((person) => ({ person, skipped: reasonToSkip(person) })));
    for (const person of people) {
      for (const alias of person.aliases) await this.#store.addPrincipal(alias, { kind: "user", person });
    }
  }

  async #searchAsEach(): Promise<void> {
    const pending = await this.#store.pendingUsers();
    this.#usersTotal = pending.length;
    this.#assets = await this.#store.assetCount();
    await inParallel(pending, this.#options.concurrency, this.#surroundings.stop, async (user) => {
      try {
        const done = await this.#store.queriesDone(user);
        for (const query of inventoryQueries) if (!done.includes(query)) await this.#search(user, query);
        if (!this.#stopped) await this.#store.endUser(user, "read", undefined);
      } catch (error) {
        await this.#giveUp(user, error);
      }
      this.#usersDone += 1;
      this.#progress();
    });
  }

  async #search(user: Email, query: InventoryQuery): Promise<void> {
    if (this.#stopped) return;
    const { dataStudio } = this.#surroundings.api;
    for await (const page of eachPage((pageToken) => dataStudio.search(user, query, pageToken))) {
      await this.#store.addPage(user, query, page.assets, page.nextPageToken === undefined);
      this.#assets += page.assets.length;
      this.#progress();
      if (this.#stopped) return;
    }
  }

  /** One user who cannot be read is a line of the coverage; credentials that fail for all end the inventory. */
  async #giveUp(user: Email, error: unknown): Promise<void> {
    if (!(error instanceof ApiError) || error.disposition === "halt-run") throw error;
    if (error.failure === "stopped" || this.#stopped) return;
    this.#unreachable.add(user);
    await this.#store.endUser(user, "failed", error.message);
    this.#surroundings.onEvent({ type: "user-unreadable", user, reason: error.message });
  }

  async #readPermissions(): Promise<void> {
    this.#permissions = (await this.#store.coverage()).permissionsRead;
    await inParallel(this.#pendingAssets(), this.#options.concurrency, this.#surroundings.stop, async (record) => {
      if (!(await this.#carryOver(record))) await this.#readOne(record);
      this.#progress();
    });
  }

  async *#pendingAssets(): AsyncGenerator<InventoryAsset> {
    let after = "";
    for (;;) {
      const page = await this.#store.pendingAssets(after, pageSize);
      const last = page.at(-1);
      if (last === undefined) return;
      after = last.asset.name;
      yield* page;
    }
  }

  async #carryOver({ asset }: InventoryAsset): Promise<boolean> {
    const { refresh } = this.#options;
    if (refresh === undefined) return false;
    const earlier = await refresh.from.asset(asset.name);
    if (earlier?.permissions === undefined || earlier.readAs === undefined || earlier.readAt === undefined)
      return false;
    const isYoung = this.#surroundings.clock.now() - earlier.readAt <= refresh.maxAgeMs;
    const isSame =
      asset.updateTime === earlier.asset.updateTime &&
      asset.owner === earlier.asset.owner &&
      asset.trashed === earlier.asset.trashed &&
      asset.title === earlier.asset.title;
    if (!isYoung || !isSame) return false;
    const { permissions, readAs, readAt } = earlier;
    await this.#store.setPermissions(asset.name, { permissions, readAs, at: readAt, carriedOver: true });
    this.#permissions += 1;
    return true;
  }

  async #readOne(record: InventoryAsset): Promise<void> {
    const { name } = record.asset;
    let reason = "nobody who was shown the asset can be acted as";
    for (const user of await this.#readers(record)) {
      if (this.#stopped) return;
      try {
        const permissions = await this.#surroundings.api.dataStudio.getPermissions(user, name);
        const at = this.#surroundings.clock.now();
        await this.#store.setPermissions(name, { permissions, readAs: user, at, carriedOver: false });
        this.#permissions += 1;
        return;
      } catch (error) {
        if (!(error instanceof ApiError) || error.disposition === "halt-run") throw error;
        if (error.failure === "stopped") return;
        if (error.disposition === "halt-actor") this.#unreachable.add(user);
        reason = error.message;
      }
    }
    await this.#store.setPermissions(name, { unreadable: reason });
  }

  /** The owner first, because owners may always read; then whoever was shown the asset. */
  async #readers({ asset }: InventoryAsset): Promise<readonly Email[]> {
    const seers = await this.#store.seers(asset.name, this.#options.readersMax + 1);
    const { owner } = asset;
    const others = seers.filter((user) => user !== owner);
    const candidates = owner === undefined ? others : [owner, ...others];
    return candidates
      .filter((user) => this.#active.has(user) && !this.#unreachable.has(user))
      .slice(0, this.#options.readersMax);
  }

  #progress(): void {
    this.#surroundings.onEvent({
      type: "survey",
      usersDone: this.#usersDone,
      usersTotal: this.#usersTotal,
      assets: this.#assets,
      permissions: this.#permissions,
    });
  }
}

/** Nobody can act as a user who cannot sign in. */
function reasonToSkip(person: Person): string | undefined {
  if (person.deletionTime !== undefined) return "deleted";
  if (person.suspended) return "suspended";
  return person.archived ? "archived" : undefined;
}

/**
 * The users that `addresses` stand for, in that order, each once. `strange` are those that are no user of the tenant,
 * with what they are instead. Throws ApiError.
 */
export async function resolveListed(
  surroundings: Surroundings,
  addresses: readonly Email[],
): Promise<{
  readonly people: readonly Person[];
  readonly strange: readonly { readonly email: Email; readonly kind: Principal["kind"] }[];
}> {
  const { api, stop } = surroundings;
  const tenant = await tenantOf(api.directory);
  const people = new People(api.directory, tenant);
  await people.lookUp(addresses, 8, stop);
  const found = new Map<string, Person>();
  const strange: { email: Email; kind: Principal["kind"] }[] = [];
  for (const email of addresses) {
    const principal = people.principal(email);
    if (principal?.kind === "user" || principal?.kind === "deleted") found.set(principal.person.id, principal.person);
    else strange.push({ email, kind: principal?.kind ?? (isInside(tenant, email) ? "missing" : "external") });
  }
  return { people: [...found.values()], strange };
}
