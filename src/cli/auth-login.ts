/** `handover auth login`: a person signs in with a browser, and what they agreed to is kept. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  authorizationOrigin,
  authorizationUrl,
  exchangeCode,
  identityScopes,
  missingScopes,
  revoke,
} from "../google/oauth.ts";
import type { SignIn } from "../google/oauth.ts";
import { shown as shownAnswer } from "../google/error-body.ts";
import { scopesOf } from "../google/scopes.ts";
import type { Send } from "../google/send.ts";
import { ApiError } from "../model/errors.ts";
import type { FailureClass } from "../model/errors.ts";
import { labelled, labelledCommand } from "../report/style.ts";
import type { AuthOptions } from "./auth-options.ts";
import { resolveAccess } from "./config.ts";
import type { AccessSettings } from "./config.ts";
import { openSend } from "./connect.ts";
import type { Context } from "./context.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { listenForAnswer } from "./loopback.ts";
import { print, styleOf } from "./output.ts";
import { keepSignIn, oauthOnly, signInPlace } from "./sign-in-store.ts";
import type { SignInPlace } from "./sign-in-store.ts";
import { stopOnSignals } from "./signals.ts";

export async function login(context: Context, options: AuthOptions): Promise<ExitCode> {
  const settings = await resolveAccess(context, options.google);
  const auth = oauthOnly(settings, "sign in");
  const place = await signInPlace(context, auth, settings.endpoint);
  const scopes = [...identityScopes, ...scopesOf(options.write ? "write" : "read")];
  const stopping = stopOnSignals(context, undefined);
  const sending = openSend(context, settings, { stop: stopping.stop });
  let signIn: SignIn;
  try {
    signIn = await signedIn(context, options, settings, place, scopes, sending.send, stopping.stop);
  } finally {
    stopping.dispose();
    await sending.close();
  }
  await keepSignIn(context, place, signIn);
  const style = styleOf(context, context.stdout, options.color);
  await print(context.stdout, [
    ...labelled("Signed in", `as ${signIn.email}${options.write ? "" : ", to read only: apply needs --write"}`, style),
    ...labelled("Kept", `${place.path} (mode 0600)`, style),
    ...labelledCommand("Next", "handover auth status --check", style),
  ]);
  return exitCode({ kind: "done" });
}

async function signedIn(
  context: Context,
  options: AuthOptions,
  settings: AccessSettings,
  place: SignInPlace,
  scopes: readonly string[],
  send: Send,
  stop: AbortSignal,
): Promise<SignIn> {
  // 256 bits each: the one proves that the answer is to this question, the other that the code is used from here.
  const state = randomBytes(32).toString("base64url");
  const verifier = randomBytes(32).toString("base64url");
  const loopback = await listenForAnswer(state, () => {
    context.stderr.write("Somebody else came to the address of this sign-in and was turned away.\n");
  });
  try {
    const { redirect } = loopback;
    const origin = settings.endpoint === undefined ? authorizationOrigin : new URL(settings.endpoint).origin;
    const person = settings.admin;
    const address = authorizationUrl(place.client, { origin, redirect, scopes, state, verifier, person });
    await invite(context, options, address);
    const brought = await answerOrEnd(context, options.timeoutMs, stop, loopback.brought);
    if ("error" in brought) throw refused(brought.error);
    const signIn = await exchangeCode(send, place.client, { code: brought.code, verifier, redirect });
    await refuseUnfit(send, settings, scopes, signIn);
    return signIn;
  } finally {
    await loopback.close();
  }
}

async function invite(context: Context, options: AuthOptions, address: string): Promise<void> {
  const opened = options.browser && openBrowser(context, address);
  await print(context.stderr, [
    opened
      ? "A browser opens to sign in. If it does not, open this address:"
      : "Open this address in a browser to sign in:",
    "",
    `  ${address}`,
    "",
    "Waiting for the browser to come back here. Ctrl-C gives up.",
  ]);
}

/** Only where a person sits in front of a screen of this machine. */
function openBrowser({ env, stderr }: Context, address: string): boolean {
  const isRemote = (env["SSH_CONNECTION"] ?? "") !== "" || (env["CI"] ?? "") !== "";
  const hasScreen =
    process.platform !== "linux" || (env["DISPLAY"] ?? "") !== "" || (env["WAYLAND_DISPLAY"] ?? "") !== "";
  if (stderr.isTTY !== true || isRemote || !hasScreen) return false;
  const [program = "", ...args] = openers[process.platform] ?? ["xdg-open"];
  const child = spawn(program, [...args, address], { stdio: "ignore", detached: true });
  child.on("error", () => undefined);
  child.unref();
  return true;
}

const openers: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};

async function answerOrEnd<T>(context: Context, timeoutMs: number, stop: AbortSignal, brought: Promise<T>): Promise<T> {
  const done = new AbortController();
  const late = context.clock.sleep(timeoutMs, done.signal).then(() => {
    throw signInError("nobody came back from the browser in time", "sign-in-timeout");
  });
  const stopped = new Promise<never>((_, reject) => {
    const onStop = (): void => reject(signInError("stopped while waiting for the browser", "stopped"));
    if (stop.aborted) onStop();
    stop.addEventListener("abort", onStop, { once: true, signal: done.signal });
  });
  try {
    return await Promise.race([brought, stopped, late]);
  } finally {
    // Ends the waiting, whose end nobody listens to any more.
    late.catch(() => undefined);
    done.abort();
  }
}

/** Google's words for why it sent the browser back without a code. */
function refused(error: string): ApiError {
  if (error === "access_denied") return signInError("access_denied: the sign-in was declined", "sign-in-declined");
  const failure = error === "invalid_scope" ? "oauth-scopes" : "sign-in-refused";
  return signInError(`Google sent the browser back with: ${shownAnswer(error)}`, failure);
}

/** What was agreed to must be enough, by the person who was meant; else it is given back. */
async function refuseUnfit(
  send: Send,
  { admin }: AccessSettings,
  scopes: readonly string[],
  signIn: SignIn,
): Promise<void> {
  const missing = missingScopes(
    signIn.scopes,
    scopes.filter((scope) => scope.includes("/auth/") && !identityScopes.includes(scope)),
  );
  const isOther = admin !== undefined && admin !== signIn.email;
  if (!isOther && missing.length === 0) return;
  await revoke(send, signIn);
  throw isOther
    ? signInError(`${signIn.email} signed in, and the settings name ${admin}`, "sign-in-other")
    : signInError(`the sign-in was not given ${missing.join(" ")}`, "oauth-scopes");
}

function signInError(problem: string, failure: FailureClass): ApiError {
  return new ApiError(problem, { disposition: "halt-run", failure });
}
