/** The model of the stage: a plan in the making, in plain lists and maps. */
import { seenByMax } from "../../../src/journal/stage.ts";
import type { NamingRequests, OwnerCount, Stage, StagedAsset } from "../../../src/journal/stage.ts";
import type { Asset, AssetName } from "../../../src/model/asset.ts";
import type { Email } from "../../../src/model/email.ts";
import type { Permissions } from "../../../src/model/permissions.ts";
import { addressesOf, ownerNamed } from "../../../src/model/request.ts";
import type { Action, Request } from "../../../src/model/request.ts";
import type { AssetRecord } from "../../../src/model/snapshot.ts";

export function createModelStage(): Stage {
  return new ModelStage();
}

class ModelStage implements Stage {
  readonly #broad: Request[] = [];
  readonly #named = new Map<AssetName, Request[]>();
  readonly #records = new Map<AssetName, AssetRecord>();
  /** The keys of `#records` in order; undefined when one has come since. */
  #names: readonly AssetName[] | undefined;

  async addRequests(requests: readonly Request[]): Promise<void> {
    for (const request of requests) {
      const { asset } = request.select;
      const list = asset === undefined ? this.#broad : this.#named.get(asset);
      if (list !== undefined) list.push(request);
      else if (asset !== undefined) this.#named.set(asset, [request]);
    }
  }

  async actions(): Promise<ReadonlySet<Action>> {
    return new Set([...this.#broad, ...[...this.#named.values()].flat()].map(({ action }) => action));
  }

  async named(): Promise<{ readonly addresses: ReadonlySet<Email>; readonly owners: ReadonlySet<Email> }> {
    const named = [...this.#named.values()].flat();
    return {
      addresses: new Set(named.flatMap(addressesOf)),
      owners: new Set(named.flatMap((request) => ownerNamed(request) ?? [])),
    };
  }

  async broadRequests(): Promise<readonly Request[]> {
    return this.#broad;
  }

  async addAssets(assets: readonly Asset[], seenBy: Email): Promise<void> {
    for (const asset of assets) {
      const known = this.#records.get(asset.name);
      if (known === undefined) this.#names = undefined;
      this.#records.set(asset.name, known === undefined ? firstSeen(asset, seenBy) : seenAgain(known, asset, seenBy));
    }
  }

  async setPermissions(
    name: AssetName,
    read: { readonly permissions: Permissions; readonly readAs: Email } | { readonly unreadable: string },
  ): Promise<void> {
    const record = this.#records.get(name);
    if (record === undefined) throw new Error(`the stage holds no asset ${name}`);
    const nothingRead = { permissions: undefined, readAs: undefined, unreadable: undefined };
    this.#records.set(name, { ...record, ...nothingRead, ...read });
  }

  async asset(name: AssetName): Promise<AssetRecord | undefined> {
    return this.#records.get(name);
  }

  async assets(after: string, max: number): Promise<readonly StagedAsset[]> {
    return this.#from(after)
      .slice(0, max)
      .map((record) => ({ record, requests: this.#named.get(record.asset.name) ?? [] }));
  }

  async unread(
    after: string,
    max: number,
  ): Promise<readonly { readonly record: AssetRecord; readonly isNamed: boolean }[]> {
    return this.#from(after)
      .filter(({ permissions, unreadable }) => permissions === undefined && unreadable === undefined)
      .slice(0, max)
      .map((record) => ({ record, isNamed: this.#named.has(record.asset.name) }));
  }

  async naming(after: string, last: AssetName | undefined, max: number): Promise<readonly NamingRequests[]> {
    return [...this.#named]
      .filter(([name]) => name > after && (last === undefined || name <= last))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, max)
      .map(([name, requests]) => ({ name, requests }));
  }

  async isNamed(name: AssetName): Promise<boolean> {
    return this.#named.has(name);
  }

  async unresolved(after: string, max: number): Promise<readonly NamingRequests[]> {
    return [...this.#named]
      .filter(([name]) => name > after && !this.#records.has(name))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, max)
      .map(([name, requests]) => ({ name, requests }));
  }

  async owners(): Promise<readonly OwnerCount[]> {
    const counts = new Map<Email, OwnerCount>();
    for (const { asset } of this.#records.values()) {
      const { owner, trashed } = asset;
      if (owner === undefined) continue;
      const { live, trashed: gone } = counts.get(owner) ?? { live: 0, trashed: 0 };
      counts.set(owner, { owner, live: live + (trashed ? 0 : 1), trashed: gone + (trashed ? 1 : 0) });
    }
    return [...counts.values()].toSorted((a, b) => (a.owner < b.owner ? -1 : 1));
  }

  async assetCount(): Promise<number> {
    return this.#records.size;
  }

  async close(): Promise<void> {}

  #from(after: string): readonly AssetRecord[] {
    this.#names ??= [...this.#records.keys()].toSorted();
    return this.#names.filter((name) => name > after).flatMap((name) => this.#records.get(name) ?? []);
  }
}

function firstSeen(asset: Asset, seenBy: Email): AssetRecord {
  return { asset, permissions: undefined, readAs: undefined, unreadable: undefined, seenBy: [seenBy] };
}

/** The later search tells how an asset is now; what it leaves out is kept. */
function seenAgain(record: AssetRecord, asset: Asset, by: Email): AssetRecord {
  const { owner, createTime, updateTime } = record.asset;
  const isNew = record.seenBy.length < seenByMax && !record.seenBy.includes(by);
  return {
    ...record,
    asset: {
      ...asset,
      owner: asset.owner ?? owner,
      createTime: asset.createTime ?? createTime,
      updateTime: asset.updateTime ?? updateTime,
    },
    seenBy: isNew ? [...record.seenBy, by] : record.seenBy,
  };
}
