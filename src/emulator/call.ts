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

/** RFC 3339 UTC without a fraction, as Data Studio writes times (api.md 1.3). */
export function secondsText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** The path parameter at `index`. */
export function param(call: Call, index: number): string {
  return call.params[index] ?? "";
}
