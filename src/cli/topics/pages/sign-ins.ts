/** The pages about signing in as a person, and about tokens that a command gives. */
import type { SignInFailure } from "../../../model/errors.ts";
import type { Page } from "./page.ts";

const nothingSent = "Untouched: without a token nothing can be read or written.";
const ended = "Ended the command (exit 4). Steps that were not carried out stay open.";
const notKept = "Kept nothing: no sign-in was written down.";
const scopes =
  "Admin console, Security, API controls, Domain-wide delegation: authorise the OAuth client's id for the scopes that the doctor prints, so that nobody is asked for consent. It can take up to a day to work.";

export const signInPages: Readonly<Record<SignInFailure, Page>> = {
  "one-person": {
    title: "These credentials are one person's alone",
    what: "Something has to be asked or done as somebody else, or as old and new owner both, and the credentials can act as one person only.",
    why: "Signing in gives a token for oneself. Acting as others takes a service account with domain-wide delegation.",
    data: "Untouched: it is refused here, before anything is sent.",
    done: "What that one person may do goes on; whole-user transfers and whole tenants are refused.",
    now: ["See the ways to authenticate, and use a service account:", "handover help auth", "handover doctor"],
  },
  "not-signed-in": {
    title: "Nobody has signed in yet",
    what: "The settings name an OAuth client, and no sign-in of it is kept here.",
    why: "Nobody signed in on this machine and account, or the sign-in was revoked.",
    data: nothingSent,
    done: ended,
    now: ["handover auth login"],
  },
  "sign-in-ended": {
    title: "The sign-in has ended",
    what: "Google does not accept the refresh token that was kept.",
    why: "The person took the access away, changed the password, or the organisation lets sign-ins end after a time.",
    data: nothingSent,
    done: ended,
    now: ["Sign in again, then go on:", "handover auth login", "handover apply RUN"],
  },
  "sign-in-declined": {
    title: "The sign-in was declined in the browser",
    what: "Google's page came back with access_denied.",
    why: "Somebody chose Cancel, or the organisation blocks the app.",
    data: nothingSent,
    done: notKept,
    now: ["Try again, and allow what is asked for:", "handover auth login"],
  },
  "sign-in-refused": {
    title: "Google did not complete the sign-in",
    what: "The browser came back with an error, or the code it brought was not accepted.",
    why: "A client of another kind than Desktop app, a client that was deleted, or a page that stood open for too long.",
    data: nothingSent,
    done: notKept,
    now: ["Try again; if it stays so, check the OAuth client file:", "handover auth login", "handover auth status"],
  },
  "sign-in-timeout": {
    title: "Nobody came back from the browser in time",
    what: "The page of the sign-in was opened, and nothing came back.",
    why: "The browser runs on another machine, or nobody answered.",
    data: nothingSent,
    done: notKept,
    now: ["Try again, with more time:", "handover auth login --timeout 15m"],
  },
  "sign-in-other": {
    title: "Somebody else signed in than the settings name",
    what: "The settings name an administrator, and another person signed in.",
    why: "The browser held another account.",
    data: nothingSent,
    done: "Gave the sign-in back to Google, and kept nothing.",
    now: ["Choose the right account in the browser, or correct admin: in the settings:", "handover auth login"],
  },
  "sign-in-scopes": {
    title: "The sign-in does not hold all that is needed",
    what: "The verb needs more than what was agreed to when signing in. Mostly: reading was agreed to, and apply writes.",
    why: "A sign-in asks for reading alone, unless it is told otherwise.",
    data: nothingSent,
    done: ended,
    now: ["handover auth login --write"],
  },
  "no-refresh-token": {
    title: "Google gave no lasting sign-in",
    what: "The sign-in went well, but Google gave no refresh token, as it does when it gave one before.",
    why: "The same person agreed to the same client earlier.",
    data: nothingSent,
    done: notKept,
    now: ["Take the app's access away at https://myaccount.google.com/connections, then:", "handover auth login"],
    sure: "Documented for OAuth.",
  },
  "oauth-client": {
    title: "The OAuth client is not accepted",
    what: "Google refused the client id or secret of the file.",
    why: "The client was deleted or got another secret, or it is not allowed to ask so.",
    data: nothingSent,
    done: ended,
    now: [
      "Download the client file anew from the Cloud console (kind: Desktop app), then:",
      "handover auth login --oauth-client FILE",
    ],
  },
  "oauth-scopes": {
    title: "The OAuth client is not granted the scopes",
    what: "Signing in, Google refused the scopes or left some of them out.",
    why: "The client id is not authorised for them, and Data Studio's scopes cannot be agreed to on a consent page alone.",
    data: nothingSent,
    done: notKept,
    now: [scopes, "handover doctor", "handover auth login"],
    sure: "Documented: Data Studio's API wants domain-wide delegation. The words at the sign-in are seen, not documented.",
  },
  "token-command": {
    title: "The command that gives tokens did not give one",
    what: "The command ended with an error, was not found, took too long, or printed something that is no token.",
    why: "Its own words stand in the message.",
    data: nothingSent,
    done: "If there is no such command, the run ended. Otherwise the user it was asked for is left out, and their steps stay open.",
    now: [
      "Run it by hand, with HANDOVER_ACTOR (an address) and HANDOVER_SCOPES set. It must print a token, or JSON with access_token and expires_in.",
      "handover help auth",
    ],
  },
  "same-token": {
    title: "The command gave one token for two people",
    what: "Asked for two users, the command that gives tokens printed the same one.",
    why: "It does not look at HANDOVER_ACTOR. What is read with such a token would be called complete for users nobody has asked.",
    data: nothingSent,
    done: ended,
    now: [
      "Let the command look at HANDOVER_ACTOR. Or say whose token it gives, by token_actor: in handover.yaml: then that person alone is acted as.",
      "handover help auth",
    ],
  },
};
