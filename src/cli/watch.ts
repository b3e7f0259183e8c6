/** `handover watch`: follows a run from another shell until it ends, however often its apply is started anew. */
import type { Command } from "commander";
import type { RunReader } from "../journal/journal.ts";
import type { Counts } from "../model/run.ts";
import { parseSlowness } from "../model/slowness.ts";
import { printable } from "../model/text.ts";
import { openOf } from "../report/counts-text.ts";
import { jsonText, watchEndJson, watchFileJson } from "../report/json.ts";
import { fileLines, liveLine, liveLines } from "../report/live.ts";
import type { FileStanding, LiveRun } from "../report/live.ts";
import { shellWord } from "../report/words.ts";
import type { Context } from "./context.ts";
import { watchControl } from "./control-client.ts";
import { findSocket } from "./control-place.ts";
import { exitCode, exitCodes } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { addJournalOptions } from "./flags.ts";
import type { CommonFlags, JournalFlags } from "./flags.ts";
import { print, styleOf } from "./output.ts";
import { endingName, slownessName } from "./run-facts.ts";
import { existingRun } from "./run-store.ts";
import type { RunPlace } from "./run-place.ts";
import { WatchView } from "./watch-view.ts";

export interface WatchFlags extends CommonFlags, JournalFlags {
  readonly json?: boolean;
}

export interface WatchOptions {
  readonly run: string;
  readonly json: boolean;
  readonly color: boolean;
  readonly store: JournalFlags;
}

const lookEveryMs = 1_000;

export function define(command: Command): void {
  addJournalOptions(command)
    .argument("<run>", "the run: friday or friday.handover")
    .option("--json", "one JSON object per line: how it stands, and last how it ended")
    .addHelpText(
      "after",
      `
Shows what apply shows where it was started: counts, pace, and what holds the run up. It waits for
an apply that has not begun, or was killed, and ends when the run has ended, with the exit code of
that apply (handover help exit-codes). Ctrl-C ends watching with 7, and leaves the apply alone.

Examples:
  handover watch friday
  handover watch friday --json | jq -r 'select(.type == "live") | .slowness.text'
  handover watch friday && handover verify friday`,
    );
}

export function parse(args: readonly string[], flags: WatchFlags): WatchOptions {
  return { run: args[0] ?? "", json: flags.json === true, color: flags.color, store: flags };
}

/** How an apply ended. */
interface Ending {
  readonly code: ExitCode;
  readonly ending: string;
}

export async function run(context: Context, options: WatchOptions): Promise<ExitCode> {
  const place = await existingRun(context, options.store, options.run);
  if (place.path === undefined) {
    const { watchFleet } = await import("./watch-fleet.ts");
    return watchFleet(context, options, place);
  }
  const reader = await place.openReader();
  const left = new AbortController();
  const off = context.onSignal(() => left.abort());
  context.stdout.on("error", () => left.abort());
  const watching = new Watching(context, options, place, reader, left.signal);
  try {
    return await watching.untilEnd();
  } finally {
    watching.close();
    off();
    await reader.close();
  }
}

class Watching {
  readonly #context: Context;
  readonly #options: WatchOptions;
  readonly #place: RunPlace;
  readonly #name: string;
  readonly #reader: RunReader;
  readonly #left: AbortSignal;
  readonly #view: WatchView;
  /** What was told of the file last. */
  #told = "";

  constructor(context: Context, options: WatchOptions, place: RunPlace, reader: RunReader, left: AbortSignal) {
    this.#context = context;
    this.#options = options;
    this.#place = place;
    this.#name = place.name;
    this.#reader = reader;
    this.#left = left;
    this.#view = new WatchView(context);
  }

  async untilEnd(): Promise<ExitCode> {
    const { clock } = this.#context;
    // An apply that ended before this began is history.
    const atFirst = await this.#reader.kept(endingName);
    while (!this.#left.aborted) {
      const ending = (await this.#followSocket()) ?? (await this.#lookAtFile(atFirst));
      if (ending !== undefined) return this.#end(ending);
      await clock.sleep(lookEveryMs, this.#left);
    }
    return exitCodes.stopped;
  }

  close(): void {
    this.#view.close();
  }

  /** Undefined when nobody listens, or the one who did has gone without a word. */
  async #followSocket(): Promise<Ending | undefined> {
    const { path } = this.#place;
    const socket = path === undefined ? undefined : await findSocket(this.#context, path);
    if (socket === undefined || this.#left.aborted) return undefined;
    const { readLive } = await import("./live-shape.ts");
    let ending: Ending | undefined;
    await watchControl(
      socket,
      (answer) => {
        if (answer.type === "ended") ending = { code: codeOf(answer.exitCode), ending: answer.ending };
        const live = answer.type === "live" ? readLive(answer.live) : undefined;
        if (live !== undefined) this.#show(live);
      },
      this.#left,
    );
    return ending;
  }

  async #lookAtFile(atFirst: string | undefined): Promise<Ending | undefined> {
    const held = await this.#place.isHeld();
    const kept = await this.#reader.kept(endingName);
    const counts = await this.#reader.counts();
    if (!held) {
      const ended = kept === atFirst ? undefined : endingIn(kept);
      if (ended !== undefined) return ended;
      if (openOf(counts) === 0) return { code: finished(counts), ending: "Finished: every step has ended." };
    }
    const slowness = held ? parseSlowness(await this.#reader.kept(slownessName)) : undefined;
    const { tenant } = this.#reader.header;
    const standing: FileStanding = { runName: this.#name, tenant, held, counts, slowness };
    const { clock, stdout } = this.#context;
    if (this.#options.json) {
      const news = JSON.stringify(standing);
      if (news !== this.#told) this.#view.say(watchFileJson(standing, clock.now()));
      this.#told = news;
    } else {
      const style = styleOf(this.#context, stdout, this.#options.color);
      const lines = fileLines(standing, style);
      this.#view.show(lines, lines.slice(1).join("  "));
    }
    return undefined;
  }

  #show(live: LiveRun): void {
    if (this.#options.json) return this.#view.say(jsonText(live));
    const style = styleOf(this.#context, this.#context.stdout, this.#options.color);
    this.#view.show(liveLines(live, style), liveLine(live, style));
  }

  async #end({ code, ending }: Ending): Promise<ExitCode> {
    this.#view.close();
    const next =
      code === exitCodes.done ? `handover verify ${shellWord(this.#name)}` : `handover status ${shellWord(this.#name)}`;
    await print(
      this.#context.stdout,
      this.#options.json ? [watchEndJson(this.#name, ending, code)] : [printable(ending, 500), `Next      ${next}`],
    );
    return code;
  }
}

/** Of an apply that has nothing left to do. */
function finished(counts: Counts): ExitCode {
  const summary = { end: "finished", reason: undefined, counts, blocked: [], ended: 0 } as const;
  return exitCode({ kind: "apply", summary });
}

function codeOf(code: number): ExitCode {
  return Object.values(exitCodes).find((each) => each === code) ?? exitCodes.unexpected;
}

/** What an apply has kept of its end; undefined for anything else. */
function endingIn(kept: string | undefined): Ending | undefined {
  let read: unknown;
  try {
    read = JSON.parse(kept ?? "");
  } catch {
    return undefined;
  }
  if (typeof read !== "object" || read === null || !("code" in read) || !("ending" in read)) return undefined;
  const { code, ending } = read;
  return typeof code === "number" && typeof ending === "string" ? { code: codeOf(code), ending } : undefined;
}
