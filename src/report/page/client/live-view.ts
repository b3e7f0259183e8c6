/** Showing what the process says of the run: figures, time lines that grow, troubles, and the last steps. */
import { liveStepsMax, liveTroublesMax } from "../live-limits.ts";
import type { CallBucket } from "../../../model/telemetry.ts";
import { callLines } from "../call-lines.ts";
import type { LiveCalls, LiveEnd, LiveNews, LiveProgress, LiveStart, LiveStep, LiveTrouble } from "../live-words.ts";
import { element } from "./element.ts";
import type { LiveListener } from "./live-link.ts";
import { mountTimeLine } from "./time-line.ts";
import type { DrawnTimeLine } from "./time-line.ts";

export class LiveView implements LiveListener {
  readonly #lines = new Map<string, DrawnTimeLine>();
  #buckets = new Map<number, CallBucket>();
  #steps: readonly LiveStep[] = [];
  #hasEnded = false;
  #isPaused = false;

  get isPaused(): boolean {
    return this.#isPaused;
  }

  start(start: LiveStart): void {
    for (const place of [...document.querySelectorAll(".bar-title"), byId("live-title")]) {
      place.textContent = start.title;
    }
    document.title = start.title;
    const foot = document.querySelector("footer");
    if (foot !== null) foot.textContent = start.foot;
    this.#steps = [];
    byId("live-troubles").replaceChildren();
    this.news(start);
    document.documentElement.dataset["ready"] = "true";
  }

  news({ progress, steps, troubles, calls }: LiveNews): void {
    this.#showProgress(progress);
    this.#showCalls(calls);
    this.#showTroubles(troubles);
    this.#showSteps(steps);
  }

  end(end: LiveEnd): void {
    this.news(end);
    this.#hasEnded = true;
    say("live-verdict", end.ending);
    document.documentElement.dataset["ended"] = "true";
    byId("live-steering").hidden = true;
    this.#notice("This is how it ended. The process has gone, and this page stays as it is.", true);
  }

  trouble(text: string | undefined): void {
    if (this.#hasEnded) return;
    document.body.classList.toggle("is-gone", text !== undefined);
    this.#notice(text, false);
  }

  #notice(text: string | undefined, isCalm: boolean): void {
    const notice = byId("live-link");
    notice.hidden = text === undefined;
    notice.classList.toggle("calm", isCalm);
    say("live-link", text ?? "");
  }

  #showProgress({ verdict, share, figures, facts, isPaused }: LiveProgress): void {
    this.#isPaused = isPaused;
    say("live-verdict", verdict);
    say("live-pause", isPaused ? "Go on" : "Pause");
    const bar = byId("live-share");
    if (bar instanceof HTMLProgressElement) bar.value = share;
    byId("live-figures").replaceChildren(
      ...figures.map(({ value, label, tone }) =>
        element("li", { className: tone === undefined ? "" : `tone-${tone}` }, [
          element("span", { className: "figure", textContent: value }),
          element("span", { className: "label", textContent: label }),
        ]),
      ),
    );
    byId("live-facts").replaceChildren(
      ...facts.flatMap(([name, text]) => [element("dt", { textContent: name }), element("dd", { textContent: text })]),
    );
  }

  #showCalls({ text, bucketMs, isWhole, buckets, held }: LiveCalls): void {
    say("live-calls", text);
    if (isWhole) this.#buckets = new Map();
    for (const bucket of buckets) this.#buckets.set(bucket.at, bucket);
    const inOrder = [...this.#buckets.values()].toSorted((a, b) => a.at - b.at);
    for (const line of callLines({ bucketMs, buckets: inOrder, held, slowest: [] })) {
      const drawn = this.#lines.get(line.id);
      if (drawn !== undefined) {
        drawn.update(line);
        continue;
      }
      const place = document.querySelector<HTMLElement>(`[data-timeline="${line.id}"]`);
      if (place !== null) this.#lines.set(line.id, mountTimeLine(place, line));
    }
  }

  #showTroubles(troubles: readonly LiveTrouble[]): void {
    const list = byId("live-troubles");
    for (const { at, text } of troubles) {
      const when = element("time", { textContent: new Date(at).toLocaleTimeString() });
      list.prepend(element("li", {}, [when, document.createTextNode(text)]));
    }
    while (list.childElementCount > liveTroublesMax) list.lastElementChild?.remove();
  }

  /** The newest first. */
  #showSteps(news: readonly LiveStep[]): void {
    if (news.length === 0) return;
    const come = new Set(news.map(({ seq }) => seq));
    this.#steps = [...this.#steps.filter(({ seq }) => !come.has(seq)), ...news].slice(-liveStepsMax);
    byId("live-steps").replaceChildren(
      ...this.#steps.toReversed().map((step) => {
        const cells: readonly (readonly [string, boolean])[] = [
          [step.seq.toLocaleString("en"), true],
          [step.outcome, false],
          [step.asset, false],
          [step.why, false],
          [step.took, true],
          [String(step.calls), true],
        ];
        return element(
          "tr",
          {},
          cells.map(([text, isNumber], index) => {
            const cell = element("td", { textContent: text, className: isNumber ? "number" : "" });
            if (index === 1) cell.dataset["value"] = text;
            return cell;
          }),
        );
      }),
    );
  }
}

/** Unchanged text stays untouched, so that nobody is read the same twice. */
export function say(id: string, text: string): void {
  const place = byId(id);
  if (place.textContent !== text) place.textContent = text;
}

export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no ${id}`);
  return found;
}
