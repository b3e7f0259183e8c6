/** Steering a run that workers carry out from the page of whoever follows it: as `ctl` does, through the database. */
import { ControlError, JournalError, RunFileError } from "../model/errors.ts";
import type { SteeredBy } from "../model/event.ts";
import type { FleetRun } from "../report/fleet-text.ts";
import { readWish, wishesThereAre } from "./apply-steering.ts";
import type { Steering, WishAnswer } from "./apply-steering.ts";
import type { Context } from "./context.ts";
import { carriedOut } from "./ctl-fleet.ts";
import type { RunPlace } from "./run-place.ts";

export class FleetSteering implements Pick<Steering, "pausedBy" | "isStopping" | "wish"> {
  readonly #context: Context;
  readonly #place: RunPlace;
  #isStopping = false;
  #paused: Steering["pausedBy"];

  constructor(context: Context, place: RunPlace) {
    this.#context = context;
    this.#place = place;
  }

  get pausedBy(): Steering["pausedBy"] {
    return this.#paused;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  look({ state, why }: Pick<FleetRun, "state" | "why">): void {
    this.#isStopping = state === "stopping";
    if (state !== "paused") this.#paused = undefined;
    else this.#paused ??= { by: why ?? "", sinceMs: this.#context.clock.now() };
  }

  async wish(sent: unknown, { via }: SteeredBy): Promise<WishAnswer> {
    const wish = readWish(sent, via);
    if (wish === undefined) return { kind: "refused", why: "wrong", problem: wishesThereAre };
    try {
      const said = await carriedOut(this.#context, wish, this.#place, via);
      if (wish.action === "pause") this.look({ state: "paused", why: this.#context.account });
      if (wish.action === "resume") this.look({ state: "under-way", why: undefined });
      if (wish.action === "drain") this.#isStopping = true;
      return { kind: "done", said };
    } catch (error) {
      if (!(error instanceof ControlError || error instanceof JournalError || error instanceof RunFileError))
        throw error;
      return { kind: "refused", why: "stopping", problem: error.message };
    }
  }
}
