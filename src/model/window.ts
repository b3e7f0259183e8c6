/** Time windows: hours of the week, in a time zone, in which a run may be carried out. */
import type { Parsed } from "./brand.ts";
import type { Setting } from "./guard.ts";
import { quoted } from "./text.ts";

/** Hours as their zone's clocks show them: an hour that summer time leaves out is never open, one that it repeats is open twice. */
export interface TimeWindow {
  /** As written. */
  readonly text: string;
  /** At an instant in wall ms. */
  readonly isOpen: (at: number) => boolean;
}

/** Lists of windows, one for each place that sets some: in each list one must be open. */
export type WindowRules = readonly Setting<readonly TimeWindow[]>[];

const days: readonly string[] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const minuteMs = 60_000;
const dayMinutes = 24 * 60;
const weekMinutes = 7 * dayMinutes;
/** Two weeks and a day: summer time may leave out the one opening of a week. */
const lookAheadMinutes = 15 * dayMinutes;

const shape = /^(?:([a-z]{3}(?:[,-][a-z]{3})*) +)?(\d{1,2}:\d{2}) *- *(?:([a-z]{3}) +)?(\d{1,2}:\d{2}) +(\S+)$/i;
const remedy =
  'write such as "Sat 00:00-Sun 24:00 Europe/Berlin", "Mon-Fri 22:00-06:00 Europe/Berlin" or "01:00-05:00 UTC"';

/** Minutes of the week from Monday 00:00; `to` may lie in the week after. */
interface Span {
  readonly from: number;
  readonly to: number;
}

export function parseTimeWindow(text: string): Parsed<TimeWindow> {
  const wrong = (problem: string): Parsed<TimeWindow> => ({ ok: false, problem, remedy });
  const match = shape.exec(text.trim());
  if (match === null) return wrong(`${quoted(text)} is not a time window`);
  const [, daysText, fromText = "", dayTo, toText = "", zone = ""] = match;
  const weekMinute = weekMinuteIn(zone);
  if (weekMinute === undefined) return wrong(`${quoted(zone)} is not a time zone`);
  const [from, to] = [minuteOf(fromText), minuteOf(toText)];
  if (from === undefined || from === dayMinutes) return wrong(`${quoted(fromText)} is not a time a window opens at`);
  if (to === undefined) return wrong(`${quoted(toText)} is not a time a window closes at`);
  const spans = spansOf(daysText, from, dayTo, to);
  if (spans === undefined) return wrong(`${quoted(text)} does not say which days it means`);
  return {
    ok: true,
    value: {
      text: text.trim(),
      isOpen: (at) => {
        const minute = weekMinute(at);
        return spans.some((open) => isIn(open, minute) || isIn(open, minute + weekMinutes));
      },
    },
  };
}

function isIn({ from, to }: Span, minute: number): boolean {
  return minute >= from && minute < to;
}

/** Undefined for days that are none, and for a window of no length. */
function spansOf(
  daysText: string | undefined,
  from: number,
  dayTo: string | undefined,
  to: number,
): readonly Span[] | undefined {
  const opening = daysText === undefined ? days.map((_, day) => day) : daysOf(daysText);
  if (opening === undefined) return undefined;
  if (dayTo === undefined) {
    if (from === to) return undefined;
    return opening.map((day) => span(day * dayMinutes + from, day * dayMinutes + to + (to < from ? dayMinutes : 0)));
  }
  const [day, ...others] = opening;
  const last = days.indexOf(dayTo.toLowerCase());
  if (day === undefined || others.length > 0 || last < 0) return undefined;
  const [begins, ends] = [day * dayMinutes + from, last * dayMinutes + to];
  return begins === ends ? undefined : [span(begins, ends > begins ? ends : ends + weekMinutes)];
}

function span(from: number, to: number): Span {
  return { from, to };
}

/** `Sat`, `Sat,Sun`, `Mon-Fri`, `Fri-Mon`. */
function daysOf(text: string): readonly number[] | undefined {
  const found = new Set<number>();
  for (const part of text.toLowerCase().split(",")) {
    const [first, last, ...more] = part.split("-").map((name) => days.indexOf(name));
    if (first === undefined || first < 0 || last === -1 || more.length > 0) return undefined;
    for (let day = first; ; day = (day + 1) % 7) {
      found.add(day);
      if (day === (last ?? first)) break;
    }
  }
  return [...found];
}

function minuteOf(text: string): number | undefined {
  const [hour = 0, minute = 0] = text.split(":").map(Number);
  const minutes = hour * 60 + minute;
  return minute < 60 && minutes <= dayMinutes ? minutes : undefined;
}

/** Which minute of the week the clocks of the zone show; undefined for a zone nobody knows. */
function weekMinuteIn(zone: string): ((at: number) => number) | undefined {
  let format: Intl.DateTimeFormat;
  try {
    const parts = { weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
    format = new Intl.DateTimeFormat("en-US", { ...parts, timeZone: zone });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return undefined;
  }
  return (at) => {
    let minutes = 0;
    for (const { type, value } of format.formatToParts(at)) {
      if (type === "weekday") minutes += days.indexOf(value.toLowerCase()) * dayMinutes;
      else if (type === "hour") minutes += Number(value) * 60;
      else if (type === "minute") minutes += Number(value);
    }
    return minutes;
  };
}

/** The list that is closed; undefined while the run may be carried out. */
export function closedWindow(rules: WindowRules, at: number): WindowRules[number] | undefined {
  return rules.find(({ value }) => !value.some((window) => window.isOpen(at)));
}

/** The next instant, on a full minute, at which the windows open or close; undefined: not within two weeks. */
export function nextChange(rules: WindowRules, at: number): number | undefined {
  const now = closedWindow(rules, at) === undefined;
  const first = Math.floor(at / minuteMs) + 1;
  for (let minute = first; minute <= first + lookAheadMinutes; minute += 1) {
    if ((closedWindow(rules, minute * minuteMs) === undefined) !== now) return minute * minuteMs;
  }
  return undefined;
}
