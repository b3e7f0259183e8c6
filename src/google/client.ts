/** Puts the layers together: the three services of Google as the engine sees them. */
import type { Api } from "../model/api.ts";
import type { Clock, Random } from "../model/clock.ts";
import type { Email } from "../model/email.ts";
import { CachedTokens } from "./auth.ts";
import type { AskingOver, TokenSource } from "./auth.ts";
import { Authorised } from "./authorised.ts";
import type { RetryNotice } from "./authorised.ts";
import { DataStudioClient } from "./data-studio.ts";
import { DataTransferClient } from "./data-transfer.ts";
import { askWithKey } from "./delegation.ts";
import { DirectoryClient } from "./directory.ts";
import type { Exchange } from "./exchange.ts";
import type { loadDataTransfer } from "./generated.ts";
import type { ServiceAccountKey } from "./key.ts";
import type { PaceChange } from "./pacer.ts";
import type { Turns } from "./turns.ts";
import { dataStudioScopes, dataTransferScopes } from "./scopes.ts";
import type { Access } from "./scopes.ts";
import { makeSend } from "./send.ts";
import type { CallRecord, Send } from "./send.ts";

/** A service account's key, another way to ask for tokens, or whatever holds them already. */
type Credentials =
  | { readonly key: ServiceAccountKey }
  | { readonly asking: AskingOver }
  | { readonly tokens: TokenSource };

interface Connection {
  readonly exchange: Exchange;
  /** Closes whatever carries the exchange, once nobody calls any more. */
  readonly closeExchange?: (() => Promise<void>) | undefined;
  /** Acted as for Directory and Data Transfer. */
  readonly admin: Email;
  /** `read` asks for read-only scopes, and for no others. */
  readonly access: Access;
  readonly pacer: Turns;
  readonly clock: Clock;
  readonly random: Random;
  /** Fires when the user asks to stop: waiting ends at once (`stopped`), requests under way are finished. */
  readonly signal?: AbortSignal | undefined;
  /** For one whole exchange. A minute unless told. */
  readonly timeoutMs?: number | undefined;
  /** Attempts at a read. 10 unless told. */
  readonly attemptsMax?: number | undefined;
  readonly onRetry?: ((notice: RetryNotice) => void) | undefined;
  readonly onPace?: ((change: PaceChange) => void) | undefined;
  readonly onCall?: ((record: CallRecord) => void) | undefined;
  /** What makes Data Transfer requests; Google's generated client unless told. */
  readonly loadDataTransfer?: typeof loadDataTransfer | undefined;
}

export type ConnectOptions = Connection & Credentials;

/** Nothing is sent until a method is called. */
export function connect(options: ConnectOptions): Api {
  const { exchange, admin, access, pacer, clock, random, signal, onRetry, onCall } = options;
  const send = makeSend({ exchange, pacer, clock, timeoutMs: options.timeoutMs ?? 60_000, signal, onCall });
  const tokens = tokensOf(options, send);
  const repeat = { clock, random, attemptsMax: options.attemptsMax ?? 10, signal };
  const authorised = new Authorised({ send, tokens, repeat, onRetry });
  const unsubscribe = options.onPace === undefined ? undefined : pacer.onChange(options.onPace);
  const scopes = dataStudioScopes[access];
  return {
    dataStudio: new DataStudioClient(authorised, scopes),
    directory: new DirectoryClient(authorised, admin),
    dataTransfer: new DataTransferClient(authorised, admin, dataTransferScopes[access], options.loadDataTransfer),
    authenticate: async (actor) => {
      await authorised.token(actor, scopes);
    },
    close: async () => {
      unsubscribe?.();
      pacer.close();
      await options.closeExchange?.();
    },
  };
}

function tokensOf(options: ConnectOptions, send: Send): TokenSource {
  if ("tokens" in options) return options.tokens;
  const { clock } = options;
  return new CachedTokens(clock, "asking" in options ? options.asking(send) : askWithKey(options.key, clock, send));
}
