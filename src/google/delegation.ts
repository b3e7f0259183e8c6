/**
 * Domain-wide delegation: a signed statement that a service account wants to act as a user becomes a token (api.md 4.1).
 *
 * The statement is signed here instead of by google-auth-library: that client goes on serving a token after a 401,
 * repeats token requests outside the pacer, ignores the endpoint in the key, and signs from PEM text (api.md 4.3).
 */
import { sign } from "node:crypto";
import type { Clock } from "../model/clock.ts";
import type { Email } from "../model/email.ts";
import { readTokenAnswer } from "./auth.ts";
import type { AskToken, GivenToken } from "./auth.ts";
import type { ServiceAccountKey } from "./key.ts";
import { tokenOrigin } from "./route.ts";
import type { Scopes } from "./scopes.ts";
import type { Call, Send } from "./send.ts";

export const tokenUrl: string = `${tokenOrigin}/token`;
const lifetimeMs = 3_600_000;

/** What is signed. Without `sub` the account speaks for itself. */
export interface Claims {
  readonly iss: Email;
  readonly sub?: Email;
  readonly scope: Scopes;
  readonly aud: string;
  /** Seconds since 1970. */
  readonly iat: number;
  readonly exp: number;
}

export function claimsFor(issuer: Email, subject: Email | undefined, scopes: Scopes, wallMs: number): Claims {
  const iat = Math.floor(wallMs / 1000);
  return {
    iss: issuer,
    ...(subject === undefined || subject === issuer ? {} : { sub: subject }),
    scope: scopes,
    aud: tokenUrl,
    iat,
    exp: iat + lifetimeMs / 1000,
  };
}

/** Tokens signed for with a service account's own key; acting as itself, it needs nobody's delegation. */
export function askWithKey(key: ServiceAccountKey, clock: Clock, send: Send): AskToken {
  return (actor, scopes) =>
    // Signed when its turn has come: an assertion that waited at the pacer could be out of date.
    askForAssertion(send, clock, actor, {
      body: () => tokenForm(signed(key, claimsFor(key.email, actor, scopes, clock.now()))),
    });
}

/** One request of the token endpoint. */
export async function askForAssertion(
  send: Send,
  clock: Clock,
  actor: Email,
  sending: { readonly body: () => string; readonly beforeSend?: () => Promise<void> },
): Promise<GivenToken> {
  let askedAt = 0;
  const call: Call = {
    ...tokenCall(actor),
    beforeSend: sending.beforeSend,
    body: () => {
      askedAt = clock.monotonic();
      return sending.body();
    },
  };
  return send(call, (text) => readTokenAnswer(text, askedAt));
}

/** A form-encoded POST to the token endpoint, but for its body. */
export function tokenCall(actor: Email): Omit<Call, "body"> {
  return {
    service: "token",
    route: "token",
    isWrite: false,
    actor,
    method: "POST",
    url: tokenUrl,
    headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
  };
}

export function tokenForm(assertion: string): string {
  return new URLSearchParams({ grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion }).toString();
}

export function signed(key: ServiceAccountKey, claims: Claims): string {
  const header = { alg: "RS256", typ: "JWT", ...(key.keyId === undefined ? {} : { kid: key.keyId }) };
  const said = `${base64url(header)}.${base64url(claims)}`;
  return `${said}.${sign("RSA-SHA256", Buffer.from(said), key.privateKey).toString("base64url")}`;
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
