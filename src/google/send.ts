/** One attempt of one call: its turn at the pacer, the exchange, and what the answer means. Nothing is repeated here. */
import { z } from "zod";
import type { Clock } from "../model/clock.ts";
import type { Email } from "../model/email.ts";
import { ApiError } from "../model/errors.ts";
import type { FailureClass } from "../model/errors.ts";
import { classify } from "./classify.ts";
import type { Unsuccessful } from "./classify.ts";
import { concealed } from "./conceal.ts";
import { NetworkError } from "./exchange.ts";
import type { Exchange, ExchangeRequest, ExchangeResponse, Service } from "./exchange.ts";
import type { PacedCall } from "./pacer.ts";
import type { Turns } from "./turns.ts";
import type { Verdict } from "./verdict.ts";

export interface Call {
  readonly service: Service;
  /** The method's name as Google says it, such as `assets.search`: for logs, where addresses have no place. */
  readonly route: string;
  /** Whether repeating the call blindly could do its work twice. */
  readonly isWrite: boolean;
  readonly actor: Email;
  readonly method: ExchangeRequest["method"];
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A function is asked when the call's turn has come. */
  readonly body?: string | (() => string) | undefined;
  /** Waited for when the call's turn has come, right before it leaves; what it throws is thrown on. */
  readonly beforeSend?: (() => Promise<void>) | undefined;
}

/** Thrown by a reader of answers that finds something else than it should. */
export class ShapeError extends Error {
  override readonly name: string = "ShapeError";
}

/** An attempt that ended, for logs. It holds no token, no body and no query. */
export interface CallRecord {
  readonly service: Service;
  readonly route: string;
  readonly actor: Email;
  readonly isWrite: boolean;
  /** Undefined when no answer came. */
  readonly status: number | undefined;
  readonly ms: number;
  /** Undefined when the call succeeded. */
  readonly failure: FailureClass | undefined;
}

/** Sends `call` once and answers what `read` makes of a 2xx body. Throws `ApiError` for everything else. */
export type Send = <T>(call: Call, read: (body: string) => T, bearer?: string) => Promise<T>;

export interface SendOptions {
  readonly exchange: Exchange;
  readonly pacer: Pick<Turns, "take" | "isHeldBack" | "throttled" | "heldBack" | "succeeded">;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Ends waiting for the pacer; a request under way is never cut off by it. */
  readonly signal?: AbortSignal | undefined;
  readonly onCall?: ((record: CallRecord) => void) | undefined;
}

/** How long a turn at the pacer may be kept before the call leaves. What the slots leave free of a minute covers it. */
const turnMs = 250;

