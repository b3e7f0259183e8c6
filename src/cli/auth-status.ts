/** `handover auth status`: what the settings authenticate with, from files alone unless Google is to be asked. */
import { dataStudioScopes, scopesOf } from "../google/scopes.ts";
import type { Email } from "../model/email.ts";
import { ApiError, UsageError } from "../model/errors.ts";
import { authJson, authText } from "../report/auth-text.ts";
import type { AuthCheck, AuthStatus } from "../report/auth-text.ts";
import { errorWords } from "../report/error-text.ts";
import type { AuthOptions } from "./auth-options.ts";
import { resolveAccess } from "./config.ts";
import type { AccessSettings } from "./config.ts";
import { openTokens } from "./connect.ts";
import type { Context } from "./context.ts";
import { openCredentials } from "./credentials.ts";
import type { Credentials } from "./credentials.ts";
import { exitCode, exitCodes } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { print, styleOf } from "./output.ts";
import { modeOf, readSignIn, signInPlace } from "./sign-in-store.ts";
import { stopOnSignals } from "./signals.ts";

export async function showStatus(context: Context, options: AuthOptions): Promise<ExitCode> {
  const settings = await resolveAccess(context, options.google);
  const standing = await standingOf(context, settings);
  const check = options.check ? await checked(context, settings, standing) : undefined;
  const status: AuthStatus = { ...standing, check };
  const style = styleOf(context, context.stdout, options.color);
  await print(context.stdout, options.json ? [authJson(status)] : authText(status, style));
  return check === undefined || check.ok ? exitCode({ kind: "done" }) : exitCodes.access;
}

type Standing = Omit<AuthStatus, "check" | "onlyActor"> & { readonly onlyActor: Email | undefined };

async function standingOf(context: Context, settings: AccessSettings): Promise<Standing> {
  const { auth, endpoint, admin, profile } = settings;
  const common = {
    mode: auth.mode,
    from: auth.from,
    profile: profile?.name,
    endpoint,
    admin,
    scopesAsked: { read: scopesOf("read"), write: scopesOf("write") },
  };
  if (auth.mode === "oauth") {
    const place = await signInPlace(context, { ...auth, mode: auth.mode }, endpoint);
    const kept = await readSignIn(context, place);
    return {
      ...common,
      identity: kept?.email,
      clientId: place.client.clientId,
      onlyActor: kept?.email,
      keptAt: place.path,
      fileMode: await modeOf(place.path),
      since: kept?.since,
      scopesHeld: kept?.scopes,
    };
  }
  const credentials = await openCredentials(context, auth, endpoint);
  return { ...common, ...factsOf(credentials), fileMode: await modeOf(credentials.keptAt), since: undefined };
}

function factsOf({
  identity,
  clientId,
  onlyActor,
  keptAt,
}: Credentials): Pick<Standing, "identity" | "clientId" | "onlyActor" | "keptAt" | "scopesHeld"> {
  return { identity, clientId, onlyActor, keptAt, scopesHeld: undefined };
}

/** One token, as whoever the verbs would first act as. */
async function checked(context: Context, settings: AccessSettings, standing: Standing): Promise<AuthCheck> {
  const actor = standing.onlyActor ?? settings.admin;
  if (actor === undefined && settings.auth.mode !== "oauth") {
    throw new UsageError("there is nobody to ask a token for", "name an administrator with --admin EMAIL");
  }
  const stopping = stopOnSignals(context, undefined);
  try {
    const tokens = await openTokens(context, settings, { stop: stopping.stop });
    try {
      const who = tokens.credentials.onlyActor ?? actor;
      if (who === undefined) throw new UsageError("there is nobody to ask a token for", "handover auth login");
      const { lifetimeMs } = await tokens.ask(who, dataStudioScopes.read);
      return { ok: true, actor: who, lifetimeMs };
    } finally {
      await tokens.close();
    }
  } catch (error) {
    if (!(error instanceof ApiError) || error.failure === "stopped") throw error;
    const { problem, remedy } = errorWords(error);
    return { ok: false, actor: actor ?? "nobody", failure: error.failure, problem, remedy };
  } finally {
    stopping.dispose();
  }
}
