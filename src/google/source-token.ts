/** Tokens of source credentials: a person's, a machine's or a workload's own, before any account signs for them. */
import { z } from "zod";
import type { Clock } from "../model/clock.ts";
import type { Email } from "../model/email.ts";
import { ApiError } from "../model/errors.ts";
import { readTokenAnswer } from "./auth.ts";
import type { AskToken, GivenToken } from "./auth.ts";
import { askForAssertion, claimsFor, signed, tokenCall, tokenForm } from "./delegation.ts";
import { accountUrl } from "./keyless.ts";
import { stsOrigin } from "./route.ts";
import type { Scopes } from "./scopes.ts";
import type { Call, Send } from "./send.ts";
import { ShapeError } from "./send.ts";
import type { SourceCredentials, Subject } from "./source-credentials.ts";

export interface SourceOptions {
  readonly credentials: SourceCredentials;
  readonly clock: Clock;
  /** The text of a file, or what a command prints, that holds a workload's own token. Throws `ApiError`. */
  readonly readSubject: (subject: Exclude<Subject, { readonly kind: "url" }>, actor: Email) => Promise<string>;
}

/** What Google's own clients ask of the exchange of a workload's token, and of an account that is then impersonated. */
const cloudScope: Scopes = "https://www.googleapis.com/auth/cloud-platform";

const failuresKept: ReadonlySet<string> = new Set([
  "clock-skew",
  "iam-disabled",
  "no-credentials",
  "not-google",
  "untrusted-server",
]);

/** `actor` of what is asked for is only what the calls are accounted to. */
export function askSource(options: SourceOptions, send: Send): AskToken {
  let hasAnswered = false;
  return async (actor, scopes) => {
    try {
      const given = await tokenOf(options, options.credentials, send, actor, scopes);
      hasAnswered = true;
      return given;
    } catch (error) {
      // A metadata server that was there does not go away: it is only not to be reached for a moment.
      if (error instanceof ApiError && error.failure === "no-credentials" && hasAnswered) throw error.cause;
      throw isFinal(error) ? sourceError(error) : error;
    }
  };
}

function isFinal(error: unknown): error is ApiError {
  return error instanceof ApiError && error.disposition !== "retry" && error.disposition !== "throttle";
}

/** Whoever the source is, they are the same for every user: nobody can be acted as without them. */
function sourceError(error: ApiError): ApiError {
  const failure = failuresKept.has(error.failure) ? error.failure : "source-credentials";
  const { status, retryAfterMs, call } = error;
  const disposition = "halt-run" as const;
  return new ApiError(error.message, { disposition, failure, status, retryAfterMs, call, cause: error });
}

function tokenOf(
  options: SourceOptions,
  credentials: SourceCredentials,
  send: Send,
  actor: Email,
  scopes: Scopes,
): Promise<GivenToken> {
  const { clock } = options;
  switch (credentials.kind) {
    case "person":
      // Without a scope, so that the token has what the person once agreed to.
      return askByForm(send, clock, actor, "credentials", {
        grant_type: "refresh_token",
        client_id: credentials.clientId,
        client_secret: credentials.clientSecret,
        refresh_token: credentials.refreshToken,
      });
    case "key": {
      const { key } = credentials;
      return askForAssertion(send, clock, key.email, {
        body: () => tokenForm(signed(key, claimsFor(key.email, undefined, scopes, clock.now()))),
      });
    }
    case "machine":
      return askMachine(send, clock, actor, credentials.origin);
    case "workload":
      return askWorkload(options, credentials, send, actor);
    case "impersonated":
      return impersonate(options, credentials, send, actor, scopes);
  }
}

