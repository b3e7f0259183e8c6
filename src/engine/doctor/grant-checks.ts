/** Signing in, and what has been granted: each scope asked for alone, because a request is refused as a whole. */
import type { TokenFacts } from "../../google/probe.ts";
import { everyVerb, scopeName, scopeUses, widerScopes } from "../../google/scopes.ts";
import type { Access, ScopeUse } from "../../google/scopes.ts";
import type { Check, CheckFinding, ScopeNeed } from "../../model/doctor.ts";
import { failed, passed, unknown, unknownBecause } from "../../model/doctor.ts";
import { consumerDomains, domainOf } from "../../model/email.ts";
import type { Email } from "../../model/email.ts";
import { ApiError } from "../../model/errors.ts";
import { counted } from "../../model/text.ts";
import { delegateFix, newKeyFix, projectOf, usersFix } from "./consoles.ts";
import { reachId } from "./network-checks.ts";
import { once, troubled } from "./side.ts";
import type { GoogleSide } from "./side.ts";

/** What came of asking for a token with one scope. */
type Answer = { readonly granted: true } | { readonly granted: false; readonly error: unknown };

/** What Google says of the client when it will not act for it, whoever the user is. */
const clientFailures: ReadonlySet<string> = new Set(["unauthorized-client", "invalid-scope"]);

export interface GrantChecks {
  readonly checks: readonly Check[];
  /** The scopes in question, with what was found so far. */
  needs(): readonly ScopeNeed[];
}

export function scopeId(scope: string): string {
  return `scope:${scopeName(scope)}`;
}

export function grantChecks(side: () => GoogleSide, access: Access): GrantChecks {
  const uses = scopeUses.filter((use) => access === "write" || use.access === "read");
  const wide = [...widerScopes, ...scopeUses.filter((use) => !uses.includes(use)).map(({ scope }) => scope)];
  const answers = new Map<string, Answer>();
  const ownToken = once(() => signIn(side()));
  const facts = once(async () => side().probe.tokenFacts((await ownToken()).token));
  const clientId = once(() => clientIdOf(side(), facts));
  const asked = once(() => askAll(side(), uses, answers));

  const checks: Check[] = [
    {
      id: "admin",
      group: "sign-in",
      area: "access",
      title: "administrator's address",
      isNeeded: true,
      needs: ["settings"],
      look: async () => lookAdmin(side()),
    },
    {
      id: "sign-in",
      group: "sign-in",
      area: "access",
      title: "credentials accepted",
      isNeeded: true,
      needs: ["credentials", reachId("token")],
      after: ["clock"],
      look: () => lookSignIn(side(), ownToken),
    },
    {
      id: "client-id",
      group: "sign-in",
      area: "access",
      title: "client id",
      isNeeded: false,
      needs: ["sign-in"],
      look: () => lookClientId(side(), facts),
    },
    {
      id: "delegation",
      group: "sign-in",
      area: "access",
      title: "domain-wide delegation",
      isNeeded: true,
      needs: ["sign-in", "admin"],
      look: async () => lookDelegation(side(), uses, await asked(), await clientId()),
    },
    {
      id: "admin-account",
      group: "sign-in",
      area: "access",
      title: "acting as the admin",
      isNeeded: true,
      needs: ["sign-in", "admin"],
      look: async () => lookAdminAccount(side(), await asked()),
    },
    ...uses.map((use): Check => ({
      id: scopeId(use.scope),
      group: "grants",
      area: "access",
      title: scopeName(use.scope),
      isNeeded: use.isNeeded,
      needs: ["delegation", "admin-account"],
      look: async () => lookScope(side(), use, (await asked()).get(use.scope), await clientId()),
    })),
    {
      id: "too-wide",
      group: "grants",
      area: "access",
      title: "nothing beyond that",
      isNeeded: true,
      needs: ["delegation", "admin-account"],
      look: async () => lookWide(side(), wide, uses, await clientId()),
    },
  ];
  return {
    checks,
    needs: () =>
      uses.map(({ scope, verbs, isNeeded }) => ({ scope, verbs, isNeeded, isGranted: isGranted(answers.get(scope)) })),
  };
}

/** Undefined where the answer does not tell. */
function isGranted(answer: Answer | undefined): boolean | undefined {
  if (answer === undefined) return undefined;
  if (answer.granted) return true;
  return answer.error instanceof ApiError && clientFailures.has(answer.error.failure) ? false : undefined;
}

function lookAdmin({ admin }: GoogleSide): CheckFinding {
  if (!consumerDomains.has(domainOf(admin))) return passed(admin);
  return failed(
    `${admin} is a personal account: the API exists for organisations with Google Workspace or Cloud Identity only`,
    { action: "name an administrator of the organisation with --admin, HANDOVER_ADMIN or admin: in handover.yaml" },
  );
}

async function signIn(side: GoogleSide): Promise<{ readonly as: Email; readonly token: string }> {
  const { identity, onlyActor } = await side.caller();
  const as = onlyActor ?? identity ?? side.admin;
  const [least] = scopeUses;
  return { as, token: await side.probe.token(as, least?.scope ?? "") };
}

async function lookSignIn(side: GoogleSide, ownToken: () => ReturnType<typeof signIn>): Promise<CheckFinding> {
  try {
    return passed(`as ${(await ownToken()).as}`);
  } catch (error) {
    const { identity } = await side.caller();
    const project = projectOf(identity);
    return troubled(error, side, ({ failure, message }) => {
      switch (failure) {
        case "bad-signature":
          return failed(
            `the key is not, or no longer, one of ${identity ?? "the account"}: ${message}`,
            newKeyFix(project, identity),
          );
        case "unknown-issuer":
        case "invalid-client":
          return failed(`Google knows no such account, or it is disabled: ${message}`, newKeyFix(project, identity));
        case "not-google":
          return failed(`what answers is neither Google nor an emulator: ${message}`, {
            action: "check --endpoint, and whether a proxy is in between",
          });
        default:
          return failed(message, newKeyFix(project, identity));
      }
    });
  }
}

