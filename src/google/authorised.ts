/** Calls with an access token: a rejected token is replaced once; reads are repeated, writes are one request. */
import type { Email } from "../model/email.ts";
import { ApiError } from "../model/errors.ts";
import type { TokenSource } from "./auth.ts";
import type { Service } from "./exchange.ts";
import { repeat } from "./reads.ts";
import type { RepeatNotice, RepeatOptions } from "./reads.ts";
import type { Scopes } from "./scopes.ts";
import type { Call, Send } from "./send.ts";

/** A read, or a request for a token, is about to be repeated. */
export interface RetryNotice extends RepeatNotice {
  readonly service: Service;
  readonly route: string;
  readonly actor: Email;
}

export interface AuthorisedOptions {
  readonly send: Send;
  readonly tokens: TokenSource;
  readonly repeat: Omit<RepeatOptions, "onRetry">;
  readonly onRetry?: ((notice: RetryNotice) => void) | undefined;
}

export class Authorised {
  readonly #send: Send;
  readonly #tokens: TokenSource;
  readonly #repeat: Omit<RepeatOptions, "onRetry">;
  readonly #onRetry: ((notice: RetryNotice) => void) | undefined;

  constructor(options: AuthorisedOptions) {
    this.#send = options.send;
    this.#tokens = options.tokens;
    this.#repeat = options.repeat;
    this.#onRetry = options.onRetry;
  }

  /** A token for `actor`, asked for until there is one or a definite no. */
  token(actor: Email, scopes: Scopes): Promise<string> {
    return this.#repeated("token", "token", actor, () => this.#tokens.token(actor, scopes));
  }

  /** Makes a call that has no effect, until it succeeds, is refused, or the attempts are used up. */
  read<T>(call: Call, scopes: Scopes, read: (body: string) => T): Promise<T> {
    const { service, route, actor } = call;
    return this.#repeated(service, route, actor, () =>
      this.#attempt(call, scopes, read, () => this.#tokens.token(actor, scopes)),
    );
  }

  /** Makes a call that has an effect: one request, or two when the first one's token was rejected, which is a definite no. */
  write<T>(call: Call, scopes: Scopes, read: (body: string) => T): Promise<T> {
    return this.#attempt(call, scopes, read, () => this.token(call.actor, scopes));
  }

  async #attempt<T>(
    call: Call,
    scopes: Scopes,
    read: (body: string) => T,
    askToken: () => Promise<string>,
  ): Promise<T> {
    // Nearly every call finds one: to ask as if it had to be fetched makes five promises, 0.15 us.
    const token = this.#tokens.held?.(call.actor, scopes) ?? (await askToken());
    try {
      return await this.#send(call, read, token);
    } catch (error) {
      if (!this.#dropIfRejected(error, call.actor, scopes, token)) throw error;
    }
    const fresh = await askToken();
    try {
      return await this.#send(call, read, fresh);
    } catch (error) {
      this.#dropIfRejected(error, call.actor, scopes, fresh);
      throw error;
    }
  }

  #dropIfRejected(error: unknown, actor: Email, scopes: Scopes, token: string): boolean {
    if (!(error instanceof ApiError) || error.failure !== "unauthenticated") return false;
    this.#tokens.drop(actor, scopes, token);
    return true;
  }

  #repeated<T>(service: Service, route: string, actor: Email, attempt: () => Promise<T>): Promise<T> {
    const onRetry = this.#onRetry;
    if (onRetry === undefined) return repeat(attempt, this.#repeat);
    return repeat(attempt, {
      ...this.#repeat,
      onRetry: (notice) => onRetry({ ...notice, service, route, actor }),
    });
  }
}
