/** Reading the tenant under somebody's eyes: the log, the line on stderr, the signals that stop it, and the connection that tells them. */
import type { Surroundings } from "../engine/verbs.ts";
import type { Api } from "../model/api.ts";
import type { OnEvent } from "../model/event.ts";
import type { Settings } from "./config.ts";
import type { Context } from "./context.ts";
import { openLog } from "./logging.ts";
import { styleOf } from "./output.ts";
import { stopOnSignals } from "./signals.ts";
import { SurveyView } from "./survey-view.ts";
import { troubleNotes } from "./trouble.ts";

export interface Reading {
  readonly view: SurveyView;
  /** Only reads; as many calls under way at once. The caller closes it. */
  connect(settings: Settings, concurrency: number): Promise<Api>;
  surroundings(api: Api): Surroundings;
  close(): Promise<void>;
}

/** `id` is what the lines of the log belong to; `again` the command that goes on after a stop, if any does. */
export async function beginReading(
  context: Context,
  given: {
    readonly verb: string;
    readonly id: string;
    readonly logFile: string | undefined;
    readonly color: boolean;
    readonly again: string | undefined;
  },
): Promise<Reading> {
  const { clock, random } = context;
  const log = await openLog(context, given.logFile, given.verb, given.id);
  const style = styleOf(context, context.stderr, given.color);
  const view = new SurveyView(context, style);
  const stopping = stopOnSignals(context, given.again);
  const onEvent: OnEvent = (event) => {
    log.event(event);
    view.onEvent(event);
  };
  return {
    view,
    connect: async (settings, concurrency) => {
      // Loaded only now: the HTTP client takes longer to load than everything before it.
      const { connectApi } = await import("./connect.ts");
      return connectApi(context, settings, {
        access: "read",
        concurrency,
        stop: stopping.stop,
        onEvent,
        onCall: (call) => log.call(call),
        onRetry: troubleNotes(clock, style, (line) => view.say(line)),
      });
    },
    surroundings: (api) => ({ api, clock, random, onEvent, stop: stopping.stop }),
    close: async () => {
      view.close();
      stopping.dispose();
      await log.close();
    },
  };
}
