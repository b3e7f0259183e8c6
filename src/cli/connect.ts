/** From settings to a connection with Google: the key read, the pace set, and what happens on the wire told to the views. */
import type { RetryNotice } from "../google/authorised.ts";
import { connect } from "../google/client.ts";
import type { AskToken } from "../google/auth.ts";
import { Pacer, defaultRates, noRates } from "../google/pacer.ts";
import type { PacerMemory } from "../google/pacer-memory.ts";
import type { Quota } from "../google/pace.ts";
import type { GateName, Rates } from "../google/pacer.ts";
import type { Access } from "../google/scopes.ts";
import { SharedPacer } from "../google/shared-pacer.ts";
import type { Turns } from "../google/turns.ts";
import { makeSend } from "../google/send.ts";
import type { CallRecord, Send } from "../google/send.ts";
import { openWire } from "../google/wire.ts";
import type { Api } from "../model/api.ts";
import type { Clock } from "../model/clock.ts";
import type { OnEvent } from "../model/event.ts";
import type { SharedCells } from "../model/shared-cells.ts";
import type { GateStanding } from "../model/slowness.ts";
import type { Settings } from "./config.ts";
import type { Context } from "./context.ts";
import { openCredentials } from "./credentials.ts";
import type { Credentials } from "./credentials.ts";
import { withoutTransfers } from "./one-person.ts";

export interface Connecting {
  readonly access: Access;
  /** Calls under way at once: as many sockets are kept. */
  readonly concurrency: number;
  /** Ends waiting; requests under way are finished. */
  readonly stop: AbortSignal;
  readonly onEvent: OnEvent;
  readonly onCall: (call: CallRecord) => void;
  /** A read, or a request for a token, failed and is made again. */
  readonly onRetry: (notice: RetryNotice) => void;
  /** What the pacer of an earlier process left, and where this one's goes: learned limits, and waits the server asked for. */
  readonly pacing?: { readonly recalled: unknown; readonly keep: (memory: PacerMemory) => void } | undefined;
  /** Where the pace is shared with other processes, which then is all the memory it needs. */
  readonly shared?: { readonly cells: SharedCells; readonly tenant: string } | undefined;
}

/** Throws `UsageError` for a key that cannot be used; sends nothing yet. */
export async function connectApi(context: Context, settings: Settings, connecting: Connecting): Promise<Api> {
  return (await connectPaced(context, settings, connecting)).api;
}

/** What somebody may do to a connection in use. */
export interface Paced {
  readonly api: Api;
  /** While paused, no call leaves; those on their way are not touched. */
  pause(isPaused: boolean): void;
  /** At most so many calls a second from now on, as if the rate had been given at the beginning. */
  setRate(perSecond: number): void;
  /** Writes a second permitted now. */
  writesPerSecond(): number;
  /** Each gate as it stands. */
  standings(): readonly GateStanding[];
}

/** The same, with its pace in the hands of the caller. */
export async function connectPaced(context: Context, settings: Settings, connecting: Connecting): Promise<Paced> {
  return connectAs(context, settings, await openCredentials(context, settings.auth, settings.endpoint), connecting);
}

/** The same with credentials that are open already. */
export function connectAs(
  { clock, random }: Pick<Context, "clock" | "random">,
  settings: Reach & Pick<Settings, "admin">,
  {
    asking,
    besides,
    onlyActor,
    project,
  }: Pick<Credentials, "asking" | "besides" | "onlyActor"> & Partial<Pick<Credentials, "project">>,
  connecting: Connecting,
): Paced {
  const connections = Math.min(Math.max(connecting.concurrency, 4), 256);
  const wire = openWire({ clock, endpoint: settings.endpoint, proxy: settings.proxy, connections, besides });
  const { pacer, keep } = pacerOf(clock, ratesOf(settings), connecting, project);
  const api = connect({
    asking,
    exchange: wire.exchange,
    closeExchange: () => wire.close(),
    admin: settings.admin,
    access: connecting.access,
    pacer,
    clock,
    random,
    signal: connecting.stop,
    onPace: (change) => {
      connecting.onEvent({ type: "pace", ...change });
      keep();
    },
    onCall: connecting.onCall,
    onRetry: connecting.onRetry,
  });
  return {
    api: onlyActor === undefined ? api : withoutTransfers(api, onlyActor),
    pause: (isPaused) => pacer.pause(isPaused),
    setRate: (perSecond) => {
      const rates = ratesOf({ ...settings, rate: perSecond });
      for (const [gate, { perMinute }] of rateEntries(rates.project)) pacer.setRate(gate, perMinute);
    },
    standings: () => pacer.standings(),
    writesPerSecond: () => (pacer.standings().find(({ gate }) => gate === "writes")?.perMinute ?? Infinity) / 60,
  };
}

