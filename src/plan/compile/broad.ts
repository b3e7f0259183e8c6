/** Requests without an asset id, indexed so that an asset meets only those of its owner and those of no owner. */
import type { Asset } from "../../model/asset.ts";
import type { Email } from "../../model/email.ts";
import type { Permissions } from "../../model/permissions.ts";
import type { NoAction } from "../../model/run.ts";
import type { Tenant } from "../../model/tenant.ts";
import type { Resolved } from "./context.ts";
import { concerns, mayConcern } from "./match.ts";

export class BroadRequests {
  readonly #tenant: Tenant;
  readonly #byOwner = new Map<Email, Resolved[]>();
  readonly #ownerless: Resolved[] = [];
  readonly #matched = new Map<Resolved, number>();
  readonly #changing = new Set<Resolved>();

  constructor(tenant: Tenant, requests: readonly Resolved[]) {
    this.#tenant = tenant;
    for (const resolved of requests) {
      this.#matched.set(resolved, 0);
      if (resolved.owner === undefined) this.#ownerless.push(resolved);
      else this.#byOwner.set(resolved.owner, [...(this.#byOwner.get(resolved.owner) ?? []), resolved]);
    }
  }

  /** Whether any request may be about the asset, going by what a search says of it. */
  mayTouch(asset: Asset): boolean {
    const owned = asset.owner === undefined ? undefined : this.#byOwner.get(asset.owner);
    return [owned ?? [], this.#ownerless].some((list) => list.some((resolved) => mayConcern(resolved, asset)));
  }

  /** The requests whose selector the asset meets. */
  matching(asset: Asset, permissions: Permissions | undefined): readonly Resolved[] {
    const owned = asset.owner === undefined ? undefined : this.#byOwner.get(asset.owner);
    const found: Resolved[] = [];
    for (const list of [owned ?? [], this.#ownerless]) {
      for (const resolved of list) if (concerns(this.#tenant, resolved, asset, permissions)) found.push(resolved);
    }
    return found;
  }

  /** Keeps count of what each request came to. */
  saw(requests: readonly Resolved[], changes: boolean): void {
    for (const resolved of requests) {
      const count = this.#matched.get(resolved);
      if (count === undefined) continue;
      this.#matched.set(resolved, count + 1);
      if (changes) this.#changing.add(resolved);
    }
  }

  /** Requests that ask for nothing new: no asset met the selector, or every one is so already. */
  noActions(): readonly NoAction[] {
    return [...this.#matched]
      .filter(([resolved]) => !this.#changing.has(resolved))
      .map(([resolved, assets]) => ({
        place: resolved.request.place,
        why: assets === 0 ? ("matched-nothing" as const) : ("already-so" as const),
        assets,
      }));
  }

  /** Every request, for walks over all of them. */
  all(): readonly Resolved[] {
    return [...this.#matched.keys()];
  }
}
