/** Errors as people read them: what failed, why, what to type next. */
import {
  ApiError,
  ControlError,
  GuardError,
  JournalError,
  PlanFileError,
  RunFileError,
  RunLockedError,
  UsageError,
} from "../model/errors.ts";
import type { Disposition, FailureClass } from "../model/errors.ts";
import { driverProblem, driverRemedy, isDriverMissing } from "../model/sqlite-driver.ts";
import { diagnosticsText } from "./diagnostics-text.ts";
import { moreLines } from "./more-help.ts";
import { labelled, labelledCommand, shown } from "./style.ts";
import type { Style } from "./style.ts";
import { durationText } from "./words.ts";

export type ErrorKind =
  | "usage"
  | "plan-file"
  | "guard"
  | "run-file"
  | "journal"
  | "locked"
  | "control"
  | "api"
  | "system"
  | "unexpected";

/** An operating error taken apart, for people and programs. */
export interface ErrorWords {
  readonly kind: ErrorKind;
  /** The rule, file fault or failure class within the kind; undefined where there is only one. */
  readonly rule: string | undefined;
  readonly problem: string;
  readonly remedy: string;
}

const messageCharactersMax = 2000;

/** `next` is the command to type once the cause is gone, where there is one. */
export function errorText(error: unknown, style: Style, next?: string): string[] {
  if (error instanceof PlanFileError) return diagnosticsText(error.diagnostics, error.omitted, style, "list");
  const words = errorWords(error);
  const problem = shown(words.problem, style, messageCharactersMax);
  const said = words.rule === undefined || problem.includes(`(${words.rule})`);
  const rule = said ? "" : ` (${shown(words.rule, style)})`;
  return [
    ...labelled(failedLabels.get(words.kind) ?? "Failed", problem + rule, style),
    ...labelled("Remedy", shown(words.remedy, style, messageCharactersMax), style),
    ...moreLines("failure", pagesOf(words, error), style),
    ...(next === undefined ? [] : labelledCommand("Next", next, style)),
  ];
}

/** Mistakes in a command line say all there is to say; the others have a page under their class, or their kind. */
function pagesOf({ kind, rule }: ErrorWords, error: unknown): readonly string[] {
  if (kind === "usage") return [];
  if (error instanceof GuardError) return error.rules;
  return kind === "system" || kind === "unexpected" ? [kind] : [rule ?? kind];
}

const failedLabels: ReadonlyMap<string, string> = new Map([["guard", "Stopped"]]);

export function errorWords(error: unknown): ErrorWords {
  if (error instanceof ApiError) return apiWords(error);
  if (error instanceof UsageError) return wordsOf("usage", undefined, error);
  if (error instanceof GuardError) return wordsOf("guard", error.rule, error);
  if (error instanceof RunFileError) return wordsOf("run-file", error.kind, error);
  if (error instanceof JournalError) return wordsOf("journal", error.kind, error);
  if (error instanceof RunLockedError) return wordsOf("locked", undefined, error);
  if (error instanceof ControlError) return wordsOf("control", error.kind, error);
  if (error instanceof PlanFileError) {
    return { kind: "plan-file", rule: undefined, problem: error.message, remedy: "correct them and try again" };
  }
  if (isDriverMissing(error)) {
    return { kind: "system", rule: undefined, problem: driverProblem, remedy: driverRemedy };
  }
  const code = systemCode(error);
  const problem = error instanceof Error ? error.message : String(error);
  if (code !== undefined) {
    return {
      kind: "system",
      rule: code,
      problem,
      remedy: systemRemedies.get(code) ?? "remove the cause and try again",
    };
  }
  return {
    kind: "unexpected",
    rule: error instanceof Error && error.name !== "Error" ? error.name : undefined,
    problem: problem === "" ? "something went wrong that gave no reason" : problem,
    remedy: "this is a fault of handover: report it with its log. Run files are safe; the same command goes on",
  };
}

function wordsOf(kind: ErrorKind, rule: string | undefined, error: Error & { readonly remedy: string }): ErrorWords {
  return { kind, rule, problem: error.message, remedy: error.remedy };
}

function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  return /^E[A-Z0-9]{2,20}$/.test(error.code) ? error.code : undefined;
}

const systemRemedies: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "check the spelling of the path"],
  ["EACCES", "check who may read and write the path"],
  ["EPERM", "check who may read and write the path"],
  ["EISDIR", "name a file, not a folder"],
  ["ENOSPC", "free some space; the same command goes on"],
  ["EROFS", "name a place that can be written to"],
  ["EMFILE", "raise the limit of open files (ulimit -n)"],
  ["EADDRINUSE", "choose another port, or 0 for any free one"],
]);

function apiWords(error: ApiError): ErrorWords {
  const wait = error.retryAfterMs === undefined ? "" : `; Google asks to wait ${durationText(error.retryAfterMs)}`;
  return {
    kind: "api",
    rule: error.failure,
    problem: `${callText(error)}${error.message}`,
    remedy: (failureRemedies.get(error.failure) ?? dispositionRemedies[error.disposition]) + wait,
  };
}

