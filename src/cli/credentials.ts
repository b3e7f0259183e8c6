/** From settings to proof of who is calling: files are read and checked here, and nothing is sent yet. */
import type { AskingOver } from "../google/auth.ts";
import { askWithKey } from "../google/delegation.ts";
import { parseServiceAccountKey } from "../google/key.ts";
import type { Email } from "../model/email.ts";
import type { AuthSettings } from "./config.ts";
import type { Context } from "./context.ts";
import { readKey } from "./key-file.ts";

export interface Credentials {
  readonly mode: AuthSettings["mode"];
  /** The service account or person that proves itself, where that is known without asking. */
  readonly identity: Email | undefined;
  /** What the Admin console's table of domain-wide delegation knows it by, where that is known without asking. */
  readonly clientId: string | undefined;
  /** The one user that can be acted as; undefined where the mode can act as any. */
  readonly onlyActor: Email | undefined;
  /** One attempt for one user and one set of scopes; rejects with the `ApiError` as it was classified. */
  readonly asking: AskingOver;
}

/** Throws `UsageError` for a file that cannot be used. */
export async function openCredentials(context: Context, auth: AuthSettings): Promise<Credentials> {
  const { clock } = context;
  const key = parseServiceAccountKey(await readKey(context, auth.keyFile));
  return {
    mode: auth.mode,
    identity: key.email,
    clientId: key.clientId,
    onlyActor: undefined,
    asking: (send) => askWithKey(key, clock, send),
  };
}
