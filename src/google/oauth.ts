/** Signing in as a person to an organisation's own OAuth client: its file, the two halves of the sign-in, renewing, ending it. */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../model/clock.ts";
import { emailOrUndefined } from "../model/email.ts";
import type { Email } from "../model/email.ts";
import { ApiError, UsageError } from "../model/errors.ts";
import type { FailureClass, SignInFailure } from "../model/errors.ts";
import type { AskToken } from "./auth.ts";
import { tokenCall, tokenUrl } from "./delegation.ts";
import { tokenOrigin } from "./route.ts";
import type { Scopes } from "./scopes.ts";
import { ShapeError } from "./send.ts";
import type { Call, Send } from "./send.ts";
import { askByForm } from "./source-token.ts";

export interface OAuthClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** What a person agreed to, as long as it lasts. */
export interface SignIn {
  readonly email: Email;
  readonly refreshToken: string;
  /** One by one, as Google named what was granted. */
  readonly scopes: readonly string[];
}

/** Asked for besides what the work needs: who it is that signed in. */
export const identityScopes: readonly string[] = ["openid", "https://www.googleapis.com/auth/userinfo.email"];

export const authorizationOrigin = "https://accounts.google.com";

const clientFields = z.object({ client_id: z.string().min(1), client_secret: z.string().min(1) });
const clientFile = z.object({ installed: clientFields });

const makeClient =
  'create an OAuth client of type "Desktop app" in the Google Cloud console (APIs & Services > Credentials) and download its JSON file';

/** Reads the text of a client's file. Throws `UsageError`, which never holds any of it. */
export function parseOAuthClient(text: string): OAuthClient {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new UsageError("the OAuth client file is not JSON", makeClient);
  }
  const file = clientFile.safeParse(parsed);
  if (!file.success) throw new UsageError(wrongClient(parsed), makeClient);
  const { client_id: clientId, client_secret: clientSecret } = file.data.installed;
  return { clientId, clientSecret };
}

function wrongClient(parsed: unknown): string {
  if (typeof parsed === "object" && parsed !== null) {
    if ("web" in parsed) return "the OAuth client is of type web, which cannot answer to this machine";
    if ("type" in parsed && parsed.type === "service_account") {
      return "the file is a service account's key, not an OAuth client";
    }
  }
  return "the file lacks parts of an OAuth client (installed.client_id, installed.client_secret)";
}

/** The half that a browser carries. `verifier` stays here; the address holds only what it is recognised by. */
export function authorizationUrl(
  client: OAuthClient,
  asked: {
    readonly origin: string;
    readonly redirect: string;
    readonly scopes: readonly string[];
    readonly state: string;
    readonly verifier: string;
    readonly person: Email | undefined;
  },
): string {
  const query = new URLSearchParams({
    client_id: client.clientId,
    redirect_uri: asked.redirect,
    response_type: "code",
    scope: asked.scopes.join(" "),
    code_challenge: createHash("sha256").update(asked.verifier).digest("base64url"),
    code_challenge_method: "S256",
    state: asked.state,
    access_type: "offline",
    ...(asked.person === undefined ? {} : { login_hint: asked.person }),
  });
  return `${asked.origin}/o/oauth2/v2/auth?${query.toString()}`;
}

const signInAnswer = z.object({
  refresh_token: z.string().min(1).optional(),
  scope: z.string(),
  id_token: z.string().min(1),
});

/** Nobody is known yet to whom the call could be accounted. */
const nobody = "sign-in" as Email;

