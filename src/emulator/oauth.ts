/** People who sign in: the page that asks them, codes for refresh tokens, refresh tokens for access tokens, and their end (api.md 4). */
import { createHash } from "node:crypto";
import type { Random } from "../model/clock.ts";
import type { EmulatorReply } from "./exchange.ts";
import { htmlHeaders } from "./exchange.ts";
import { opaqueText } from "./random.ts";
import { tokenRefusal } from "./token.ts";
import type { TokenContext, TokenService } from "./token.ts";

/** A client of type "Desktop app". */
export interface RegisteredClient {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly projectId: string;
}

interface Code {
  readonly clientId: string;
  readonly redirect: string;
  readonly challenge: string | undefined;
  readonly method: string;
  readonly email: string;
  readonly scopes: readonly string[];
  readonly expiresAt: number;
}

interface Refresh {
  readonly clientId: string;
  readonly email: string;
  readonly scopes: readonly string[];
  /** Access tokens made of it, which end with it. */
  readonly made: string[];
}

const codeLifetimeMs = 600_000;
const lifetimeS = 3600;
/** Whose consent is never asked for: they tell only who signed in. */
const identityScope = /^(?:openid|email|profile|https:\/\/www\.googleapis\.com\/auth\/userinfo\.(?:email|profile))$/;

export class OAuthService {
  readonly #random: Random;
  readonly #tokens: TokenService;
  readonly #clients = new Map<string, RegisteredClient>();
  readonly #codes = new Map<string, Code>();
  readonly #refreshes = new Map<string, Refresh>();

  constructor(random: Random, tokens: TokenService) {
    this.#random = random;
    this.#tokens = tokens;
  }

  register(client: RegisteredClient): void {
    this.#clients.set(client.clientId, client);
  }

  /** A refresh token without a sign-in, such as gcloud leaves behind. */
  grant(clientId: string, email: string, scopes: readonly string[]): string {
    const refresh = `1//0${opaqueText(this.#random, 60)}`;
    this.#refreshes.set(refresh, { clientId, email, scopes, made: [] });
    return refresh;
  }

