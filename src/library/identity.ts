/** As whom a program acts: the ways in which it can prove to Google who asks. */
import { resolve } from "node:path";
import { openCredentials } from "../cli/credentials.ts";
import type { Credentials } from "../cli/credentials.ts";
import type { Context } from "../cli/context.ts";
import { askWithKey } from "../google/delegation.ts";
import { parseServiceAccountKey } from "../google/key.ts";
import { parseEmail } from "../model/email.ts";
import type { Email } from "../model/email.ts";
import { UsageError } from "../model/errors.ts";

/**
 * How access tokens come about. Each way needs domain-wide delegation of the scopes that `handover help auth` lists:
 * - `keyFile`: the path of a service account's JSON key, which nobody but this account may read
 * - `key`: the text of such a file, from wherever the program keeps secrets
 * - `serviceAccount`: its address; Application Default Credentials have it sign, without a key
 * - `token`: a function that answers a token for one user and a set of scopes. It is asked again once Google rejects one
 */
export type Identity =
  | { readonly keyFile: string }
  | { readonly key: string }
  | { readonly serviceAccount: string }
  | { readonly token: (user: string, scopes: readonly string[]) => Promise<string> };

export type Opened = Pick<Credentials, "asking" | "besides" | "onlyActor">;

const from = "identity";

/** Throws UsageError for a key that cannot be used. */
export async function openIdentity(
  context: Context,
  identity: Identity,
  endpoint: string | undefined,
): Promise<Opened> {
  const { clock } = context;
  const alone = { besides: new Set<string>(), onlyActor: undefined };
  if ("keyFile" in identity) {
    return openCredentials(context, { from, mode: "key", keyFile: resolve(context.cwd, identity.keyFile) }, endpoint);
  }
  if ("serviceAccount" in identity) {
    const serviceAccount = readAddress("serviceAccount", identity.serviceAccount);
    return openCredentials(context, { from, mode: "keyless", serviceAccount, credentialsFile: undefined }, endpoint);
  }
  if ("key" in identity) {
    const key = parseServiceAccountKey(identity.key);
    return { ...alone, asking: (send) => askWithKey(key, clock, send) };
  }
  const { token } = identity;
  return {
    ...alone,
    asking: () => async (actor, scopes) => {
      const askedAt = clock.monotonic();
      return { token: await token(actor, scopes.split(" ")), lifetimeMs: Infinity, askedAt };
    },
  };
}

/** Throws UsageError that names the option. */
export function readAddress(option: string, text: string): Email {
  const read = parseEmail(text);
  if (read.ok) return read.value;
  throw new UsageError(`${option}: ${read.problem}`, read.remedy);
}
