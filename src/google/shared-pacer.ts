/**
 * The gates of several processes as one: slots are taken in small blocks from sequences that all of them share, on the
 * clock of the store. How fast is decided by the same policy as for one process; clocks of workers are never compared.
 */
import type { Clock } from "../model/clock.ts";
import type { SharedCells } from "../model/shared-cells.ts";
import type { GateStanding } from "../model/slowness.ts";
import { gateNames, gateOf } from "./pacer.ts";
import type { GateName, PaceChange, PacedCall, PacedRefusal, Rates } from "./pacer.ts";
import { SharedGate } from "./shared-gate.ts";
import type { Turns } from "./turns.ts";

export interface SharedPacing {
  readonly clock: Clock;
  readonly cells: SharedCells;
  /** Whose quota it is, such as a project of Google's; those with the same name share it. */
  readonly scope: string;
  readonly rates: Rates;
}

export class SharedPacer implements Turns {
  readonly #gates: Readonly<Record<GateName, SharedGate>>;
  readonly #listeners = new Set<(change: PaceChange) => void>();

  constructor({ clock, cells, scope, rates }: SharedPacing) {
    const announce = (change: PaceChange): void => {
      for (const listener of this.#listeners) listener(change);
    };
    const gate = (name: GateName): SharedGate =>
      new SharedGate({
        name,
        clock,
        cells,
        scope,
        quota: rates.project[name],
        actorQuota: rates.actor[name],
        announce,
      });
    this.#gates = {
      reads: gate("reads"),
      writes: gate("writes"),
      directory: gate("directory"),
      transfers: gate("transfers"),
      tokens: gate("tokens"),
    };
  }

  take(call: PacedCall, signal?: AbortSignal): Promise<void> {
    return this.#gates[gateOf(call)].take(call.actor, signal);
  }

  isHeldBack(call: PacedCall): boolean {
    return this.#gates[gateOf(call)].isHeldBack(call.actor);
  }

  throttled(call: PacedCall, refusal: PacedRefusal): void {
    this.#gates[gateOf(call)].throttled(call.actor, refusal);
  }

  heldBack(call: PacedCall, retryAfterMs: number): void {
    this.#gates[gateOf(call)].heldBack(retryAfterMs);
  }

  succeeded(call: PacedCall, sentAt: number): void {
    this.#gates[gateOf(call)].succeeded(call.actor, sentAt);
  }

  pause(isPaused: boolean): void {
    for (const name of gateNames) this.#gates[name].pause(isPaused);
  }

  /** For all who share it. */
  setRate(gate: GateName, perMinute: number): void {
    if (!(perMinute > 0)) throw new RangeError(`a rate of ${perMinute} a minute lets nothing pass`);
    this.#gates[gate].setQuota({ perMinute, known: perMinute < Infinity });
  }

  standings(): readonly GateStanding[] {
    return gateNames.map((name) => this.#gates[name].standing());
  }

  onChange(listener: (change: PaceChange) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  close(): void {
    for (const name of gateNames) this.#gates[name].close();
  }
}
