/** `handover ctl`: steers an apply that is under way, from another shell. */
import { Argument, InvalidArgumentError } from "commander";
import type { Command } from "commander";
import { isRunHeld } from "../journal/sqlite/held.ts";
import { ControlError, UsageError } from "../model/errors.ts";
import { printable } from "../model/text.ts";
import { ctlJson, jsonText } from "../report/json.ts";
import { liveLines } from "../report/live.ts";
import { shellWord } from "../report/words.ts";
import type { Wish } from "./apply-steering.ts";
import type { Context } from "./context.ts";
import { askControl } from "./control-client.ts";
import { findSocket } from "./control-place.ts";
import { concurrencyMax, perSecondMax, perSecondMin } from "./control-words.ts";
import type { ControlAnswer } from "./control-words.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { shownPath } from "./files.ts";
import type { CommonFlags, JournalFlags } from "./flags.ts";
import { addJournalOptions, count, rate } from "./flags.ts";
import { print, styleOf } from "./output.ts";
import { existingRun } from "./run-store.ts";
import type { StoreFlags } from "./run-store.ts";

export interface CtlFlags extends CommonFlags, JournalFlags {
  readonly json?: boolean;
}

type Action = Wish["action"] | "status";

export interface CtlOptions {
  readonly run: string;
  readonly wish: Wish | { readonly action: "status" };
  readonly json: boolean;
  readonly color: boolean;
  readonly store: StoreFlags;
}

const actions: readonly Action[] = ["pause", "resume", "rate", "concurrency", "drain", "abort", "status"];

export function define(command: Command): void {
  addJournalOptions(command)
    .argument("<run>", "the run: friday or friday.handover")
    .addArgument(new Argument("<action>", "what is to be done").choices(actions))
    .argument("[value]", "calls a second for rate, such as 8/s or 480/m; steps at once for concurrency")
    .option("--json", "one JSON document")
    .addHelpText(
      "after",
      `
Actions:
  pause          send nothing new until it is resumed; what was sent is awaited
  resume         go on
  rate 8/s       at most so many calls a second from now on
  concurrency 8  at most so many steps at once from now on
  drain          finish what is under way, then end; apply exits with 7
  abort          leave at once, as a second Ctrl-C does; apply exits with 130
  status         how it stands, and what holds it up

A pause lasts as long as the apply. After drain and abort the same apply command goes on.
Each act is put on record in the run. Only the user who started the apply can steer it.
A run in a database is steered for all its workers together: rate and concurrency hold for all of them
in sum, a pause lasts until it is resumed, drain ends the run until it is applied again, and after
abort every worker leaves it within seconds, without waiting for answers: apply and watch exit with
130, and the workers go on with other runs. Whoever may write to the database can steer it.

Exits with 0 when it was done, 7 when the run is stopping already, 8 when an apply is under
way and does not answer, 9 when none is.

Examples:
  handover ctl friday pause
  handover ctl friday rate 240/m
  handover ctl friday status --json | jq -r .slowness.text`,
    );
}

export function parse(args: readonly string[], flags: CtlFlags): CtlOptions {
  const [name = "", action = "", value] = args;
  return {
    run: name,
    wish: wishOf(action as Action, value),
    json: flags.json === true,
    color: flags.color,
    store: flags,
  };
}

function wishOf(action: Action, value: string | undefined): CtlOptions["wish"] {
  if (action !== "rate" && action !== "concurrency") {
    if (value === undefined) return { action };
    throw new UsageError(`${action} takes no value, and ${JSON.stringify(printable(value))} was given`, "leave it out");
  }
  if (value === undefined) {
    throw new UsageError(
      `${action} needs a value`,
      action === "rate" ? "write calls a second, such as 8/s or 480/m" : "write how many steps at once, such as 8",
    );
  }
  try {
    return action === "rate"
      ? { action, perSecond: within(rate(value), perSecondMin, perSecondMax) }
      : { action, steps: within(count(value), 1, concurrencyMax) };
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new UsageError(`${JSON.stringify(printable(value))} cannot be the ${action}`, error.message);
  }
}

function within(figure: number, min: number, max: number): number {
  if (figure >= min && figure <= max) return figure;
  throw new InvalidArgumentError(`write a figure from ${min} to ${max}`);
}

export async function run(context: Context, options: CtlOptions): Promise<ExitCode> {
  const place = await existingRun(context, options.store, options.run);
  const { path } = place;
  if (path === undefined) {
    const { steerFleet } = await import("./ctl-fleet.ts");
    return steerFleet(context, options, place);
  }
  const name = shownPath(context, path);
  const socket = await findSocket(context, path);
  const answer = socket === undefined ? undefined : await askControl(socket, options.wish);
  const style = styleOf(context, context.stdout, options.color);
  switch (answer?.type) {
    case "live": {
      const { readLive } = await import("./live-shape.ts");
      const live = readLive(answer.live);
      if (live === undefined) throw unreadable();
      await print(context.stdout, options.json ? [jsonText(live)] : liveLines(live, style));
      break;
    }
    case "done":
      await print(context.stdout, [
        options.json ? ctlJson(name, options.wish.action, answer.said) : printable(answer.said),
      ]);
      break;
    default:
      throw refusalOf(answer, path, name);
  }
  return exitCode({ kind: "done" });
}

function refusalOf(
  answer: Exclude<ControlAnswer, { readonly type: "live" | "done" }> | undefined,
  path: string,
  name: string,
): ControlError {
  if (answer?.type === "refused") {
    return answer.why === "stopping"
      ? new ControlError("stopping", printable(answer.problem), `wait for it to end: handover watch ${shellWord(name)}`)
      : new ControlError("refused", printable(answer.problem), "use the same handover as the apply does");
  }
  if (answer !== undefined) return unreadable();
  const file = printable(name);
  return isRunHeld(path)
    ? new ControlError(
        "silent",
        `a process holds ${file}, and does not answer`,
        "if it is an apply that has just begun, or waits for a yes, try again; it can be ended where it was started",
      )
    : new ControlError(
        "nobody",
        `no apply of ${file} is under way`,
        `handover status ${shellWord(name)} shows how far it has come`,
      );
}

function unreadable(): ControlError {
  return new ControlError("refused", "what it answers is not understood", "use the same handover as the apply does");
}
