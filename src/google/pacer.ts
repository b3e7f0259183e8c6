/** The gates that every attempt passes, first or repeated: which gate a call belongs to, and what its answer does to it. */
import type { Clock } from "../model/clock.ts";
import type { Service } from "./exchange.ts";
import type { GateStanding } from "../model/slowness.ts";
import { Gate } from "./gate.ts";
import { rateSource } from "./pace.ts";
import type { Quota } from "./pace.ts";
import { parsePacerMemory } from "./pacer-memory.ts";
import type { GateMemory, PacerMemory } from "./pacer-memory.ts";
import type { Spacing } from "./spacing.ts";

export type GateName = "reads" | "writes" | "directory" | "transfers" | "tokens";

export const gateNames: readonly GateName[] = ["reads", "writes", "directory", "transfers", "tokens"];

/** Quotas by gate; those of the project, and those of each user in it. */
export interface Rates {
  readonly project: Readonly<Record<GateName, Quota>>;
  readonly actor: Readonly<Record<GateName, Quota>>;
}

const unlimited: Quota = { perMinute: Infinity, known: false };

/**
 * Google publishes no figures for Data Studio, so that its gates begin low and rise on success; the others are the
 * documented limits (api.md 2.3).
 */
export const defaultRates: Rates = {
  project: {
    reads: { perMinute: 300, known: false },
    writes: { perMinute: 300, known: false },
    directory: { perMinute: 2400, known: true },
    transfers: { perMinute: 600, known: true },
    tokens: { perMinute: 600, known: false },
  },
  actor: {
    reads: { perMinute: 120, known: false },
    writes: { perMinute: 120, known: false },
    directory: unlimited,
    transfers: unlimited,
    tokens: unlimited,
  },
};

/** No pacing until somebody asks to slow down: for an emulator without quotas, and simulations. */
export const noRates: Rates = {
  project: { reads: unlimited, writes: unlimited, directory: unlimited, transfers: unlimited, tokens: unlimited },
  actor: { reads: unlimited, writes: unlimited, directory: unlimited, transfers: unlimited, tokens: unlimited },
};

/** A call as the gates see it. */
export interface PacedCall {
  readonly service: Service;
  readonly kind: "read" | "write";
  /** The user whose own quota it draws on. */
  readonly actor: string;
}

/** A call that was refused or put off by the server. */
export interface PacedRefusal {
  /** Monotonic ms at which it passed the gate. */
  readonly sentAt: number;
  readonly retryAfterMs: number | undefined;
  readonly quotaPerMinute: number | undefined;
  readonly quotaOf: "project" | "actor";
}

/** A gate as it stands. */
export interface GateState {
  readonly gate: GateName;
  /** Calls permitted per minute, for the whole project; Infinity when it is not paced. */
  readonly perMinute: number;
  /** Calls waiting. */
  readonly waiting: number;
  /** Wall ms until which the server wants no calls, when it does. */
  readonly blockedUntilMs: number | undefined;
  /** Users held to less than they began with, or held back. */
  readonly actorsSlowed: number;
  /** For people. */
  readonly reason: string;
}

export interface PacerState {
  readonly gates: readonly GateState[];
  /** The gate most calls wait at; undefined when none waits. */
  readonly limiting: GateState | undefined;
}

/** A gate changed its pace, or was told to wait. */
export interface PaceChange {
  readonly gate: GateName;
  /** The user it concerns; undefined for the whole project. */
  readonly actor: string | undefined;
  readonly perSecond: number;
  readonly reason: string;
  /** Wall ms until which nothing passes. */
  readonly untilMs: number | undefined;
  /** Set by hand. */
  readonly asked: boolean;
}

export class Pacer {
  readonly #clock: Clock;
  readonly #gates: Readonly<Record<GateName, Gate>>;
  readonly #listeners = new Set<(change: PaceChange) => void>();