/** Who was acted as is half of the answer to why it was refused. */
function callText({ call }: ApiError): string {
  if (call === undefined) return "";
  return `${call.route === "token" ? "access token" : call.route} as ${call.actor}: `;
}

const delegation =
  "let the service account's client id (client_id in its key file) have the scopes in the Admin console (Security > API controls > Domain-wide delegation); it can take a day to work";
const newKey = "make a new key for the service account and name it with --key";
const account = "look the user up in the Admin console: nobody can act as a user who cannot sign in";

/** What helps against each class of refusal (api.md 2.2 and 4.1). */
const failureRemedies: ReadonlyMap<FailureClass, string> = new Map([
  ["unauthorized-client", delegation],
  ["invalid-scope", delegation],
  ["insufficient-scope", delegation],
  ["invalid-client", newKey],
  ["unknown-issuer", newKey],
  ["bad-signature", newKey],
  ["bad-assertion", newKey],
  ["not-google", "check --endpoint and proxy: what answers there is neither Google nor an emulator"],
  ["unreadable-answer", "check --endpoint and proxy: what answers there may not be Google"],
  [
    "untrusted-server",
    "check --endpoint and proxy; for a company's own certificates set NODE_EXTRA_CA_CERTS=FILE; an emulator speaks http",
  ],
  ["clock-skew", "set the clock of this machine; Google accepts a few minutes"],
  ["service-disabled", "enable the Data Studio API and the Admin SDK API in the key's Cloud project"],
  [
    "project-refused",
    "check the key's Cloud project: it may be suspended, without billing, or barred by the organisation",
  ],
  ["account-deleted", account],
  ["account-forbidden", account],
  ["no-such-user", account],
  ["access-denied", account],
  [
    "reauthentication",
    "exempt the user from reauthentication in the Admin console (Security > Google Cloud session control)",
  ],
  [
    "sign-denied",
    "give the credentials the role Service Account Token Creator (roles/iam.serviceAccountTokenCreator) on that service account, and check its address; it can take minutes to work",
  ],
  ["sign-refused", "check the address of --service-account and the credentials that are to have it sign"],
  ["no-such-service-account", "check the address of --service-account: Google knows no such account"],
  ["iam-disabled", "enable the IAM Service Account Credentials API in the service account's Cloud project"],
  [
    "source-credentials",
    "sign in again: gcloud auth application-default login; or name other credentials by GOOGLE_APPLICATION_CREDENTIALS",
  ],
  [
    "no-credentials",
    "type gcloud auth application-default login, or name a file of credentials by GOOGLE_APPLICATION_CREDENTIALS",
  ],
  ["one-person", "authenticate by a service account to act as others: handover help auth"],
  ["not-signed-in", "type handover auth login"],
  ["sign-in-ended", "type handover auth login"],
  ["sign-in-declined", "type handover auth login again, and allow what is asked for"],
  ["sign-in-refused", "type handover auth login again; check the OAuth client file if it stays so"],
  ["sign-in-timeout", "type handover auth login again; --timeout 15m waits longer"],
  ["sign-in-other", "sign in as the administrator of the settings, or change it there; this sign-in was given back"],
  [
    "no-refresh-token",
    "take this app's access away at https://myaccount.google.com/connections and type handover auth login again",
  ],
  ["oauth-client", "check the OAuth client file: its client may have been deleted, or been given another secret"],
  [
    "oauth-scopes",
    "let the OAuth client's id have the scopes in the Admin console (Security > API controls > Domain-wide delegation), so that nobody is asked for consent; it can take a day to work",
  ],
  ["sign-in-scopes", "sign in again for more: handover auth login --write"],
  [
    "token-command",
    "run the command by hand and see what it says; it is told by HANDOVER_ACTOR and HANDOVER_SCOPES what is wanted",
  ],
  [
    "same-token",
    "let the command look at HANDOVER_ACTOR; or say whose token it gives, by token_actor: in handover.yaml, and that person alone is acted as",
  ],
  ["daily-limit", "go on when the quota's day ends (midnight Pacific time), or raise the quota in the Cloud console"],
  ["permission-denied", "check that --admin names an administrator with the rights this verb needs"],
  ["not-found", "check the id; an asset nobody here can see looks the same as one that is gone"],
  ["owner-not-modifiable", "no API can change an owner: use a whole-user transfer or the hand-over sheet"],
]);

const dispositionRemedies: Readonly<Record<Disposition, string>> = {
  retry: "check network, proxy and --endpoint, then type the same command again",
  throttle: "wait a little, then type the same command again, with a lower --rate",
  conflict: "somebody else is editing at the same time: type the same command again",
  ambiguous: "type the same command again: it reads first what has happened",
  refuse: "Google will not do this: change the request",
  "halt-actor": account,
  "halt-run": "check the key and its rights",
};
