/** The token endpoint: who gets an access token, for which user and scopes, and what every refusal says (api.md 4.1). */
import { createPublicKey, sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { Random } from "../model/clock.ts";
import type { DirectoryState } from "./directory-state.ts";
import { opaqueText } from "./random.ts";
import { Refusal } from "./refusal.ts";
import type { Switches } from "./switches.ts";

/** A service account whose key the emulator accepts. */
export interface ServiceAccount {
  readonly clientEmail: string;
  readonly clientId: string;
  readonly projectId: string;
  readonly keyId: string;
  readonly publicKey: string | KeyObject;
  /** Needed only for signJwt, where Google holds the key. */
  readonly privateKey?: KeyObject;
}

/** What an access token stands for. */
export interface Grant {
  readonly subject: string;
  readonly scopes: ReadonlySet<string>;
  readonly clientId: string;
  readonly projectId: string;
  readonly serviceAccount: boolean;
  readonly expiresAt: number;
}

export type TokenState =
  | { readonly kind: "valid"; readonly grant: Grant }
  | { readonly kind: "expired"; readonly grant: Grant | undefined }
  | { readonly kind: "unknown" };

/** What a token request is judged by. */
export interface TokenContext {
  /** Emulator time, ms. */
  readonly now: number;
  readonly switches: Switches;
  readonly directory: DirectoryState;
}

const audience = "https://oauth2.googleapis.com/token";
const grantType = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const lifetimeS = 3600;
/** How far a client's clock may be ahead, or a claim's end behind. */
const skewS = 300;
const tokensMax = 200_000;

interface Claims {
  readonly iss: string;
  readonly sub: string | undefined;
  readonly scope: string;
  readonly aud: unknown;
  readonly iat: number;
  readonly exp: number;
}

export class TokenService {
  readonly #random: Random;
  readonly #accounts = new Map<string, { readonly account: ServiceAccount; key: KeyObject | undefined }>();
  readonly #delegation = new Map<string, ReadonlySet<string>>();
  readonly #tokens = new Map<string, Grant>();
  #delegationRevoked = false;

  constructor(random: Random) {
    this.#random = random;
  }

  register(account: ServiceAccount): void {
    this.#accounts.set(account.clientEmail, { account, key: undefined });
  }

  /** Authorises a client id for scopes, as the admin console's domain-wide delegation table does. */
  delegate(clientId: string, scopes: Iterable<string>): void {
    this.#delegation.set(clientId, new Set(scopes));
  }

  get delegationRevoked(): boolean {
    return this.#delegationRevoked;
  }

  set delegationRevoked(revoked: boolean) {
    this.#delegationRevoked = revoked;
  }

  /** Whether the table of domain-wide delegation has all of these scopes for a client. */
  isDelegated(clientId: string, scopes: readonly string[]): boolean {
    const allowed = this.#delegation.get(clientId);
    return !this.#delegationRevoked && scopes.every((scope) => allowed?.has(scope) === true);
  }

  /** Throws `Refusal` for an account that does not exist. */
  accountOf(clientEmail: string): ServiceAccount {
    const entry = this.#accounts.get(clientEmail);
    if (entry !== undefined) return entry.account;
    throw new Refusal({ code: 404, status: "NOT_FOUND", message: "Requested entity was not found." });
  }

  /** Makes every token issued so far expired. */
  expireAll(): void {
    for (const [token, grant] of this.#tokens) this.#tokens.set(token, { ...grant, expiresAt: 0 });
  }

  /** The form-encoded token request; answers the JSON to send, throws `Refusal`. */
  exchange(form: string, context: TokenContext): object {
    const fields = new URLSearchParams(form);
    const kind = fields.get("grant_type");
    if (kind !== grantType) {
      throw tokenRefusal(400, "unsupported_grant_type", `Invalid grant_type: ${(kind ?? "").slice(0, 80)}`);
    }
    const assertion = fields.get("assertion");
    if (assertion === null || assertion === "") {
      throw tokenRefusal(400, "invalid_request", "Required parameter is missing: assertion");
    }
    const { claims, account } = this.#verified(assertion, context.now);
    const token = this.#judge(account, claims.sub, claims.scope.split(" ").filter(Boolean), context);
    return { access_token: token, expires_in: lifetimeS - 1, token_type: "Bearer" };
  }

  /** A token without a signature, for callers in the same process; the checks of user and delegation stay. */
  mint(subject: string, scopes: readonly string[], context: TokenContext): string {
    const account = [...this.#accounts.values()][0]?.account;
    return this.#judge(account, subject, scopes, context);
  }

  /** A new access token that stands for `grant` for an hour. */
  issue(grant: Omit<Grant, "expiresAt">, now: number): string {
    // The instant keeps tokens apart from those of an earlier start with the same seed.
    const token = `ya29.${now.toString(36)}.${opaqueText(this.#random, 40)}`;
    if (this.#tokens.size >= tokensMax) this.#dropExpired(now);
    this.#tokens.set(token, { ...grant, expiresAt: now + lifetimeS * 1000 });
    return token;
  }

  /** Ends a token; false when there is no such token. */
  forget(token: string): boolean {
    return this.#tokens.delete(token);
  }

  lookup(token: string, now: number): TokenState {
    const grant = this.#tokens.get(token);
    if (grant === undefined) return { kind: "unknown" };
    return grant.expiresAt > now ? { kind: "valid", grant } : { kind: "expired", grant };
  }

  /** What the tokeninfo endpoint says of a token; throws `Refusal` for one that does not serve. */
  facts(token: string, now: number): object {
    const found = this.lookup(token, now);
    if (found.kind !== "valid") throw tokenRefusal(400, "invalid_token", "Invalid Value");
    const { clientId, scopes, expiresAt } = found.grant;
    const exp = Math.floor(expiresAt / 1000);
    return {
      azp: clientId,
      aud: clientId,
      scope: [...scopes].join(" "),
      exp: String(exp),
      expires_in: String(Math.max(0, exp - Math.floor(now / 1000))),
      access_type: "online",
    };
  }

  /** The user a token stands for, valid or not; empty for a token never issued. */
  subjectOf(token: string): string {
    return this.#tokens.get(token)?.subject ?? "";
  }

  /** Signs claims as the service account's own key would; throws `Refusal` for an account it does not hold. */
  signJwt(clientEmail: string, payload: string): { readonly keyId: string; readonly signedJwt: string } {
    const account = this.accountOf(clientEmail);
    if (account.privateKey === undefined) throw new Error(`the emulator does not hold the key of ${clientEmail}`);
    if (jsonObject(base64url(payload)) === undefined) {
      throw new Refusal({ code: 400, status: "INVALID_ARGUMENT", message: "The payload is not a JSON object." });
    }
    const header = base64url(JSON.stringify({ alg: "RS256", typ: "JWT", kid: account.keyId }));
    const signed = `${header}.${base64url(payload)}`;
    const signature = sign("sha256", Buffer.from(signed), account.privateKey).toString("base64url");
    return { keyId: account.keyId, signedJwt: `${signed}.${signature}` };
  }

  #verified(assertion: string, now: number): { readonly claims: Claims; readonly account: ServiceAccount } {
    const [head, body, signature, ...rest] = assertion.split(".");
    const header = jsonObject(head);
    const claims = claimsOf(jsonObject(body));
    if (header === undefined || claims === undefined || signature === undefined || rest.length > 0) {
      throw tokenRefusal(400, "invalid_grant", "Bad Request");
    }
    const entry = this.#accounts.get(claims.iss);
    if (entry === undefined) {
      throw tokenRefusal(400, "invalid_grant", "Invalid JWT: No valid verifier found for issuer");
    }
    entry.key ??= publicKey(entry.account);
    const kid = header["kid"];
    const knownKey = kid === undefined || kid === entry.account.keyId;
    const signed = Buffer.from(`${head}.${body}`);
    const genuine =
      knownKey && header["alg"] === "RS256" && verify("sha256", signed, entry.key, Buffer.from(signature, "base64url"));
    if (!genuine) throw tokenRefusal(400, "invalid_grant", "Invalid JWT Signature.");
    checkTimes(claims, now);
    if (claims.aud !== audience) throw tokenRefusal(400, "invalid_grant", "Invalid JWT: Failed audience check.");
    return { claims, account: entry.account };
  }

  #judge(
    account: ServiceAccount | undefined,
    subject: string | undefined,
    scopes: readonly string[],
    context: TokenContext,
  ): string {
    if (scopes.length === 0) throw tokenRefusal(400, "invalid_scope", "Empty or missing scope not allowed.");
    if (scopes.some((scope) => !/^https:\/\/[\w.-]+\/\S*$/.test(scope) && !/^(openid|email|profile)$/.test(scope))) {
      throw tokenRefusal(400, "invalid_scope", "Invalid OAuth scope or ID token audience provided.");
    }
    const own = subject === undefined || subject === account?.clientEmail;
    if (!own) this.#checkDelegation(account, scopes);
    const email = own ? (account?.clientEmail ?? "") : this.#delegatedUser(subject, context);
    const clientId = account?.clientId ?? "in-process";
    const projectId = account?.projectId ?? "in-process";
    return this.issue(
      { subject: email, scopes: new Set(scopes), clientId, projectId, serviceAccount: own },
      context.now,
    );
  }

  #checkDelegation(account: ServiceAccount | undefined, scopes: readonly string[]): void {
    const allowed = account === undefined ? undefined : (this.#delegation.get(account.clientId) ?? new Set<string>());
    if (this.#delegationRevoked || (allowed !== undefined && !scopes.every((scope) => allowed.has(scope)))) {
      throw unauthorizedClient();
    }
  }

  /** The primary address of the user to act as. */
  #delegatedUser(subject: string, { directory, switches }: TokenContext): string {
    const at = subject.lastIndexOf("@");
    if (at < 1 || /\s/.test(subject) || at === subject.length - 1) {
      throw tokenRefusal(400, "invalid_grant", "Not a valid email");
    }
    if (!directory.isOwnDomain(subject.slice(at + 1).toLowerCase())) throw outside(switches);
    const person = directory.person(subject);
    if (person === undefined) {
      const deleted = directory.deletedPerson(subject) !== undefined;
      const text = deleted ? "The account has been deleted" : "Invalid email or User ID";
      throw tokenRefusal(400, "invalid_grant", text);
    }
    if (person.suspended || person.archived) {
      if (switches.suspendedToken === "invalid_grant") throw tokenRefusal(400, "invalid_grant", "Bad Request");
      if (switches.suspendedToken === "access_denied") throw tokenRefusal(403, "access_denied", "Account restricted");
    }
    return person.email;
  }

  #dropExpired(now: number): void {
    for (const [token, grant] of this.#tokens) if (grant.expiresAt <= now) this.#tokens.delete(token);
    if (this.#tokens.size >= tokensMax) this.#tokens.clear();
  }
}

/** The user a token request names, unverified and folded: for the log and for choosing faults. */
export function assertedSubject(form: string): string {
  const assertion = new URLSearchParams(form).get("assertion") ?? "";
  const claims = jsonObject(assertion.split(".")[1]);
  const subject = claims?.["sub"] ?? claims?.["iss"];
  return typeof subject === "string" ? subject.toLowerCase() : "";
}

export function tokenRefusal(code: number, error: string, description: string): Refusal {
  return new Refusal({ code, status: error, message: description });
}

function unauthorizedClient(): Refusal {
  return tokenRefusal(
    401,
    "unauthorized_client",
    "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.",
  );
}

function outside(switches: Switches): Refusal {
  switch (switches.outsideSubject) {
    case "unauthorized_client":
      return unauthorizedClient();
    case "invalid_grant":
      return tokenRefusal(400, "invalid_grant", "Invalid email or User ID");
    case "invalid_request":
      return tokenRefusal(400, "invalid_request", 'Invalid impersonation "sub" field.');
  }
}

function checkTimes(claims: Claims, now: number): void {
  const nowS = now / 1000;
  const shortLived = claims.exp > claims.iat && claims.exp - claims.iat <= lifetimeS;
  const reasonable = claims.iat <= nowS + skewS && claims.exp > nowS - skewS;
  if (shortLived && reasonable) return;
  throw tokenRefusal(
    400,
    "invalid_grant",
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.",
  );
}

function publicKey(account: ServiceAccount): KeyObject {
  return typeof account.publicKey === "string" ? createPublicKey(account.publicKey) : account.publicKey;
}

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}

function jsonObject(part: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (part === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function claimsOf(value: Readonly<Record<string, unknown>> | undefined): Claims | undefined {
  if (value === undefined) return undefined;
  const { iss, sub, scope, aud, iat, exp } = value;
  if (typeof iss !== "string" || typeof iat !== "number" || typeof exp !== "number") return undefined;
  if (sub !== undefined && typeof sub !== "string") return undefined;
  return { iss, sub, scope: typeof scope === "string" ? scope : "", aud, iat, exp };
}