export function makeSend(options: SendOptions): Send {
  const { exchange, pacer, clock, timeoutMs, signal, onCall } = options;
  const withBearer = bearing();

  function fail(
    call: Call,
    paced: PacedCall,
    sentAt: number,
    said: Outcome,
    proof: string | readonly string[],
  ): ApiError {
    const { service, route, actor, isWrite } = call;
    const { status, headers, network } = said;
    // Field by field, here and where a verdict is made: an object spread from answers of several shapes takes 0.27 us, twelve times as long.
    const proofs = typeof proof === "string" ? [proof] : proof;
    const body = proofs.reduce(concealed, said.body ?? "");
    const verdict = classify({ service, isWrite, status, headers, body, network }, clock.now());
    tellPacer(pacer, paced, sentAt, status, verdict);
    record(call, sentAt, status, verdict.failure);
    const { message, disposition, failure, retryAfterMs, quotaPerMinute } = verdict;
    const told = { disposition, failure, retryAfterMs, quotaPerMinute, status, call: { route, actor }, cause: network };
    return new ApiError(message, told);
  }

  function record(call: Call, sentAt: number, status: number | undefined, failure: FailureClass | undefined): void {
    if (onCall === undefined) return;
    const { service, route, actor, isWrite } = call;
    onCall({ service, route, actor, isWrite, status, ms: clock.monotonic() - sentAt, failure });
  }

  return async (call, read, bearer) => {
    const paced: PacedCall = { service: call.service, kind: call.isWrite ? "write" : "read", actor: call.actor };
    await pacer.take(paced, signal);
    if (call.beforeSend !== undefined) {
      const passedAt = clock.monotonic();
      await call.beforeSend();
      // A call that is prepared slowly loses its turn: others have been sent meanwhile, or Google has asked to wait.
      if (clock.monotonic() - passedAt > turnMs || pacer.isHeldBack(paced)) await pacer.take(paced, signal);
    }
    const sentAt = clock.monotonic();
    const body = typeof call.body === "function" ? call.body() : call.body;
    const proof = bearer ?? proofsIn(call, body);
    let response: ExchangeResponse;
    try {
      response = await exchange({
        method: call.method,
        url: call.url,
        headers: bearer === undefined ? call.headers : withBearer(call.headers, bearer),
        body,
        timeoutMs,
      });
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      throw fail(call, paced, sentAt, { network: error }, proof);
    }
    if (response.status < 200 || response.status >= 300) throw fail(call, paced, sentAt, response, proof);
    try {
      const answer = read(response.body);
      pacer.succeeded(paced, sentAt);
      record(call, sentAt, response.status, undefined);
      return answer;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      throw fail(call, paced, sentAt, response, proof);
    }
  };
}

type Headers = Call["headers"];

/** Users whose headers are kept; each has one token at a time. */
const bearersMax = 1024;

/**
 * Puts a token into headers, once for each: made for every call, they and the text in them are a kilobyte that lives until
 * the answer comes.
 */
function bearing(): (headers: Headers, bearer: string) => Headers {
  const made = new Map<string, { readonly without: Headers; readonly all: Headers }>();
  return (headers, bearer) => {
    const last = made.get(bearer);
    if (last?.without === headers) return last.all;
    if (made.size >= bearersMax) made.clear();
    const all = { ...headers, authorization: `Bearer ${bearer}` };
    made.set(bearer, { without: headers, all });
    return all;
  };
}

/** Fields of a form that prove something, or turn into what does. */
const secretFields: readonly string[] = [
  "assertion",
  "client_secret",
  "code",
  "code_verifier",
  "refresh_token",
  "subject_token",
  "token",
];

/** What a request for a token proves itself with; of what is signed, the signature alone too, which makes it a proof. */
function proofsIn(call: Call, body: string | undefined): readonly string[] {
  if (call.service !== "token") return [];
  const form = new URLSearchParams(body);
  const secrets = secretFields.map((field) => form.get(field) ?? "");
  // Another cloud's address for a workload's token may ask for proof of its own.
  const headers = call.route === "credential-source" ? Object.values(call.headers) : [];
  return [...secrets, ...headers].flatMap((secret) => [
    secret,
    secret.split(".")[2] ?? "",
    secret.replace(/^\S+\s+/, ""),
  ]);
}

type Outcome = Pick<Unsuccessful, "status" | "headers" | "body" | "network">;

function tellPacer(
  pacer: SendOptions["pacer"],
  paced: PacedCall,
  sentAt: number,
  status: number | undefined,
  { disposition, retryAfterMs, quotaPerMinute, quotaOf }: Verdict,
): void {
  if (disposition === "throttle") pacer.throttled(paced, { sentAt, retryAfterMs, quotaPerMinute, quotaOf });
  else if (retryAfterMs !== undefined) pacer.heldBack(paced, retryAfterMs);
  else if (status !== undefined && status < 500) pacer.succeeded(paced, sentAt);
}

/** What JSON and the readers throw of an answer's own fault; anything else is a fault of ours. */
function isUnreadable(error: unknown): boolean {
  return error instanceof SyntaxError || error instanceof ShapeError || error instanceof z.ZodError;
}
