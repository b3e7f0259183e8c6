/**
 * The calls of an examination: each made with the one scope it needs and read for nothing but whether it may be made.
 * Only reads, and requests for tokens. A token for a scope that writes is asked for to learn whether it is granted, and
 * is never sent anywhere: asking changes nothing.
 */
import { z } from "zod";
import type { Clock, Random } from "../model/clock.ts";
import { parseDomain } from "../model/email.ts";
import type { Domain, Email } from "../model/email.ts";
import { ApiError } from "../model/errors.ts";
import type { AskToken, AskingOver } from "./auth.ts";
import { backoffMs } from "./backoff.ts";
import { classify } from "./classify.ts";
import { NetworkError } from "./exchange.ts";
import type { Exchange, Service } from "./exchange.ts";
import type { Pacer } from "./pacer.ts";
import { adminOrigin, dataStudioOrigin, tokenOrigin } from "./route.ts";
import { dataStudioApplicationId } from "./data-transfer.ts";
import type { Scopes } from "./scopes.ts";
import { dataStudioScopes, dataTransferScopes, directoryScopeOf } from "./scopes.ts";
import { ShapeError, makeSend } from "./send.ts";
import type { CallRecord, Send } from "./send.ts";

/** What Google says a token stands for. */
export interface TokenFacts {
  /** Undefined when it is not said. */
  readonly clientId: string | undefined;
  readonly scopes: readonly string[];
}

export interface ProbeOptions {
  readonly exchange: Exchange;
  readonly asking: AskingOver;
  readonly admin: Email;
  readonly pacer: Pacer;
  readonly clock: Clock;
  readonly random: Random;
  /** For one exchange. */
  readonly timeoutMs: number;
  /** Ends waiting for the pacer and between attempts. */
  readonly stop: AbortSignal;
  readonly onCall: (record: CallRecord) => void;
}

const attemptsMax = 2;
const headers = { accept: "application/json", "user-agent": "handover (gzip)" };
const customer = "my_customer";

const tokenFacts = z.object({ azp: z.string().optional(), aud: z.string().optional(), scope: z.string().optional() });
const anyObject = z.looseObject({});
const primaryDomain = z
  .object({ domains: z.array(z.object({ domainName: z.string(), isPrimary: z.boolean().optional() })) })
  .transform(({ domains }): Domain => {
    const primary = parseDomain(domains.find(({ isPrimary }) => isPrimary === true)?.domainName ?? "");
    if (!primary.ok) throw new ShapeError("no domain is the primary one");
    return primary.value;
  });
const applicationList = z.object({ applications: z.array(z.object({ id: z.string() })).optional() });

export class Probe {
  readonly admin: Email;
  readonly #exchange: Exchange;
  readonly #ask: AskToken;
  readonly #options: ProbeOptions;
  readonly #send: Send;

  constructor(options: ProbeOptions) {
    const { exchange, pacer, clock, timeoutMs, stop, onCall } = options;
    this.admin = options.admin;
    this.#exchange = exchange;
    this.#options = options;
    this.#send = makeSend({ exchange, pacer, clock, timeoutMs, signal: stop, onCall });
    this.#ask = options.asking(this.#send);
  }

  /** Whether anything answers at `origin`: its status. Throws `ApiError` when nothing does. */
  async reach(origin: string, service: Service): Promise<number> {
    const { pacer, clock, timeoutMs, stop } = this.#options;
    await pacer.take({ service, kind: "read", actor: this.admin }, stop);
    try {
      return (await this.#exchange({ method: "GET", url: `${origin}/`, headers, timeoutMs, signal: stop })).status;
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      const verdict = classify({ service, isWrite: false, network: error }, clock.now());
      throw new ApiError(verdict.message, { ...verdict, cause: error });
    }
  }

  /** Asks for a token with one scope. Acting as the service account itself needs no delegation. */
  token(actor: Email, scope: string): Promise<string> {
    return this.#tried(async () => (await this.#ask(actor, scope)).token);
  }

  /** What the server makes of a token. Sent as a header: an address would end up in logs on the way. */
  async tokenFacts(token: string): Promise<TokenFacts> {
    const call = {
      service: "token" as const,
      route: "tokeninfo",
      isWrite: false,
      actor: this.admin,
      method: "POST" as const,
      url: `${tokenOrigin}/tokeninfo`,
      headers: { ...headers, "content-type": "application/x-www-form-urlencoded" },
    };
    const { azp, aud, scope = "" } = await this.#tried(() => this.#send(call, read(tokenFacts), token));
    return { clientId: azp ?? aud, scopes: scope.split(" ").filter((each) => each !== "") };
  }

  /** One page of the administrator's own reports. */
  async search(): Promise<void> {
    const query = "assetTypes=REPORT&pageSize=1&fields=assets(name)";
    await this.#get(
      "data-studio",
      "assets.search",
      `${dataStudioOrigin}/v1/assets:search?${query}`,
      anyObject,
      dataStudioScopes.read,
    );
  }

  /** The organisation's primary domain. */
  async domains(): Promise<Domain> {
    const url = `${adminOrigin}/admin/directory/v1/customer/${customer}/domains?fields=domains(domainName,isPrimary)`;
    return this.#get("directory", "directory.domains.list", url, primaryDomain, directoryScopeOf("domain"));
  }

  async users(): Promise<void> {
    const url = `${adminOrigin}/admin/directory/v1/users?customer=${customer}&maxResults=1&fields=users(id)`;
    await this.#get("directory", "directory.users.list", url, anyObject, directoryScopeOf("user"));
  }

  async groups(): Promise<void> {
    const url = `${adminOrigin}/admin/directory/v1/groups?customer=${customer}&maxResults=1&fields=groups(id)`;
    await this.#get("directory", "directory.groups.list", url, anyObject, directoryScopeOf("group"));
  }

  /** Whether Data Studio is among the applications that can be transferred. */
  async offersTransfer(): Promise<boolean> {
    const url = `${adminOrigin}/admin/datatransfer/v1/applications?customerId=${customer}&maxResults=500`;
    const { applications = [] } = await this.#get(
      "data-transfer",
      "datatransfer.applications.list",
      url,
      applicationList,
      dataTransferScopes.read,
    );
    return applications.some(({ id }) => id === dataStudioApplicationId);
  }

  #get<T>(service: Service, route: string, url: string, schema: z.ZodType<T>, scope: Scopes): Promise<T> {
    const call = { service, route, isWrite: false, actor: this.admin, method: "GET" as const, url, headers };
    return this.#tried(async () => this.#send(call, read(schema), (await this.#ask(this.admin, scope)).token));
  }

  /** Once more after a failure in passing. A throttle is not tried again: that it came is the finding. */
  async #tried<T>(attempt: () => Promise<T>): Promise<T> {
    const { clock, random, stop } = this.#options;
    for (let failures = 1; ; failures += 1) {
      try {
        return await attempt();
      } catch (error) {
        const isPassing = error instanceof ApiError && error.disposition === "retry" && !unchanging.has(error.failure);
        if (!isPassing || failures >= attemptsMax || stop.aborted) throw error;
        await clock.sleep(Math.max(backoffMs(failures, error.disposition, random), error.retryAfterMs ?? 0), stop);
      }
    }
  }
}

const unchanging: ReadonlySet<string> = new Set(["stopped", "redirected", "unreadable-answer"]);

function read<T>(schema: z.ZodType<T>): (body: string) => T {
  return (body) => {
    const parsed = schema.safeParse(JSON.parse(body));
    if (!parsed.success) throw new ShapeError("the answer has another shape than it should");
    return parsed.data;
  };
}
