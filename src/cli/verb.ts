/** What the file of a verb exports. */
import type { Command } from "commander";
import type { Context } from "./context.ts";
import type { ExitCode } from "./exit-code.ts";

export interface Verb<Flags, Options> {
  /** Adds arguments, options and examples. */
  define(command: Command): void;
  /** Checks what commander alone cannot; throws `UsageError`. */
  parse(args: readonly string[], flags: Flags): Options;
  run(context: Context, options: Options): Promise<ExitCode>;
}
