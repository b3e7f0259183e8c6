/** How the command proves who is calling, in words and as JSON: never what proves it. */
import { instantText } from "../model/clock.ts";
import { jsonText } from "./json.ts";
import { labelled, labelledCommand, shown } from "./style.ts";
import type { Style } from "./style.ts";
import { durationText, timeText } from "./words.ts";

export interface AuthStatus {
  /** `key`, `keyless`, `oauth` or `token`. */
  readonly mode: string;
  /** What chose the mode: a flag, a variable, or a place in a file. */
  readonly from: string;
  readonly profile: string | undefined;
  readonly endpoint: string | undefined;
  readonly admin: string | undefined;
  /** Undefined: nobody has signed in, or the command does not say. */
  readonly identity: string | undefined;
  readonly clientId: string | undefined;
  /** The one user that can be acted as; undefined: any of the tenant. */
  readonly onlyActor: string | undefined;
  readonly keptAt: string;
  /** Octal; undefined where it is no file. */
  readonly fileMode: string | undefined;
  /** Wall-clock ms of the sign-in. */
  readonly since: number | undefined;
  /** What is held; undefined where the Admin console decides, each time a token is asked for. */
  readonly scopesHeld: readonly string[] | undefined;
  /** What verbs that only read ask for, and what `apply` does. */
  readonly scopesAsked: { readonly read: readonly string[]; readonly write: readonly string[] };
  /** What Google said just now; undefined when it was not asked. */
  readonly check: AuthCheck | undefined;
}

export type AuthCheck = { readonly actor: string } & (
  | { readonly ok: true; readonly lifetimeMs: number }
  | { readonly ok: false; readonly failure: string; readonly problem: string; readonly remedy: string }
);

const version = 1;

const modeWords: ReadonlyMap<string, string> = new Map([
  ["key", "key: a service account's key file"],
  ["keyless", "keyless: other credentials have the service account sign"],
  ["oauth", "oauth: a person who signed in"],
  ["token", "token: whatever the token command hands out"],
]);

export function authText(status: AuthStatus, style: Style): string[] {
  const { onlyActor, admin, fileMode, since, check, identity } = status;
  const kept = fileMode === undefined ? status.keptAt : `${status.keptAt} (mode ${fileMode})`;
  const signedIn = since === undefined ? "" : `, since ${timeText(since)}`;
  const who = identity ?? (status.mode === "oauth" ? "nobody has signed in" : "whoever the command says");
  const line = (name: string, text: string): string[] => labelled(name, shown(text, style, 2000), style);
  return [
    ...line("Mode", `${modeWords.get(status.mode) ?? status.mode}  (${status.from})`),
    ...(status.profile === undefined ? [] : line("Profile", status.profile)),
    ...(status.endpoint === undefined ? [] : line("Server", status.endpoint)),
    ...line("Identity", `${who}${signedIn}`),
    ...(status.clientId === undefined ? [] : line("Client", status.clientId)),
    ...line("Acts as", actsAs(onlyActor, admin, status)),
    ...line("Kept", kept),
    ...scopeLines(status, style),
    ...(check === undefined
      ? line("Tokens", "an hour each, in memory only; not asked for now")
      : checkLines(check, line)),
    ...nextLines(status, style),
  ];
}

function actsAs(onlyActor: string | undefined, admin: string | undefined, { mode }: AuthStatus): string {
  if (onlyActor !== undefined) return `${onlyActor} alone`;
  if (mode === "oauth") return "the person who signs in, alone";
  return admin === undefined ? "any user of the tenant" : `any user of the tenant; ${admin} as administrator`;
}

function scopeLines({ scopesHeld, scopesAsked }: AuthStatus, style: Style): string[] {
  const [first = "", ...rest] = scopesHeld ?? [...new Set([...scopesAsked.read, ...scopesAsked.write])];
  const words = scopesHeld === undefined ? "as the Admin console grants them; asked for are" : "held";
  return [...labelled("Scopes", words, style), ...[first, ...rest].map((scope) => `  ${shown(scope, style, 300)}`)];
}

function checkLines(check: AuthCheck, line: (name: string, text: string) => string[]): string[] {
  if (!check.ok) return [...line("Refused", check.problem), ...line("Remedy", check.remedy)];
  const life = check.lifetimeMs === Infinity ? "until it is rejected" : `for ${durationText(check.lifetimeMs)}`;
  return line("Checked", `a token for ${check.actor} was given, good ${life}`);
}

function nextLines({ mode, identity, check }: AuthStatus, style: Style): string[] {
  if (mode === "oauth" && identity === undefined) return labelledCommand("Next", "handover auth login", style);
  return check === undefined ? labelledCommand("Next", "handover auth status --check", style) : [];
}

/** One `auth` document. */
export function authJson(status: AuthStatus): string {
  const { check, since, profile, endpoint, admin, identity, clientId, onlyActor, fileMode, scopesHeld } = status;
  return jsonText({
    type: "auth",
    version,
    mode: status.mode,
    from: status.from,
    profile: profile ?? null,
    endpoint: endpoint ?? null,
    admin: admin ?? null,
    identity: identity ?? null,
    clientId: clientId ?? null,
    onlyActor: onlyActor ?? null,
    kept: { at: status.keptAt, mode: fileMode ?? null, since: since === undefined ? null : instantText(since) },
    scopes: { held: scopesHeld ?? null, asked: status.scopesAsked },
    check: check === undefined ? null : checkJson(check),
  });
}

function checkJson(check: AuthCheck): object {
  if (!check.ok) return check;
  const { ok, actor, lifetimeMs } = check;
  return { ok, actor, expiresInSeconds: lifetimeMs === Infinity ? null : Math.floor(lifetimeMs / 1000) };
}
