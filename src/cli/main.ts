#!/usr/bin/env node
/** The process: `--version` is answered with almost nothing loaded, everything else goes to the program. */
import { packageVersion } from "./version.ts";

const version = packageVersion();

if (process.argv.length === 3 && (process.argv[2] === "--version" || process.argv[2] === "-V")) {
  process.stdout.write(`${version}\n`);
} else {
  process.umask(0o077);
  const { processContext, leave } = await import("./context.ts");
  const { runCommandLine } = await import("./program.ts");
  const context = processContext(version);
  leave(context, await runCommandLine(context));
}
