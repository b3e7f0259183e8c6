/** Where a sign-in is kept: one file for each OAuth client, server and profile, in a folder nobody else can look into. */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { lstat, mkdir, open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import { parseOAuthClient } from "../google/oauth.ts";
import type { OAuthClient, SignIn } from "../google/oauth.ts";
import type { Email } from "../model/email.ts";
import { emailOrUndefined } from "../model/email.ts";
import { ApiError, UsageError } from "../model/errors.ts";
import { printable } from "../model/text.ts";
import { shellWord } from "../report/words.ts";
import type { AuthSettings } from "./auth-settings.ts";
import type { Context } from "./context.ts";
import { writeWhole } from "./files.ts";
import { readKey } from "./key-file.ts";

export type OAuthSettings = AuthSettings & { readonly mode: "oauth" };

/** The settings of a sign-in; throws `UsageError` for any other way to authenticate. */
export function oauthOnly({ auth }: { readonly auth: AuthSettings }, what: string): OAuthSettings {
  if (auth.mode === "oauth") return { ...auth, mode: auth.mode };
  throw new UsageError(
    `${auth.from}: the settings authenticate by ${auth.mode}, where there is nothing to ${what}`,
    "name an OAuth client with --oauth-client FILE, or leave the other way out",
  );
}

export interface KeptSignIn extends SignIn {
  /** Wall-clock ms. */
  readonly since: number;
}

/** A client with the place where its sign-in is kept, or will be. */
export interface SignInPlace {
  readonly client: OAuthClient;
  readonly path: string;
  /** The server that the sign-in is for; its refresh token is never sent to another. */
  readonly server: string;
}

const google = "google";
const version = 1;

/** Reads the client's file. Throws `UsageError`. */
export async function signInPlace(
  context: Context,
  auth: OAuthSettings,
  endpoint: string | undefined,
): Promise<SignInPlace> {
  const client = parseOAuthClient(
    await readKey(context, auth.clientFile, {
      noun: "OAuth client file",
      origin: "check --oauth-client, HANDOVER_OAUTH_CLIENT or oauth_client: in handover.yaml",
      instead: "name the JSON file of the client",
      stdin: undefined,
    }),
  );
  const server = endpoint === undefined ? google : new URL(endpoint).origin;
  const name = createHash("sha256")
    .update(JSON.stringify([client.clientId, server, auth.profile ?? ""]))
    .digest("hex")
    .slice(0, 16);
  return { client, server, path: join(stateFolder(context), `sign-in-${name}.json`) };
}

/** Where each system keeps what a program remembers of a user. */
function stateFolder({ env, home }: Context): string {
  const stated = env["XDG_STATE_HOME"];
  if (stated !== undefined && stated.startsWith("/")) return join(stated, "handover");
  const windows = env["APPDATA"];
  if (process.platform === "win32" && windows !== undefined && windows !== "") return join(windows, "handover");
  if (process.platform === "darwin") return join(home, "Library", "Application Support", "handover");
  return join(home, ".local", "state", "handover");
}

/** Undefined when nobody has signed in. Throws `UsageError` for a file that others could have read or put there. */
export async function readSignIn(context: Context, place: SignInPlace): Promise<KeptSignIn | undefined> {
  const { path, server, client } = place;
  if ((await lstat(path).catch(() => undefined)) === undefined) return undefined;
  await refuseOpenFolder(context, path);
  const text = await readKey(context, path, {
    noun: "sign-in file",
    origin: "type handover auth login",
    instead: `remove it and sign in again: rm ${shellWord(path)}; handover auth login`,
    stdin: undefined,
  });
  const kept = (await keptShape()).safeParse(parsed(text));
  const email = kept.success ? emailOrUndefined(kept.data.email) : undefined;
  if (!kept.success || email === undefined || kept.data.server !== server || kept.data.client_id !== client.clientId) {
    throw new UsageError(
      `the sign-in file ${printable(path)} is damaged, or belongs to another client or server`,
      `remove it and sign in again: rm ${shellWord(path)}; handover auth login`,
    );
  }
  const { refresh_token: refreshToken, scopes, since } = kept.data;
  return { email, refreshToken, scopes, since };
}

/** Throws `ApiError` when nobody has signed in. */
export async function requireSignIn(context: Context, place: SignInPlace): Promise<KeptSignIn> {
  const kept = await readSignIn(context, place);
  if (kept !== undefined) return kept;
  throw new ApiError("nobody has signed in to the OAuth client on this machine", {
    disposition: "halt-run",
    failure: "not-signed-in",
  });
}

/** Who has signed in. Throws `ApiError` when nobody has. */
export async function signedInPerson(
  context: Context,
  auth: OAuthSettings,
  endpoint: string | undefined,
): Promise<Email> {
  return (await requireSignIn(context, await signInPlace(context, auth, endpoint))).email;
}

/** Puts a sign-in in the place of an earlier one, whole and durable. */
export async function keepSignIn(context: Context, place: SignInPlace, signIn: SignIn): Promise<void> {
  const { path, server, client } = place;
  await mkdir(join(path, ".."), { recursive: true, mode: 0o700 });
  await refuseOpenFolder(context, path);
  const { email, refreshToken, scopes } = signIn;
  const kept = {
    version,
    server,
    client_id: client.clientId,
    email,
    scopes,
    since: context.clock.now(),
    refresh_token: refreshToken,
  };
  await writeWhole(path, [`${JSON.stringify(kept, null, 2)}\n`]);
}

export async function forgetSignIn(place: SignInPlace): Promise<void> {
  await rm(place.path, { force: true });
}

/** A folder that somebody else can write to could be given another file; one that leads elsewhere is not the one meant. */
async function refuseOpenFolder(context: Context, path: string): Promise<void> {
  const folder = join(path, "..");
  const shown = printable(folder);
  const handle = await open(folder, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_DIRECTORY).catch(
    (error: NodeJS.ErrnoException) => error.code ?? "error",
  );
  if (typeof handle === "string") {
    throw new UsageError(
      handle === "ELOOP" || handle === "ENOTDIR"
        ? `the folder of sign-ins ${shown} is a symbolic link, or no folder`
        : `the folder of sign-ins ${shown} cannot be read (${handle})`,
      "move what lies there out of the way; or name another by XDG_STATE_HOME",
    );
  }
  const stats = await handle.stat();
  await handle.close();
  if (context.uid === undefined) return;
  if (stats.uid === context.uid && (stats.mode & 0o077) === 0) return;
  throw new UsageError(
    `the folder of sign-ins ${shown} is open to others, or not yours (mode ${(stats.mode & 0o777).toString(8)})`,
    `chmod 700 ${shellWord(folder)}`,
  );
}

/** Mode of the file, octal, for showing. */
export async function modeOf(path: string): Promise<string | undefined> {
  const stats = await stat(path).catch(() => undefined);
  return stats === undefined ? undefined : (stats.mode & 0o777).toString(8).padStart(4, "0");
}

interface KeptFields {
  readonly server: string;
  readonly client_id: string;
  readonly email: string;
  readonly scopes: readonly string[];
  readonly since: number;
  readonly refresh_token: string;
}

async function keptShape(): Promise<z.ZodType<KeptFields>> {
  const { z } = await import("zod");
  return z.object({
    version: z.literal(version),
    server: z.string(),
    client_id: z.string(),
    email: z.string(),
    scopes: z.array(z.string()),
    since: z.number(),
    refresh_token: z.string().min(1),
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
