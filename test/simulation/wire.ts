/** The network between the processes and the server: what is late, lost or refused on the way, and a record of what passed. */
import type { Emulator } from "../../src/emulator/emulator.ts";
import { NetworkError } from "../../src/google/exchange.ts";
import type { Exchange, ExchangeRequest, ExchangeResponse } from "../../src/google/exchange.ts";
import type { RoleMap } from "../../src/model/permissions.ts";
import type { Chance } from "./chance.ts";
import type { Process } from "./process.ts";
import type { VirtualTime } from "./time.ts";

export type Kind = "read" | "patch" | "search" | "insert" | "transfers" | "other";

/** One request that left a process. Times are virtual ms. */
export interface Sent {
  readonly process: number;
  readonly kind: Kind;
  readonly asset: string;
  readonly actor: string;
  readonly sentAt: number;
  /** When the server carried it out; undefined if it never arrived. */
  handledAt: number | undefined;
  /** When its answer came to a living process. */
  deliveredAt: number | undefined;
  status: number | undefined;
  /** Ms of a Retry-After that was delivered. */
  retryAfterMs: number | undefined;
  /** Whether the wait was asked of this user alone. */
  ofActor: boolean;
  /** For an asset's permissions: what the server held when it answered; undefined unless the answer shows it. */
  roles: RoleMap | undefined;
  /** Whether it is a definite no: refused, and neither for speed nor for the etag nor for the token. */
  isRefusal: boolean;
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
      await process.pass();
      const sent = this.#leaves(process, request);
      const response = await this.#carry(request, sent, process);
      await process.pass();
      sent.deliveredAt = this.#time.monotonic;
      sent.status = response.status;
      const wait = Number(headerText(response, "retry-after"));
      sent.retryAfterMs = wait > 0 ? wait * 1000 : undefined;
      sent.ofActor = response.body.includes("userRateLimitExceeded") || response.body.includes("per user");
      sent.isRefusal = isRefusal(response);
      this.onTrace(`${process.id} < ${sent.kind} ${sent.asset} ${response.status}`);
      return response;
    };
  }

  #leaves(process: Process, request: ExchangeRequest): Sent {
    const path = new URL(request.url).pathname;
    const asset = /^\/v1\/assets\/([^/]+)\/permissions$/.exec(path)?.[1] ?? "";
    const sent: Sent = {
      process: process.id,
      kind: kindOf(request.method, path, asset),
      asset,
      actor: this.#emulator.tokens.subjectOf((request.headers["authorization"] ?? "").slice("Bearer ".length)),
      sentAt: this.#time.monotonic,
      handledAt: undefined,
      deliveredAt: undefined,
      status: undefined,
      retryAfterMs: undefined,
      ofActor: false,
      roles: undefined,
      isRefusal: false,
    };
    this.sent.push(sent);
    this.onTrace(`${process.id} > ${sent.kind} ${asset} as ${sent.actor}`);
    this.onSend(sent);
    return sent;
  }

  async #carry(request: ExchangeRequest, sent: Sent, process: Process): Promise<ExchangeResponse> {
    const { latencyMs, unreachable, late, lateMaxMs } = this.weather;
    if (this.#chance.hits(unreachable)) {
      await this.#time.sleep(this.#chance.between(0, latencyMs));
      await process.pass();
      throw new NetworkError("ECONNREFUSED", false, "nobody listens");
    }
    const isLate = this.#chance.hits(late);
    const there = isLate ? this.#chance.between(latencyMs, lateMaxMs) : this.#chance.between(1, latencyMs);
    const back = this.#chance.between(1, latencyMs);
    if (there + back >= request.timeoutMs) {
      this.#time.after(there, () => void this.#handle(request, sent));
      return this.#timeOut(request, process, 0);
    }
    await this.#time.sleep(there);
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
            this.onTrace(`${process.id} lands late ${sent.kind} ${sent.asset}`);
            landing.apply();
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

  #handle(request: ExchangeRequest, sent: Sent): ReturnType<Emulator["handle"]> {
    const url = new URL(request.url);
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(request.headers)) headers[name.toLowerCase()] = value;
    const path = `${url.pathname}${url.search}`;
    const reply = this.#emulator.handle({ method: request.method, path, headers, body: request.body ?? "" });
    sent.handledAt = this.#time.monotonic;
    if (reply.status === 200 && reply.body.startsWith('{"permissions":')) {
      sent.roles = this.#emulator.state.assets.get(sent.asset)?.roles;
    }
    this.onTrace(`${sent.process} = ${sent.kind} ${sent.asset} ${reply.status} ${reply.delivery?.kind ?? ""}`);
    return reply;
  }
}

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
