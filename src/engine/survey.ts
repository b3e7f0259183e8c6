/** The survey: the only reads of a plan. It searches as the users the requests name, or as everybody where they leave no choice. */
import { eachPage } from "../google/pages.ts";
import { breathe } from "../journal/pages.ts";
import { seenByMax } from "../journal/stage.ts";
import type { NamingRequests, Stage, StagedAsset } from "../journal/stage.ts";
import { assetTypes } from "../model/asset.ts";
import type { Asset, AssetName } from "../model/asset.ts";
import type { AssetQuery, Sighting } from "../model/api.ts";
import type { Email } from "../model/email.ts";
import { ApiError } from "../model/errors.ts";
import { memberEmail, memberKind } from "../model/member.ts";
import { EDITOR } from "../model/permissions.ts";
import { addressesOf } from "../model/request.ts";
import type { Permissions } from "../model/permissions.ts";
import type { ProtectRule, Request } from "../model/request.ts";
import type { AssetRecord, Coverage } from "../model/snapshot.ts";
import { isActive, isInside } from "../model/tenant.ts";
import type { Principal, Tenant } from "../model/tenant.ts";
import { FactWalk } from "./fact-walk.ts";
import { inParallel } from "./parallel.ts";
import { People, tenantOf } from "./people.ts";
import { Readers, nobodyReads, reasonOf } from "./readers.ts";
import type { Surroundings } from "./verbs.ts";

/** Rows or assets handled per page of the stage. */
const pageSize = 500;
/** Up to this many owners who cannot be searched as are asked for by name; for more, everything is listed once instead. */
const lostOwnersMax = 3;

/** What the rows need to be read, found before anything is searched. */
interface Needs {
  readonly broad: readonly Request[];
  /** Whose own assets are wanted. */
  readonly owners: ReadonlySet<Email>;
  /** Who must be searched as for everything they see. */
  readonly viewers: ReadonlySet<Email>;
  readonly everybody: boolean;
  readonly trashed: boolean;
}

/** Assets in order of name; and requests for assets that do not exist, as far as they are come upon on the way. */
export interface SurveyPage {
  readonly assets: readonly StagedAsset[];
  readonly missing: readonly NamingRequests[];
}

type Touched = (asset: Asset, named: boolean) => boolean;

export class Survey {
  readonly tenant: Tenant;
  readonly people: People;
  readonly #surroundings: Surroundings;
  readonly #stage: Stage;
  readonly #concurrency: number;
  readonly #readers: Readers;
  readonly #unreachable = new Map<Email, string>();
  readonly #read = new Set<Email>();
  readonly #seenAs = new Map<Email, ReadonlySet<AssetName>>();
  /** Set where everything is found by one look: then the stage holds no assets. */
  #facts: FactWalk | undefined;
  /** Users who may read whatever they own. */
  #plain: ReadonlySet<Email> = new Set();
  #touched: Touched = () => false;
  #firstTrouble: ApiError | undefined;
  #usersTotal = 0;
  #listings = 0;
  #assets = 0;
  #permissionsRead = 0;
  #permissionsUnreadable = 0;
  #trashedRead = false;

  private constructor(surroundings: Surroundings, stage: Stage, concurrency: number, tenant: Tenant) {
    this.#surroundings = surroundings;
    this.#stage = stage;
    this.#concurrency = concurrency;
    this.tenant = tenant;
    this.people = new People(surroundings.api.directory, tenant);
    this.#readers = new Readers(tenant, this.people, (email) => this.reachable(email), surroundings.stop);
  }

  static async begin(surroundings: Surroundings, stage: Stage, concurrency: number): Promise<Survey> {
    return new Survey(surroundings, stage, concurrency, await tenantOf(surroundings.api.directory));
  }

  /** Whether the user can be acted as, as far as was tried. */
  reachable(email: Email): boolean {
    return !this.#unreachable.has(email);
  }

  /** What the Directory says of an address that was looked up. */
  principal(email: Email): Principal | undefined {
    return this.people.principal(email);
  }

