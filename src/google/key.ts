/** A service account's key file: read, checked, and turned into something that can sign. */
import { createPrivateKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { z } from "zod";
import { emailOrUndefined, parseDomain, projectOf } from "../model/email.ts";
import type { Email } from "../model/email.ts";
import { UsageError } from "../model/errors.ts";

export interface ServiceAccountKey {
  readonly email: Email;
  /** The account's id in the Admin console's table of domain-wide delegation; in every file Google makes. */
  readonly clientId?: string | undefined;
  /** The Cloud project it belongs to, whose quotas its calls spend. */
  readonly project?: string | undefined;
  /** Google's name for the key; tokens signed with it carry it as `kid`. */
  readonly keyId: string | undefined;
  /** Parsed once: signing from PEM text costs several times as much. */
  readonly privateKey: KeyObject;
}

const bitsMin = 2048;

const keyFile = z.object({
  type: z.literal("service_account"),
  client_email: z.string(),
  client_id: z.string().optional(),
  project_id: z.string().optional(),
  private_key: z.string(),
  private_key_id: z.string().optional(),
  universe_domain: z.string().optional(),
});

/** Reads the text of a key file. Throws `UsageError`, which never holds any of the key. */
export function parseServiceAccountKey(text: string): ServiceAccountKey {
  const parsed = parseJson(text);
  const file = keyFile.safeParse(parsed);
  if (!file.success) throw new UsageError(wrongFile(parsed), createKey);
  const { client_email, client_id, project_id, private_key, private_key_id, universe_domain } = file.data;
  if (universe_domain !== undefined && universe_domain !== "googleapis.com") {
    throw new UsageError(
      `the key belongs to ${parseDomain(universe_domain).ok ? universe_domain : "another universe"}, where domain-wide delegation does not exist`,
      "use a service account of googleapis.com",
    );
  }
  const email = emailOrUndefined(client_email);
  if (email === undefined) throw new UsageError("client_email of the key is not an address", createKey);
  return {
    email,
    clientId: client_id !== undefined && /^\d{1,40}$/.test(client_id) ? client_id : undefined,
    // Where the address tells it, a key without a file is known by the same name.
    project: projectOf(email) ?? project_id,
    keyId: private_key_id,
    privateKey: parsePrivateKey(private_key),
  };
}

const createKey = "create a JSON key of the service account in the Google Cloud console and name that file";

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError("the key file is not JSON", createKey);
  }
}

function parsePrivateKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw new UsageError("private_key of the key cannot be read", createKey);
  }
  if (key.asymmetricKeyType !== "rsa" || (key.asymmetricKeyDetails?.modulusLength ?? 0) < bitsMin) {
    throw new UsageError(`private_key is not an RSA key of at least ${bitsMin} bits`, createKey);
  }
  return key;
}

/** Names the files that are most often mistaken for a key. */
function wrongFile(parsed: unknown): string {
  if (typeof parsed !== "object" || parsed === null) return "the key file holds no JSON object";
  if ("installed" in parsed || "web" in parsed) {
    return "the file is an OAuth client, not a service account's key";
  }
  const type = "type" in parsed && typeof parsed.type === "string" ? parsed.type : undefined;
  if (type === "authorized_user") return "the file is a person's own credentials, not a service account's key";
  // A word is shown, anything else is not: in a file edited by hand it could be a piece of the key.
  if (type !== undefined && type !== "service_account") {
    return `the file is of ${/^[a-z_]{1,40}$/.test(type) ? `type "${type}"` : "another type"}, not a service account's key`;
  }
  return "the file lacks parts of a service account's key (type, client_email, private_key)";
}
