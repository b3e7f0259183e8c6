/** The calls of a run as a part of its page: time lines, what they show in words, and the slowest steps. */
import type { TelemetryView } from "../../model/telemetry.ts";
import { counted, thousands } from "../../model/text.ts";
import { durationText, timeText } from "../words.ts";
import { callLines, farAbove } from "./call-lines.ts";
import { html, joined } from "./markup.ts";
import type { Markup } from "./markup.ts";
import type { TimeLine } from "./packed.ts";
import { plainTable, timeLinePlace } from "./parts.ts";

export interface CallsPart {
  readonly timeLines: readonly TimeLine[];
  /** Undefined when no call was made. */
  readonly calls: Markup | undefined;
  readonly slowest: Markup | undefined;
}

/** `titles`: of the assets of the slowest steps, by step. */
export function callsPart(view: TelemetryView | undefined, titles: ReadonlyMap<number, string> = new Map()): CallsPart {
  if (view === undefined) return { timeLines: [], calls: undefined, slowest: undefined };
  const timeLines = callLines(view);
  const lines = timeLines.map(
    ({ id, label }) =>
      html`<h3>${label}</h3>
        ${timeLinePlace(id)}`,
  );
  return {
    timeLines,
    calls: timeLines.length === 0 ? undefined : joined([html`<p>${callsText(view)}</p>`, heldList(view), ...lines]),
    slowest: slowestTable(view, titles),
  };
}

/** What the time lines show, for whoever does not see them. */
export function callsText({ buckets, bucketMs, held }: TelemetryView): string {
  const sum = (of: (bucket: (typeof buckets)[number]) => number): number =>
    buckets.reduce((total, bucket) => total + of(bucket), 0);
  const most = Math.max(0, ...buckets.map(({ calls }) => (1000 * calls) / bucketMs));
  const parts = [
    `${counted(
      sum(({ calls }) => calls),
      "call",
    )}, at most ${thousands(Math.ceil(most))} a second`,
    `${thousands(sum(({ retries }) => retries))} made again`,
    `${thousands(sum(({ throttles }) => throttles))} refused for going too fast`,
  ];
  const heldMs = held.reduce((total, { from, to }) => total + to - from, 0);
  const permitted = farAbove({ buckets, bucketMs });
  const pace =
    permitted === undefined ? "" : ` Far fewer than the ${thousands(Math.floor(permitted))} writes a second permitted.`;
  const waits =
    held.length === 0 ? "" : ` Google asked to wait ${counted(held.length, "time")}, ${durationText(heldMs)} in all.`;
  return `${parts.join(", ")}.${pace}${waits}`;
}

const heldListed = 50;

function heldList({ held }: TelemetryView): Markup | undefined {
  if (held.length === 0) return undefined;
  const rows = held
    .slice(0, heldListed)
    .map(({ from, to, reason }) => [timeText(from), durationText(to - from), reason]);
  return html`<details>
    <summary>When it asked to wait</summary>
    ${plainTable(["From", "For", "Why"], rows)}
    ${held.length > heldListed ? html`<p>${`and ${held.length - heldListed} more`}</p>` : undefined}
  </details>`;
}

function slowestTable({ slowest }: TelemetryView, titles: ReadonlyMap<number, string>): Markup | undefined {
  if (slowest.length === 0) return undefined;
  return plainTable(
    ["Step", "Asset", "Took", "Calls"],
    slowest.map(({ seq, asset, ms, calls }) => [
      thousands(seq),
      asset === undefined ? "a whole-user transfer" : html`${titles.get(seq) ?? ""} <code>${asset}</code>`,
      ms < 1000 ? `${ms} ms` : ms < 90_000 ? `${(ms / 1000).toFixed(1)} s` : durationText(ms),
      thousands(calls),
    ]),
    [0, 2, 3],
  );
}
