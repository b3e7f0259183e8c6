/** Looks over the shoulder of an exchange: what each host's answers say of its clock and its quotas, without reading a body. */
import type { Clock } from "../model/clock.ts";
import { printable } from "../model/text.ts";
import { clockSkewMs } from "./classify-token.ts";
import type { Exchange, ExchangeResponse } from "./exchange.ts";
import { headerOf } from "./exchange.ts";

/** How far this clock is from a server's, as one answer tells. */
export interface ClockSighting {
  readonly origin: string;
  /** Positive: this clock is ahead. */
  readonly skewMs: number;
  /** The truth lies within this of `skewMs`: the header has whole seconds, and the answer took its time. */
  readonly withinMs: number;
}

export interface Observations {
  readonly exchange: Exchange;
  /** The sharpest sighting so far; undefined while no answer bore a date. */
  clock(): ClockSighting | undefined;
  /** Header fields about quotas, `name: value`, each once. Google documents none. */
  quotaFields(): readonly string[];
  answers(): number;
}

const quotaField = /^(?:x-)?rate-?limit/i;
const quotaFieldsMax = 20;

export function observed(exchange: Exchange, clock: Clock): Observations {
  let sharpest: ClockSighting | undefined;
  let answers = 0;
  const fields = new Set<string>();

  function note(origin: string, response: ExchangeResponse, sentAt: number): void {
    answers += 1;
    const tookMs = clock.monotonic() - sentAt;
    const skew = clockSkewMs(response.headers, clock.now());
    const withinMs = tookMs / 2 + 500;
    if (skew !== undefined && withinMs < (sharpest?.withinMs ?? Infinity)) {
      // The date was written half an answer ago, and half a second was cut off on average.
      sharpest = { origin, skewMs: skew - tookMs / 2 - 500, withinMs };
    }
    for (const name of Object.keys(response.headers)) {
      if (quotaField.test(name) && fields.size < quotaFieldsMax) {
        fields.add(printable(`${name}: ${headerOf(response.headers, name) ?? ""}`, 120));
      }
    }
  }

  return {
    exchange: async (request) => {
      const sentAt = clock.monotonic();
      const response = await exchange(request);
      note(new URL(request.url).origin, response, sentAt);
      return response;
    },
    clock: () => sharpest,
    quotaFields: () => [...fields],
    answers: () => answers,
  };
}
