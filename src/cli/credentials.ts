/** From settings to proof of who is calling: files are read and checked here, and nothing is sent yet. */
import type { AskToken, AskingOver } from "../google/auth.ts";
import { askWithKey } from "../google/delegation.ts";
import { parseServiceAccountKey } from "../google/key.ts";
import { projectOf } from "../model/email.ts";
import type { Email } from "../model/email.ts";
import { ApiError } from "../model/errors.ts";
import type { AuthSettings } from "./auth-settings.ts";
import type { Context } from "./context.ts";
import { readKey } from "./key-file.ts";

export interface Credentials {
  readonly mode: AuthSettings["mode"];
  /** The service account or person that proves itself, where that is known without asking. */
  readonly identity: Email | undefined;
  /** What the Admin console's table of domain-wide delegation knows it by, where that is known without asking. */
  readonly clientId: string | undefined;
  /** The Cloud project whose quotas the calls spend, where that is known without asking. */
  readonly project: string | undefined;
  /** The one user that can be acted as; undefined where the mode can act as any. */
  readonly onlyActor: Email | undefined;
  /** Where what proves it is kept: a path, or words for what is no file. */
  readonly keptAt: string;
  /** Origins outside Google that are asked for proof of who is calling. */
  readonly besides: ReadonlySet<string>;
  /** One attempt for one user and one set of scopes; rejects with the `ApiError` as it was classified. */
  readonly asking: AskingOver;
}

const none: ReadonlySet<string> = new Set();

/** Throws `UsageError` for a file that cannot be used, `ApiError` where nobody has signed in. */
export async function openCredentials(
  context: Context,
  auth: AuthSettings,
  endpoint: string | undefined,
): Promise<Credentials> {
  const { mode } = auth;
  switch (mode) {
    case "key":
      return openKey(context, auth);
    case "keyless":
      return openKeyless(context, auth, endpoint);
    case "oauth":
      return openSignIn(context, auth, endpoint);
    case "token": {
      // Loaded only now, as each way is: most processes need one of them.
      const { askCommand } = await import("./token-command.ts");
      const ask = askCommand(context, auth);
      return {
        mode,
        identity: auth.actor,
        clientId: undefined,
        project: undefined,
        onlyActor: auth.actor,
        keptAt: "the token command",
        besides: none,
        asking: () => (auth.actor === undefined ? ask : onlyFor(auth.actor, ask)),
      };
    }
  }
}

async function openKey(context: Context, auth: AuthSettings & { readonly mode: "key" }): Promise<Credentials> {
  const key = parseServiceAccountKey(await readKey(context, auth.keyFile));
  return {
    mode: auth.mode,
    identity: key.email,
    clientId: key.clientId,
    project: key.project,
    onlyActor: undefined,
    keptAt: auth.keyFile === "-" ? "stdin" : auth.keyFile,
    besides: none,
    asking: (send) => askWithKey(key, context.clock, send),
  };
}

async function openKeyless(
  context: Context,
  auth: AuthSettings & { readonly mode: "keyless" },
  endpoint: string | undefined,
): Promise<Credentials> {
  const { findSource, subjectReader } = await import("./source-files.ts");
  const { askKeyless } = await import("../google/keyless.ts");
  const { askSource } = await import("../google/source-token.ts");
  const { credentials, from, besides } = await findSource(context, auth.credentialsFile, endpoint);
  const { clock } = context;
  const sourceOptions = { credentials, clock, readSubject: subjectReader(context, credentials) };
  return {
    mode: auth.mode,
    identity: auth.serviceAccount,
    clientId: undefined,
    project: projectOf(auth.serviceAccount),
    onlyActor: undefined,
    keptAt: from,
    besides,
    asking: (send) =>
      askKeyless({ serviceAccount: auth.serviceAccount, source: askSource(sourceOptions, send), clock }, send),
  };
}

async function openSignIn(
  context: Context,
  auth: AuthSettings & { readonly mode: "oauth" },
  endpoint: string | undefined,
): Promise<Credentials> {
  const { requireSignIn, signInPlace } = await import("./sign-in-store.ts");
  const { askSignedIn } = await import("../google/oauth.ts");
  const place = await signInPlace(context, auth, endpoint);
  const signIn = await requireSignIn(context, place);
  return {
    mode: auth.mode,
    identity: signIn.email,
    clientId: place.client.clientId,
    // Google puts the project's number before the dash.
    project: /^\d+(?=-)/.exec(place.client.clientId)?.[0],
    onlyActor: signIn.email,
    keptAt: place.path,
    besides: none,
    asking: (send) => onlyFor(signIn.email, askSignedIn(place.client, signIn, context.clock, send)),
  };
}

/** Acting as anybody else is refused here, before anything is asked for. */
function onlyFor(person: Email, ask: AskToken): AskToken {
  return async (actor, scopes) => {
    if (actor === person) return ask(actor, scopes);
    throw new ApiError(`these credentials are ${person}'s, and nobody else can be acted as`, {
      disposition: "halt-actor",
      failure: "one-person",
      call: { route: "token", actor },
    });
  };
}
