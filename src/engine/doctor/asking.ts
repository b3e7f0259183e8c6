/** Asking for one scope alone, and looking for those that nobody should have granted. */
import type { TokenFacts } from "../../google/probe.ts";
import { scopeName } from "../../google/scopes.ts";
import type { ScopeUse } from "../../google/scopes.ts";
import type { CheckFinding } from "../../model/doctor.ts";
import { failed, passed, unknown } from "../../model/doctor.ts";
import { ApiError } from "../../model/errors.ts";
import { counted } from "../../model/text.ts";
import { delegateFix } from "./consoles.ts";
import { isPersonal, troubled } from "./side.ts";
import type { GoogleSide } from "./side.ts";

/** What came of asking for a token with one scope. */
export type Answer = { readonly granted: true } | { readonly granted: false; readonly error: unknown };

/** What Google says of the client when it will not act for it, whoever the user is. */
export const clientFailures: ReadonlySet<string> = new Set([
  "unauthorized-client",
  "invalid-scope",
  "oauth-scopes",
  "sign-in-scopes",
]);

/** Undefined where the answer does not tell. */
export function isGranted(answer: Answer | undefined): boolean | undefined {
  if (answer === undefined) return undefined;
  if (answer.granted) return true;
  return answer.error instanceof ApiError && clientFailures.has(answer.error.failure) ? false : undefined;
}

/** The token is let go of at once: that it was given is all there is to learn. */
export async function ask(side: GoogleSide, scope: string): Promise<Answer> {
  try {
    const token = await side.probe.token(side.admin, scope);
    const { mode } = await side.caller();
    if (isPersonal(mode)) refuseWithout(scope, await side.probe.tokenFacts(token));
    return { granted: true };
  } catch (error) {
    return { granted: false, error };
  }
}

/** A token of a person holds what they agreed to, whatever it was asked for. One scope that writes covers its reading twin. */
function refuseWithout(scope: string, { scopes }: TokenFacts): void {
  if (scopes.includes(scope) || scopes.includes(scope.replace(/\.readonly$/, ""))) return;
  throw new ApiError("the token does not hold it", { disposition: "halt-run", failure: "sign-in-scopes" });
}

/** `wide` are asked for as well: whoever holds the credentials could. */
export async function lookWide(
  side: GoogleSide,
  wide: readonly string[],
  uses: readonly ScopeUse[],
  clientId: string | undefined,
): Promise<CheckFinding> {
  const answers = await Promise.all(wide.map(async (scope) => ({ scope, answer: await ask(side, scope) })));
  const open = answers.filter(({ answer }) => answer.granted).map(({ scope }) => scope);
  if (open.length > 0) {
    return failed(
      `also granted, and never used: ${open.map(scopeName).join(", ")}. Whoever has the credentials can use them`,
      delegateFix(
        clientId,
        uses.map(({ scope }) => scope),
        "edit the client's entry so that it holds these scopes and no others",
      ),
    );
  }
  const untold = answers.find(({ answer }) => isGranted(answer) === undefined);
  if (untold !== undefined && !untold.answer.granted)
    return troubled(untold.answer.error, side, ({ message }) => unknown(message));
  return passed(`none of ${counted(wide.length, "wider scope")} asked for was granted`);
}

/** Who somebody is, which signing in as a person asks for, opens nothing. */
const harmless = /^(?:openid|email|profile|https:\/\/www\.googleapis\.com\/auth\/userinfo\.(?:email|profile))$/;

/** What a person's token holds beyond what is used: nothing is asked for, it says so itself. */
export async function lookHeld(
  side: GoogleSide,
  uses: readonly ScopeUse[],
  facts: () => Promise<TokenFacts>,
): Promise<CheckFinding> {
  try {
    const { scopes } = await facts();
    const beyond = scopes.filter((scope) => !harmless.test(scope) && !uses.some((use) => use.scope === scope));
    if (beyond.length === 0) return passed(`the token holds ${counted(scopes.length, "scope")}, each of them used`);
    return failed(
      `the token also holds what is never used: ${beyond.map(scopeName).join(", ")}. Whoever has it can use it`,
      {
        action:
          "sign in for less: handover auth revoke, then handover auth login; or let the token command ask for less",
      },
    );
  } catch (error) {
    return troubled(error, side, ({ message }) => unknown(`Google does not say what the token holds: ${message}`));
  }
}
