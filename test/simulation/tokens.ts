/** Tokens without signatures: asked of the server's own state, kept while they serve, refused in Google's words. */
import type { Emulator } from "../../src/emulator/emulator.ts";
import { Refusal, refusalReply } from "../../src/emulator/refusal.ts";
import type { TokenSource } from "../../src/google/auth.ts";
import { classify } from "../../src/google/classify.ts";
import type { Scopes } from "../../src/google/scopes.ts";
import type { Email } from "../../src/model/email.ts";
import { ApiError } from "../../src/model/errors.ts";
import type { Chance } from "./chance.ts";
import type { Process } from "./process.ts";
import type { VirtualTime } from "./time.ts";

const lifetimeMs = 3_300_000;

const wrongClock = JSON.stringify({
  error: "invalid_grant",
  error_description:
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.",
});

interface Held {
  readonly asked: Promise<string>;
  readonly until: number;
  token: string | undefined;
}

export interface TokenWeather {
  /** The chance that the token endpoint fails in passing. */
  failing: number;
  /** Whether it ever did. */
  hasFailed: boolean;
}

export class SimulatedTokens implements TokenSource {
  readonly #time: VirtualTime;
  readonly #emulator: Emulator;
  readonly #process: Process;
  readonly #chance: Chance;
  readonly #weather: TokenWeather;
  readonly #held = new Map<string, Held>();

  constructor(time: VirtualTime, emulator: Emulator, process: Process, chance: Chance, weather: TokenWeather) {
    this.#time = time;
    this.#emulator = emulator;
    this.#process = process;
    this.#chance = chance;
    this.#weather = weather;
  }

  held(actor: Email, scopes: Scopes): string | undefined {
    const held = this.#held.get(`${actor} ${scopes}`);
    return held !== undefined && this.#process.clock.monotonic() < held.until ? held.token : undefined;
  }

  token(actor: Email, scopes: Scopes): Promise<string> {
    const key = `${actor} ${scopes}`;
    const known = this.#held.get(key);
    if (known !== undefined && this.#process.clock.monotonic() < known.until) return known.asked;
    const held: Held = {
      asked: this.#ask(actor, scopes),
      until: this.#process.clock.monotonic() + lifetimeMs,
      token: undefined,
    };
    this.#held.set(key, held);
    held.asked.then(
      (token) => {
        held.token = token;
      },
      () => {
        if (this.#held.get(key) === held) this.#held.delete(key);
      },
    );
    return held.asked;
  }

  drop(actor: Email, scopes: Scopes, rejected: string): void {
    const key = `${actor} ${scopes}`;
    if (this.#held.get(key)?.token === rejected) this.#held.delete(key);
  }

  async #ask(actor: Email, scopes: Scopes): Promise<string> {
    await this.#process.pass();
    await this.#time.sleep(this.#chance.between(1, 30));
    await this.#process.pass();
    const wall = this.#time.wall();
    // Google takes five minutes of difference.
    if (Math.abs(this.#process.who.skewMs) > 300_000) throw failure(400, wrongClock, wall);
    if (this.#chance.hits(this.#weather.failing)) {
      this.#weather.hasFailed = true;
      throw failure(503, "{}", wall);
    }
    try {
      return this.#emulator.mint(actor, scopes.split(" "));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { status, body } = refusalReply(error.facts, "token");
      throw failure(status, body, wall);
    }
  }
}

function failure(status: number, body: string, wall: number): ApiError {
  const verdict = classify({ service: "token", isWrite: false, status, headers: {}, body }, wall);
  return new ApiError(verdict.message, { ...verdict, status });
}
