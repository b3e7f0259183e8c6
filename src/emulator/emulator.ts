/** The stand-in for Google: one request in, one answer out, with quotas, faults, log and history; no clock, no network of its own. */
import type { Clock, Random } from "../model/clock.ts";
import { UsageError } from "../model/errors.ts";
import type { Call } from "./call.ts";
import { TransferService } from "./data-transfer.ts";
import type { TransferPace } from "./data-transfer.ts";
import { dispatch } from "./dispatch.ts";
import type { EmulatorReply, EmulatorRequest } from "./exchange.ts";
import { jsonHeaders, jsonType } from "./exchange.ts";
import type { FaultRule } from "./fault-rules.ts";
import { Faults } from "./faults.ts";
import { applyFields, parseFields } from "./fields.ts";
import { authenticate, bearerOf, callerOf, checkParameters, envelopeOf } from "./front.ts";
import { RequestLog } from "./log.ts";
import { OAuthService } from "./oauth.ts";
import { exportedState, restoredState } from "./persist.ts";
import { noQuotas, Quotas } from "./quota.ts";
import type { QuotaConfig } from "./quota.ts";
import { htmlPage, Refusal, refusalReply } from "./refusal.ts";
import { matchRoute, routes } from "./routes.ts";
import type { Match, Route } from "./routes.ts";
import { Search } from "./search.ts";
import { noEffects, shapeReply } from "./strike.ts";
import type { Effects } from "./strike.ts";
import type { Change, TenantState } from "./state.ts";
import { defaultSwitches, switchesFrom } from "./switches.ts";
import type { Switches } from "./switches.ts";
import { assertedSubject, tokenRefusal, TokenService } from "./token.ts";
import type { TokenContext } from "./token.ts";
import { WorkloadService } from "./workload.ts";
import type { World } from "./world.ts";

export interface EmulatorOptions {
  readonly clock: Pick<Clock, "now">;
  readonly random: Random;
  readonly world: World;
  /** Switch positions by name (README); throws `UsageError` for an unknown one. */
  readonly switches?: Readonly<Record<string, string>> | undefined;
  readonly quotas?: QuotaConfig | undefined;
  readonly faults?: readonly FaultRule[] | undefined;
  readonly transferPace?: TransferPace | undefined;
  /** Requests the log keeps; 10,000 if absent. */
  readonly logMax?: number | undefined;
}

/** A request as it arrived, read once. */
interface Arrival {
  readonly request: EmulatorRequest;
  readonly pathname: string;
  readonly query: URLSearchParams;
  readonly match: Match | undefined;
  /** The access token, or empty. */
  readonly bearer: string;
  /** Whom the call is made as, folded; empty when nobody is known. */
  readonly actor: string;
  /** The asset in the path, or empty. */
  readonly asset: string;
}

const noQuery = new URLSearchParams();
/** Queries kept that were read already, and how long one may be. */
const queriesMax = 64;
const queryCharactersMax = 1024;
const defaultPace: TransferPace = { startMs: 1000, perAssetMs: 20 };

export class Emulator {
  readonly tokens: TokenService;
  readonly oauth: OAuthService;
  readonly workloads: WorkloadService;
  readonly quotas: Quotas;
  readonly transfers: TransferService;
  readonly log: RequestLog;
  readonly #faults: Faults;
  readonly #clock: Pick<Clock, "now">;
  readonly #search: Search = new Search();
  #world: World;
  #switches: Switches = defaultSwitches;
  readonly #queries = new Map<string, URLSearchParams>();
  #aheadMs = 0;
  #dateSecond = Number.NaN;
  #dateText = "";

  constructor(options: EmulatorOptions) {
    this.#clock = options.clock;
    this.#world = options.world;
    this.tokens = new TokenService(options.random);
    this.oauth = new OAuthService(options.random, this.tokens);
    this.workloads = new WorkloadService(this.tokens);
    this.quotas = new Quotas(options.quotas ?? noQuotas);
    this.transfers = new TransferService(options.random, options.transferPace ?? defaultPace);
    this.log = new RequestLog(options.logMax ?? 10_000);
    this.#faults = new Faults(options.random, options.faults ?? []);
    if (options.switches !== undefined) this.#switches = switchesFrom(options.switches);
    this.#retain();
  }

