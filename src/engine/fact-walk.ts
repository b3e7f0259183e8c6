/** Facts that lie at hand in order of name: walked beside the requests that name them, as often as it takes, and not staged. */
import type { NamingRequests, Stage } from "../journal/stage.ts";
import type { DataStudioApi, Sighting } from "../model/api.ts";
import type { AssetName } from "../model/asset.ts";
import type { Email } from "../model/email.ts";
import type { Request } from "../model/request.ts";

/** Requests taken up at once: a file may name any number of assets that do not exist. */
const requestsMax = 500;

/** Assets with the requests that name each; and requests for assets among them that nobody was shown. */
export interface FactPage {
  readonly sightings: readonly Sighting[];
  readonly requests: ReadonlyMap<AssetName, readonly Request[]>;
  readonly missing: readonly NamingRequests[];
}

const noRequests: FactPage["requests"] = new Map();

export class FactWalk {
  readonly #stage: Stage;
  readonly #search: NonNullable<DataStudioApi["searchAsEach"]>;
  readonly #users: readonly Email[];
  readonly #trashed: boolean;

  /** What searches as `users` show. */
  constructor(
    stage: Stage,
    search: NonNullable<DataStudioApi["searchAsEach"]>,
    users: readonly Email[],
    trashed: boolean,
  ) {
    this.#stage = stage;
    this.#search = search;
    this.#users = users;
    this.#trashed = trashed;
  }

  get users(): readonly Email[] {
    return this.#users;
  }

  async *pages(): AsyncGenerator<FactPage> {
    let after = "";
    for await (const sightings of this.#search(this.#users, this.#trashed)) {
      const last = sightings.at(-1)?.asset.name;
      if (last === undefined) continue;
      yield* this.#upTo(last, sightings, after);
      after = last;
    }
    yield* this.#upTo(undefined, [], after);
  }

  /** The assets alone, without those that have been read and belong to one of `owners`. */
  besides(owners: ReadonlySet<Email>): AsyncIterable<readonly Sighting[]> {
    return this.#search(this.#users, this.#trashed, owners);
  }

  async *#upTo(last: AssetName | undefined, sightings: readonly Sighting[], after: string): AsyncGenerator<FactPage> {
    const names = new Set(sightings.map(({ asset }) => asset.name));
    const requests = new Map<AssetName, readonly Request[]>();
    for (let from = after; ;) {
      const page = await this.#stage.naming(from, last, requestsMax);
      const end = page.at(-1)?.name;
      if (end === undefined) break;
      const missing: NamingRequests[] = [];
      for (const each of page) {
        if (names.has(each.name)) requests.set(each.name, each.requests);
        else missing.push(each);
      }
      if (missing.length > 0) yield { sightings: [], requests: noRequests, missing };
      from = end;
    }
    if (sightings.length > 0) yield { sightings, requests, missing: [] };
  }
}
