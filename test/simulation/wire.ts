/** The network between the processes and the server: what is late, lost or refused on the way, and a record of what passed. */
import type { Emulator } from "../../src/emulator/emulator.ts";
import { NetworkError } from "../../src/google/exchange.ts";
import type { Exchange, ExchangeRequest, ExchangeResponse } from "../../src/google/exchange.ts";
import type { Change } from "../../src/emulator/state.ts";
import type { RoleMap } from "../../src/model/permissions.ts";
import type { Chance } from "./chance.ts";
import type { Process } from "./process.ts";
import type { VirtualTime } from "./time.ts";

export type Kind = "read" | "patch" | "search" | "insert" | "transfers" | "other";

/** One request that left a process. Times are virtual ms. */
export interface Sent {
  readonly process: number;
  /** The run it was sent for, and whether that was still being planned. */
  readonly run: number;
  readonly isPlanning: boolean;
  readonly kind: Kind;
  readonly asset: string;
  readonly actor: string;
  readonly sentAt: number;
  /** When the server carried it out; undefined if it never arrived. */
  handledAt: number | undefined;
  /** When its answer came to a living process. */
  deliveredAt: number | undefined;
  status: number | undefined;
  /** Until when a Retry-After that was delivered asks to wait. */
  waitUntil: number | undefined;
  /** Whether the wait was asked of this user alone. */
  ofActor: boolean;
  /** For an asset's permissions: what the server held when it answered; undefined unless the answer shows it. */
  roles: RoleMap | undefined;
  /** Whether it is a definite no: refused, and neither for speed nor for the etag nor for the token. */
  isRefusal: boolean;
  /** Whether it may have had an effect that its answer does not show. */
  isDoubtful: boolean;
  /** Carried out after its client had given up. */
  isLate: boolean;
}

/** How bad the network is; chances in [0, 1]. */
export interface NetworkWeather {
  readonly latencyMs: number;
  /** The request never leaves. */
  readonly unreachable: number;
  /** The request arrives long after the client has given up, or while it still waits. */
  readonly late: number;
  readonly lateMaxMs: number;
}

export const fairNetwork: NetworkWeather = { latencyMs: 40, unreachable: 0, late: 0, lateMaxMs: 0 };

export class Wire {
  readonly sent: Sent[] = [];
  /** Which request made a change, and which one asked for a job. */
  readonly makers: Map<Change, Sent> = new Map();
  readonly jobs: Map<string, Sent> = new Map();
  weather: NetworkWeather = fairNetwork;
  /** Told of every request that is about to leave. */
  onSend: (sent: Sent) => void = () => undefined;
  onTrace: (line: string) => void = () => undefined;
  readonly #time: VirtualTime;
  readonly #emulator: Emulator;
  readonly #chance: Chance;

  constructor(time: VirtualTime, emulator: Emulator, chance: Chance) {
    this.#time = time;
    this.#emulator = emulator;
    this.#chance = chance;
  }

  /** The network as one process has it. */
  exchange(process: Process): Exchange {
    return async (request) => {
      const before = process.pass();
      if (before !== undefined) await before;
      const sent = this.#leaves(process, request);
      const response = await this.#carry(request, sent, process);
      const after = process.pass();
      if (after !== undefined) await after;
      if (process.hasSleptSince(sent.sentAt) && this.#chance.hits(0.5)) {
        throw new NetworkError("ECONNRESET", true, "the connection did not outlast the sleep");
      }
      this.#delivered(sent, response);
      return response;
    };
  }