/** One form-encoded request for a token. */
export async function askByForm(
  send: Send,
  clock: Clock,
  actor: Email,
  route: string,
  fields: Readonly<Record<string, string>>,
  url?: string,
): Promise<GivenToken> {
  let askedAt = 0;
  const call: Call = {
    ...tokenCall(actor),
    route,
    ...(url === undefined ? {} : { url }),
    body: () => {
      askedAt = clock.monotonic();
      return new URLSearchParams(fields).toString();
    },
  };
  return send(call, (text) => readTokenAnswer(text, askedAt));
}

/** The metadata server of Google's own machines. That there is none means that this is no such machine. */
async function askMachine(send: Send, clock: Clock, actor: Email, origin: string): Promise<GivenToken> {
  const askedAt = clock.monotonic();
  const call: Call = {
    ...tokenCall(actor),
    route: "metadata",
    method: "GET",
    url: `${origin}/computeMetadata/v1/instance/service-accounts/default/token`,
    headers: { "metadata-flavor": "Google", accept: "application/json" },
  };
  try {
    return await send(call, (text) => readTokenAnswer(text, askedAt));
  } catch (error) {
    if (!(error instanceof ApiError) || error.failure !== "unreachable") throw error;
    throw new ApiError("there are no Application Default Credentials: no file of them, and no metadata server", {
      disposition: "halt-run",
      failure: "no-credentials",
      call: { route: "credentials", actor },
      cause: error,
    });
  }
}

type Workload = Extract<SourceCredentials, { readonly kind: "workload" }>;

async function askWorkload(options: SourceOptions, workload: Workload, send: Send, actor: Email): Promise<GivenToken> {
  const { subject } = workload;
  const text = subject.kind === "url" ? await fetched(send, actor, subject) : await options.readSubject(subject, actor);
  return askByForm(
    send,
    options.clock,
    actor,
    "sts.token",
    {
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      audience: workload.audience,
      scope: cloudScope,
      requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
      subject_token_type: workload.tokenType,
      subject_token: tokenIn(text, subject.field, actor),
    },
    `${stsOrigin}/v1/token`,
  );
}

function fetched(send: Send, actor: Email, subject: Extract<Subject, { readonly kind: "url" }>): Promise<string> {
  const { url, headers } = subject;
  const call: Call = { ...tokenCall(actor), route: "credential-source", method: "GET", url, headers };
  return send(call, (text) => {
    if (text.trim() === "") throw new ShapeError("no token");
    return text;
  });
}

/** The token in the text of a file or an answer. */
function tokenIn(text: string, field: string | undefined, actor: Email): string {
  const token = field === undefined ? text.trim() : fieldOf(text, field);
  if (token !== undefined && token !== "") return token;
  throw new ApiError("the workload's own token is missing from where credential_source says it is", {
    disposition: "halt-run",
    failure: "source-credentials",
    call: { route: "credential-source", actor },
  });
}

function fieldOf(text: string, field: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null || !Object.hasOwn(parsed, field)) return undefined;
    const value: unknown = Reflect.get(parsed, field);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

const impersonation = z.object({ accessToken: z.string().min(1), expireTime: z.iso.datetime({ offset: true }) });

async function impersonate(
  options: SourceOptions,
  { source, account, delegates }: Extract<SourceCredentials, { readonly kind: "impersonated" }>,
  send: Send,
  actor: Email,
  scopes: Scopes,
): Promise<GivenToken> {
  const { token } = await tokenOf(options, source, send, actor, cloudScope);
  const { clock } = options;
  const askedAt = clock.monotonic();
  const call: Call = {
    service: "iam",
    route: "serviceAccounts.generateAccessToken",
    isWrite: false,
    actor: account,
    method: "POST",
    url: accountUrl(account, "generateAccessToken"),
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({ scope: scopes.split(" "), ...(delegates.length === 0 ? {} : { delegates }) }),
  };
  return send(
    call,
    (text) => {
      const { accessToken, expireTime } = impersonation.parse(JSON.parse(text));
      const lifetimeMs = Math.max(0, Date.parse(expireTime) - clock.now());
      return { token: accessToken, lifetimeMs, askedAt };
    },
    token,
  );
}