  /** Finds the assets the requests of the stage are about. Throws ApiError when nothing can be read at all. */
  async findAssets(protect: readonly ProtectRule[]): Promise<void> {
    const protectedPeople = protect.flatMap(({ owner, member }) => [owner, member && memberEmail(member)]);
    const needs = await this.#needs(protectedPeople.filter((email) => email !== undefined));
    this.#trashedRead = needs.trashed;
    await inParallel(needs.owners, this.#concurrency, this.#surroundings.stop, (owner) => this.#tryToReach(owner));
    const owners = [...needs.owners].filter((owner) => this.reachable(owner));
    const viewers = [...needs.viewers].filter((viewer) => this.reachable(viewer));
    this.#usersTotal = new Set([...owners, ...viewers]).size;
    await this.#each(owners, (owner) => this.#searchAs(owner, owner, true));
    await this.#each(viewers, async (viewer) => {
      const seen = new Set<AssetName>();
      await this.#searchAs(viewer, undefined, needs.trashed, seen);
      this.#seenAs.set(viewer, seen);
    });
    const lost = [...needs.owners].filter((owner) => !this.reachable(owner));
    const blind = [...needs.viewers].some((viewer) => !this.reachable(viewer)) || lost.length > lostOwnersMax;
    if (needs.everybody || blind) await this.#searchAsEverybody([undefined], needs.trashed || lost.length > 0);
    else if (lost.length > 0) await this.#searchAsEverybody(lost, true);
    if (!needs.everybody && !blind && (await this.#stage.unresolved("", 1)).length > 0) {
      await this.#searchAsEverybody([undefined], needs.trashed);
    }
    // Where nobody's assets could be seen, that none are found means nothing.
    if (this.#read.size === 0 && this.#firstTrouble !== undefined) throw this.#firstTrouble;
  }

  /**
   * The assets a user was shown, where everything was asked for as that user; undefined for others. Whoever holds a role
   * on an asset is shown it.
   */
  seenAs(user: Email): ReadonlySet<AssetName> | undefined {
    return this.#seenAs.get(user);
  }

  /** Reads the permissions of the assets that `touched` picks, through whoever can. */
  async readPermissions(touched: Touched): Promise<void> {
    this.#touched = touched;
    if (this.#facts !== undefined) return this.#lookUpReaders(this.#facts);
    const pending = this.#pending(touched);
    await inParallel(pending, this.#concurrency, this.#surroundings.stop, async (record) => {
      await this.#readOne(record);
      this.#progress();
    });
  }

  /** What was found and read, page by page; as often as it is asked for, but by one at a time. */
  async *pages(): AsyncGenerator<SurveyPage> {
    if (this.#facts !== undefined) return yield* this.#walked(this.#facts);
    let after = "";
    for (;;) {
      const assets = await this.#stage.assets(after, pageSize);
      const last = assets.at(-1);
      if (last === undefined) break;
      after = last.record.asset.name;
      yield { assets, missing: [] };
    }
    for (after = ""; ;) {
      const missing = await this.#stage.unresolved(after, pageSize);
      const last = missing.at(-1);
      if (last === undefined) return;
      after = last.name;
      yield { assets: [], missing };
    }
  }

  /** Of what `pages` has shown to its end. */
  async coverage(): Promise<Coverage> {
    return {
      usersTried: new Set([...this.#read, ...this.#unreachable.keys()]).size,
      usersRead: this.#read.size,
      usersFailed: [...this.#unreachable].map(([user, reason]) => ({ user, reason })),
      assetsRead: this.#facts === undefined ? await this.#stage.assetCount() : this.#assets,
      permissionsRead: this.#permissionsRead,
      permissionsUnreadable: this.#permissionsUnreadable,
      trashedRead: this.#trashedRead,
    };
  }

  async #needs(alsoNamed: readonly Email[]): Promise<Needs> {
    const broad = await this.#stage.broadRequests();
    const named = await this.#stage.named();
    const addresses = new Set<Email>([...alsoNamed, ...broad.flatMap(addressesOf), ...named.addresses]);
    await this.people.lookUp(addresses, this.#concurrency, this.#surroundings.stop);

    const owners = new Set<Email>();
    const viewers = new Set<Email>();
    let everybody = false;
    const wantOwner = (email: Email, transfers: boolean): void => {
      const principal = this.people.principal(email);
      if (principal?.kind === "user") owners.add(principal.person.email);
      else if (!transfers) everybody = true;
    };
    for (const email of named.owners) wantOwner(email, true);
    for (const request of broad) {
      if (request.action === "transfer") wantOwner(request.from, true);
      else if (request.select.owner !== undefined) wantOwner(request.select.owner, false);
      else if (request.action === "replace-member") {
        const email = memberEmail(request.from.member);
        const principal = email === undefined ? undefined : this.people.principal(email);
        if (isActive(principal) && principal?.kind === "user") viewers.add(principal.person.email);
        else everybody = true;
      } else everybody = true;
    }
    return { broad, owners, viewers, everybody, trashed: broad.some((request) => request.trashed === "include") };
  }

  async #tryToReach(user: Email): Promise<void> {
    try {
      await this.#surroundings.api.authenticate(user);
    } catch (error) {
      this.#giveUp(user, error);
    }
  }

  /** As each active user, for the assets of each of `owners`; `undefined` stands for all. */
  async #searchAsEverybody(owners: readonly (Email | undefined)[], trashed: boolean): Promise<void> {
    const users = (await this.people.active()).filter((user) => this.reachable(user));
    this.#usersTotal = new Set([...users, ...this.#read]).size;
    const { dataStudio } = this.#surroundings.api;
    // Into an empty stage only: what one walk shows is not merged with what is there.
    if (dataStudio.searchAsEach !== undefined && this.#listings === 0 && owners.includes(undefined)) {
      await this.#each(users, (user) => this.#surroundings.api.authenticate(user));
      const readable = users.filter((user) => this.reachable(user));
      this.#facts = new FactWalk(this.#stage, dataStudio.searchAsEach, readable, trashed);
      return;
    }
    await this.#each(users, async (user) => {
      for (const owner of owners) await this.#searchAs(user, owner, trashed);
    });
  }

  async *#walked(facts: FactWalk): AsyncGenerator<SurveyPage> {
    this.#listings = 0;
    this.#assets = 0;
    this.#permissionsRead = 0;
    this.#permissionsUnreadable = 0;
    for await (const { sightings, requests, missing } of facts.pages()) {
      const assets = sightings.map((sighting) => {
        const named = requests.get(sighting.asset.name);
        return { record: this.#recordOf(sighting, named !== undefined), requests: named ?? [] };
      });
      this.#assets += assets.length;
      yield { assets, missing };
      this.#progress();
      await breathe();
    }
  }

  /** What `#readOne` comes to where the answers lie at hand and everybody is known who may have to be. */
  #recordOf(sighting: Sighting, isNamed: boolean): AssetRecord {
    const { asset } = sighting;
    this.#listings += sighting.seenBy.length;
    const seenBy = sighting.seenBy.length > seenByMax ? sighting.seenBy.slice(0, seenByMax) : sighting.seenBy;
    const unread = { asset, permissions: undefined, readAs: undefined, unreadable: undefined, seenBy };
    if (!this.#touched(asset, isNamed)) return unread;
    let unreadable = nobodyReads;
    for (const user of this.#readers.known(unread, this.#plain)) {
      try {
        const permissions = sighting.permissions();
        this.#permissionsRead += 1;
        return { asset, permissions, readAs: user, unreadable: undefined, seenBy };
      } catch (error) {
        unreadable = reasonOf(error, user);
      }
    }
    this.#permissionsUnreadable += 1;
    return { ...unread, unreadable };
  }

  /** Before the assets are walked: who reads those whose owner does not must be known, and who may act for the owner. */
  async #lookUpReaders(facts: FactWalk): Promise<void> {
    this.#plain = this.#readers.plain(facts.users);
    for await (const sightings of facts.besides(this.#plain)) {
      for (const { asset, seenBy, permissions } of sightings) {
        if (!this.#touched(asset, await this.#stage.isNamed(asset.name))) continue;
        const readers = await this.#readers.of({ asset, seenBy: seenBy.slice(0, seenByMax) });
        await this.#readAs(asset, readers, async () => permissions());
      }
      if (this.#surroundings.stop.aborted) return;
      await breathe();
    }
  }

  async #each(users: readonly Email[], search: (user: Email) => Promise<void>): Promise<void> {
    await inParallel(users, this.#concurrency, this.#surroundings.stop, async (user) => {
      try {
        await search(user);
        this.#read.add(user);
      } catch (error) {
        this.#giveUp(user, error);
      }
      this.#progress();
    });
  }

  async #searchAs(user: Email, owner: Email | undefined, trashed: boolean, seen?: Set<AssetName>): Promise<void> {
    for (const assetType of assetTypes) {
      for (const inTrash of trashed ? [false, true] : [false]) {
        await this.#searchAll(user, { assetType, owner, trashed: inTrash }, seen);
      }
    }
  }

