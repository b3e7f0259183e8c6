/** Callers that are no people of the tenant: the account of a machine, workloads of other clouds, accounts that become others (api.md 4.2). */
import { errorInfo, invalidArgument, Refusal } from "./refusal.ts";
import { scopeRoot } from "./routes.ts";
import { tokenRefusal } from "./token.ts";
import type { TokenContext, TokenService } from "./token.ts";
import type { Switches } from "./switches.ts";

const exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";
const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";
const lifetimeS = 3600;

export class WorkloadService {
  readonly #tokens: TokenService;
  /** What each pool of identities takes, by its audience: the other cloud's token, and who that is. */
  readonly #pools = new Map<string, ReadonlyMap<string, string>>();
  /** The account of the machine; undefined on a machine that is none of Google's. */
  machine: { readonly email: string; readonly projectId: string } | undefined;

  constructor(tokens: TokenService) {
    this.#tokens = tokens;
  }

  registerPool(audience: string, subjects: Readonly<Record<string, string>>): void {
    this.#pools.set(audience, new Map(Object.entries(subjects)));
  }

  /** The metadata server's answer; undefined where there is none, or where it is not asked as it wants to be. */
  machineToken(flavor: string | undefined, now: number): object | undefined {
    const { machine } = this;
    if (machine === undefined || flavor !== "Google") return undefined;
    const token = this.#tokens.issue(
      {
        subject: machine.email,
        scopes: new Set([`${scopeRoot}cloud-platform`]),
        clientId: machine.email,
        projectId: machine.projectId,
        serviceAccount: true,
      },
      now,
    );
    return { access_token: token, expires_in: lifetimeS - 1, token_type: "Bearer" };
  }

  /** The security token service. Throws `Refusal`. */
  exchange(form: URLSearchParams, { now }: TokenContext): object {
    const grant = form.get("grant_type") ?? "";
    if (grant !== exchangeGrant) {
      throw tokenRefusal(400, "unsupported_grant_type", `Invalid grant_type: ${grant.slice(0, 80)}`);
    }
    const pool = this.#pools.get(form.get("audience") ?? "");
    if (pool === undefined) {
      throw tokenRefusal(
        400,
        "invalid_target",
        'The target service indicated by the "audience" parameters is invalid. This might either be because the pool or provider is disabled or deleted or because it doesn\'t exist.',
      );
    }
    const subject = pool.get(form.get("subject_token") ?? "");
    if (subject === undefined) {
      throw tokenRefusal(400, "invalid_grant", "The given credential is rejected by the attribute condition.");
    }
    const scopes = new Set((form.get("scope") ?? "").split(" ").filter(Boolean));
    const token = this.#tokens.issue(
      { subject, scopes, clientId: subject, projectId: "workload", serviceAccount: true },
      now,
    );
    return {
      access_token: token,
      issued_token_type: accessTokenType,
      token_type: "Bearer",
      expires_in: lifetimeS,
    };
  }

  /** serviceAccounts.generateAccessToken: a token of the account itself. Throws `Refusal`. */
  generate(email: string, scopes: readonly string[], now: number): object {
    const account = this.#tokens.accountOf(email);
    if (scopes.length === 0) throw invalidArgument("At least one scope is required.");
    const token = this.#tokens.issue(
      {
        subject: email,
        scopes: new Set(scopes),
        clientId: account.clientId,
        projectId: account.projectId,
        serviceAccount: true,
      },
      now,
    );
    return { accessToken: token, expireTime: new Date(now + lifetimeS * 1000).toISOString() };
  }
}

/** Whether the caller may have an account sign is no question of the tenant: a switch decides for all of them. */
export function checkCreator(switches: Switches, method: "signJwt" | "getAccessToken"): void {
  if (switches.tokenCreator === "denied") throw creatorDenied(method);
}

function creatorDenied(method: "signJwt" | "getAccessToken"): Refusal {
  const permission = `iam.serviceAccounts.${method}`;
  return new Refusal({
    code: 403,
    status: "PERMISSION_DENIED",
    message: `Permission '${permission}' denied on resource (or it may not exist).`,
    details: [{ ...errorInfo("IAM_PERMISSION_DENIED", { permission }), domain: "iam.googleapis.com" }],
  });
}