/** A pacer of this process alone, which goes on from what an earlier one learned, or one shared with others. */
function pacerOf(
  clock: Clock,
  rates: Rates,
  { pacing, shared }: Pick<Connecting, "pacing" | "shared">,
  project: string | undefined,
): { readonly pacer: Turns; readonly keep: () => void } {
  if (shared !== undefined) {
    const { cells, tenant } = shared;
    return { pacer: new SharedPacer({ clock, rates, cells, scope: scopeOf(project, tenant) }), keep: () => undefined };
  }
  const pacer = new Pacer(clock, rates);
  if (pacing !== undefined) pacer.recall(pacing.recalled);
  return { pacer, keep: () => pacing?.keep(pacer.remember()) };
}

/**
 * Whose quota it is. Google counts by the Cloud project of the credentials, so that workers of one project share a pace
 * whatever tenants they work for; where the project is not known, those of one tenant do. No domain holds a colon.
 */
export function scopeOf(project: string | undefined, tenant: string): string {
  return project === undefined ? tenant : `project:${project}`;
}

/** What sends, by itself: for what is asked before, or without, a connection. */
interface OpenSend {
  readonly send: Send;
  close(): Promise<void>;
}

export type Reach = Pick<Settings, "endpoint" | "proxy" | "rate" | "actorRate">;
type Watching = Partial<Pick<Connecting, "stop" | "onCall">>;

export function openSend(
  { clock }: Context,
  reach: Reach,
  watching: Watching,
  besides?: ReadonlySet<string>,
): OpenSend {
  const wire = openWire({ clock, endpoint: reach.endpoint, proxy: reach.proxy, connections: 4, besides });
  const pacer = new Pacer(clock, ratesOf(reach));
  const { stop: signal, onCall } = watching;
  return {
    send: makeSend({ exchange: wire.exchange, pacer, clock, timeoutMs: 60_000, signal, onCall }),
    close: async () => {
      pacer.close();
      await wire.close();
    },
  };
}

export interface OpenTokens {
  readonly credentials: Credentials;
  /** One attempt for one user and one set of scopes, nothing kept; rejects with the `ApiError` as it was classified. */
  readonly ask: AskToken;
  close(): Promise<void>;
}

/** Tokens without the rest of a connection, for looking at how each of them is refused. Throws `UsageError`. */
export async function openTokens(
  context: Context,
  settings: Reach & Pick<Settings, "auth">,
  watching: Watching = {},
): Promise<OpenTokens> {
  const credentials = await openCredentials(context, settings.auth, settings.endpoint);
  const sending = openSend(context, settings, watching, credentials.besides);
  return { credentials, ask: credentials.asking(sending.send), close: () => sending.close() };
}

/** The gate that matters most comes last, because the last change is the one a status line shows. */
function rateEntries({ reads, writes, directory, transfers, tokens }: Rates["project"]): readonly [GateName, Quota][] {
  return [
    ["tokens", tokens],
    ["directory", directory],
    ["transfers", transfers],
    ["reads", reads],
    ["writes", writes],
  ];
}

/**
 * A rate set by the user is a ceiling that is known; where nothing is set, the careful defaults hold. A stand-in on this
 * machine has no quota until it refuses, and then it is kept to like Google's.
 */
export function ratesOf(settings: Reach): Rates {
  const base = isStandIn(settings) ? noRates : defaultRates;
  return { project: capped(base.project, settings.rate), actor: capped(base.actor, settings.actorRate) };
}

/** Plain HTTP is permitted for addresses of this machine only. */
export function isStandIn(settings: Pick<Settings, "endpoint">): boolean {
  return settings.endpoint?.startsWith("http:") === true;
}

/** Directory and Data Transfer have documented limits, which a rate can lower but not raise. */
function capped(quotas: Rates["project"], perSecond: number | undefined): Rates["project"] {
  if (perSecond === undefined) return quotas;
  const given = { perMinute: perSecond * 60, known: true };
  const lower = (name: GateName): Rates["project"][GateName] =>
    quotas[name].perMinute <= given.perMinute ? quotas[name] : given;
  return {
    reads: given,
    writes: given,
    tokens: given,
    directory: lower("directory"),
    transfers: lower("transfers"),
  };
}
