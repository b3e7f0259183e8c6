/** One call as the services see it: who, when, with what, on which state. */
import type { Caller } from "./access.ts";
import type { Route } from "./routes.ts";
import type { Cause, TenantState } from "./state.ts";
import type { Switches } from "./switches.ts";

export interface Call {
  readonly route: Route;
  readonly params: readonly string[];
  readonly query: URLSearchParams;
  readonly body: string;
  readonly caller: Caller;
  readonly state: TenantState;
  readonly switches: Switches;
  /** Emulator time, ms. */
  readonly now: number;
  /** How far search is behind for this call, ms. */
  readonly searchLagMs: number;
}

/** What history writes down for a change this call makes. */
export function causeOf(call: Call): Cause {
  return { at: call.now, actor: call.caller.email, via: call.route.id };
}

/** Pages of assets repeat a few instants over and over, and writing one out costs as much as finding its asset. */
const secondsTexts = new Map<number, string>();
const secondsTextsMax = 1024;

/** RFC 3339 UTC without a fraction, as Data Studio writes times (api.md 1.3). */
export function secondsText(ms: number): string {
  const known = secondsTexts.get(ms);
  if (known !== undefined) return known;
  if (secondsTexts.size >= secondsTextsMax) secondsTexts.clear();
  const text = `${new Date(ms).toISOString().slice(0, 19)}Z`;
  secondsTexts.set(ms, text);
  return text;
}

/** The path parameter at `index`. */
export function param(call: Call, index: number): string {
  return call.params[index] ?? "";
}
