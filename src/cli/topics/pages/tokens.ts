/** The pages about access tokens that Google does not give: to a service account, or for a user. */
import type { TokenFailure } from "../../../model/errors.ts";
import type { Page } from "./page.ts";

const nothingSent = "Untouched: without a token nothing can be read or written.";
const runEnded =
  "Ended the command (exit 4), as it is the same for every user. Steps that were not carried out stay open.";
const userLeft =
  "Went on without this user: steps that somebody else may do are done by them, the others stay open and are listed as blocked. After five users in a row the run ends, as then the credentials must be at fault.";
const again = ["Once that is mended:", "handover doctor", "handover apply RUN"] as const;
const newKey = [
  "Make a new JSON key in the Cloud console (IAM, Service accounts, Keys), chmod 600 it, and name it:",
  "handover doctor --key FILE",
] as const;
const seeUser = [
  "Look the user up in the Admin console. Restored or activated, the same apply goes on:",
  "handover apply RUN",
  "If the account stays as it is, plan again: what only this user could do is refused then, with what to do instead.",
  "handover plan FILE -o RUN --replace",
] as const;
const delegation =
  "Admin console, Security, API controls, Domain-wide delegation: the client id must stand there with exactly the scopes that the doctor prints. A change can take up to a day to work.";

export const tokenPages: Readonly<Record<TokenFailure, Page>> = {
  "unauthorized-client": {
    title: "The client is not authorised for all the scopes",
    what: "Google gave no token: the client id is not registered for domain-wide delegation, or not for every scope asked for.",
    why: "One scope missing is enough for a refusal of all, and Google does not say which. Often the e-mail stands there instead of the numeric client id, or a scope has a slip.",
    data: nothingSent,
    done: runEnded,
    now: [delegation, "handover doctor"],
    sure: "Documented: the scopes of a request must all be authorised.",
  },
  "invalid-scope": {
    title: "A scope is not authorised, or misspelt where it is",
    what: "Google gave no token and named the scopes as the reason.",
    why: "The list in the Admin console lacks a scope, or holds one with a blank or a slip.",
    data: nothingSent,
    done: runEnded,
    now: [delegation, "handover doctor"],
    sure: "Documented.",
  },
  "invalid-client": {
    title: "Google does not know the client any more",
    what: "The service account or its key was deleted or disabled, or is not of the kind that may ask so.",
    why: "Keys are deleted when they are rotated; accounts are disabled by hand or by a policy.",
    data: nothingSent,
    done: runEnded,
    now: newKey,
  },
  "clock-skew": {
    title: "The clock of this machine is wrong",
    what: "Google refused the signed request for a token because its time is not now.",
    why: "Such a request is valid for a short while around its own time; a clock minutes off puts it outside.",
    data: nothingSent,
    done: runEnded,
    now: ["Set the clock (turn on NTP), then:", "handover doctor"],
    sure: "Seen; how much Google accepts is not documented exactly. The doctor compares with Google's clock.",
  },
  "bad-signature": {
    title: "The key does not belong to the service account",
    what: "Google refused the signature of the request for a token.",
    why: "The key was deleted in the Cloud console, or the file was put together from two.",
    data: nothingSent,
    done: runEnded,
    now: newKey,
  },
  "unknown-issuer": {
    title: "Google knows no such service account",
    what: "The account named in the key file does not exist.",
    why: "The account, or its whole project, was deleted. A deleted account can be restored for 30 days.",
    data: nothingSent,
    done: runEnded,
    now: newKey,
  },
  "bad-assertion": {
    title: "The request for a token is not accepted as it is",
    what: "Google calls the signed request invalid without a closer reason.",
    why: "A damaged key file, or a proxy that changes what passes.",
    data: nothingSent,
    done: runEnded,
    now: newKey,
  },
  "no-such-user": {
    title: "Google knows no user with this address",
    what: "A token was asked for to act as a user, and Google has no such user.",
    why: "The address was changed or deleted, or belongs to a group or another organisation.",
    data: nothingSent,
    done: userLeft,
    now: seeUser,
    sure: "Seen, with the words Invalid email or User ID.",
  },
  "account-deleted": {
    title: "The account was deleted",
    what: "A token was asked for to act as a user whose account is deleted.",
    why: "Deleted users can be restored for 20 days. What they owned goes with them, unless it was transferred before.",
    data: "The assets still exist for those days. After that they are gone, with every report built on them.",
    done: userLeft,
    now: [
      "Restore the user in the Admin console, within 20 days of the deletion; then go on:",
      "handover apply RUN",
      "handover audit october --leavers people.csv",
    ],
    sure: "The 20 days are documented. That the assets last as long is what Google's page on deleting users says in general.",
  },
  "account-forbidden": {
    title: "The account is suspended, or may not use the service",
    what: "A token was asked for to act as a user, and Google forbids it.",
    why: "The user is suspended or archived, or the Looker Studio service is off for the user's organisational unit.",
    data: "The assets exist, and work for others. Only this user can act on what nobody else may edit.",
    done: userLeft,
    now: seeUser,
    sure: "Which words Google uses for suspended users is not documented.",
  },
  "account-unusable": {
    title: "The snapshot says that the account cannot be used",
    what: "Planning from a snapshot, something was asked as a user whom the inventory could not search as, or who was suspended or deleted.",
    why: "A plan from a snapshot asks nobody at Google: what the inventory did not see, it does not know.",
    data: "Untouched: nothing was sent.",
    done: "Left out what cannot be known, and says so in the coverage.",
    now: [
      "Take a newer snapshot, or plan from the live tenant:",
      "handover inventory -o november",
      "handover plan FILE -o RUN",
    ],
  },
  "access-denied": {
    title: "Google denies acting as this user",
    what: "A token was asked for to act as a user, and Google answered access_denied.",
    why: "The account is restricted, or a rule of the organisation keeps this client from the user's unit.",
    data: nothingSent,
    done: userLeft,
    now: seeUser,
    sure: "Seen with the words Account restricted and Requested client not authorized.",
  },
  reauthentication: {
    title: "Google wants the person to sign in again",
    what: "A token was refused because the session of the user has to be confirmed again (rapt).",
    why: "Google Cloud session control asks for that at intervals, and nobody is there to answer.",
    data: nothingSent,
    done: userLeft,
    now: [
      "Exempt the user, or the app, in the Admin console: Security, Access and data control, Google Cloud session control.",
      ...again,
    ],
  },
  "token-refused": {
    title: "Google gives no token, and not a reason that is known",
    what: "The token endpoint refused in words that have no documented meaning.",
    why: "Not known. Google's own words stand in the message.",
    data: nothingSent,
    done: userLeft,
    now: ["The doctor tries each step of the way by itself:", "handover doctor", "handover apply RUN"],
  },
  "token-unknown": {
    title: "Google does not know this sign-in any more",
    what: "A sign-in was to be ended, and Google does not know its token.",
    why: "It was revoked before, or has run out.",
    data: nothingSent,
    done: "Took it as ended.",
    now: ["To sign in anew:", "handover auth login"],
  },
  "source-credentials": {
    title: "The credentials behind the account do not work",
    what: "Without a key, other credentials ask Google to sign as the service account. Those were refused.",
    why: "A gcloud login that has ended, a workload token that is missing, a machine without the right account.",
    data: nothingSent,
    done: runEnded,
    now: ["Sign in again, or mend what the message names:", "gcloud auth application-default login", "handover doctor"],
  },
  "no-credentials": {
    title: "There are no credentials of this machine or person",
    what: "Without a key, credentials were looked for: GOOGLE_APPLICATION_CREDENTIALS, gcloud's own file, the metadata server. None is there.",
    why: "Nobody has signed in with gcloud here, and this is no machine in Google Cloud.",
    data: nothingSent,
    done: runEnded,
    now: ["gcloud auth application-default login", "handover doctor"],
  },
  "sign-denied": {
    title: "The credentials may not sign as the service account",
    what: "IAM answered 403 to the request to sign.",
    why: "They lack the role Service Account Token Creator on that account, or its address has a slip.",
    data: nothingSent,
    done: runEnded,
    now: [
      "Give them the role (roles/iam.serviceAccountTokenCreator) on the service account itself. It can take minutes to work.",
      "handover doctor",
    ],
    sure: "Documented.",
  },
  "sign-refused": {
    title: "IAM refuses to sign, for another reason",
    what: "The request to sign as the service account was answered with a no that is neither 401, 403 nor 404.",
    why: "Google's own words stand in the message.",
    data: nothingSent,
    done: runEnded,
    now: ["Check the address of the account and whose credentials ask:", "handover auth status", "handover doctor"],
  },
  "no-such-service-account": {
    title: "IAM knows no service account of that address",
    what: "The request to sign was answered with 404.",
    why: "A slip in --service-account or service_account:, or the account was deleted.",
    data: nothingSent,
    done: runEnded,
    now: ["Copy the address from the Cloud console (IAM, Service accounts), then:", "handover doctor"],
  },
  "iam-disabled": {
    title: "The API that signs is not enabled",
    what: "Google answered that the IAM Service Account Credentials API is not enabled.",
    why: "It must be enabled once, in the project of the service account.",
    data: nothingSent,
    done: runEnded,
    now: ["Enable it in the Cloud console; it can take minutes to work. Then:", "handover doctor"],
    sure: "Documented.",
  },
};
