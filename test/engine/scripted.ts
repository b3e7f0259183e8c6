/** Google as a list of answers, and visits to a single step that must ask for exactly those. */
import { expect } from "vitest";
import { Actors } from "../../src/engine/actors.ts";
import { convergeEdit } from "../../src/engine/converge.ts";
import type { Ending } from "../../src/engine/ending.ts";
import type { ApplyOptions } from "../../src/engine/verbs.ts";
import type { Claim, Journal } from "../../src/journal/journal.ts";
import { createMemoryRun } from "../../src/journal/sqlite/memory.ts";
import type { Api, DataStudioApi } from "../../src/model/api.ts";
import { etag } from "../../src/model/brand.ts";
import type { Email } from "../../src/model/email.ts";
import { ApiError, RunLockedError } from "../../src/model/errors.ts";
import type { Disposition, FailureClass } from "../../src/model/errors.ts";
import type { EngineEvent } from "../../src/model/event.ts";
import { member } from "../../src/model/member.ts";
import type { Delta, Permissions, RoleMap } from "../../src/model/permissions.ts";
import type { EditStep, StepResult } from "../../src/model/step.ts";
import { anna, ben, cleo, edit, header } from "../journal/samples.ts";
import { ManualClock } from "../support/clock.ts";

/** What a step is allowed unless a test says otherwise. */
export const allowed: ApplyOptions = {
  concurrency: 4,
  perActor: 4,
  failuresMax: undefined,
  attemptsMax: 30,
  conflictsMax: 8,
  settleMs: 120_000,
  transferPollMs: 1000,
  transferPollMaxMs: 30_000,
  transferWaitMs: 3_600_000,
  durationMs: undefined,
};

export const benEdits: Delta = { add: [{ role: "EDITOR", member: member(`user:${ben}`) }], remove: [] };

/** Permissions under an etag: `owner`, and ben as an editor if the change is there. */
export function shows(tag: string | undefined, change: "with" | "without", owner: Email = anna): Permissions {
  const roles: RoleMap = new Map([
    ["OWNER", [member(`user:${owner}`)]],
    ...(change === "with" ? [["EDITOR", [member(`user:${ben}`)]] as const] : []),
  ]);
  return { roles, etag: tag === undefined ? undefined : etag(tag) };
}

export function no(disposition: Disposition, failure: string = disposition): ApiError {
  return new ApiError(`Google said ${failure}`, { disposition, failure: failure as FailureClass });
}

/**
 * What comes of one call. `unsent`: the request fails before its turn. `again`: its turn comes twice (token rejected).
 * `stop`: the user asks to stop while it waits for its turn, or while the intent is being written down. `takenOver`:
 * while it waits, another process takes the run over.
 */
export type Turn =
  | { readonly read: Permissions | Error }
  | {
      readonly write: Permissions | Error;
      readonly unsent?: boolean;
      readonly again?: boolean;
      readonly stop?: "waiting" | "writing-down";
      readonly takenOver?: boolean;
    };

export interface Call {
  readonly what: "read" | "write";
  readonly actor: Email;
  readonly etag?: string | undefined;
  readonly roles?: RoleMap;
}

/** Google as a list of answers; a call that the list does not foresee fails the test. */
class Script implements Pick<DataStudioApi, "getPermissions" | "patchPermissions"> {
  readonly calls: Call[] = [];
  readonly #turns: Turn[];
  readonly #stop: AbortController;
  readonly #takeOver: () => Promise<unknown>;

  constructor(turns: readonly Turn[], stop: AbortController, takeOver: () => Promise<unknown>) {
    this.#turns = [...turns];
    this.#stop = stop;
    this.#takeOver = takeOver;
  }

  get left(): number {
    return this.#turns.length;
  }

  async getPermissions(actor: Email): Promise<Permissions> {
    const turn = this.#turns.shift();
    this.calls.push({ what: "read", actor });
    if (turn === undefined || !("read" in turn)) throw new Error("a read that nobody foresaw");
    return answer(turn.read);
  }

