/**
 * Access tokens by domain-wide delegation: one for each user and set of scopes, asked for once, renewed ahead of time.
 *
 * The assertion is signed here instead of by google-auth-library: that client goes on serving a token after a 401,
 * repeats token requests outside the pacer, ignores the endpoint in the key, and signs from PEM text (api.md 4.3).
 */
import { sign } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../model/clock.ts";
import type { Email } from "../model/email.ts";
import { ApiError } from "../model/errors.ts";
import type { ServiceAccountKey } from "./key.ts";
import { tokenOrigin } from "./route.ts";
import type { Scopes } from "./scopes.ts";
import type { Send } from "./send.ts";

/** Where calls get their tokens. Each method may throw, or reject with, an `ApiError`. */
export interface TokenSource {
  /** A token that acts as `actor`. One request, however many ask at once. */
  token(actor: Email, scopes: Scopes): Promise<string>;
  /** Forgets `rejected`, so that the next call of `token` asks anew; no effect when it has been replaced already. */
  drop(actor: Email, scopes: Scopes, rejected: string): void;
}

export interface DelegationOptions {
  readonly key: ServiceAccountKey;
  readonly clock: Clock;
  readonly send: Send;
}

const tokenUrl = `${tokenOrigin}/token`;
const lifetimeMs = 3_600_000;
const renewAheadMs = 300_000;
/** How soon a renewal that failed in passing is tried again. */
const renewAgainMs = 10_000;
const tokensMax = 20_000;

/** One token, had or asked for. */
interface Entry {
  readonly pending: Promise<string>;
  /** The token once it came. */
  token: string | undefined;
  /** Monotonic ms from which a new one is asked for. */
  renewAt: number;
  /** Monotonic ms until which this one still serves. */
  expiresAt: number;
}

const answer = z.object({
  access_token: z.string().min(1),
  expires_in: z.number().positive(),
});

/** Tokens signed for with a service account's key (api.md 4.1). Makes one attempt per request: repeating is the caller's. */
export class DelegatedTokens implements TokenSource {
  readonly #key: ServiceAccountKey;
  readonly #clock: Clock;
  readonly #send: Send;
  readonly #entries = new Map<Scopes, Map<Email, Entry>>();

  constructor(options: DelegationOptions) {
    this.#key = options.key;
    this.#clock = options.clock;
    this.#send = options.send;
  }

  token(actor: Email, scopes: Scopes): Promise<string> {
    const held = this.#entries.get(scopes)?.get(actor);
    if (held !== undefined && this.#clock.monotonic() < held.renewAt) return held.pending;
    return this.#renew(actor, scopes, held);
  }

  drop(actor: Email, scopes: Scopes, rejected: string): void {
    const held = this.#entries.get(scopes)?.get(actor);
    if (held?.token === rejected) this.#entries.get(scopes)?.delete(actor);
  }

  #renew(actor: Email, scopes: Scopes, old: Entry | undefined): Promise<string> {
    const fetched = this.#fetch(actor, scopes);
    const entry: Entry = {
      pending: fetched.then(
        ({ token, lifetime, askedAt }) => {
          entry.token = token;
          entry.expiresAt = askedAt + lifetime;
          entry.renewAt = entry.expiresAt - Math.min(renewAheadMs, lifetime / 2);
          return token;
        },
        (error: unknown) => this.#failed(actor, scopes, entry, old, error),
      ),
      token: undefined,
      renewAt: Infinity,
      expiresAt: Infinity,
    };
    this.#keep(actor, scopes, entry);
    return entry.pending;
  }

  /** A passing failure does not matter while the old token still serves; any other is not kept, so that the next call asks. */
  #failed(actor: Email, scopes: Scopes, entry: Entry, old: Entry | undefined, error: unknown): string {
    const isPassing = error instanceof ApiError && (error.disposition === "retry" || error.disposition === "throttle");
    const serves = old !== undefined && this.#clock.monotonic() < old.expiresAt;
    const current = this.#entries.get(scopes);
    if (isPassing && serves && old.token !== undefined) {
      old.renewAt = this.#clock.monotonic() + renewAgainMs;
      if (current?.get(actor) === entry) current.set(actor, old);
      return old.token;
    }
    if (current?.get(actor) === entry) current.delete(actor);
    throw error;
  }

  #keep(actor: Email, scopes: Scopes, entry: Entry): void {
    let byActor = this.#entries.get(scopes);
    if (byActor === undefined) {
      byActor = new Map();
      this.#entries.set(scopes, byActor);
    }
    // Set last means newest, so that the first key is the one to forget.
    byActor.delete(actor);
    byActor.set(actor, entry);
    if (byActor.size <= tokensMax) return;
    for (const oldest of byActor.keys()) {
      byActor.delete(oldest);
      break;
    }
  }

  async #fetch(
    actor: Email,
    scopes: Scopes,
  ): Promise<{ readonly token: string; readonly lifetime: number; readonly askedAt: number }> {
    let askedAt = 0;
    const call = {
      service: "token" as const,
      route: "token",
      isWrite: false,
      actor,
      method: "POST" as const,
      url: tokenUrl,
      headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
      // Signed when its turn has come: an assertion that waited at the pacer could be out of date.
      body: () => {
        askedAt = this.#clock.monotonic();
        return tokenForm(assertionFor(this.#key, actor, scopes, this.#clock.now()));
      },
    };
    return this.#send(call, (text) => {
      const { access_token: token, expires_in: seconds } = answer.parse(JSON.parse(text));
      return { token, lifetime: seconds * 1000, askedAt };
    });
  }
}

function tokenForm(assertion: string): string {
  return new URLSearchParams({ grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion }).toString();
}

/** The signed statement that `key` wants to act as `actor` (api.md 4.1). */
function assertionFor(key: ServiceAccountKey, actor: Email, scopes: Scopes, wallMs: number): string {
  const issuedAt = Math.floor(wallMs / 1000);
  const header = { alg: "RS256", typ: "JWT", ...(key.keyId === undefined ? {} : { kid: key.keyId }) };
  const claims = {
    iss: key.email,
    sub: actor,
    scope: scopes,
    aud: tokenUrl,
    iat: issuedAt,
    exp: issuedAt + lifetimeMs / 1000,
  };
  const signed = `${base64url(header)}.${base64url(claims)}`;
  return `${signed}.${sign("RSA-SHA256", Buffer.from(signed), key.privateKey).toString("base64url")}`;
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
