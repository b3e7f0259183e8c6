/** An exchange that answers from a script, and a connection over it with nothing left to chance. */
import { generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { TokenSource } from "../../src/google/auth.ts";
import { connect } from "../../src/google/client.ts";
import type { ConnectOptions } from "../../src/google/client.ts";
import type { Exchange, ExchangeRequest, ExchangeResponse } from "../../src/google/exchange.ts";
import { parseServiceAccountKey } from "../../src/google/key.ts";
import type { ServiceAccountKey } from "../../src/google/key.ts";
import { Pacer, noRates } from "../../src/google/pacer.ts";
import type { Api } from "../../src/model/api.ts";
import { parseEmail } from "../../src/model/email.ts";
import type { Email } from "../../src/model/email.ts";
import { ManualClock } from "../support/clock.ts";

export function email(text: string): Email {
  const parsed = parseEmail(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

export const anna: Email = email("anna@acme.example");
export const bert: Email = email("bert@acme.example");
export const admin: Email = email("admin@acme.example");

const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
export const publicKeyOfTest: KeyObject = pair.publicKey;
export const keyFileOfTest: Readonly<Record<string, string>> = {
  type: "service_account",
  client_email: "robot@project.iam.gserviceaccount.com",
  private_key_id: "key-1",
  private_key: pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
};
export const keyOfTest: ServiceAccountKey = parseServiceAccountKey(JSON.stringify(keyFileOfTest));

/** An answer, or what to throw, or a function of the request that gives either. */
export type Reply =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown }
  | Error;

export interface Script {
  readonly exchange: Exchange;
  /** Every request, in order. */
  readonly sent: ExchangeRequest[];
}

/** Answers by what `answer` says; bodies that are not text are sent as JSON. */
export function scripted(answer: (request: ExchangeRequest, index: number) => Reply | Promise<Reply>): Script {
  const sent: ExchangeRequest[] = [];
  const exchange = async (request: ExchangeRequest): Promise<ExchangeResponse> => {
    sent.push(request);
    const reply = await answer(request, sent.length - 1);
    if (reply instanceof Error) throw reply;
    const { status = 200, headers = {}, body = {} } = reply;
    return { status, headers, body: typeof body === "string" ? body : JSON.stringify(body) };
  };
  return { exchange, sent };
}

/** Answers the replies in turn, and the last one for ever. */
export function inTurn(...replies: readonly Reply[]): Script {
  return scripted((_request, index) => replies[Math.min(index, replies.length - 1)] ?? {});
}

export interface Connection {
  readonly api: Api;
  readonly clock: ManualClock;
  readonly pacer: Pacer;
}

type Other = Partial<Omit<ConnectOptions, "key" | "tokens">> & {
  readonly key?: ServiceAccountKey;
  readonly tokens?: TokenSource;
};

const fixedTokens: TokenSource = { token: async (actor) => `token-of-${actor}`, drop: () => undefined };

/** Connects without pacing and with one token for each user, unless told otherwise. */
export function connection(exchange: Exchange, { key, tokens = fixedTokens, ...other }: Other = {}): Connection {
  const clock = new ManualClock();
  const pacer = new Pacer(clock, noRates);
  const credentials = key === undefined ? { tokens } : { key };
  const common = { exchange, admin, access: "write", pacer, clock, random: () => 0.5, ...other } as const;
  return { api: connect({ ...common, ...credentials }), clock, pacer };
}
