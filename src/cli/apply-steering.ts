/** What somebody may do to an apply under way: hold it, let it go on, change its pace, end it; each act is put on record. */
import { z } from "zod";
import type { Workers } from "../engine/workers.ts";
import type { Clock } from "../model/clock.ts";
import type { EngineEvent, SteeredBy, SteeringAct } from "../model/event.ts";
import { concurrencyMax, perSecondMax, perSecondMin } from "./control-words.ts";
import type { Paced } from "./connect.ts";
import type { Stopping } from "./signals.ts";

const wishes: z.ZodType<Wish> = z.discriminatedUnion("action", [
  z.strictObject({ action: z.literal("pause") }),
  z.strictObject({ action: z.literal("resume") }),
  z.strictObject({ action: z.literal("drain") }),
  z.strictObject({ action: z.literal("abort") }),
  z.strictObject({ action: z.literal("rate"), perSecond: z.number().min(perSecondMin).max(perSecondMax) }),
  z.strictObject({ action: z.literal("concurrency"), steps: z.int().min(1).max(concurrencyMax) }),
]);

export type Wish =
  | { readonly action: "pause" | "resume" | "drain" }
  | { readonly action: "abort" }
  | { readonly action: "rate"; readonly perSecond: number }
  | { readonly action: "concurrency"; readonly steps: number };

export type WishAnswer =
  | {
      readonly kind: "done";
      readonly said: string;
      /** To be called once the answer has left: the process ends with it. */
      readonly last?: (() => void) | undefined;
    }
  /** `stopping`: too late for it. `wrong`: nothing that can be asked for. */
  | { readonly kind: "refused"; readonly why: "stopping" | "wrong"; readonly problem: string };

/** What a page or a shell has sent; undefined for what nobody may ask for, or not from there. */
export function readWish(sent: unknown, via: SteeredBy["via"]): Wish | undefined {
  const read = wishes.safeParse(sent);
  return read.success && (read.data.action !== "abort" || via === "ctl") ? read.data : undefined;
}

export const wishesThereAre: string = `ask for pause, resume, drain, a rate from ${perSecondMin} to ${perSecondMax} calls a second, or 1 to ${concurrencyMax} steps at once`;

export interface SteeringOptions {
  readonly paced: Pick<Paced, "pause" | "setRate">;
  readonly stopping: Pick<Stopping, "stop" | "ask" | "leave">;
  readonly workers: Pick<Workers, "permit">;
  readonly clock: Pick<Clock, "now" | "sleep">;
  /** A line for whoever started the run. */
  readonly say: (line: string) => void;
  readonly onEvent: (event: EngineEvent) => void;
  /** Resolves once the act stands in the run's audit chain. */
  readonly record: (details: Readonly<Record<string, string | number>>) => Promise<void>;
}

/** How long leaving at once waits for its row in the audit chain. */
const lastRowMs = 2_000;

export class Steering {
  readonly #options: SteeringOptions;
  #pause:
    | { readonly over: Promise<void>; readonly end: () => void; readonly by: string; readonly sinceMs: number }
    | undefined;

  constructor(options: SteeringOptions) {
    this.#options = options;
    // What is under way is finished first, and for that it must be able to go on.
    options.stopping.stop.addEventListener("abort", () => this.#goOn(), { once: true });
  }

  /** Who has paused it, and since when in wall ms; undefined while it is not paused. */
  get pausedBy(): { readonly by: string; readonly sinceMs: number } | undefined {
    return this.#pause;
  }

  get isStopping(): boolean {
    return this.#options.stopping.stop.aborted;
  }

  /** Settles when the run may take steps again; undefined while it may. */
  readonly paused = (): Promise<void> | undefined => this.#pause?.over;

  /** Carries out what a page or a shell has sent, at once; answers when it is on record. Never throws. */
  async wish(sent: unknown, from: SteeredBy): Promise<WishAnswer> {
    const wish = readWish(sent, from.via);
    if (wish === undefined) return { kind: "refused", why: "wrong", problem: wishesThereAre };
    if (this.isStopping && wish.action !== "drain" && wish.action !== "abort") {
      return { kind: "refused", why: "stopping", problem: "the run is stopping already" };
    }
    const said = this.#carryOut(wish, from);
    if (said === undefined) return { kind: "done", said: nothingNew[wish.action] ?? "It is so already." };
    const recorded = await this.#record(wish, from);
    const answer = recorded ? said : `${said} The run file could not take a record of it.`;
    if (wish.action !== "abort") return { kind: "done", said: answer };
    return {
      kind: "done",
      said: answer,
      last: () => this.#options.stopping.leave(`\nLeft at once, as asked${place(from)}. `),
    };
  }

  /** What was done, for people; undefined when it was so already. */
  #carryOut(wish: Wish, from: SteeredBy): string | undefined {
    const { paced, stopping, workers, say } = this.#options;
    const asked = `, as asked${place(from)}`;
    switch (wish.action) {
      case "pause":
        if (this.#pause !== undefined) return undefined;
        this.#hold(from);
        say(`Paused${asked}: nothing new is sent.`);
        return "Paused: nothing new is sent until it is resumed.";
      case "resume":
        if (!this.#goOn()) return undefined;
        say(`Going on${asked}.`);
        return "Going on.";
      case "rate":
        paced.setRate(wish.perSecond);
        say(`At most ${wish.perSecond} calls a second${asked}.`);
        return `At most ${wish.perSecond} calls a second from now on.`;
      case "concurrency":
        workers.permit(wish.steps);
        say(`At most ${wish.steps} steps at once${asked}.`);
        return `At most ${wish.steps} steps at once from now on.`;
      case "drain":
        if (this.isStopping) return undefined;
        stopping.ask(from.via, `\nStopping${asked}: what is under way is finished first.\n`);
        return "Stopping: what is under way is finished first.";
      case "abort":
        return "Leaving at once.";
    }
  }

  async #record(wish: Wish, { via, uid }: SteeredBy): Promise<boolean> {
    const value = valueOf(wish);
    const act: SteeringAct = wish.action;
    this.#options.onEvent({ type: "steered", act, via, uid, value });
    const written = this.#options
      .record({
        what: act,
        from: via,
        ...(uid === undefined ? {} : { uid }),
        ...(value === undefined ? {} : { value }),
      })
      .then(
        () => true,
        // The engine meets the same fault, and ends the run over it.
        () => false,
      );
    if (act !== "abort") return written;
    return Promise.race([written, this.#options.clock.sleep(lastRowMs).then(() => false)]);
  }

  #hold(from: SteeredBy): void {
    let end = (): void => undefined;
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#pause = { over, end, by: from.via, sinceMs: this.#options.clock.now() };
    this.#options.paced.pause(true);
  }

  #goOn(): boolean {
    const pause = this.#pause;
    if (pause === undefined) return false;
    this.#pause = undefined;
    this.#options.paced.pause(false);
    pause.end();
    return true;
  }
}

const nothingNew: Readonly<Partial<Record<SteeringAct, string>>> = {
  pause: "It was paused already.",
  resume: "It was not paused.",
  drain: "It was stopping already.",
};

function valueOf(wish: Wish): number | undefined {
  if (wish.action === "rate") return wish.perSecond;
  return wish.action === "concurrency" ? wish.steps : undefined;
}

function place({ via }: SteeredBy): string {
  return via === "dashboard" ? " on the dashboard" : " with handover ctl";
}
