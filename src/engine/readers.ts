/** As whom an asset's permissions are read: the owner first, because owners may always; then others who saw it and belong to the tenant. */
import type { Email } from "../model/email.ts";
import { ApiError } from "../model/errors.ts";
import type { AssetRecord } from "../model/snapshot.ts";
import { isActive, isInside } from "../model/tenant.ts";
import type { Tenant } from "../model/tenant.ts";
import { canonical } from "../plan/compile/resolve.ts";
import type { People } from "./people.ts";

type Seen = Pick<AssetRecord, "asset" | "seenBy">;

/** Said of an asset without any reader. */
export const nobodyReads = "no user who sees the asset can be acted as";

export class Readers {
  readonly #tenant: Tenant;
  readonly #people: People;
  readonly #reachable: (email: Email) => boolean;
  readonly #stop: AbortSignal;

  constructor(tenant: Tenant, people: People, reachable: (email: Email) => boolean, stop: AbortSignal) {
    this.#tenant = tenant;
    this.#people = people;
    this.#reachable = reachable;
    this.#stop = stop;
  }

  /** Looks up whoever comes into question. */
  async of(seen: Seen): Promise<readonly Email[]> {
    const inside = this.#candidates(seen);
    await this.#people.lookUp(inside, 1, this.#stop);
    return inside.filter((user) => this.#mayRead(user));
  }

  /** Those of `users` who may read whatever they own. */
  plain(users: readonly Email[]): ReadonlySet<Email> {
    return new Set(users.filter((user) => isInside(this.#tenant, user) && this.#mayRead(user)));
  }

  /** The same as `of`, where everybody has been looked up. Mostly the owner is asked for and nobody after. */
  *known(seen: Seen, plain: ReadonlySet<Email>): Generator<Email> {
    const { owner } = seen.asset;
    const isPlain = owner !== undefined && plain.has(owner);
    if (isPlain) yield owner;
    for (const user of this.#candidates(seen)) {
      if (!(isPlain && user === owner) && this.#mayRead(user)) yield user;
    }
  }

  #candidates({ asset: { owner }, seenBy }: Seen): readonly Email[] {
    const candidates = owner === undefined ? seenBy : [owner, ...seenBy.filter((user) => user !== owner)];
    return candidates.filter((user) => isInside(this.#tenant, user) && this.#reachable(user));
  }

  #mayRead(user: Email): boolean {
    return isActive(this.#people.principal(user)) && canonical(this.#people, user) === user;
  }
}

/** Why that user may not read. Throws whatever is no answer about one asset or one user. */
export function reasonOf(error: unknown, user: Email): string {
  if (!(error instanceof ApiError) || error.disposition === "halt-run") throw error;
  return `as ${user}: ${error.message}`;
}
