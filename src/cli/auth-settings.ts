/** Which way to authenticate the settings choose, and what it needs. */
import { resolve } from "node:path";
import type { Email } from "../model/email.ts";
import { emailOrUndefined, isServiceAccount } from "../model/email.ts";
import { printable } from "../model/text.ts";
import { commandWords } from "./command-words.ts";
import type { Found, Layer, SettingName } from "./settings-file.ts";

/**
 * How to prove who is calling:
 * - `key`: a service account's key file, with domain-wide delegation
 * - `keyless`: the same, but the account's key stays with Google, and these credentials may have it sign
 * - `oauth`: a person who signed in to an OAuth client; nobody else can be acted as
 * - `token`: whatever a command hands out
 */
export type AuthSettings = {
  /** The place that chose the mode. */
  readonly from: string;
} & (
  | {
      readonly mode: "key";
      /** A path, or `-` for stdin. */
      readonly keyFile: string;
    }
  | {
      readonly mode: "keyless";
      /** The account to sign as. */
      readonly serviceAccount: Email;
      /** Undefined: Application Default Credentials, wherever they are found. */
      readonly credentialsFile: string | undefined;
    }
  | {
      readonly mode: "oauth";
      readonly clientFile: string;
      /** Sign-ins of one profile are not those of another. */
      readonly profile: string | undefined;
    }
  | {
      readonly mode: "token";
      readonly command: readonly string[];
      /** Where it is started. */
      readonly folder: string;
      /** Whose token the command hands out; undefined when it looks at whom it is asked for. */
      readonly actor: Email | undefined;
    }
);

type Mode = AuthSettings["mode"];

/** What alone tells the mode, where nobody names it. */
const tellTales: readonly (readonly [SettingName, Mode])[] = [
  ["key", "key"],
  ["service_account", "keyless"],
  ["oauth_client", "oauth"],
  ["token_command", "token"],
];

/** Undefined when a problem was added instead. `layers` come in the order in which they count. */
export function readAuth(
  layers: readonly Layer[],
  profile: string | undefined,
  problems: string[],
): AuthSettings | undefined {
  const chosen = modeOf(layers, problems);
  if (chosen === undefined) return undefined;
  const find = (name: SettingName): Found | undefined => layers.find((layer) => layer.has(name))?.get(name);
  const { mode, from } = chosen;
  switch (mode) {
    case "key":
      return readKey(find("key"), from, problems);
    case "keyless":
      return readKeyless(find("service_account"), find("credentials"), from, problems);
    case "oauth": {
      const client = find("oauth_client");
      if (client !== undefined) return { mode, from, profile, clientFile: pathOf(client) };
      problems.push(
        `${from}: sign-in needs an OAuth client: use --oauth-client FILE, HANDOVER_OAUTH_CLIENT, or oauth_client: in handover.yaml`,
      );
      return undefined;
    }
    case "token":
      return readCommand(find("token_command"), find("token_actor"), from, problems);
  }
}

/** The first layer that says anything decides: a key given on the command line counts for more than a mode in a file. */
function modeOf(
  layers: readonly Layer[],
  problems: string[],
): { readonly mode: Mode; readonly from: string } | undefined {
  for (const layer of layers) {
    const named = layer.get("auth");
    if (named !== undefined) {
      const mode = tellTales.map(([, each]) => each).find((each) => each === named.value);
      if (mode !== undefined) return { mode, from: named.from };
      problems.push(
        `${named.from}: ${JSON.stringify(printable(named.value))} is no way to authenticate; write key, keyless, oauth or token`,
      );
      return undefined;
    }
    const told = tellTales.flatMap(([name, mode]) => {
      const found = layer.get(name);
      return found === undefined ? [] : [{ name, mode, from: found.from }];
    });
    const [first, second] = told;
    if (first !== undefined && second === undefined) return first;
    if (first === undefined || second === undefined) continue;
    problems.push(
      `${first.from}: ${first.name} and ${second.name} (${second.from}) are different ways to authenticate; say which by auth: ${first.mode} or auth: ${second.mode}, or leave one out`,
    );
    return undefined;
  }
  problems.push(
    "no service-account key is given: use --key FILE, HANDOVER_KEY, or key: in handover.yaml; or another way to authenticate: --service-account, --oauth-client or --token-command",
  );
  return undefined;
}

function readKey(key: Found | undefined, from: string, problems: string[]): AuthSettings | undefined {
  if (key !== undefined) return { mode: "key", from, keyFile: key.value === "-" ? "-" : pathOf(key) };
  problems.push(`${from}: no service-account key is given: use --key FILE, HANDOVER_KEY, or key: in handover.yaml`);
  return undefined;
}

function readKeyless(
  account: Found | undefined,
  credentials: Found | undefined,
  from: string,
  problems: string[],
): AuthSettings | undefined {
  if (account === undefined) {
    problems.push(
      `${from}: keyless needs the service account to sign as: use --service-account EMAIL, HANDOVER_SERVICE_ACCOUNT, or service_account: in handover.yaml`,
    );
    return undefined;
  }
  const serviceAccount = emailOrUndefined(account.value);
  if (serviceAccount === undefined || !isServiceAccount(serviceAccount)) {
    problems.push(
      `${account.from}: ${JSON.stringify(printable(account.value))} is not a service account's address; write such as handover@project.iam.gserviceaccount.com`,
    );
    return undefined;
  }
  const credentialsFile = credentials === undefined ? undefined : pathOf(credentials);
  return { mode: "keyless", from, serviceAccount, credentialsFile };
}

function readCommand(
  command: Found | undefined,
  actor: Found | undefined,
  from: string,
  problems: string[],
): AuthSettings | undefined {
  if (command === undefined) {
    problems.push(
      `${from}: tokens by a command need one: use --token-command COMMAND, HANDOVER_TOKEN_COMMAND, or token_command: in handover.yaml`,
    );
    return undefined;
  }
  const words = command.words ?? commandWords(command.value);
  if (words === undefined) {
    problems.push(
      `${command.from}: the token command has a quote that is not closed; in a file, write it as a list: [ "program", "argument" ]`,
    );
    return undefined;
  }
  const onlyActor = emailOrUndefined(actor?.value);
  if (actor !== undefined && onlyActor === undefined) {
    problems.push(
      `${actor.from}: ${JSON.stringify(printable(actor.value))} is not an address; write whose token it is`,
    );
    return undefined;
  }
  return { mode: "token", from, command: words, folder: command.folder, actor: onlyActor };
}

function pathOf(found: Found): string {
  return resolve(found.folder, found.value);
}