  /** Builds on the live tenant: add people, groups and assets at any time. */
  get world(): World {
    return this.#world;
  }

  get state(): TenantState {
    return this.#world.state;
  }

  /** Every change of a policy, owner or trash mark, oldest first. */
  get history(): readonly Change[] {
    return this.state.history;
  }

  get switches(): Switches {
    return this.#switches;
  }

  get faults(): Faults {
    return this.#faults;
  }

  /** Emulator time, ms since 1970: the clock, plus what `advance` added. */
  now(): number {
    return this.#clock.now() + this.#aheadMs;
  }

  /** Moves emulator time on (or back): transfers progress, tokens age, quotas refill. */
  advance(ms: number): void {
    this.#aheadMs += ms;
    this.settle();
  }

  /** Brings what happens by itself, such as transfers, up to the present. */
  settle(): void {
    this.transfers.settle(this.state, this.#switches, this.now());
  }

  /** Changes the named switches; throws `UsageError`. */
  setSwitches(chosen: Readonly<Record<string, string>>): void {
    this.#switches = switchesFrom(chosen, this.#switches);
    this.#retain();
  }

  /** Takes new quotas; counting starts afresh. */
  setQuotas(config: QuotaConfig): void {
    this.quotas.config = config;
  }

  /** Replaces the fault rules, or adds to them. */
  setFaults(rules: readonly FaultRule[], how: "replace" | "append" = "replace"): void {
    if (how === "replace") this.#faults.replace(rules);
    else this.#faults.append(rules);
    this.#retain();
  }

  #retain(): void {
    this.state.retainMs = Math.max(this.#switches.searchLagMs, this.#faults.searchLagMaxMs);
  }

  /** An access token for `subject` without a signature; throws `Refusal` where Google would give none. */
  mint(subject: string, scopes: readonly string[]): string {
    return this.tokens.mint(subject, scopes, this.#tokenContext());
  }

  exportState(): string {
    this.settle();
    return JSON.stringify(exportedState(this.state, this.transfers.jobs.values()));
  }

  /** Replaces the tenant by one that `exportState` wrote; throws `UsageError`. */
  importState(json: string): void {
    const restored = restoredState(parsedJson(json));
    this.#world = this.#world.over(restored.state);
    this.transfers.restore(restored.transfers);
    this.#retain();
  }

  /** Answers one request. Nothing is asynchronous here; a transport carries out `delivery`. */
  handle(request: EmulatorRequest): EmulatorReply {
    this.settle();
    const arrival = this.#arrive(request);
    const { match, asset, actor } = arrival;
    const target = { route: match?.route, method: request.method, path: arrival.pathname, asset, actor };
    const struck = this.#faults.strike(target);
    const reply =
      struck.length === 0
        ? this.#serve(arrival, noEffects)
        : shapeReply(
            {
              state: this.state,
              tokens: this.tokens,
              now: this.now(),
              envelope: match === undefined ? "v2" : envelopeOf(match.route, arrival.query),
              asset,
              serve: (effects) => this.#serve(arrival, effects),
            },
            struck,
          );
    this.#write(arrival, reply, struck[0]?.kind ?? "");
    const { status, headers, body, delivery } = reply;
    return { status, headers: this.#dated(headers), body, delivery };
  }

  /** Nearly every answer has nothing but the type of JSON; spread, its two headers take half as long again. */
  #dated(headers: EmulatorReply["headers"]): EmulatorReply["headers"] {
    const date = this.#date();
    return headers === jsonHeaders ? { date, "content-type": jsonType } : { date, ...headers };
  }

  #date(): string {
    const second = Math.floor(this.now() / 1000);
    if (second !== this.#dateSecond) {
      this.#dateSecond = second;
      this.#dateText = new Date(second * 1000).toUTCString();
    }
    return this.#dateText;
  }

  #arrive(request: EmulatorRequest): Arrival {
    const mark = request.path.indexOf("?");
    const pathname = mark < 0 ? request.path : request.path.slice(0, mark);
    const query = mark < 0 ? noQuery : this.#queryOf(request.path.slice(mark + 1));
    const match = matched(request.method, pathname);
    const isToken = match?.route === routes.token;
    const bearer = isToken ? "" : bearerOf(request, query);
    const actor = isToken ? assertedSubject(request.body) : this.tokens.subjectOf(bearer);
    const asset = match?.route.service === "datastudio" ? (match.params[0] ?? "") : "";
    return { request, pathname, query, match, bearer, actor, asset };
  }