  async patchPermissions(
    actor: Email,
    _name: string,
    permissions: Permissions,
    beforeSend: () => Promise<void>,
  ): Promise<Permissions> {
    const turn = this.#turns.shift();
    this.calls.push({ what: "write", actor, etag: permissions.etag, roles: permissions.roles });
    if (turn === undefined || !("write" in turn)) throw new Error("a write that nobody foresaw");
    if (turn.stop === "waiting") this.#stop.abort();
    if (turn.takenOver === true) await this.#takeOver();
    if (turn.unsent !== true) {
      const itsTurn = beforeSend();
      if (turn.stop === "writing-down") this.#stop.abort();
      await itsTurn;
    }
    if (turn.again === true) await beforeSend();
    return answer(turn.write);
  }
}

/** A process that has lost its run has nothing left to make durable. */
export function unlessTakenOver(error: unknown): void {
  if (!(error instanceof RunLockedError)) throw error;
}

function answer(given: Permissions | Error): Permissions {
  if (given instanceof Error) throw given;
  return given;
}

export interface Visit {
  readonly ending: Ending;
  /** The step as the process was given it. */
  readonly claim: Claim;
  readonly calls: readonly Call[];
  readonly events: readonly EngineEvent[];
  readonly journal: Journal;
  readonly actors: Actors;
  /** Clock time the visit took, ms. */
  readonly tookMs: number;
}

export type Changes = Partial<Omit<EditStep, "kind" | "seq">>;

/** One visit by a process of its own. `stopped`: the user asked before; `halted`: users known to be out of reach. */
type Visiting = (
  turns: readonly Turn[],
  more?: {
    readonly options?: Partial<ApplyOptions>;
    readonly stopped?: boolean;
    readonly halted?: readonly Email[];
  },
) => Promise<Visit>;

/** A run of one step, and visits to it; each visit is a process of its own. */
export async function stepOf(changes: Changes = {}): Promise<Visiting> {
  const clock = new ManualClock();
  const run = createMemoryRun();
  await run.writer.add([edit(changes)]);
  await run.writer.seal(header());
  return async (turns, more = {}) => {
    const stop = new AbortController();
    if (more.stopped === true) stop.abort();
    const script = new Script(turns, stop, () => run.openJournal({ clock }));
    const events: EngineEvent[] = [];
    const onEvent = (event: EngineEvent): void => {
      events.push(event);
    };
    const actors = new Actors(onEvent);
    for (const actor of more.halted ?? []) actors.halt(actor, no("halt-actor", "suspended"));
    const journal = await run.openJournal({ clock });
    const [claim] = await journal.claim({ max: 1, perActor: 1, halted: new Set() });
    if (claim?.step.kind !== "edit") return expect.fail();
    const surroundings = {
      api: { dataStudio: script } as unknown as Api,
      clock,
      random: () => 0.5,
      onEvent,
      stop: stop.signal,
    };
    const options = { ...allowed, ...more.options };
    const began = clock.monotonic();
    let ending: Ending;
    try {
      ending = await clock.drive(convergeEdit(surroundings, journal, claim, claim.step, options, actors));
    } finally {
      await journal.flush().catch(unlessTakenOver);
    }
    expect(script.left, "answers that nobody asked for").toBe(0);
    return { ending, claim, calls: script.calls, events, journal, actors, tookMs: clock.monotonic() - began };
  };
}

export async function visit(
  changes: Changes,
  turns: readonly Turn[],
  more: Parameters<Visiting>[1] = {},
): Promise<Visit> {
  const step = await stepOf(changes);
  return step(turns, more);
}

/** The calls in short, such as `read` or `write e1`. */
export function inShort(calls: readonly Call[]): readonly string[] {
  return calls.map((call) => (call.what === "read" ? "read" : `write ${call.etag}`));
}

export function resultOf(ending: Ending): StepResult {
  return ending.kind === "ended" ? ending.result : expect.fail(`the step ended as ${JSON.stringify(ending)}`);
}

export const mustRead: Changes = { base: undefined };
export const withCleo: Changes = { alternates: [cleo] };
