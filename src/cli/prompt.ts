/** Questions to the person at the terminal; where there is none, nothing is asked. */
import { createInterface } from "node:readline/promises";
import { printable } from "../model/text.ts";
import type { Context } from "./context.ts";

/** Whether somebody is there to answer. */
export function canAsk(context: Context): boolean {
  return context.stdin.isTTY === true && context.stderr.isTTY === true;
}

/** True for `y` and `yes`; anything else, and the end of input, is no. */
export async function confirm(context: Context, question: string): Promise<boolean> {
  const answer = await ask(context, `${question} [y/N] `);
  return /^y(es)?$/i.test(answer.trim());
}

/** True when exactly `word` is typed, so that a habit of pressing `y` is not enough. */
export async function confirmByTyping(context: Context, question: string, word: string): Promise<boolean> {
  const answer = await ask(context, `${question}\nType ${printable(word)} to go on: `);
  return answer.trim() === word;
}

async function ask(context: Context, prompt: string): Promise<string> {
  const lines = createInterface({ input: context.stdin, output: context.stderr, terminal: false });
  const left = new AbortController();
  const off = context.onSignal(() => left.abort());
  lines.once("close", () => left.abort());
  try {
    return await lines.question(prompt, { signal: left.signal });
  } catch {
    context.stderr.write("\n");
    return "";
  } finally {
    off();
    lines.close();
  }
}
