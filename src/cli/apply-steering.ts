/** What somebody may do to an apply under way: hold it, let it go on, give it another rate, end it cleanly. */
import { z } from "zod";
import type { Paced } from "./connect.ts";
import type { Stopping } from "./signals.ts";

const wishes = z.discriminatedUnion("action", [
  z.strictObject({ action: z.literal("pause") }),
  z.strictObject({ action: z.literal("resume") }),
  z.strictObject({ action: z.literal("drain") }),
  z.strictObject({ action: z.literal("rate"), perSecond: z.number().min(0.01).max(10_000) }),
]);

export class Steering {
  readonly #paced: Pick<Paced, "pause" | "setRate">;
  readonly #stopping: Pick<Stopping, "stop" | "ask">;
  readonly #say: (line: string) => void;
  #pause: { readonly over: Promise<void>; readonly end: () => void } | undefined;

  /** `say`: a line for whoever started the run. */
  constructor(
    paced: Pick<Paced, "pause" | "setRate">,
    stopping: Pick<Stopping, "stop" | "ask">,
    say: (line: string) => void,
  ) {
    this.#paced = paced;
    this.#stopping = stopping;
    this.#say = say;
    // What is under way is finished first, and for that it must be able to go on.
    stopping.stop.addEventListener("abort", () => this.#goOn(), { once: true });
  }

  get isPaused(): boolean {
    return this.#pause !== undefined;
  }

  get isStopping(): boolean {
    return this.#stopping.stop.aborted;
  }

  /** Settles when the run may take steps again; undefined while it may. */
  readonly paused = (): Promise<void> | undefined => this.#pause?.over;

  /** Carries out what a page has sent; answers what is wrong with it. */
  wish(sent: unknown): string | undefined {
    const read = wishes.safeParse(sent);
    if (!read.success) return "ask for pause, resume, drain, or a rate from 0.01 to 10000 calls a second";
    if (this.#stopping.stop.aborted) return "the run is stopping already";
    const wish = read.data;
    switch (wish.action) {
      case "pause":
        this.#hold();
        return undefined;
      case "resume":
        if (this.#goOn()) this.#say("Going on, as asked on the dashboard.");
        return undefined;
      case "rate":
        this.#paced.setRate(wish.perSecond);
        this.#say(`At most ${wish.perSecond} calls a second, as asked on the dashboard.`);
        return undefined;
      case "drain":
        this.#stopping.ask(
          "dashboard",
          "\nStopping, as asked on the dashboard: what is under way is finished first.\n",
        );
        return undefined;
    }
  }

  #hold(): void {
    if (this.#pause !== undefined) return;
    let end = (): void => undefined;
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#pause = { over, end };
    this.#paced.pause(true);
    this.#say("Paused, as asked on the dashboard: nothing new is sent.");
  }

  #goOn(): boolean {
    const pause = this.#pause;
    if (pause === undefined) return false;
    this.#pause = undefined;
    this.#paced.pause(false);
    pause.end();
    return true;
  }
}
