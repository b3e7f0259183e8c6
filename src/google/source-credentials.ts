/** Files of credentials as Google's tools write them (Application Default Credentials): read, checked, and told apart. */
import { z } from "zod";
import { emailOrUndefined } from "../model/email.ts";
import type { Email } from "../model/email.ts";
import { UsageError } from "../model/errors.ts";
import { printable } from "../model/text.ts";
import { parseServiceAccountKey } from "./key.ts";
import type { ServiceAccountKey } from "./key.ts";
import { isLoopback, stsOrigin } from "./route.ts";

/** Credentials that have nothing to do with the tenant: they may have a service account sign. */
export type SourceCredentials =
  /** A person, as `gcloud auth application-default login` leaves them. */
  | {
      readonly kind: "person";
      readonly clientId: string;
      readonly clientSecret: string;
      readonly refreshToken: string;
    }
  | { readonly kind: "key"; readonly key: ServiceAccountKey }
  /** The account of the machine this runs on, by its metadata server. */
  | { readonly kind: "machine"; readonly origin: string }
  /** A workload of another cloud, which proves itself by that cloud's own token. */
  | { readonly kind: "workload"; readonly audience: string; readonly tokenType: string; readonly subject: Subject }
  /** `source` that becomes `account` first. */
  | {
      readonly kind: "impersonated";
      readonly source: SourceCredentials;
      readonly account: Email;
      readonly delegates: readonly string[];
    };

/** Where a workload finds the other cloud's token; `field` is the field of a JSON object that holds it. */
export type Subject = { readonly field: string | undefined } & (
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "url"; readonly url: string; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: "command"; readonly command: string; readonly timeoutMs: number }
);

const person = z.object({
  type: z.literal("authorized_user"),
  client_id: z.string().min(1),
  client_secret: z.string().min(1),
  refresh_token: z.string().min(1),
});
const format = z.object({ type: z.enum(["text", "json"]), subject_token_field_name: z.string().optional() }).optional();
const workload = z.object({
  type: z.literal("external_account"),
  audience: z.string().min(1),
  subject_token_type: z.string().min(1),
  token_url: z.string(),
  service_account_impersonation_url: z.string().optional(),
  credential_source: z.object({
    file: z.string().min(1).optional(),
    url: z.string().min(1).optional(),
    headers: z.record(z.string(), z.string()).optional(),
    executable: z
      .object({ command: z.string().min(1), timeout_millis: z.number().min(5000).max(120_000).optional() })
      .optional(),
    environment_id: z.string().optional(),
    format,
  }),
});
const impersonated = z.object({
  type: z.literal("impersonated_service_account"),
  service_account_impersonation_url: z.string(),
  delegates: z.array(z.string()).optional(),
  source_credentials: z.unknown(),
});

const make =
  "make it anew with gcloud auth application-default login, or gcloud iam workload-identity-pools create-cred-config";

/** Reads a file of credentials; `name` is what it is called in problems, which never hold any of it. Throws `UsageError`. */
export function parseSourceCredentials(text: string, name: string): SourceCredentials {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new UsageError(`${name} is not JSON`, make);
  }
  return read(parsed, name, 0);
}

function read(parsed: unknown, name: string, depth: number): SourceCredentials {
  const type = typeof parsed === "object" && parsed !== null && "type" in parsed ? parsed.type : undefined;
  switch (type) {
    case "authorized_user": {
      const { client_id, client_secret, refresh_token } = fits(person, parsed, name);
      return { kind: "person", clientId: client_id, clientSecret: client_secret, refreshToken: refresh_token };
    }
    case "service_account":
      return { kind: "key", key: parseServiceAccountKey(JSON.stringify(parsed)) };
    case "external_account":
      return readWorkload(fits(workload, parsed, name), name);
    case "impersonated_service_account": {
      if (depth > 0) throw new UsageError(`${name} impersonates one account through another`, make);
      const file = fits(impersonated, parsed, name);
      const source = read(file.source_credentials, `the source_credentials of ${name}`, depth + 1);
      const account = impersonatedAccount(file.service_account_impersonation_url, name);
      return { kind: "impersonated", source, account, delegates: file.delegates ?? [] };
    }
    default:
      throw new UsageError(
        typeof type === "string" && /^[a-z_]{1,40}$/.test(type)
          ? `${name} is of type "${type}", which cannot be used here`
          : `${name} holds no credentials of Google's kinds`,
        "use those of a person, a service account, a workload (external_account), or an impersonated service account",
      );
  }
}

function fits<T>(shape: z.ZodType<T>, parsed: unknown, name: string): T {
  const file = shape.safeParse(parsed);
  if (file.success) return file.data;
  const fields = [...new Set(file.error.issues.map((issue) => issue.path.join(".")))].join(", ");
  throw new UsageError(`${name} lacks parts, or holds something else there: ${printable(fields)}`, make);
}

function readWorkload(file: z.infer<typeof workload>, name: string): SourceCredentials {
  if (file.token_url !== `${stsOrigin}/v1/token`) {
    throw new UsageError(
      `token_url of ${name} is not ${stsOrigin}/v1/token, and the workload's token would go elsewhere`,
      make,
    );
  }
  const subject = subjectOf(file.credential_source, name);
  const source = { kind: "workload", audience: file.audience, tokenType: file.subject_token_type, subject } as const;
  const url = file.service_account_impersonation_url;
  if (url === undefined) return source;
  return { kind: "impersonated", source, account: impersonatedAccount(url, name), delegates: [] };
}

function subjectOf(given: z.infer<typeof workload>["credential_source"], name: string): Subject {
  const field = given.format?.type === "json" ? (given.format.subject_token_field_name ?? "access_token") : undefined;
  if (given.environment_id !== undefined) {
    throw new UsageError(
      `${name} proves itself by a signed request of AWS, which is not supported`,
      "use a configuration whose token comes from a file, an address or a command",
    );
  }
  if (given.file !== undefined) return { kind: "file", field, path: given.file };
  if (given.url !== undefined) {
    return { kind: "url", field, url: safeUrl(given.url, name), headers: given.headers ?? {} };
  }
  if (given.executable !== undefined) {
    const { command, timeout_millis: timeoutMs = 30_000 } = given.executable;
    return { kind: "command", field: undefined, command, timeoutMs };
  }
  throw new UsageError(`credential_source of ${name} names no file, address or command`, make);
}

/** What is fetched there proves who the workload is: it is asked for over TLS, or on the machine itself. */
function safeUrl(text: string, name: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isNear = url !== undefined && (isLoopback(url.hostname) || url.hostname === "169.254.169.254");
  if (url?.protocol === "https:" || (url?.protocol === "http:" && isNear)) return url.href;
  throw new UsageError(`the address of credential_source in ${name} is neither https nor on this machine`, make);
}

const impersonationUrl =
  /^https:\/\/iamcredentials\.googleapis\.com\/v1\/projects\/-\/serviceAccounts\/([^/:?#]+):generateAccessToken$/;

function impersonatedAccount(url: string, name: string): Email {
  const account = emailOrUndefined(decoded(impersonationUrl.exec(url)?.[1]));
  if (account !== undefined) return account;
  throw new UsageError(`service_account_impersonation_url of ${name} is not one of Google's`, make);
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
