/** How things are printed: which style a stream takes, and writing that waits for a slow reader. */
import { once } from "node:events";
import type { Style } from "../report/style.ts";
import type { Context, Output } from "./context.ts";

/** Longer lines are hard to follow from one end to the other. */
const widthMax = 120;

/** Colour only where a person looks at it and has not declined. */
export function styleOf(context: Context, stream: Output, color: boolean): Style {
  const { NO_COLOR, TERM, LC_ALL, LC_CTYPE, LANG } = context.env;
  const terminal = stream.isTTY === true;
  const locale = LC_ALL || LC_CTYPE || LANG || "UTF-8";
  return {
    color: terminal && color && (NO_COLOR ?? "") === "" && TERM !== "dumb",
    width: terminal ? Math.min(Math.max(stream.columns ?? 80, 60), widthMax) : 100,
    unicode: !terminal || /utf-?8/i.test(locale),
  };
}

/** Writes lines; resolves when the stream can take more. A reader that has gone ends the writing silently. */
export async function print(stream: Output, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  await printText(stream, `${lines.join("\n")}\n`);
}

export async function printText(stream: Output, text: string): Promise<void> {
  if (!stream.writable || stream.write(text)) return;
  const settled = new AbortController();
  const { signal } = settled;
  await Promise.race([once(stream, "drain", { signal }), once(stream, "close", { signal })]).catch(() => undefined);
  settled.abort();
}
