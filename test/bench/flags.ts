/** What the command line of the benchmark may say. */
import { parseArgs } from "node:util";

export type Scale = "small" | "full";

export interface Flags {
  readonly only: readonly string[];
  readonly scale: Scale;
  /** Nothing but the last line. */
  readonly json: boolean;
  /** Nothing but the table for a README. */
  readonly table: boolean;
  readonly most: number | undefined;
  /** Files with the last lines of earlier calls, which are shown again instead of measuring: one after the other. */
  readonly from: readonly string[];
  /** Not to end with 0 when a goal of speed is missed. */
  readonly strict: boolean;
  readonly help: boolean;
}

/** Answers a sentence where the arguments are no good. */
export function parseFlags(args: readonly string[], names: readonly string[]): Flags | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: { type: "string", multiple: true, default: [] },
        scale: { type: "string", default: "full" },
        json: { type: "boolean", default: false },
        table: { type: "boolean", default: false },
        most: { type: "string" },
        from: { type: "string", multiple: true, default: [] },
        strict: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const only = values.only.flatMap((text) => text.split(","));
    const unknown = only.find((name) => !names.includes(name));
    if (unknown !== undefined) return `--only is one of ${names.join(", ")}, not ${JSON.stringify(unknown)}`;
    const { scale, from, most, ...switches } = values;
    if (scale !== "small" && scale !== "full") return `--scale is small or full, not ${JSON.stringify(scale)}`;
    if (switches.json && switches.table) return "--json and --table are two ways to say it: choose one";
    if (most !== undefined && !/^[1-9]\d{3,6}$/.test(most))
      return `--most is a size from 1000 up, not ${JSON.stringify(most)}`;
    return { ...switches, only, scale, from, most: most === undefined ? undefined : Number(most) };
  } catch (error) {
    return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
  }
}
