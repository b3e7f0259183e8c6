/** Where Application Default Credentials are found, and how a workload's own token is read. */
import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { metadataOrigin } from "../google/route.ts";
import { isLoopback } from "../google/route.ts";
import { parseSourceCredentials } from "../google/source-credentials.ts";
import type { SourceCredentials } from "../google/source-credentials.ts";
import type { SourceOptions } from "../google/source-token.ts";
import { ApiError, UsageError } from "../model/errors.ts";
import { printable } from "../model/text.ts";
import { shellWord } from "../report/words.ts";
import { commandWords } from "./command-words.ts";
import type { Context } from "./context.ts";
import { trustedOwners } from "./key-file.ts";
import { outputOf } from "./run-command.ts";

export interface Source {
  readonly credentials: SourceCredentials;
  /** Where they were found, as people would look for it. */
  readonly from: string;
  /** Origins outside Google that they name. */
  readonly besides: ReadonlySet<string>;
}

const bytesMax = 64 * 1024;

/**
 * The file that was named, else that of GOOGLE_APPLICATION_CREDENTIALS, else the one gcloud leaves, else the metadata
 * server of the machine. Throws `UsageError`.
 */
export async function findSource(
  context: Context,
  named: string | undefined,
  endpoint: string | undefined,
): Promise<Source> {
  const variable = context.env["GOOGLE_APPLICATION_CREDENTIALS"];
  if (named !== undefined) return fromFile(context, named, "credentials: in the settings");
  if (variable !== undefined && variable !== "") {
    return fromFile(context, resolve(context.cwd, variable), "GOOGLE_APPLICATION_CREDENTIALS");
  }
  const left = gcloudFile(context);
  if ((await stat(left).catch(() => undefined)) !== undefined) return fromFile(context, left, left);
  const origin = endpoint === undefined ? metadataHost(context) : metadataOrigin;
  return {
    credentials: { kind: "machine", origin },
    from: "the metadata server",
    besides: new Set(origin === metadataOrigin ? [] : [origin]),
  };
}

/** Where `gcloud auth application-default login` puts them. */
function gcloudFile({ env, home }: Context): string {
  const own = env["CLOUDSDK_CONFIG"];
  const windows = env["APPDATA"];
  const onWindows = process.platform === "win32" && windows !== undefined && windows !== "";
  const folder = own || (onWindows ? join(windows, "gcloud") : join(home, ".config", "gcloud"));
  return join(folder, "application_default_credentials.json");
}

/** It speaks without TLS, so that it is asked on this machine and at Google's own addresses for it only. */
function metadataHost({ env }: Context): string {
  const host = env["GCE_METADATA_HOST"];
  if (host === undefined || host === "") return metadataOrigin;
  const url = URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : undefined;
  const known = ["metadata.google.internal", "169.254.169.254", "[fd20:ce::254]"];
  if (url?.host === host && (known.includes(url.hostname) || isLoopback(url.hostname))) return url.origin;
  throw new UsageError(
    `GCE_METADATA_HOST names ${JSON.stringify(printable(host))}, which is no metadata server of Google's`,
    "unset it, or name metadata.google.internal or an address of this machine",
  );
}

async function fromFile(context: Context, path: string, from: string): Promise<Source> {
  const name = printable(path);
  const credentials = parseSourceCredentials(await readSafely(context, path, from), name);
  if (holdsSecret(credentials)) await refuseReadable(context, path);
  return { credentials, from: path, besides: new Set(originOf(credentials)) };
}

/** Links are followed, as clusters mount such files by links; what counts is who could have put the file there. */
async function readSafely(context: Context, path: string, from: string): Promise<string> {
  const name = printable(path);
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => error.code ?? "error");
  if (typeof stats === "string") {
    throw stats === "ENOENT" || stats === "ENOTDIR"
      ? new UsageError(`there is no file of credentials ${name}`, `check ${printable(from)}`)
      : new UsageError(`the file of credentials ${name} cannot be read (${stats})`, "check its permissions");
  }
  if (!stats.isFile() || stats.size > bytesMax) {
    throw new UsageError(`${name} is no file of credentials`, `check ${printable(from)}`);
  }
  if (context.uid !== undefined && (!trustedOwners(context).has(stats.uid) || (stats.mode & 0o022) !== 0)) {
    throw new UsageError(
      `the file of credentials ${name} can be changed by others`,
      `make it yours alone: chown ${context.uid} ${shellWord(path)}; chmod go-w ${shellWord(path)}`,
    );
  }
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`the file of credentials ${name} cannot be read (${error.code})`, "check its permissions");
  });
}

