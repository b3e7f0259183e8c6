/** What holds a run up, in a few words that fit a status line. */
import type { Slowness } from "../model/slowness.ts";
import { counted } from "../model/text.ts";

/** Foreign in it are the names of users and failures: show it like any foreign text. */
export function slownessText(slowness: Slowness): string {
  const { kind, by = "somebody", sinceMs, untilMs, count = 0 } = slowness;
  const until = untilMs === undefined ? "" : ` until ${momentText(untilMs)}`;
  switch (kind) {
    case "stopping":
      return "stopping: what is under way is finished first";
    case "paused":
      return `paused by ${by}${sinceMs === undefined ? "" : ` since ${momentText(sinceMs)}`}`;
    case "wave":
      return "reading a wave back before the next one";
    case "disk":
      return "slowed by the disk that keeps the run";
    case "held":
      return `Google wants no ${callsText(slowness)}${until}`;
    case "held-user":
      return `Google wants no ${callsText(slowness)} as ${usersText(slowness)}${until}`;
    case "quota":
      return `Google's quota, ${rateText(slowness)}`;
    case "user-quota":
      return `Google's quota for ${usersText(slowness)}, ${rateText(slowness)}`;
    case "rate":
      return `the rate that was set, ${rateText(slowness)}`;
    case "user-rate":
      return `the rate set for one user, ${rateText(slowness)}`;
    case "careful":
      return `a careful first rate, ${rateText(slowness)}`;
    case "trouble":
      return `${counted(count, "step")} to be tried again (${by})`;
    case "transfer":
      return `waiting for ${counted(count, "transfer")} at Google`;
    case "per-user":
      return "as many steps as one user may have (--per-actor)";
    case "workers":
      return `${counted(count, "step")} at once (--concurrency)`;
    case "none":
      return "no";
    default:
      return kind satisfies never;
  }
}

/** `14:05:09 UTC`. */
function momentText(ms: number): string {
  return `${new Date(ms).toISOString().slice(11, 19)} UTC`;
}

const callWords: ReadonlyMap<string, string> = new Map([
  ["directory", "Directory calls"],
  ["transfers", "transfer calls"],
  ["tokens", "token calls"],
]);

function callsText({ calls = "calls" }: Slowness): string {
  return callWords.get(calls) ?? calls;
}

function rateText(slowness: Slowness): string {
  const { perSecond = 0 } = slowness;
  return `${perSecond < 10 ? Math.round(perSecond * 10) / 10 : Math.round(perSecond)} ${callsText(slowness)}/s`;
}

function usersText({ user, count = 0 }: Slowness): string {
  return user ?? counted(count, "user");
}
