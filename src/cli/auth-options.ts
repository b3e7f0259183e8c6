/** What `handover auth` is told: which action, and what goes with it. */
import { UsageError } from "../model/errors.ts";
import type { GoogleFlags } from "./flags.ts";

export interface AuthFlags extends GoogleFlags {
  readonly json?: boolean;
  readonly check?: boolean;
  readonly write?: boolean;
  readonly browser: boolean;
  readonly timeout?: number;
}

export interface AuthOptions {
  readonly action: "login" | "status" | "revoke";
  readonly json: boolean;
  /** Ask Google for a token. */
  readonly check: boolean;
  /** Sign in for what `apply` needs too. */
  readonly write: boolean;
  /** Open a browser where there is one. */
  readonly browser: boolean;
  readonly timeoutMs: number;
  readonly color: boolean;
  readonly google: GoogleFlags;
}

export const actions = ["login", "status", "revoke"] as const;
const timeoutMs = 5 * 60_000;

export function parseOptions(args: readonly string[], flags: AuthFlags): AuthOptions {
  // commander has checked that it is one of the choices.
  const action = actions.find((each) => each === args[0]) ?? "status";
  const idle = [
    ...(flags.check === true && action !== "status" ? ["--check"] : []),
    ...(flags.json === true && action !== "status" ? ["--json"] : []),
    ...(flags.write === true && action !== "login" ? ["--write"] : []),
    ...(flags.timeout !== undefined && action !== "login" ? ["--timeout"] : []),
    ...(!flags.browser && action !== "login" ? ["--no-browser"] : []),
  ];
  if (idle.length > 0) {
    throw new UsageError(
      `auth ${action} does not know ${idle.join(", ")}`,
      "handover help auth shows what goes with what",
    );
  }
  return {
    action,
    json: flags.json === true,
    check: flags.check === true,
    write: flags.write === true,
    browser: flags.browser,
    timeoutMs: flags.timeout ?? timeoutMs,
    color: flags.color,
    google: flags,
  };
}
