/** The doctor's checks of settings and of the files that prove who is calling. Nothing is sent. */
import { dayMs } from "../model/clock.ts";
import { stat } from "node:fs/promises";
import type { Check, CheckFinding } from "../model/doctor.ts";
import { advised, failed, passed } from "../model/doctor.ts";
import { ApiError } from "../model/errors.ts";
import { counted, printable } from "../model/text.ts";
import { errorWords } from "../report/error-text.ts";
import type { Settings } from "./config.ts";
import type { AuthSettings } from "./auth-settings.ts";
import type { Context } from "./context.ts";
import type { Credentials } from "./credentials.ts";
import { shownPath } from "./files.ts";
import { readKey } from "./key-file.ts";

/** Settings, or why there are none. */
export type Resolved =
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly error: unknown };

const subject = { group: "files", area: "setup", isNeeded: true } as const;
/** Google's own advice for keys that are files: exchange them every 90 days. */
const keyDaysMax = 90;

export function credentialChecks(
  context: Context,
  resolved: Resolved,
  open: () => Promise<Credentials>,
): readonly Check[] {
  const keyFile = resolved.ok && resolved.settings.auth.mode === "key" ? resolved.settings.auth.keyFile : "-";
  const ofFile: readonly Check[] = [
    {
      ...subject,
      id: "key-file",
      title: "key file",
      needs: ["settings"],
      look: () => lookKeyFile(context, keyFile).catch(inWords),
    },
    {
      ...subject,
      id: "key-age",
      title: "age of the key",
      isNeeded: false,
      needs: ["key-file"],
      look: () => lookAge(context, keyFile),
    },
  ];
  const isFile = keyFile !== "-";
  return [
    { ...subject, id: "settings", title: "settings", needs: [], look: async () => lookSettings(context, resolved) },
    ...(isFile ? ofFile : []),
    {
      ...subject,
      id: "credentials",
      title: "credentials",
      needs: [isFile ? "key-file" : "settings"],
      look: () => open().then((opened) => passed(credentialsText(opened)), inWords),
    },
  ];
}

function lookSettings(context: Context, resolved: Resolved): CheckFinding {
  if (!resolved.ok) return inWords(resolved.error);
  const { endpoint, admin, auth } = resolved.settings;
  return passed(
    `${wayText(context, auth)}, ${admin}, ${endpoint === undefined ? "Google itself" : printable(endpoint)}`,
  );
}

function wayText(context: Context, auth: AuthSettings): string {
  switch (auth.mode) {
    case "key":
      return auth.keyFile === "-" ? "the key from stdin" : printable(shownPath(context, auth.keyFile));
    case "keyless":
      return `no key: ${auth.serviceAccount} signs`;
    case "oauth":
      return `sign-in to ${printable(shownPath(context, auth.clientFile))}`;
    case "token":
      return `tokens by the command ${printable(auth.command[0] ?? "")}`;
  }
}

/** What cannot be used is a finding; where nobody has signed in, the same as being refused. */
function inWords(error: unknown): CheckFinding {
  const { problem, remedy } = errorWords(error);
  const finding = failed(problem, { action: remedy });
  return error instanceof ApiError ? { ...finding, area: "access" } : finding;
}

async function lookKeyFile(context: Context, path: string): Promise<CheckFinding> {
  await readKey(context, path);
  const { mode } = await stat(path);
  return passed(`${printable(shownPath(context, path))}, mode ${(mode & 0o777).toString(8)}, no link, yours`);
}

async function lookAge(context: Context, path: string): Promise<CheckFinding> {
  const { mtimeMs } = await stat(path);
  const days = Math.max(0, Math.floor((context.clock.now() - mtimeMs) / dayMs));
  // What the file does not tell: when Google made the key. It cannot be older than that.
  if (days <= keyDaysMax) return passed(`the file was written ${days === 0 ? "today" : `${counted(days, "day")} ago`}`);
  return advised(`the file was written ${counted(days, "day")} ago; whoever has copied it since can still use it`, {
    action: `make a new key and delete the old one in the Cloud console; keys in files are to be exchanged every ${keyDaysMax} days`,
    url: "https://console.cloud.google.com/iam-admin/serviceaccounts",
  });
}

function credentialsText({ identity, clientId }: Credentials): string {
  return `of ${identity ?? (clientId === undefined ? "an account it does not name" : `client ${clientId}`)}`;
}
