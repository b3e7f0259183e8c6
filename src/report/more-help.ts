/** The line that points from errors, failures and hazards to the pages that explain them. */
import { label } from "./style.ts";
import type { Style } from "./style.ts";

/** Names as the pages have them; what a run file of another version says may be something else. */
const pageName = /^[a-z][a-z_-]{1,40}$/;

/** The command that shows the pages of `names`, once each, as many as fit `roomMax`; undefined when none has a page. */
export function helpCommand(
  kind: "hazard" | "failure",
  names: Iterable<string>,
  roomMax: number = Infinity,
): string | undefined {
  const known = [...new Set(names)].filter((name) => pageName.test(name));
  const [first, ...others] = known;
  if (first === undefined) return undefined;
  let command = `handover help ${kind} ${first}`;
  for (const name of others) {
    if (command.length + 1 + name.length > roomMax) return command;
    command += ` ${name}`;
  }
  return command;
}

/** Its one line for a terminal, or none. */
export function moreLines(kind: "hazard" | "failure", names: Iterable<string>, style: Style): string[] {
  const command = helpCommand(kind, names, style.width - 10);
  return command === undefined ? [] : [label("More", style) + command];
}
