/** Delegation without a key: the caller's own credentials have Google sign for a service account (api.md 4.2). */
import { z } from "zod";
import type { Clock } from "../model/clock.ts";
import type { Email } from "../model/email.ts";
import { ApiError } from "../model/errors.ts";
import { CachedTokens } from "./auth.ts";
import type { AskToken, TokenSource } from "./auth.ts";
import { askForAssertion, claimsFor, tokenForm } from "./delegation.ts";
import type { Claims } from "./delegation.ts";
import { iamOrigin } from "./route.ts";
import type { Scopes } from "./scopes.ts";
import type { Send } from "./send.ts";

/** What having something signed asks for: the narrower of the two scopes Google documents for it. */
const signingScope: Scopes = "https://www.googleapis.com/auth/iam";

export interface KeylessOptions {
  /** The account to sign as. */
  readonly serviceAccount: Email;
  /** Tokens of the credentials that may have it sign; asked for as the service account, whoever they are. */
  readonly source: AskToken;
  readonly clock: Clock;
}

export function askKeyless(options: KeylessOptions, send: Send): AskToken {
  const { serviceAccount, clock } = options;
  const sources = new CachedTokens(clock, options.source);
  return async (actor, scopes) => {
    let assertion = "";
    return askForAssertion(send, clock, actor, {
      // Signed when its turn has come: an assertion that waited at the pacer could be out of date.
      beforeSend: async () => {
        assertion = await signedBy(serviceAccount, sources, send, () =>
          claimsFor(serviceAccount, actor, scopes, clock.now()),
        );
      },
      body: () => tokenForm(assertion),
    });
  };
}

const answer = z.object({ signedJwt: z.string().min(1) });

/** A source token that was rejected is asked for anew, once. */
async function signedBy(account: Email, sources: TokenSource, send: Send, claims: () => Claims): Promise<string> {
  const attempt = (token: string): Promise<string> =>
    send(
      {
        service: "iam",
        route: "serviceAccounts.signJwt",
        isWrite: false,
        actor: account,
        method: "POST",
        url: accountUrl(account, "signJwt"),
        headers: { "content-type": "application/json", accept: "application/json" },
        body: () => JSON.stringify({ payload: JSON.stringify(claims()) }),
      },
      (text) => answer.parse(JSON.parse(text)).signedJwt,
      token,
    );
  const token = await sources.token(account, signingScope);
  try {
    return await attempt(token);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    sources.drop(account, signingScope, token);
  }
  return attempt(await sources.token(account, signingScope));
}

/** A method of the IAM Credentials API on a service account. */
export function accountUrl(account: Email, method: "signJwt" | "generateAccessToken"): string {
  return `${iamOrigin}/v1/projects/-/serviceAccounts/${encodeURIComponent(account)}:${method}`;
}