  #delivered(sent: Sent, response: ExchangeResponse): void {
    const now = this.#time.monotonic;
    sent.deliveredAt = now;
    sent.status = response.status;
    sent.waitUntil = waitUntil(response, now);
    sent.ofActor = response.status >= 400 && /userRateLimitExceeded|per ?user/i.test(response.body);
    sent.isRefusal = isRefusal(response);
    sent.isDoubtful = isDoubtful(response, sent);
    this.onTrace(`${sent.process} < ${sent.kind} ${sent.asset} ${response.status}`);
  }

  #leaves(process: Process, request: ExchangeRequest): Sent {
    const whole = pathOf(request);
    const mark = whole.indexOf("?");
    const path = mark < 0 ? whole : whole.slice(0, mark);
    const asset = assetIn(path);
    const { id, run, isPlanning } = process.who;
    const sent: Sent = {
      process: id,
      run,
      isPlanning,
      kind: kindOf(request.method, path, asset),
      asset,
      actor: this.#emulator.tokens.subjectOf((request.headers["authorization"] ?? "").slice("Bearer ".length)),
      sentAt: this.#time.monotonic,
      handledAt: undefined,
      deliveredAt: undefined,
      status: undefined,
      waitUntil: undefined,
      ofActor: false,
      roles: undefined,
      isRefusal: false,
      isDoubtful: true,
      isLate: false,
    };
    this.sent.push(sent);
    this.onTrace(`${id} > ${sent.kind} ${asset} as ${sent.actor}`);
    this.onSend(sent);
    return sent;
  }

  async #carry(request: ExchangeRequest, sent: Sent, process: Process): Promise<ExchangeResponse> {
    const { latencyMs, unreachable, late, lateMaxMs } = this.weather;
    if (this.#chance.hits(unreachable)) {
      sent.isDoubtful = false;
      await this.#time.sleep(this.#chance.between(0, latencyMs));
      await process.pass();
      throw new NetworkError("ECONNREFUSED", false, "nobody listens");
    }
    const isLate = this.#chance.hits(late);
    const there = isLate ? this.#chance.between(latencyMs, lateMaxMs) : this.#chance.between(1, latencyMs);
    const back = this.#chance.between(1, latencyMs);
    if (there + back >= request.timeoutMs) {
      this.#time.after(there, () => this.#landsLate(request, sent, process));
      return this.#timeOut(request, process, 0);
    }
    await this.#time.sleep(there);
    if (process.hasNoPower && this.#chance.hits(0.5)) await process.pass();
    const { asleepUntil } = process;
    if (asleepUntil !== undefined && this.#chance.hits(0.5)) {
      // The machine sends it out again when it wakes; whoever waited for it has given up by then.
      const inMs = asleepUntil - this.#time.monotonic + this.#chance.between(0, lateMaxMs);
      this.#time.after(inMs, () => {
        if (!process.hasNoPower) this.#landsLate(request, sent, process);
      });
      return this.#timeOut(request, process, 0);
    }
    const reply = this.#handle(request, sent);
    const waited = there;
    switch (reply.delivery?.kind) {
      case undefined:
        break;
      case "delay":
        if (waited + reply.delivery.ms >= request.timeoutMs) return this.#timeOut(request, process, waited);
        await this.#time.sleep(reply.delivery.ms);
        break;
      case "hang": {
        const { late: landing } = reply.delivery;
        // What was late on its way does not linger at the server as well: there is a bound to how late anything lands.
        if (landing !== undefined && !isLate) {
          this.#time.after(landing.ms, () => {
            this.onTrace(`${sent.process} lands late ${sent.kind} ${sent.asset}`);
            sent.isLate = true;
            this.#attributed(sent, landing.apply);
          });
        }
        return this.#timeOut(request, process, waited);
      }
      case "reset":
      case "truncate":
        await this.#time.sleep(back);
        await process.pass();
        throw new NetworkError("ECONNRESET", true, "the connection broke");
    }
    await this.#time.sleep(back);
    return { status: reply.status, headers: reply.headers, body: reply.body };
  }

  async #timeOut(request: ExchangeRequest, process: Process, waited: number): Promise<never> {
    await this.#time.sleep(request.timeoutMs - waited);
    await process.pass();
    throw new NetworkError("TIMEOUT", true, "no answer in time");
  }

  #landsLate(request: ExchangeRequest, sent: Sent, process: Process): void {
    if (process.hasNoPower && this.#chance.hits(0.5)) return;
    sent.isLate = true;
    this.#handle(request, sent);
  }

  /** Writes down who is at the bottom of what `act` does to the server. */
  #attributed<T>(sent: Sent, act: () => T): T {
    const { state, transfers } = this.#emulator;
    const changes = state.history.length;
    const jobs = transfers.jobs.size;
    const answer = act();
    for (let index = changes; index < state.history.length; index += 1) {
      const change = state.history[index];
      if (change?.via === "assets.updatePermissions") this.makers.set(change, sent);
    }
    if (transfers.jobs.size > jobs) for (const id of [...transfers.jobs.keys()].slice(jobs)) this.jobs.set(id, sent);
    return answer;
  }

  #handle(request: ExchangeRequest, sent: Sent): ReturnType<Emulator["handle"]> {
    const { method, headers, body = "" } = request;
    const reply = this.#attributed(sent, () => this.#emulator.handle({ method, path: pathOf(request), headers, body }));
    sent.handledAt = this.#time.monotonic;
    if (reply.status === 200 && reply.body.startsWith('{"permissions":')) {
      sent.roles = this.#emulator.state.assets.get(sent.asset)?.roles;
    }
    this.onTrace(`${sent.process} = ${sent.kind} ${sent.asset} ${reply.status} ${reply.delivery?.kind ?? ""}`);
    return reply;
  }
}

/** Everything after the host. Google's addresses are made by the product, and taking each apart costs 2 % of a seed. */
function pathOf({ url }: ExchangeRequest): string {
  return url.slice(url.indexOf("/", "https://".length));
}

/** The asset whose permissions a path is of, or empty. */
function assetIn(path: string): string {
  if (!path.startsWith(assetsPath) || !path.endsWith(permissionsTail)) return "";
  return path.slice(assetsPath.length, -permissionsTail.length);
}

const assetsPath = "/v1/assets/";
const permissionsTail = "/permissions";

function kindOf(method: string, path: string, asset: string): Kind {
  if (asset !== "") return method === "PATCH" ? "patch" : "read";
  if (path.endsWith("assets:search")) return "search";
  if (!path.includes("/datatransfer/")) return "other";
  return method === "POST" ? "insert" : "transfers";
}

function headerText(response: ExchangeResponse, name: string): string {
  const value = response.headers[name];
  return typeof value === "string" ? value : (value?.[0] ?? "");
}

/** A definite no, read off Google's own words and not with the product's classifier. */
function isRefusal({ status, body }: ExchangeResponse): boolean {
  if (status < 400 || status >= 500) return false;
  if ([401, 408, 409, 412, 429].includes(status)) return false;
  return !/rateLimitExceeded|quota|rate higher|concurrent policy changes/i.test(body);
}

/** Until when the answer asks to wait, virtual ms; no less than a second. */
function waitUntil(response: ExchangeResponse, now: number): number | undefined {
  const text = headerText(response, "retry-after");
  if (text === "") return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.parse(headerText(response, "date"));
  if (!(ms > 0)) return undefined;
  // A date counts from the server's own clock in the same answer, so that this machine's does not matter.
  return now + Math.max(1000, ms);
}

/** No answer, a failure after which the write may stand, or an answer that is none. */
function isDoubtful({ status, body }: ExchangeResponse, sent: Sent): boolean {
  if (status >= 500 || status === 408) return true;
  if (status >= 400) return false;
  return sent.kind === "patch" && !body.startsWith('{"permissions":');
}