  constructor(clock: Clock, rates: Rates = defaultRates) {
    this.#clock = clock;
    const gate = (name: GateName): Gate => new Gate(clock, rates.project[name], rates.actor[name]);
    this.#gates = {
      reads: gate("reads"),
      writes: gate("writes"),
      directory: gate("directory"),
      transfers: gate("transfers"),
      tokens: gate("tokens"),
    };
  }

  /** Resolves when the call may be sent. Rejects with an `ApiError` (`retry`, `stopped`) when `signal` fires first. */
  take(call: PacedCall, signal?: AbortSignal): Promise<void> {
    return this.#gates[gateOf(call)].take(call.actor, signal);
  }

  /** Whether Google has asked that no such call be made now. */
  isHeldBack(call: PacedCall): boolean {
    return this.#gates[gateOf(call)].isHeldBack(call.actor);
  }

  /** Google refused the call for going too fast. */
  throttled(call: PacedCall, refusal: PacedRefusal): void {
    const name = gateOf(call);
    const isActors = refusal.quotaOf === "actor";
    const spacing = isActors ? this.#gates[name].actor(call.actor) : this.#gates[name].project;
    const isNews = spacing.refused({
      now: this.#clock.monotonic(),
      areWaiting: this.#gates[name].waiting > 0,
      ...refusal,
    });
    if (!isNews) return;
    this.#gates[name].reconsider();
    this.#announce(name, isActors ? call.actor : undefined, spacing);
  }

  /** The server asked to wait without refusing for speed: a 503 with `Retry-After`. */
  heldBack(call: PacedCall, retryAfterMs: number): void {
    const name = gateOf(call);
    const { project } = this.#gates[name];
    if (project.holdUntil(this.#clock.monotonic() + retryAfterMs)) this.#announce(name, undefined, project);
  }

  /** The call was answered otherwise than by a refusal for speed. `sentAt`: monotonic ms at which it passed the gate. */
  succeeded(call: PacedCall, sentAt: number): void {
    const name = gateOf(call);
    const gate = this.#gates[name];
    const now = this.#clock.monotonic();
    const areWaiting = gate.waiting > 0;
    if (gate.project.succeeded(now, sentAt, areWaiting)) {
      gate.reconsider();
      this.#announce(name, undefined, gate.project);
    }
    if (gate.knownActor(call.actor)?.succeeded(now, sentAt, areWaiting) === true) gate.reconsider();
  }

  /** While paused, no call passes any gate; those on their way are not touched. */
  pause(isPaused: boolean): void {
    for (const name of gateNames) this.#gates[name].pause(isPaused);
  }

  /** Sets a limit by hand, which counts as known. `perMinute` must be above 0. */
  setRate(gate: GateName, perMinute: number, of: "project" | "actor" = "project"): void {
    if (!(perMinute > 0)) throw new RangeError(`a rate of ${perMinute} a minute lets nothing pass`);
    const quota = { perMinute, known: perMinute < Infinity };
    if (of === "actor") {
      this.#gates[gate].setActorQuota(quota);
      return;
    }
    const { project } = this.#gates[gate];
    project.setQuota(quota, this.#clock.monotonic());
    this.#gates[gate].reconsider();
    this.#announce(gate, undefined, project, true);
  }

  /** What limits now, and why. */
  state(): PacerState {
    const gates = gateNames.map((name) => this.#stateOf(name));
    const limiting = gates.reduce((a, b) => (b.waiting > a.waiting ? b : a));
    return { gates, limiting: limiting.waiting > 0 ? limiting : undefined };
  }

  /** Each gate as it stands, and what those who wait at it are waiting for. */
  standings(): readonly GateStanding[] {
    return gateNames.map((name) => this.#standingOf(name));
  }

  /** Calls `listener` at each change, until the function answered is called. */
  onChange(listener: (change: PaceChange) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** What a later process must know: limits learned, and how long the server wants no calls. Plain JSON. */
  remember(): PacerMemory {
    return { gates: gateNames.flatMap((name) => this.#memoriesOf(name)) };
  }

  /** Goes on from what an earlier process remembered; anything that is not such a memory is ignored. */
  recall(remembered: unknown): void {
    const now = this.#clock.monotonic();
    const wall = this.#clock.now();
    for (const memory of parsePacerMemory(remembered)) {
      const name = gateNames.find((gate) => gate === memory.gate);
      if (name === undefined) continue;
      const gate = this.#gates[name];
      const spacing = memory.actor === undefined ? gate.project : gate.actor(memory.actor);
      if (memory.limitPerMinute !== undefined) spacing.resume(memory.limitPerMinute, now);
      // No server asks for more than an hour here, so that a clock that was turned back cannot stop a run for longer.
      const wait = Math.min(3_600_000, (memory.notBeforeMs ?? 0) - wall);
      if (wait > 0) spacing.holdUntil(now + wait);
    }
  }

  /** Sends away everybody who waits. */
  close(): void {
    for (const name of gateNames) this.#gates[name].close();
  }

  #memoriesOf(name: GateName): readonly GateMemory[] {
    const gate = this.#gates[name];
    const now = this.#clock.monotonic();
    const of = (spacing: Spacing, actor: string | undefined): GateMemory => ({
      gate: name,
      actor,
      limitPerMinute: spacing.pace.limit,
      notBeforeMs: spacing.notBefore > now ? this.#clock.now() + spacing.notBefore - now : undefined,
    });
    return [of(gate.project, undefined), ...[...gate.actors()].map(([actor, spacing]) => of(spacing, actor))].filter(
      (memory) => memory.limitPerMinute !== undefined || memory.notBeforeMs !== undefined,
    );
  }

  #stateOf(name: GateName): GateState {
    const gate = this.#gates[name];
    const now = this.#clock.monotonic();
    const slowed = [...gate.actors()].filter(([, s]) => s.pace.slowedAt > -Infinity || s.notBefore > now);
    return {
      gate: name,
      perMinute: gate.project.pace.perMinute,
      waiting: gate.waiting,
      blockedUntilMs: this.#untilMs(gate.project),
      actorsSlowed: slowed.length,
      reason: reasonText(gate.project, now),
    };
  }

  #standingOf(name: GateName): GateStanding {
    const gate = this.#gates[name];
    const { project } = gate;
    const users = gate.waitingActors();
    const slowest = users.reduce<Spacing | undefined>(
      (most, [, spacing]) => (spacing.pace.perMinute < (most?.pace.perMinute ?? Infinity) ? spacing : most),
      undefined,
    );
    const holds = users.map(([, spacing]) => this.#wall(spacing.serverHold) ?? 0);
    return {
      gate: name,
      waiting: gate.waiting,
      waitsFor: gate.waitsFor,
      perMinute: project.pace.perMinute,
      rateSource: rateSource(project.pace),
      serverUntilMs: this.#wall(project.serverHold),
      users: users.length,
      user: users.length === 1 ? users[0]?.[0] : undefined,
      usersUntilMs: holds.length === 0 || holds.includes(0) ? undefined : Math.min(...holds),
      usersPerMinute: slowest?.pace.perMinute ?? Infinity,
      usersRateSource: slowest === undefined ? "guess" : rateSource(slowest.pace),
    };
  }

  #untilMs(spacing: Spacing): number | undefined {
    return this.#wall(spacing.notBefore);
  }

  /** A monotonic time still to come as wall ms. */
  #wall(at: number): number | undefined {
    const ms = at - this.#clock.monotonic();
    return ms > 0 ? this.#clock.now() + ms : undefined;
  }

  #announce(gate: GateName, actor: string | undefined, spacing: Spacing, asked = false): void {
    if (this.#listeners.size === 0) return;
    const perSecond = spacing.pace.perMinute / 60;
    const reason = `${gate}: ${reasonText(spacing, this.#clock.monotonic())}`;
    const change = { gate, actor, perSecond, reason, untilMs: this.#untilMs(spacing), asked };
    for (const listener of this.#listeners) listener(change);
  }
}

export function gateOf(call: PacedCall): GateName {
  switch (call.service) {
    case "data-studio":
      return call.kind === "write" ? "writes" : "reads";
    case "directory":
      return "directory";
    case "data-transfer":
      return "transfers";
    case "token":
    case "iam":
      return "tokens";
  }
}

export function reasonText(spacing: Spacing, now: number): string {
  if (spacing.notBefore > now) return "Google asked to slow down";
  const { reason, perMinute } = spacing.pace;
  switch (reason) {
    case "configured":
      return perMinute === Infinity ? "not paced" : "as configured";
    case "told":
      return "Google named its limit";
    case "measured":
      return "held to what Google accepted in a minute";
    case "cut":
      return "Google refused again";
    case "rising":
      return "speeding up again";
  }
}