  async #searchAll(user: Email, query: AssetQuery, seen: Set<AssetName> | undefined): Promise<void> {
    const { dataStudio } = this.#surroundings.api;
    for await (const page of eachPage((pageToken) => dataStudio.search(user, query, pageToken))) {
      await this.#stage.addAssets(page.assets, user);
      for (const asset of page.assets) seen?.add(asset.name);
      this.#listings += page.assets.length;
      if (this.#surroundings.stop.aborted) return;
    }
  }

  /** One user who cannot be read is a line of the coverage; credentials that fail for all end the survey. */
  #giveUp(user: Email, error: unknown): void {
    if (!(error instanceof ApiError) || error.disposition === "halt-run") throw error;
    if (this.#surroundings.stop.aborted || this.#unreachable.has(user)) return;
    this.#unreachable.set(user, error.message);
    this.#firstTrouble ??= error;
    this.#surroundings.onEvent({ type: "user-unreadable", user, reason: error.message });
  }

  async *#pending(touched: Touched): AsyncGenerator<AssetRecord> {
    let after = "";
    for (;;) {
      const page = await this.#stage.unread(after, pageSize);
      const last = page.at(-1);
      if (last === undefined) return;
      after = last.record.asset.name;
      for (const { record, isNamed } of page) if (touched(record.asset, isNamed)) yield record;
    }
  }

  async #readOne(record: AssetRecord): Promise<void> {
    const { asset } = record;
    const { dataStudio } = this.#surroundings.api;
    const read = await this.#readAs(asset, await this.#readers.of(record), (user) =>
      dataStudio.getPermissions(user, asset.name),
    );
    await this.#stage.setPermissions(asset.name, read);
    if ("unreadable" in read) this.#permissionsUnreadable += 1;
    else this.#permissionsRead += 1;
  }

  /** As the first of `readers` who may. */
  async #readAs(
    asset: Asset,
    readers: readonly Email[],
    read: (user: Email) => Promise<Permissions>,
  ): Promise<{ readonly permissions: Permissions; readonly readAs: Email } | { readonly unreadable: string }> {
    let unreadable = nobodyReads;
    for (const user of readers) {
      try {
        const permissions = await read(user);
        if (user !== asset.owner) await this.#lookUpEditors(permissions.roles.get(EDITOR) ?? []);
        return { permissions, readAs: user };
      } catch (error) {
        unreadable = reasonOf(error, user);
        if (error instanceof ApiError && error.disposition === "halt-actor") this.#giveUp(user, error);
      }
    }
    return { unreadable };
  }

  /** Whoever may have to act in the owner's place must be known to be active. */
  async #lookUpEditors(editors: readonly Parameters<typeof memberKind>[0][]): Promise<void> {
    const emails = editors.flatMap((m) => {
      const email = memberKind(m) === "user" ? memberEmail(m) : undefined;
      return email !== undefined && isInside(this.tenant, email) ? [email] : [];
    });
    await this.people.lookUp(emails, 1, this.#surroundings.stop);
  }

  #progress(): void {
    this.#surroundings.onEvent({
      type: "survey",
      usersDone: this.#read.size,
      usersTotal: this.#usersTotal,
      assets: this.#listings,
      permissions: this.#permissionsRead,
    });
  }
}
