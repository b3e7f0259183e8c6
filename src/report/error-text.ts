/** Errors as people read them: what failed, why, what to type next. */
import type { Style } from "./style.ts";

/** `next` is the command to type once the cause is gone, where there is one. */
export function errorText(error: unknown, style: Style, next?: string): string[] {
  return [String(error), String(style.width), next ?? ""];
}
