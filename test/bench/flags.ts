/** What the command line of the benchmark may say. */
import { parseArgs } from "node:util";

export type Scale = "small" | "full";

export interface Flags {
  readonly only: readonly string[];
  readonly scale: Scale;
  /** Nothing but the last line. */
  readonly json: boolean;
  /** Not to end with 0 when a goal is missed. */
  readonly strict: boolean;
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
        strict: { type: "boolean", default: false },
      },
    });
    const only = values.only.flatMap((text) => text.split(","));
    const unknown = only.find((name) => !names.includes(name));
    if (unknown !== undefined) return `--only is one of ${names.join(", ")}, not ${JSON.stringify(unknown)}`;
    const { scale, json, strict } = values;
    if (scale !== "small" && scale !== "full") return `--scale is small or full, not ${JSON.stringify(scale)}`;
    return { only, scale, json, strict };
  } catch (error) {
    return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
  }
}