async function refuseReadable(context: Context, path: string): Promise<void> {
  const { mode } = await stat(path);
  if (context.uid === undefined || (mode & 0o077) === 0) return;
  throw new UsageError(
    `the file of credentials ${printable(path)} can be read by others (mode ${(mode & 0o777).toString(8)})`,
    `chmod 600 ${shellWord(path)}`,
  );
}

function holdsSecret(credentials: SourceCredentials): boolean {
  if (credentials.kind === "impersonated") return holdsSecret(credentials.source);
  return credentials.kind === "person" || credentials.kind === "key";
}

function originOf(credentials: SourceCredentials): readonly string[] {
  if (credentials.kind === "impersonated") return originOf(credentials.source);
  if (credentials.kind !== "workload" || credentials.subject.kind !== "url") return [];
  return [new URL(credentials.subject.url).origin];
}

/** Reads a workload's own token from its file, or has the command print it that its configuration names. */
export function subjectReader(context: Context, credentials: SourceCredentials): SourceOptions["readSubject"] {
  return async (subject, actor) => {
    const fail = (problem: string): ApiError =>
      new ApiError(problem, {
        disposition: "halt-run",
        failure: "source-credentials",
        call: { route: "credential-source", actor },
      });
    if (subject.kind === "file") {
      const path = resolve(context.cwd, subject.path);
      const stats = await stat(path).catch(() => undefined);
      if (stats?.isFile() !== true || stats.size > bytesMax) {
        throw fail(`there is no token of the workload in ${printable(path)}`);
      }
      return readFile(path, "utf8");
    }
    if (context.env["GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES"] !== "1") {
      throw fail(
        "the credentials name a command, which is not started unless GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES is 1",
      );
    }
    return answerIn(await outputOf(context, commandOf(context, credentials, subject, actor)), fail);
  };
}

type CommandSubject = Extract<Parameters<SourceOptions["readSubject"]>[0], { readonly kind: "command" }>;

function commandOf(
  context: Context,
  credentials: SourceCredentials,
  { command, timeoutMs }: CommandSubject,
  actor: Parameters<SourceOptions["readSubject"]>[1],
): Parameters<typeof outputOf>[1] {
  const workload = credentials.kind === "impersonated" ? credentials.source : credentials;
  const isWorkload = workload.kind === "workload";
  return {
    words: commandWords(command) ?? [command],
    folder: context.cwd,
    env: {
      GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE: isWorkload ? workload.audience : "",
      GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE: isWorkload ? workload.tokenType : "",
      GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE: "0",
      ...(credentials.kind === "impersonated"
        ? { GOOGLE_EXTERNAL_ACCOUNT_IMPERSONATED_EMAIL: credentials.account }
        : {}),
    },
    timeoutMs,
    name: "the command of the credentials",
    failure: "source-credentials",
    actor,
  };
}

/** What such a command prints, as Google describes it: one JSON object with the token, or with what went wrong. */
function answerIn(text: string, fail: (problem: string) => ApiError): string {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw fail("the command of the credentials printed no JSON");
  }
  const field = (name: string): unknown =>
    typeof answer === "object" && answer !== null && Object.hasOwn(answer, name)
      ? (Reflect.get(answer, name) as unknown)
      : undefined;
  const token = field("id_token") ?? field("saml_response");
  if (field("success") === true && typeof token === "string") return token;
  const code = field("code");
  throw fail(
    `the command of the credentials has no token${typeof code === "string" ? ` (${printable(code, 60)})` : ""}`,
  );
}
