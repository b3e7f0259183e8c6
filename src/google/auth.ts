/** Access tokens: one for each user and set of scopes, asked for once, renewed ahead of time, given up when rejected. */
import { z } from "zod";
import type { Clock } from "../model/clock.ts";
import type { Email } from "../model/email.ts";
import { ApiError } from "../model/errors.ts";
import type { Scopes } from "./scopes.ts";
import type { Send } from "./send.ts";

/** Where calls get their tokens. Each method may throw, or reject with, an `ApiError`. */
export interface TokenSource {
  /** The token that serves now, where there is one already; left out where tokens are not kept here. */
  held?(actor: Email, scopes: Scopes): string | undefined;
  /** A token that acts as `actor`. One request, however many ask at once. */
  token(actor: Email, scopes: Scopes): Promise<string>;
  /** Forgets `rejected`, so that the next call of `token` asks anew; no effect when it has been replaced already. */
  drop(actor: Email, scopes: Scopes, rejected: string): void;
}

/** A token as it was given. */
export interface GivenToken {
  readonly token: string;
  /** From `askedAt` on; Infinity where nobody says how long it lives. */
  readonly lifetimeMs: number;
  /** Monotonic ms. */
  readonly askedAt: number;
}

/**
 * Where a token for one user and one set of scopes comes from: a key, another account that signs, a person who signed in,
 * a command. Makes one attempt and keeps nothing; rejects with the `ApiError` that says what was wrong.
 */
export type AskToken = (actor: Email, scopes: Scopes) => Promise<GivenToken>;

/** Ways to ask, once there is something that sends. */
export type AskingOver = (send: Send) => AskToken;

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

/** Keeps what `ask` gives, in memory only. Repeating what failed is the caller's. */
export class CachedTokens implements TokenSource {
  readonly #ask: AskToken;
  readonly #clock: Clock;
  readonly #entries = new Map<Scopes, Map<Email, Entry>>();

  constructor(clock: Clock, ask: AskToken) {
    this.#clock = clock;
    this.#ask = ask;
  }

  held(actor: Email, scopes: Scopes): string | undefined {
    const held = this.#entries.get(scopes)?.get(actor);
    return held !== undefined && this.#clock.monotonic() < held.renewAt ? held.token : undefined;
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
    const entry: Entry = {
      pending: this.#ask(actor, scopes).then(
        ({ token, lifetimeMs: lifetime, askedAt }) => {
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
}

const answer = z.object({
  access_token: z.string().min(1),
  expires_in: z.number().positive(),
});

/** Reads a token endpoint's answer; throws what `send` takes for an unreadable one. */
export function readTokenAnswer(text: string, askedAt: number): GivenToken {
  const { access_token: token, expires_in: seconds } = answer.parse(JSON.parse(text));
  return { token, lifetimeMs: seconds * 1000, askedAt };
}
