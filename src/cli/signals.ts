/** Asking a verb to stop: one signal drains, a second one leaves at once, and a reader that has gone counts as a signal. */
import { setMaxListeners } from "node:events";
import type { Context } from "./context.ts";
import { exitCodes } from "./exit-code.ts";

export interface Stopping {
  /** Fires at the first request to stop. */
  readonly stop: AbortSignal;
  /** Fires some seconds later: time for what was sent to be looked at, and for calls to have the turn they wait for. */
  readonly late: AbortSignal;
  /** What asked, such as `SIGINT`; undefined while nothing has. */
  readonly why: () => string | undefined;
  /** Asks in the place of a signal; `word` is said to whoever started the verb. Nothing, when something has asked before. */
  readonly ask: (cause: string, word: string) => void;
  /** Leaves at once, as a second signal does, after saying `word`. */
  readonly leave: (word: string) => void;
  /** Takes the handlers away again. */
  readonly dispose: () => void;
}

/** How long what is under way may take to end before the process leaves anyway. A resumed step reads before it writes. */
export const drainMaxMs = 30_000;
/** How long calls may still wait for their turn: a few at a careful rate, not the hour a server may ask for. */
const lateMs = 10_000;

/**
 * `resume` is the command that goes on from here, printed at both signals; undefined for verbs that leave nothing
 * half-done. Every stop of such a verb is immediate as far as the work allows.
 */
export function stopOnSignals(context: Context, resume: string | undefined): Stopping {
  const controller = new AbortController();
  // Every call that waits listens to it: hundreds at once are no leak.
  setMaxListeners(0, controller.signal);
  const late = new AbortController();
  setMaxListeners(0, late.signal);
  const drained = new AbortController();
  let why: string | undefined;
  const next = resume === undefined ? "" : `Resume with: ${resume}\n`;

  function begin(cause: string, word: string): void {
    why = cause;
    if (word !== "") context.stderr.write(word);
    controller.abort(cause);
    void context.clock.sleep(lateMs, drained.signal).then(() => {
      if (!drained.signal.aborted) late.abort(cause);
    });
    void context.clock.sleep(drainMaxMs, drained.signal).then(() => {
      if (drained.signal.aborted) return;
      context.stderr.write(`\nWhat is under way has not ended within ${drainMaxMs / 1000} s; leaving it. ${next}`);
      context.exit(exitCodes.stopped);
    });
  }

  function leave(word: string): void {
    context.stderr.write(`${word}${next}`);
    context.exit(exitCodes.forced);
  }

  const off = context.onSignal((signal) => {
    if (why === undefined) {
      begin(signal, `\nStopping: what is under way is finished first. Ctrl-C again leaves at once.\n${next}`);
      return;
    }
    if (signal === "SIGHUP") return;
    leave("\nLeft at once. ");
  });

  const onBroken = (error: NodeJS.ErrnoException): void => {
    if (why === undefined) begin(error.code ?? "broken output", "");
  };
  context.stdout.on("error", onBroken);
  return {
    stop: controller.signal,
    late: late.signal,
    why: () => why,
    ask: (cause, word) => {
      if (why === undefined) begin(cause, word + next);
    },
    leave,
    dispose: () => {
      off();
      drained.abort();
    },
  };
}
