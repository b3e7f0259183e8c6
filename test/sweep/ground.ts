/** What a sweep plays on: a server, a clock moved by hand, and a network on which a request outlives the process that sent it. */
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import type { Surroundings } from "../../src/engine/verbs.ts";
import { Emulator } from "../../src/emulator/emulator.ts";
import type { Delivery } from "../../src/emulator/exchange.ts";
import type { FaultRule } from "../../src/emulator/fault-rules.ts";
import { seededRandom } from "../../src/emulator/random.ts";
import type { World } from "../../src/emulator/world.ts";
import { connect } from "../../src/google/client.ts";
import { NetworkError } from "../../src/google/exchange.ts";
import type { Exchange, ExchangeRequest, ExchangeResponse } from "../../src/google/exchange.ts";
import { Pacer, noRates } from "../../src/google/pacer.ts";
import { ManualClock, settle } from "../support/clock.ts";
import { address } from "../support/rig.ts";
import { Life } from "./life.ts";
import type { Doom } from "./life.ts";
import type { Store } from "./store.ts";

/** One request that left a process. */
export interface Sent {
  readonly life: Life;
  readonly kind: "patch" | "insert" | "read" | "token";
  readonly asset: string;
  readonly body: string;
  /** Wall ms. */
  readonly at: number;
}

export interface GroundOptions {
  readonly store: Store;
  readonly world: World;
  readonly switches?: Readonly<Record<string, string>> | undefined;
  readonly faults?: readonly FaultRule[] | undefined;
  /** Where the clock stands, ms since 1970. */
  readonly wall?: number | undefined;
}

const account = "handover@demo-project.iam.gserviceaccount.com";
// As short as signing allows: some hundred thousand tokens are signed for in a sweep.
const { privateKey, publicKey } = generateKeyPairSync("rsa", {
  modulusLength: 512,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
const key = { email: address(account), keyId: "k1", privateKey: createPrivateKey(privateKey) };
const scopeRoot = "https://www.googleapis.com/auth/";
const scopes: readonly string[] = [
  "datastudio",
  "datastudio.readonly",
  "admin.directory.user.readonly",
  "admin.directory.group.readonly",
  "admin.directory.group.member.readonly",
  "admin.directory.domain.readonly",
  "admin.directory.customer.readonly",
  "admin.datatransfer",
  "admin.datatransfer.readonly",
].map((name) => scopeRoot + name);

/** One way, ms. */
const latencyMs = 10;
/** Turns of the event loop with nothing due, after which everything waits for nothing. */
const idleTurnsMax = 2000;

export class Ground {
  readonly clock: ManualClock;
  readonly store: Store;
  readonly emulator: Emulator;
  readonly sent: Sent[] = [];
  readonly lives: Life[] = [];
  /** Told of every request right before it leaves. */
  onLeave: (sent: Sent) => void = () => undefined;
  readonly #random = seededRandom(7);

  constructor({ store, world, switches, faults, wall }: GroundOptions) {
    this.store = store;
    this.clock = new ManualClock(wall, 1);
    this.emulator = new Emulator({
      clock: this.clock,
      random: seededRandom(3),
      world,
      switches,
      faults,
      transferPace: { startMs: 1000, perAssetMs: 500 },
    });
    this.emulator.tokens.register({ clientEmail: account, clientId: "1", keyId: "k1", publicKey, projectId: "demo" });
    this.emulator.tokens.delegate("1", scopes);
  }

  life(doom?: Doom): Life {
    const life = new Life(this.clock, doom);
    this.lives.push(life);
    return life;
  }

  surroundings(life: Life, access: "read" | "write"): Surroundings {
    const api = connect({
      key,
      exchange: this.#exchange(life),
      admin: address("admin"),
      access,
      pacer: new Pacer(life.clock, noRates),
      clock: life.clock,
      random: this.#random,
    });
    return {
      api,
      clock: life.clock,
      random: this.#random,
      onEvent: () => undefined,
      stop: new AbortController().signal,
    };
  }

  /** Moves time on until `work` ends or `life` is killed. Throws when nothing is left to wait for, or after `limitMs`. */
  async drive<T>(work: Promise<T>, life: Life, limitMs: number = 40 * 3_600_000): Promise<T | "killed"> {
    const race = Promise.race([work, life.killed]);
    let ended = false;
    const mark = (): void => {
      ended = true;
    };
    race.then(mark, mark);
    const limit = this.clock.monotonic() + limitMs;
    let idle = 0;
    for (await settle(1); !ended; await settle(1)) {
      const next = this.clock.nextWake;
      if (next === undefined) {
        if ((idle += 1) > idleTurnsMax) throw new Error("I7: everything waits, and nothing is due");
        continue;
      }
      idle = 0;
      if (next > limit) throw new Error(`I7: still at work after ${limitMs} ms`);
      await this.clock.advance(next - this.clock.monotonic());
    }
    return race;
  }

  #exchange(life: Life): Exchange {
    return async (request) => {
      const what = `${request.method} ${new URL(request.url).pathname}`;
      await life.pass(`before ${what}`);
      const answer = this.#travel(life, request);
      answer.catch(() => undefined);
      await life.pass(`under way ${what}`);
      const response = await answer;
      await life.pass(`answered ${what}`);
      await this.clock.sleep(latencyMs);
      await life.pass(`after ${what}`);
      return response;
    };
  }

  /** From the moment it leaves, a request is the network's; killing its sender does not call it back. */
  async #travel(life: Life, request: ExchangeRequest): Promise<ExchangeResponse> {
    const url = new URL(request.url);
    const kind = kindOf(request.method, url.pathname);
    const asset = /^\/v1\/assets\/([^/]+)\/permissions$/.exec(url.pathname)?.[1] ?? "";
    const sent: Sent = { life, kind, asset, body: request.body ?? "", at: this.clock.now() };
    this.onLeave(sent);
    this.sent.push(sent);
    const isWrite = kind === "patch" || kind === "insert";
    if (isWrite) life.writesUnderWay += 1;
    await this.clock.sleep(latencyMs);
    if (isWrite) life.writesUnderWay -= 1;
    if (isWrite && life.isDead) await this.clock.sleep(life.doom?.lateMs ?? 0);
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, v]) => [name.toLowerCase(), v]));
    const path = `${url.pathname}${url.search}`;
    const reply = this.emulator.handle({ method: request.method, path, headers, body: request.body ?? "" });
    await this.#deliver(reply.delivery, request.timeoutMs - latencyMs);
    return { status: reply.status, headers: reply.headers, body: reply.body };
  }

  /** Resolves when the answer sets out, and throws when there is none within `leftMs`. */
  async #deliver(delivery: Delivery | undefined, leftMs: number): Promise<void> {
    switch (delivery?.kind) {
      case undefined:
        return;
      case "reset":
      case "truncate":
        throw new NetworkError("ECONNRESET", true, "the connection broke");
      case "delay":
        await this.clock.sleep(Math.min(delivery.ms, leftMs));
        if (delivery.ms < leftMs) return;
        break;
      case "hang": {
        const { late } = delivery;
        if (late !== undefined) void this.clock.sleep(late.ms).then(late.apply);
        await this.clock.sleep(leftMs);
      }
    }
    throw new NetworkError("TIMEOUT", true, "no answer in time");
  }
}

function kindOf(method: string, path: string): Sent["kind"] {
  if (method === "PATCH") return "patch";
  if (path === "/token") return "token";
  return method === "POST" ? "insert" : "read";
}