/** As Google says it, or else as the key file does: what to look for in the delegation table. */
async function clientIdOf(side: GoogleSide, facts: () => Promise<TokenFacts>): Promise<string | undefined> {
  const { clientId } = await side.caller();
  try {
    return (await facts()).clientId ?? clientId;
  } catch {
    return clientId;
  }
}

async function lookClientId(side: GoogleSide, facts: () => Promise<TokenFacts>): Promise<CheckFinding> {
  const { clientId: written } = await side.caller();
  try {
    const { clientId: told } = await facts();
    if (told === undefined) return unknown("Google does not say which client it takes this for");
    if (written === undefined || written === told) return passed(told);
    return failed(`Google takes this for client ${told}, and the file says ${written}: it was edited`, {
      action: `look for ${told} in the delegation table, and get the file anew`,
    });
  } catch (error) {
    return troubled(error, side, ({ message }) =>
      unknown(`${written === undefined ? "" : `${written} by the file; `}Google does not say: ${message}`),
    );
  }
}

async function askAll(
  side: GoogleSide,
  uses: readonly ScopeUse[],
  answers: Map<string, Answer>,
): Promise<ReadonlyMap<string, Answer>> {
  await Promise.all(
    uses.map(async ({ scope }) => {
      answers.set(scope, await ask(side, scope));
    }),
  );
  return answers;
}

/** The token is let go of at once: that it was given is all there is to learn. */
async function ask(side: GoogleSide, scope: string): Promise<Answer> {
  try {
    await side.probe.token(side.admin, scope);
    return { granted: true };
  } catch (error) {
    return { granted: false, error };
  }
}

function failuresOf(answers: ReadonlyMap<string, Answer>): readonly unknown[] {
  return [...answers.values()].flatMap((answer) => (answer.granted ? [] : [answer.error]));
}

/** Refused for the user's sake: whoever the client, nobody can act as them. */
function ofAccount(answers: ReadonlyMap<string, Answer>): ApiError | undefined {
  return failuresOf(answers).find(
    (error): error is ApiError => error instanceof ApiError && error.disposition === "halt-actor",
  );
}

function lookDelegation(
  side: GoogleSide,
  uses: readonly ScopeUse[],
  answers: ReadonlyMap<string, Answer>,
  clientId: string | undefined,
): CheckFinding {
  const granted = [...answers.values()].filter(({ granted: isIt }) => isIt).length;
  if (granted > 0) return passed(`granted ${granted} of ${counted(uses.length, "scope")} asked for`);
  if (ofAccount(answers) !== undefined)
    return unknownBecause("admin-account", "not told: nobody can act as the administrator");
  const [error] = failuresOf(answers);
  return troubled(error, side, ({ failure, message }) => {
    const scopes = uses.map(({ scope }) => scope);
    const client = clientId === undefined ? "this client" : `client ${clientId}`;
    if (!clientFailures.has(failure)) return failed(message);
    const refused =
      failure === "invalid-scope"
        ? "Google says the organisation has not authorised the app"
        : `${client} may act for nobody`;
    return failed(
      `${refused}: ${message}`,
      delegateFix(
        clientId,
        scopes,
        `let ${client} have these scopes (Add new; is it there already, compare the number digit by digit). It can take a day to work. Users then see no consent dialog: that is as it should be`,
      ),
      { action: `if they stand there, check that ${side.admin} is a user of that same organisation` },
    );
  });
}

function lookAdminAccount(side: GoogleSide, answers: ReadonlyMap<string, Answer>): CheckFinding {
  const { admin } = side;
  if ([...answers.values()].some(({ granted }) => granted)) return passed(admin);
  const refusal = ofAccount(answers);
  if (refusal === undefined) return unknownBecause("delegation");
  const { message, failure } = refusal;
  switch (failure) {
    case "no-such-user":
      return failed(
        `there is no user ${admin}: ${message}`,
        usersFix("check the address, and name an administrator with --admin"),
      );
    case "account-deleted":
      return failed(`${admin} was deleted: ${message}`, usersFix("name an administrator who is there with --admin"));
    case "reauthentication":
      return failed(`${admin} would have to sign in again by hand: ${message}`, {
        action: "exempt the user from reauthentication (Security > Google Cloud session control)",
        url: "https://admin.google.com/ac/security",
      });
    default:
      return failed(
        `nobody can act as ${admin}: ${message}`,
        usersFix(
          "look whether the account is suspended, archived or restricted; or name another administrator with --admin",
        ),
      );
  }
}

function lookScope(
  side: GoogleSide,
  { scope, verbs, isNeeded }: ScopeUse,
  answer: Answer | undefined,
  clientId: string | undefined,
): CheckFinding {
  const users = verbs.length === everyVerb.length ? "for every verb" : `for ${verbs.join(", ")}`;
  if (answer === undefined) return unknown("it was not asked for");
  if (answer.granted) return passed(users);
  return troubled(answer.error, side, ({ failure, message }) => {
    if (!clientFailures.has(failure)) return failed(message);
    const finding = failed(
      `not granted, ${users}: ${message}`,
      delegateFix(
        clientId,
        [scope],
        `add this scope to the entry of ${clientId === undefined ? "the client" : `client ${clientId}`}, and leave the others`,
      ),
    );
    return isNeeded ? finding : { ...finding, isAdvice: true };
  });
}

async function lookWide(
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
