/** Requests without an asset id, indexed so that an asset meets only those of its owner and those of no owner. */
import type { Asset, AssetName } from "../../model/asset.ts";
import type { Email } from "../../model/email.ts";
import { memberEmail } from "../../model/member.ts";
import type { Permissions } from "../../model/permissions.ts";
import type { NoAction } from "../../model/run.ts";
import type { Tenant } from "../../model/tenant.ts";
import type { AssetVerdict } from "./asset.ts";
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

  /**
   * Whether any request may be about the asset, going by what searches say of it.
   * @param seenAs the assets shown to a user, where everything was asked for as that user
   */
  mayTouch(asset: Asset, seenAs: (user: Email) => ReadonlySet<AssetName> | undefined): boolean {
    const owned = asset.owner === undefined ? undefined : this.#byOwner.get(asset.owner);
    return [owned ?? [], this.#ownerless].some((list) =>
      list.some((resolved) => mayConcern(resolved, asset) && mayHold(resolved, asset, seenAs)),
    );
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

  /** Keeps count of what each request came to on an asset: a step or a refusal answers the rows it names, and no others. */
  saw(
    requests: readonly Resolved[],
    { edit, byHand, refusals }: Pick<AssetVerdict, "edit" | "byHand" | "refusals">,
  ): void {
    if (requests.length === 0) return;
    const answered = new Set([edit?.sources, byHand?.sources, ...refusals.map(({ places }) => places)].flat());
    for (const resolved of requests) {
      const count = this.#matched.get(resolved);
      if (count === undefined) continue;
      this.#matched.set(resolved, count + 1);
      if (answered.has(resolved.request.place)) this.#changing.add(resolved);
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

/** Only assets shown to a user can be ones in which a row replaces that user. */
function mayHold(
  resolved: Resolved,
  asset: Asset,
  seenAs: (user: Email) => ReadonlySet<AssetName> | undefined,
): boolean {
  if (resolved.action !== "replace-member") return true;
  const shown = resolved.forms.flatMap((form) => {
    const email = memberEmail(form);
    const seen = email === undefined ? undefined : seenAs(email);
    return seen === undefined ? [] : [seen];
  });
  return shown.length === 0 || shown.some((seen) => seen.has(asset.name));
}