  /** Read once for all the users who ask the same: taking a search's parameters apart is a fifth of its answer. */
  #queryOf(text: string): URLSearchParams {
    const known = this.#queries.get(text);
    if (known !== undefined) return known;
    const query = new URLSearchParams(text);
    if (this.#queries.size >= queriesMax) this.#queries.clear();
    // A long one is somebody's page, or nonsense: it does not come again, and would only be kept.
    if (text.length <= queryCharactersMax) this.#queries.set(text, query);
    return query;
  }

  #write(arrival: Arrival, reply: EmulatorReply, fault: string): void {
    const { request, match } = arrival;
    const silent = reply.delivery?.kind === "hang" || reply.delivery?.kind === "reset";
    this.log.add({
      at: this.now(),
      method: request.method,
      path: logged(request.path),
      route: match?.route.id ?? "unknown",
      write: match?.route.write ?? false,
      actor: arrival.actor,
      asset: arrival.asset,
      status: silent ? 0 : reply.status,
      fault,
      body: match?.route.service === "token" ? "" : request.body,
      userAgent: request.headers["user-agent"] ?? "",
    });
  }

  /** The real answer to an arrival. */
  #serve(arrival: Arrival, effects: Effects): EmulatorReply {
    const { match, query } = arrival;
    if (match === undefined) return htmlPage(404, "Not Found");
    if (match.route === routes.authorize) return this.oauth.authorize(query, this.#tokenContext());
    try {
      const answer = this.#answer(match, arrival, effects);
      const fields = query.get("fields") ?? "";
      const shown = fields === "" ? answer : applyFields(answer, parseFields(fields));
      const body = query.get("prettyPrint") === "true" ? JSON.stringify(shown, null, 2) : JSON.stringify(shown);
      return { status: 200, headers: jsonHeaders, body };
    } catch (error) {
      if (error instanceof Refusal) return refusalReply(error.facts, envelopeOf(match.route, query));
      throw error;
    }
  }

  #answer(match: Match, arrival: Arrival, effects: Effects): object {
    const { route, params } = match;
    const { request, query, bearer } = arrival;
    if (route.service === "token") return this.#giveToken(route, request, query);
    const now = this.now();
    const grant = authenticate(this.tokens, route, bearer, now, this.#switches);
    this.quotas.take(route, grant.projectId, query.get("quotaUser") ?? grant.subject, now);
    checkParameters(route, query);
    const call: Call = {
      route,
      params,
      query,
      body: request.body,
      caller: callerOf(this.state, route, grant, this.#switches),
      state: this.state,
      switches: this.#switches,
      now,
      searchLagMs: effects.searchLagMs ?? this.#switches.searchLagMs,
    };
    const { tokens, transfers, workloads } = this;
    return dispatch(call, { tokens, transfers, search: this.#search, workloads }, effects.fate);
  }

  /** What is answered to callers who have no token yet. */
  #giveToken(route: Route, request: EmulatorRequest, query: URLSearchParams): object {
    const context = this.#tokenContext();
    const form = new URLSearchParams(request.body);
    switch (route) {
      case routes.revokeToken:
        return this.oauth.revoke(form);
      case routes.tokenInfo:
        return this.tokens.facts(bearerOf(request, query), context.now);
      case routes.stsToken:
        return this.workloads.exchange(form, context);
      case routes.metadataToken: {
        const answer = this.workloads.machineToken(request.headers["metadata-flavor"], context.now);
        if (answer === undefined) throw tokenRefusal(404, "not_found", "");
        return answer;
      }
      default:
        return this.oauth.exchange(form, context) ?? this.tokens.exchange(request.body, context);
    }
  }

  #tokenContext(): TokenContext {
    return { now: this.now(), switches: this.#switches, directory: this.state.directory };
  }
}

function parsedJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new UsageError("this is not an emulator state: it is not JSON", "use a file that the emulator wrote");
  }
}

function logged(path: string): string {
  return path.includes("access_token=") ? path.replace(/access_token=[^&]*/, "access_token=…") : path;
}

/** A path whose percent-encoding is broken is no path of Google's. */
function matched(method: string, pathname: string): Match | undefined {
  try {
    return matchRoute(method, pathname);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
