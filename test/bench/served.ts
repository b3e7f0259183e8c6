/**
 * A server that enforces a quota, in process: the emulator's own three models of counting and its own refusals, and
 * behind them an answer to every change. Requests take time on the way there and back, and not all the same.
 */
import { Quotas } from "../../src/emulator/quota.ts";
import type { QuotaConfig } from "../../src/emulator/quota.ts";
import { Refusal, refusalReply } from "../../src/emulator/refusal.ts";
import { routes } from "../../src/emulator/routes.ts";
import type { Exchange, ExchangeResponse } from "../../src/google/exchange.ts";
import type { Clock, Random } from "../../src/model/clock.ts";
import { ownerOf } from "./tenant.ts";

const headers = { "content-type": "application/json; charset=UTF-8" };

export class Served {
  /** Monotonic ms at which calls reached the server and were let in, or refused. */
  readonly accepted: number[] = [];
  readonly refused: number[] = [];
  readonly quotas: Quotas;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(clock: Clock, random: Random, config: QuotaConfig) {
    this.#clock = clock;
    this.#random = random;
    this.quotas = new Quotas(config);
  }

  readonly exchange: Exchange = async ({ url, body = "" }) => {
    await this.#clock.sleep(20 + 60 * this.#random());
    const answer = this.#answer(Number(url.slice(url.lastIndexOf("-") + 1, url.lastIndexOf("/"))), body);
    await this.#clock.sleep(20 + 60 * this.#random());
    return answer;
  };

  /** Somebody else's tool in the same project makes a call; answers whether it was let in. */
  other(user: string): boolean {
    try {
      this.quotas.take(routes.updatePermissions, "project", user, this.#clock.now());
      return true;
    } catch (error) {
      if (error instanceof Refusal) return false;
      throw error;
    }
  }

  #answer(asset: number, body: string): ExchangeResponse {
    const at = this.#clock.monotonic();
    try {
      this.quotas.take(routes.updatePermissions, "project", ownerOf(asset), this.#clock.now());
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.refused.push(at);
      return refusalReply(error.facts, "v2");
    }
    this.accepted.push(at);
    const from = body.indexOf('"permissions":{') + '"permissions":'.length;
    return { status: 200, headers, body: `${body.slice(from, -5)}B="}` };
  }
}

/** How many of the instants lie in a stretch. */
export function within(instants: readonly number[], from: number, to: number): number {
  return instants.filter((at) => at >= from && at < to).length;
}