  /** What a browser is shown: a page that says no or asks for consent, or the way back with a code. */
  authorize(query: URLSearchParams, context: TokenContext): EmulatorReply {
    const client = this.#clients.get(query.get("client_id") ?? "");
    if (client === undefined) return page(401, "Error 401: invalid_client", "The OAuth client was not found.");
    const redirect = query.get("redirect_uri") ?? "";
    if (!isLoopback(redirect)) {
      return page(400, "Error 400: redirect_uri_mismatch", "The redirect URI does not match those of the client.");
    }
    const scopes = (query.get("scope") ?? "").split(" ").filter(Boolean);
    const method = query.get("code_challenge_method") ?? "plain";
    if (query.get("response_type") !== "code" || scopes.length === 0 || !/^(?:S256|plain)$/.test(method)) {
      return page(400, "Error 400: invalid_request", "Required parameter is missing or has an invalid value.");
    }
    const person = context.directory.person(query.get("login_hint") ?? "") ?? firstAdmin(context);
    if (person === undefined || person.suspended || person.archived) {
      return page(400, "Couldn't sign you in", "The account is suspended or does not exist.");
    }
    const back = (fields: Readonly<Record<string, string>>): EmulatorReply => goBack(redirect, query, fields);
    const answer = query.get("consent");
    if (answer === "deny") return back({ error: "access_denied" });
    const needsConsent = !this.#tokens.isDelegated(
      client.clientId,
      scopes.filter((scope) => !identityScope.test(scope)),
    );
    if (needsConsent && answer !== "allow") {
      if (context.switches.oauthConsent === "access_denied") return back({ error: "access_denied" });
      if (context.switches.oauthConsent === "ask") return consentPage(query);
      return page(400, "Error 400: invalid_scope", "Some requested scopes cannot be shown, or are not authorised.");
    }
    const code = `4/0${opaqueText(this.#random, 50)}`;
    const challenge = query.get("code_challenge") ?? undefined;
    const expiresAt = context.now + codeLifetimeMs;
    const { email } = person;
    this.#codes.set(code, { clientId: client.clientId, redirect, challenge, method, email, scopes, expiresAt });
    return back({ code, scope: scopes.join(" ") });
  }

  /** The grant types of people; undefined for any other. Throws `Refusal`. */
  exchange(form: URLSearchParams, context: TokenContext): object | undefined {
    switch (form.get("grant_type")) {
      case "authorization_code":
        return this.#byCode(form, context);
      case "refresh_token":
        return this.#byRefresh(form, context);
      default:
        return undefined;
    }
  }

  /** Ends a refresh token, or an access token alone. Throws `Refusal` for one that is not known any more. */
  revoke(form: URLSearchParams): object {
    const token = form.get("token") ?? "";
    const refresh = this.#refreshes.get(token);
    if (refresh === undefined && !this.#tokens.forget(token)) {
      throw tokenRefusal(400, "invalid_token", "Token expired or revoked");
    }
    for (const made of refresh?.made ?? []) this.#tokens.forget(made);
    this.#refreshes.delete(token);
    return {};
  }

  #byCode(form: URLSearchParams, context: TokenContext): object {
    const client = this.#knownClient(form);
    const text = form.get("code") ?? "";
    const code = this.#codes.get(text);
    // A code is good for one attempt, whatever comes of it.
    this.#codes.delete(text);
    if (code === undefined || code.clientId !== client.clientId || code.expiresAt <= context.now) {
      throw tokenRefusal(400, "invalid_grant", "Malformed auth code.");
    }
    if (form.get("redirect_uri") !== code.redirect) throw tokenRefusal(400, "redirect_uri_mismatch", "Bad Request");
    if (code.challenge !== undefined) {
      const verifier = form.get("code_verifier");
      if (verifier === null) throw tokenRefusal(400, "invalid_grant", "Missing code verifier.");
      const made = code.method === "S256" ? createHash("sha256").update(verifier).digest("base64url") : verifier;
      if (made !== code.challenge) throw tokenRefusal(400, "invalid_grant", "Invalid code verifier.");
    }
    const refresh = this.grant(client.clientId, code.email, code.scopes);
    return { ...this.#access(refresh, client, context), refresh_token: refresh };
  }

  #byRefresh(form: URLSearchParams, context: TokenContext): object {
    const client = this.#knownClient(form);
    const text = form.get("refresh_token") ?? "";
    const refresh = this.#refreshes.get(text);
    if (refresh === undefined) throw tokenRefusal(400, "invalid_grant", "Token has been expired or revoked.");
    if (refresh.clientId !== client.clientId) throw tokenRefusal(401, "unauthorized_client", "Unauthorized");
    const person = context.directory.person(refresh.email);
    if (person === undefined) throw tokenRefusal(400, "invalid_grant", "The account has been deleted");
    if (person.suspended || person.archived) throw tokenRefusal(400, "invalid_grant", "Bad Request");
    return this.#access(text, client, context);
  }

  #access(text: string, client: RegisteredClient, context: TokenContext): object {
    const refresh = this.#refreshes.get(text);
    if (refresh === undefined) throw new Error("a refresh token is gone while it is used");
    const { clientId, projectId } = client;
    const { email, scopes } = refresh;
    const token = this.#tokens.issue(
      { subject: email, scopes: new Set(scopes), clientId, projectId, serviceAccount: false },
      context.now,
    );
    refresh.made.push(token);
    const identity = scopes.includes("openid") ? { id_token: this.#idToken(clientId, email, context.now) } : {};
    return {
      access_token: token,
      expires_in: lifetimeS - 1,
      scope: scopes.join(" "),
      token_type: "Bearer",
      ...identity,
    };
  }

  /** Not signed by anybody: nobody checks a statement that came straight from where it was asked for. */
  #idToken(clientId: string, email: string, now: number): string {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const iat = Math.floor(now / 1000);
    const claims = { iss: "https://accounts.google.com", aud: clientId, email, email_verified: true };
    const said = `${part({ alg: "RS256", typ: "JWT" })}.${part({ ...claims, iat, exp: iat + lifetimeS })}`;
    return `${said}.${opaqueText(this.#random, 40)}`;
  }

  #knownClient(form: URLSearchParams): RegisteredClient {
    const client = this.#clients.get(form.get("client_id") ?? "");
    if (client === undefined) throw tokenRefusal(401, "invalid_client", "The OAuth client was not found.");
    if (client.clientSecret !== form.get("client_secret")) throw tokenRefusal(401, "invalid_client", "Unauthorized");
    return client;
  }
}

function firstAdmin({ directory }: TokenContext): ReturnType<TokenContext["directory"]["person"]> {
  for (const person of directory.people.values()) {
    if (person.isAdmin && person.deletedAt === undefined && !person.suspended) return person;
  }
  return undefined;
}

function isLoopback(redirect: string): boolean {
  return URL.canParse(redirect) && /^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\]):\d+(?:\/|$)/.test(redirect);
}

function goBack(redirect: string, query: URLSearchParams, fields: Readonly<Record<string, string>>): EmulatorReply {
  const url = new URL(redirect);
  const state = query.get("state");
  if (state !== null) url.searchParams.set("state", state);
  for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value);
  return { status: 302, headers: { ...htmlHeaders, location: url.href }, body: "" };
}

function page(status: number, title: string, words: string): EmulatorReply {
  const body = `<!DOCTYPE html>\n<html lang=en>\n<title>${title}</title>\n<h1>Access blocked: ${title}</h1>\n<p>${words}\n`;
  return { status, headers: htmlHeaders, body };
}

function consentPage(query: URLSearchParams): EmulatorReply {
  const link = (answer: string): string => {
    const next = new URLSearchParams(query);
    next.set("consent", answer);
    return `?${next.toString()}`.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  };
  const body = `<!DOCTYPE html>\n<html lang=en>\n<title>Sign in</title>\n<p>This app wants access.\n<p><a href="${link("allow")}">Allow</a> <a href="${link("deny")}">Cancel</a>\n`;
  return { status: 200, headers: htmlHeaders, body };
}
