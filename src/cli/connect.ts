/** From settings to a connection with Google: the key read, the pace set, and what happens on the wire told to the views. */
import { connect } from "../google/client.ts";
import { defaultRates } from "../google/pacer.ts";
import { Pacer } from "../google/pacer.ts";
import type { GateName, PaceChange, Rates } from "../google/pacer.ts";
import type { Access } from "../google/scopes.ts";
import type { CallRecord } from "../google/send.ts";
import type { Api } from "../model/api.ts";
import type { OnEvent } from "../model/event.ts";
import type { Settings } from "./config.ts";
import type { Context } from "./context.ts";
import { readKey } from "./key-file.ts";

export interface Listeners {
  readonly onEvent: OnEvent;
  readonly onCall: (call: CallRecord) => void;
}

/** Throws `UsageError` for a key that cannot be used; sends nothing yet. */
export async function connectApi(
  context: Context,
  settings: Settings,
  access: Access,
  listeners: Listeners,
): Promise<Api> {
  const pacer = new Pacer(context.clock, ratesOf(settings));
  pacer.onChange((change) => listeners.onEvent(paceEvent(change)));
  return connect({
    key: await readKey(context, settings.keyFile),
    endpoint: settings.endpoint,
    admin: settings.admin,
    access,
    pacer,
    clock: context.clock,
    random: context.random,
    onCall: listeners.onCall,
  });
}

/** A rate set by the user is a ceiling that is known; where nothing is set, the careful defaults hold. */
function ratesOf(settings: Settings): Rates {
  return {
    project: capped(defaultRates.project, settings.rate),
    actor: capped(defaultRates.actor, settings.actorRate),
  };
}

/** Directory and Data Transfer have documented limits, which a rate can lower but not raise. */
function capped(quotas: Rates["project"], perSecond: number | undefined): Rates["project"] {
  if (perSecond === undefined) return quotas;
  const perMinute = perSecond * 60;
  const lowered = (name: "directory" | "transfers"): Rates["project"][GateName] =>
    quotas[name].perMinute <= perMinute ? quotas[name] : { perMinute, known: true };
  return {
    reads: { perMinute, known: true },
    writes: { perMinute, known: true },
    tokens: { perMinute, known: true },
    directory: lowered("directory"),
    transfers: lowered("transfers"),
  };
}

function paceEvent(change: PaceChange): Parameters<OnEvent>[0] {
  const { perSecond, untilMs } = change;
  const whose = change.actor === undefined ? "" : ` as ${change.actor}`;
  return { type: "pace", perSecond, reason: `${change.reason}${whose}`, untilMs };
}
