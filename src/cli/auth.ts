/** `handover auth`: signing in, what the settings authenticate with, and ending a sign-in. */
import { Argument } from "commander";
import type { Command } from "commander";
import { actions, parseOptions } from "./auth-options.ts";
import type { AuthFlags, AuthOptions } from "./auth-options.ts";
import type { Context } from "./context.ts";
import type { ExitCode } from "./exit-code.ts";
import { addGoogleOptions, duration } from "./flags.ts";

export function define(command: Command): void {
  command.addArgument(new Argument("<action>", "what to do").choices(actions));
  addGoogleOptions(command)
    .option("--write", "login: for apply too, not only for verbs that read")
    .option("--no-browser", "login: only print the address to open")
    .option("--timeout <time>", "login: how long to wait for the browser (default 5m)", duration)
    .option("--check", "status: ask Google for a token, and show what it says")
    .option("--json", "status: one JSON document")
    .addHelpText(
      "after",
      `
Examples:
  handover auth status
  handover auth status --check --json | jq '.check'
  handover auth login --oauth-client client.json
  handover auth login --profile acme --write --no-browser
  handover auth revoke --oauth-client client.json

login waits on 127.0.0.1 for the browser to come back, and keeps a refresh token in a file that only
you can read. Over ssh, open the address on this machine, or forward its port: ssh -L PORT:127.0.0.1:PORT.
revoke ends the sign-in at Google and removes the file. What proves who you are is never shown.`,
    );
}

export function parse(args: readonly string[], flags: AuthFlags): AuthOptions {
  return parseOptions(args, flags);
}

export async function run(context: Context, options: AuthOptions): Promise<ExitCode> {
  switch (options.action) {
    case "login": {
      const { login } = await import("./auth-login.ts");
      return login(context, options);
    }
    case "status": {
      const { showStatus } = await import("./auth-status.ts");
      return showStatus(context, options);
    }
    case "revoke": {
      const { endSignIn } = await import("./auth-revoke.ts");
      return endSignIn(context, options);
    }
  }
}
