/** `handover auth revoke`: ends a sign-in at Google, and forgets it here. */
import { revoke } from "../google/oauth.ts";
import { labelled } from "../report/style.ts";
import type { AuthOptions } from "./auth-options.ts";
import { resolveAccess } from "./config.ts";
import { openSend } from "./connect.ts";
import type { Context } from "./context.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { print, styleOf } from "./output.ts";
import { forgetSignIn, oauthOnly, requireSignIn, signInPlace } from "./sign-in-store.ts";
import { stopOnSignals } from "./signals.ts";

/** The file goes once Google has said that the sign-in is no more: as long as it is not known to be, it is still needed. */
export async function endSignIn(context: Context, options: AuthOptions): Promise<ExitCode> {
  const settings = await resolveAccess(context, options.google);
  const place = await signInPlace(context, oauthOnly(settings, "revoke"), settings.endpoint);
  const signIn = await requireSignIn(context, place);
  const stopping = stopOnSignals(context, undefined);
  const sending = openSend(context, settings, { stop: stopping.stop });
  let how: "revoked" | "already";
  try {
    how = await revoke(sending.send, signIn);
  } finally {
    stopping.dispose();
    await sending.close();
  }
  await forgetSignIn(place);
  const style = styleOf(context, context.stdout, options.color);
  const words = how === "revoked" ? "Google has ended it" : "Google did not know it any more";
  await print(context.stdout, [
    ...labelled("Revoked", `the sign-in of ${signIn.email}: ${words}`, style),
    ...labelled("Removed", place.path, style),
  ]);
  return exitCode({ kind: "done" });
}
