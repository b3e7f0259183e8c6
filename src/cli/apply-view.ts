/** Following an apply: the status line and what happens beside it on stderr, or one JSON object per event on stdout. */
import type { EngineEvent } from "../model/event.ts";
import type { Counts } from "../model/run.ts";
import { eventLine, statusLine } from "../report/apply-text.ts";
import { eventJson } from "../report/json.ts";
import { ProgressFold, beginProgress } from "../report/progress.ts";
import type { Style } from "../report/style.ts";
import type { Context } from "./context.ts";
import { LiveLine } from "./live-line.ts";

export interface ApplyView {
  onEvent(event: EngineEvent): void;
  /** A line for people only. */
  say(line: string): void;
  close(): void;
}

export class ApplyText implements ApplyView {
  readonly #context: Context;
  readonly #style: Style;
  readonly #line: LiveLine;
  readonly #fold: ProgressFold;

  constructor(context: Context, style: Style, counts: Counts) {
    this.#context = context;
    this.#style = style;
    this.#fold = new ProgressFold(beginProgress(counts, context.clock.monotonic()));
    this.#line = new LiveLine(context, () => statusLine(this.#fold.progress, context.clock.monotonic(), style));
  }

  onEvent(event: EngineEvent): void {
    this.#fold.add(event, this.#context.clock.monotonic());
    const line = eventLine(event, this.#style);
    if (line !== undefined) this.#line.say(line);
  }

  say(line: string): void {
    this.#line.say(line);
  }

  close(): void {
    this.#line.close();
  }
}

/** The stream of `apply --json`, without its first and last object. */
export class ApplyJson implements ApplyView {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  onEvent(event: EngineEvent): void {
    this.#context.stdout.write(`${eventJson(event, this.#context.clock.now())}\n`);
  }

  say(): void {}

  close(): void {}
}
