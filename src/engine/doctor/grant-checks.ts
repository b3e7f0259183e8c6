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
import { errorWords } from "../../report/error-text.ts";
import { delegateFix, newKeyFix, projectOf, usersFix } from "./consoles.ts";
import { reachId } from "./network-checks.ts";
import { ask, clientFailures, isGranted, lookHeld, lookWide } from "./asking.ts";
import type { Answer } from "./asking.ts";
import { isPersonal, once, troubled } from "./side.ts";
import type { CredentialsMode, GoogleSide } from "./side.ts";

export interface GrantChecks {
  readonly checks: readonly Check[];
  /** The scopes in question, with what was found so far. */
  needs(): readonly ScopeNeed[];
}

export function scopeId(scope: string): string {
  return `scope:${scopeName(scope)}`;
}

export function grantChecks(side: () => GoogleSide, access: Access, mode: CredentialsMode): GrantChecks {
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
      needs: ["credentials", reachId("token"), ...(mode === "keyless" ? [reachId("iam")] : [])],
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
      title: isPersonal(mode) ? "consent" : "domain-wide delegation",
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
      look: async () => lookScope(side(), use, await asked(), await clientId()),
    })),
    {
      id: "too-wide",
      group: "grants",
      area: "access",
      title: "nothing beyond that",
      isNeeded: true,
      needs: ["delegation", "admin-account"],
      look: async () =>
        isPersonal(mode) ? lookHeld(side(), uses, facts) : lookWide(side(), wide, uses, await clientId()),
    },
  ];
  return {
    checks,
    needs: () =>
      uses.map(({ scope, verbs, isNeeded }) => ({ scope, verbs, isNeeded, isGranted: isGranted(answers.get(scope)) })),
  };
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
    return troubled(error, side, (refusal) => {
      const { failure, message } = refusal;
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
        case "bad-assertion":
          return failed(message, newKeyFix(project, identity));
        default:
          return failed(message, { action: remedyOf(refusal) });
      }
    });
  }
}

function remedyOf(error: ApiError): string {
  return errorWords(error).remedy;
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
  return troubled(error, side, (refusal) => {
    const { failure, message } = refusal;
    const scopes = uses.map(({ scope }) => scope);
    const client = clientId === undefined ? "this client" : `client ${clientId}`;
    if (!clientFailures.has(failure)) return failed(message, { action: remedyOf(refusal) });
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
    case "one-person":
      return failed(message, { action: remedyOf(refusal) });
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
  answers: ReadonlyMap<string, Answer>,
  clientId: string | undefined,
): CheckFinding {
  const answer = answers.get(scope);
  const users = verbs.length === everyVerb.length ? "for every verb" : `for ${verbs.join(", ")}`;
  if (answer === undefined) return unknown("it was not asked for");
  if (answer.granted) return passed(users);
  return troubled(answer.error, side, (refusal) => {
    const { failure, message } = refusal;
    if (!clientFailures.has(failure)) return failed(message, { action: remedyOf(refusal) });
    // All that are missing at once: the entry is edited once.
    const missing = [...answers].filter(([, each]) => isGranted(each) === false).map(([each]) => each);
    const [code = ""] = message.split(":");
    const finding = failed(
      `not granted, ${users} (${code})`,
      delegateFix(
        clientId,
        missing,
        `add what is missing to the entry of ${clientId === undefined ? "the client" : `client ${clientId}`}, and leave the others`,
      ),
    );
    const personal =
      failure === "sign-in-scopes" ? { ...finding, fixes: [{ action: remedyOf(refusal) }, ...finding.fixes] } : finding;
    return isNeeded ? personal : { ...personal, isAdvice: true };
  });
}
