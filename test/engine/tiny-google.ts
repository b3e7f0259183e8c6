/** A Google of a few lists that notes what it is asked and as whom: for tests of what is read, and what is made of it. */
import { expect } from "vitest";
import type { Surroundings } from "../../src/engine/verbs.ts";
import type { Api, AssetQuery } from "../../src/model/api.ts";
import type { Asset, AssetName } from "../../src/model/asset.ts";
import type { Domain, Email } from "../../src/model/email.ts";
import { ApiError } from "../../src/model/errors.ts";
import type { FailureClass } from "../../src/model/errors.ts";
import type { EngineEvent } from "../../src/model/event.ts";
import type { GroupMember } from "../../src/model/inventory.ts";
import type { Permissions } from "../../src/model/permissions.ts";
import type { Person } from "../../src/model/tenant.ts";
import { ManualClock } from "../support/clock.ts";
import { address } from "../support/rig.ts";
import { permissionsOf } from "./snapshots.ts";
import type { Grants } from "./snapshots.ts";

export interface TinyAsset extends Partial<Omit<Asset, "name" | "owner">> {
  readonly name: string;
  readonly owner: string;
  /** Who is shown it, beside the owner. */
  readonly seenBy?: readonly string[];
  readonly grants?: Grants;
}

export interface TinyTenant {
  readonly people: readonly Person[];
  readonly deleted?: readonly Person[];
  readonly groups?: Readonly<Record<string, readonly GroupMember[] | Error>>;
  readonly assets?: readonly TinyAsset[];
  /** Users as whom nothing works, and why. */
  readonly out?: Readonly<Record<string, ApiError>>;
  /** Calls that fail, as they are noted: `search ana`, `read ana r1`. */
  readonly fails?: Readonly<Record<string, Error>>;
  readonly pageSize?: number;
}

export function no(
  disposition: ApiError["disposition"],
  message = `no: ${disposition}`,
  failure: FailureClass = "rejected",
): ApiError {
  return new ApiError(message, { disposition, failure });
}

const short = (email: Email): string => email.replace("@acme.example", "");

export class TinyGoogle {
  readonly clock: ManualClock = new ManualClock();
  readonly events: EngineEvent[] = [];
  /** Such as `authenticate ana`, `search ana REPORT of leaver in the trash`, `read ana r1`. */
  readonly calls: string[] = [];
  readonly stop: AbortController = new AbortController();
  /** Called before each call is answered. */
  before: (call: string) => void = () => undefined;
  readonly #tenant: TinyTenant;

  constructor(tenant: TinyTenant) {
    this.#tenant = tenant;
  }

  get surroundings(): Surroundings {
    const { clock, stop, events } = this;
    const onEvent = (event: EngineEvent): number => events.push(event);
    return { api: this.api, clock, random: () => 0.5, onEvent, stop: stop.signal };
  }

  /** Calls whose note begins so, without that beginning. */
  asked(beginning: string): readonly string[] {
    return this.calls.filter((call) => call.startsWith(beginning)).map((call) => call.slice(beginning.length).trim());
  }

  get api(): Api {
    const tenant = this.#tenant;
    const unforeseen = (): never => expect.fail("a call that nobody foresaw");
    return {
      authenticate: async (actor) => this.#as(actor, `authenticate ${short(actor)}`),
      close: async () => undefined,
      dataTransfer: { offersDataStudio: async () => true, insert: unforeseen, get: unforeseen, list: unforeseen },
      dataStudio: {
        search: async (actor, query, pageToken = "0") => this.#search(actor, query, Number(pageToken)),
        getPermissions: async (actor, name) => this.#permissions(actor, name),
        patchPermissions: unforeseen,
      },
      directory: {
        domains: async () => ({ primary: "acme.example" as Domain, all: ["acme-labs.example" as Domain] }),
        user: async (key) => {
          const email = this.#noted("user", key as Email);
          return tenant.people.find((one) => [one.email, ...one.aliases].includes(email));
        },
        group: async (key) =>
          tenant.groups?.[short(this.#noted("group", key as Email))] === undefined
            ? undefined
            : { id: `g-${key}`, email: key as Email },
        deletedUsers: async () => tenant.deleted ?? [],
        users: async (pageToken = "0", orgUnit = "") => {
          this.#note(`users ${pageToken} ${orgUnit}`.trim());
          const people = tenant.people.filter((one) => (one.orgUnit ?? "").startsWith(orgUnit));
          const { items, next } = this.#page(people, Number(pageToken));
          return { people: items, nextPageToken: next };
        },
        groupMembers: async (group, pageToken = "0") => {
          this.#note(`members ${short(group)} ${pageToken}`);
          const members = tenant.groups?.[short(group)] ?? [];
          if (members instanceof Error) throw members;
          const { items, next } = this.#page(members, Number(pageToken));
          return { members: items, nextPageToken: next };
        },
      },
    };
  }

  #search(actor: Email, query: AssetQuery, from: number): Awaited<ReturnType<Api["dataStudio"]["search"]>> {
    const owner = query.owner === undefined ? "" : ` of ${short(query.owner)}`;
    this.#as(actor, `search ${short(actor)} ${query.assetType}${owner}${query.trashed ? " in the trash" : ""}`);
    const shown = this.#assets().filter(
      ({ asset, seers }) =>
        seers.includes(actor) &&
        asset.assetType === query.assetType &&
        asset.trashed === query.trashed &&
        (query.owner === undefined || asset.owner === query.owner),
    );
    const { items, next } = this.#page(shown, from);
    return { assets: items.map(({ asset }) => asset), nextPageToken: next };
  }

  #permissions(actor: Email, name: AssetName): Permissions {
    this.#as(actor, `read ${short(actor)} ${name}`);
    const found = this.#tenant.assets?.find((each) => each.name === name);
    return found === undefined ? expect.fail(`nobody holds ${name}`) : permissionsOf(found.owner, found.grants);
  }

  #assets(): readonly { readonly asset: Asset; readonly seers: readonly Email[] }[] {
    return (this.#tenant.assets ?? []).map(({ name, owner, seenBy = [], grants: _grants, ...more }) => ({
      asset: {
        name: name as AssetName,
        assetType: "REPORT",
        title: `of ${name}`,
        owner: address(owner),
        trashed: false,
        createTime: undefined,
        updateTime: undefined,
        ...more,
      },
      seers: [owner, ...seenBy].map(address),
    }));
  }

  #page<T>(list: readonly T[], from: number): { readonly items: readonly T[]; readonly next: string | undefined } {
    const end = from + (this.#tenant.pageSize ?? 100);
    return { items: list.slice(from, end), next: end < list.length ? String(end) : undefined };
  }

  #noted(what: string, email: Email): Email {
    this.#note(`${what} ${short(email)}`);
    return email;
  }

  #note(call: string): void {
    this.calls.push(call);
    this.before(call);
    const failure = Object.entries(this.#tenant.fails ?? {}).find(([beginning]) => call.startsWith(beginning));
    if (failure !== undefined) throw failure[1];
  }

  #as(actor: Email, call: string): void {
    this.#note(call);
    const reason = this.#tenant.out?.[short(actor)];
    if (reason !== undefined) throw reason;
  }
}
