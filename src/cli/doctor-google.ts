/** From settings to what the doctor's checks ask Google with: watched, in short exchanges, at the pace of the other verbs. */
import { setMaxListeners } from "node:events";
import type { GoogleSide } from "../engine/doctor/side.ts";
import type { AskToken, AskingOver } from "../google/auth.ts";
import { observed } from "../google/observed.ts";
import { Pacer } from "../google/pacer.ts";
import { Probe } from "../google/probe.ts";
import type { Access } from "../google/scopes.ts";
import type { CallRecord } from "../google/send.ts";
import { openWire } from "../google/wire.ts";
import type { Settings } from "./config.ts";
import { ratesOf } from "./connect.ts";
import type { Context } from "./context.ts";
import type { Credentials } from "./credentials.ts";

export interface GoogleOptions {
  readonly settings: Settings;
  readonly credentials: () => Promise<Credentials>;
  readonly access: Access;
  readonly unusedProxy: string | undefined;
  readonly exchangeMs: number;
  readonly stop: AbortSignal;
  readonly onCall: (call: CallRecord) => void;
}

export interface OpenGoogle {
  readonly side: GoogleSide;
  close(): Promise<void>;
}

/** Nothing is sent until a check asks. */
export function openGoogle(context: Context, options: GoogleOptions): OpenGoogle {
  const { clock, random } = context;
  const { settings, credentials, access } = options;
  // Known once the credentials have been read.
  const besides = new Set<string>();
  let asking: Promise<AskingOver> | undefined;
  const read = async (): Promise<AskingOver> => {
    const opened = await credentials();
    for (const origin of opened.besides) besides.add(origin);
    return opened.asking;
  };
  const wire = openWire({ clock, endpoint: settings.endpoint, proxy: settings.proxy, connections: 4, besides });
  const pacer = new Pacer(clock, ratesOf(settings));
  const observations = observed(wire.exchange, clock);
  const ended = new AbortController();
  const stop = AbortSignal.any([options.stop, ended.signal]);
  // Every call that waits listens to it: twenty at once are no leak.
  setMaxListeners(0, stop);
  const probe = new Probe({
    exchange: observations.exchange,
    asking: (send) => {
      let ask: AskToken | undefined;
      return async (actor, scopes) => {
        asking ??= read();
        ask ??= (await asking)(send);
        return ask(actor, scopes);
      };
    },
    admin: settings.admin,
    pacer,
    clock,
    random,
    timeoutMs: options.exchangeMs,
    stop,
    onCall: options.onCall,
  });
  return {
    side: {
      probe,
      observations,
      caller: credentials,
      admin: settings.admin,
      access,
      rate: settings.rate,
      endpoint: settings.endpoint,
      unusedProxy: options.unusedProxy,
      throttles: [],
    },
    close: async () => {
      // What still waits for its turn, or to try again, is nobody's any more.
      ended.abort();
      pacer.close();
      await wire.close();
    },
  };
}