/** The half that goes past the browser: a code that came back becomes a lasting sign-in. Throws `ApiError`. */
export async function exchangeCode(
  send: Send,
  client: OAuthClient,
  came: { readonly code: string; readonly verifier: string; readonly redirect: string },
): Promise<SignIn> {
  const form = new URLSearchParams({
    grant_type: "authorization_code",
    client_id: client.clientId,
    client_secret: client.clientSecret,
    code: came.code,
    code_verifier: came.verifier,
    redirect_uri: came.redirect,
  });
  const call: Call = { ...tokenCall(nobody), route: "sign-in", url: tokenUrl, body: form.toString() };
  const answer = await send(call, (text) => {
    const fields = signInAnswer.parse(JSON.parse(text));
    const email = emailIn(fields.id_token);
    if (email === undefined) throw new ShapeError("the answer does not say who signed in");
    return { refreshToken: fields.refresh_token, email, scopes: fields.scope.split(" ").filter(Boolean) };
  }).catch((error: unknown) => {
    throw clientError(error, "sign-in-refused");
  });
  const { refreshToken, ...rest } = answer;
  if (refreshToken !== undefined) return { ...rest, refreshToken };
  throw new ApiError("Google gave no refresh token, as it does when it gave one before", {
    disposition: "halt-run",
    failure: "no-refresh-token",
    call: { route: "sign-in", actor: rest.email },
  });
}

/** Of Google's own statement, which came straight from Google: there is no need to check its signature. */
function emailIn(idToken: string): Email | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(idToken.split(".")[1] ?? "", "base64url").toString("utf8"));
    const said = z.object({ email: z.string(), email_verified: z.literal(true) }).safeParse(claims);
    return said.success ? emailOrUndefined(said.data.email) : undefined;
  } catch {
    return undefined;
  }
}

/** Tokens of whoever signed in. They hold all that was agreed to, whichever scopes are asked for. */
export function askSignedIn(client: OAuthClient, signIn: SignIn, clock: Clock, send: Send): AskToken {
  return async (actor, scopes) => {
    const missing = missingScopes(signIn.scopes, scopes.split(" "));
    if (missing.length > 0) {
      throw new ApiError(
        `the sign-in of ${signIn.email} does not hold ${missing.join(" ")} (handover auth login --write)`,
        {
          disposition: "halt-run",
          failure: "sign-in-scopes",
          call: { route: "token", actor },
        },
      );
    }
    return askByForm(send, clock, actor, "token", {
      grant_type: "refresh_token",
      client_id: client.clientId,
      client_secret: client.clientSecret,
      refresh_token: signIn.refreshToken,
    }).catch((error: unknown) => {
      throw clientError(error, "sign-in-ended");
    });
  };
}

/** Scopes wanted and not held. One that writes covers its own `.readonly`. */
export function missingScopes(held: readonly string[], wanted: readonly Scopes[]): readonly string[] {
  return wanted.filter((scope) => !held.includes(scope) && !held.includes(scope.replace(/\.readonly$/, "")));
}

/** Ends a sign-in at Google. `already` when Google does not know it any more. */
export async function revoke(send: Send, signIn: SignIn): Promise<"revoked" | "already"> {
  const call: Call = {
    ...tokenCall(signIn.email),
    route: "revoke",
    url: `${tokenOrigin}/revoke`,
    body: new URLSearchParams({ token: signIn.refreshToken }).toString(),
  };
  try {
    await send(call, () => undefined);
    return "revoked";
  } catch (error) {
    if (error instanceof ApiError && error.failure === "token-unknown") return "already";
    throw error;
  }
}

/** Refusals that mean something else for a person and an OAuth client than for a service account. */
const ofClient: ReadonlyMap<FailureClass, SignInFailure> = new Map([
  ["invalid-client", "oauth-client"],
  ["unauthorized-client", "oauth-client"],
  ["bad-assertion", "oauth-client"],
  ["invalid-scope", "oauth-scopes"],
]);
const ofPerson: ReadonlySet<FailureClass> = new Set(["token-refused", "reauthentication", "access-denied"]);

/** What is wrong with the only person there is ends the run. */
function clientError(error: unknown, lost: SignInFailure): unknown {
  if (!(error instanceof ApiError) || error.disposition === "retry" || error.disposition === "throttle") return error;
  const failure = ofPerson.has(error.failure) ? lost : (ofClient.get(error.failure) ?? error.failure);
  const { status, retryAfterMs, call } = error;
  const disposition = "halt-run" as const;
  return new ApiError(error.message, { disposition, failure, status, retryAfterMs, call, cause: error });
}
