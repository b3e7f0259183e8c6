/** One life of a command: it is begun, something is done to it at its moment, and how it ended is held against the documented exit codes. */
import type { Chance } from "../simulation/chance.ts";
import type { Ended, Stage, Underway } from "../support/process.ts";
import { until } from "../support/process.ts";
import { holdingRule } from "./weather.ts";
import type { Deed, Doom, Moment } from "./weather.ts";

/** Longer than any life here has reason to last: what is stopped may drain for half a minute. */
const lifeMaxMs = 300_000;

export interface Life {
  readonly ended: Ended;
  /** What was done to it; undefined when it came to its own end first. */
  readonly deed: Deed | undefined;
  readonly violations: readonly string[];
}

/** Lives `args` under `doom` and the faults; without a doom, to its own end. */
export async function live(
  stage: Stage,
  args: readonly string[],
  faults: readonly object[],
  doom: Doom | undefined,
  chance: Chance,
): Promise<Life> {
  const moment = doom?.moment;
  const holding = moment?.kind === "held" ? [holdingRule(moment, chance)] : [];
  await stage.control("PUT", "faults", [...holding, ...faults]);
  const before = await stage.counts();
  const underway = stage.begin(args);
  const isDone = doom !== undefined && (await comes(stage, doom.moment, before, underway)) && !underway.hasEnded();
  if (isDone) await act(doom, underway);
  const tooLong = new AbortController();
  const ended = await Promise.race([underway.ended, sleep(lifeMaxMs, tooLong.signal)]);
  tooLong.abort();
  if (ended === undefined) underway.child.kill("SIGKILL");
  const deed = isDone ? doom.deed : undefined;
  const found = ended ?? (await underway.ended);
  const wrote = (await stage.counts()).writes - before.writes;
  const violations = ended === undefined ? [`did not end within ${lifeMaxMs / 1000} s`] : judgeEnd(found, deed, wrote);
  const said = lastLines(found);
  return {
    ended: found,
    deed,
    violations: violations.map((text) => `${args[0] ?? ""} (${deed ?? "left alone"}): ${text}${said}`),
  };
}

/** False when the process ends before its moment. */
async function comes(
  stage: Stage,
  moment: Moment,
  before: { readonly total: number; readonly writes: number },
  underway: Underway,
): Promise<boolean> {
  switch (moment.kind) {
    case "time": {
      const ends = new AbortController();
      await Promise.race([sleep(moment.ms, ends.signal), underway.ended]);
      ends.abort();
      return !underway.hasEnded();
    }
    case "total":
    case "writes":
      return stage.reaches(moment.kind, before[moment.kind] + moment.count, underway);
    case "held":
      return until(async () => {
        const { faults } = (await stage.control("GET", "faults")) as { readonly faults: readonly { struck: number }[] };
        if ((faults[0]?.struck ?? 0) > 0) return true;
        return underway.hasEnded() ? false : undefined;
      });
  }
}

async function act(doom: Doom, underway: Underway): Promise<void> {
  const { child } = underway;
  switch (doom.deed) {
    case "SIGKILL":
    case "SIGTERM":
    case "SIGINT":
    case "SIGHUP":
      child.kill(doom.deed);
      return;
    case "SIGINT twice":
      child.kill("SIGINT");
      // It may end before it says so.
      await Promise.race([underway.says("Stopping").catch(() => undefined), underway.ended]);
      child.kill("SIGINT");
      return;
    case "SIGSTOP":
      child.kill("SIGSTOP");
      await sleep(doom.stillMs);
      child.kill("SIGCONT");
      return;
    case "EPIPE":
      child.stdout?.destroy();
      child.stderr?.destroy();
  }
}

const finished: ReadonlySet<number | null> = new Set([0, 5]);

/** Product exit codes: 0 and 5 are its own end, 7 a stop, 130 a second Ctrl-C; nothing that is done here gives another. */
function judgeEnd({ code, signal }: Ended, deed: Deed | undefined, wrote: number): readonly string[] {
  if (finished.has(code)) return [];
  const how = signal === null ? `ended with ${code}` : `died of ${signal}`;
  switch (deed) {
    case "SIGKILL":
      return signal === "SIGKILL" ? [] : [how];
    case "SIGTERM":
    case "SIGINT":
    case "SIGHUP":
    case "SIGINT twice": {
      const first = deed === "SIGINT twice" ? "SIGINT" : deed;
      if (code === 7 || (deed === "SIGINT twice" && code === 130)) return [];
      // Before it has begun to listen, a signal does what the system does with it; then nothing was written either.
      return signal === first && wrote === 0 ? [] : [how];
    }
    case "EPIPE":
      return code === 7 ? [] : [how];
    case "SIGSTOP":
    case undefined:
      return [how];
  }
}

function lastLines({ stdout, stderr }: Ended): string {
  const lines = `${stderr}\n${stdout}`.split("\n").filter((line) => line.trim() !== "");
  return lines.length === 0 ? "" : `\n    | ${lines.slice(-6).join("\n    | ").slice(0, 1500)}`;
}

export async function sleep(ms: number, signal?: AbortSignal): Promise<undefined> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
  return undefined;
}
