/** Following the reading of a plan on stderr: one line that is redrawn on a terminal, a line now and then elsewhere. */
import type { EngineEvent } from "../model/event.ts";
import { counted, thousands } from "../model/text.ts";
import { eventLine } from "../report/apply-text.ts";
import type { Style } from "../report/style.ts";
import type { Context } from "./context.ts";
import { LiveLine } from "./live-line.ts";

type SurveyEvent = Extract<EngineEvent, { readonly type: "survey" }>;

export class SurveyView {
  readonly #line: LiveLine;
  readonly #style: Style;
  #last: SurveyEvent | undefined;

  constructor(context: Context, style: Style) {
    this.#style = style;
    this.#line = new LiveLine(context, () => (this.#last === undefined ? undefined : surveyLine(this.#last)));
  }

  readonly onEvent = (event: EngineEvent): void => {
    if (event.type === "survey") {
      this.#last = event;
      return;
    }
    const line = eventLine(event, this.#style);
    if (line !== undefined) this.#line.say(line);
  };

  /** A line that stays. */
  say(line: string): void {
    this.#line.say(line);
  }

  close(): void {
    this.#line.close();
  }
}

function surveyLine(event: SurveyEvent): string {
  const users = `${thousands(event.usersDone)}/${thousands(event.usersTotal)} users`;
  return `Reading  ${users} · ${counted(event.assets, "listing")} · permissions of ${thousands(event.permissions)}`;
}
