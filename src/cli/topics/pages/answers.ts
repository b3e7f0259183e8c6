/** The pages about answers of Google's APIs, and about answers that did not come. */
import type { AnswerFailure } from "../../../model/errors.ts";
import type { Page } from "./page.ts";

const untouched = "Untouched: a call that is refused changes nothing at Google.";
const repeated =
  "Tried again, with growing pauses. A write is never repeated blindly: the asset is read first, and its etag makes a second write harmless.";
const stepEnded = "Marked the step failed with Google's own words, and went on with the others.";
const runEnded =
  "Ended the command (exit 4). The steps that were not carried out are open and wait for the next apply.";
const again = ["Once the cause is gone, go on where it ended:", "handover apply RUN"] as const;
const seeAndAgain = ["See which steps, and why:", "handover report RUN"] as const;

export const answerPages: Readonly<Record<AnswerFailure, Page>> = {
  throttled: {
    title: "Google asks to slow down",
    what: "A call was answered with 429, or with another of Google's ways to say that a quota is used up for the moment.",
    why: "Calls of the project, or as one user, came faster than their quota allows. Other programs in the same project spend the same quota.",
    data: untouched,
    done: "Waited as long as Google asked, lowered its rate, and sent the call again.",
    now: [
      "Nothing, if the run goes on. To see what holds it up, or to lower the rate for good:",
      "handover watch RUN",
      "handover ctl RUN rate 2/s",
      "Quotas stand in the Cloud console, under APIs and services, Data Studio API. With the known figure, give it as rate: in handover.yaml.",
    ],
    sure: "Google publishes no figure for the Data Studio API. For the Directory it is 2,400 calls a minute and user; for Data Transfer 10 a second.",
  },
  "daily-limit": {
    title: "The quota of the day is used up",
    what: "Google refused a call because of a quota that counts by the day.",
    why: "The project, or a user, has spent the day's calls. Waiting a minute does not help.",
    data: untouched,
    done: "Stopped calling as whoever the quota belongs to: the whole run (exit 4), or one user, whose steps stay open.",
    now: ["After midnight Pacific time, or with a larger quota in the Cloud console:", "handover apply RUN"],
    sure: "That daily quotas begin anew at midnight Pacific time is Google's general rule.",
  },
  "server-error": {
    title: "Google had an error of its own (5xx)",
    what: "A call was answered with 500, 502, 503 or 504, or gave way to somebody else's write.",
    why: "Mostly in passing. For some users the search is known to fail so for good.",
    data: "A read changes nothing. A write may have been carried out: the step stays open until a read has settled it.",
    done: repeated,
    now: [
      ...again,
      "If it is always the same user, ask the Workspace support: others have met accounts for which only Google could mend it.",
    ],
    sure: "Lasting errors of the search for single users were seen by another tool.",
  },
  "unknown-status": {
    title: "An answer with a status nobody has documented",
    what: "The HTTP status of the answer is none that Google's APIs use.",
    why: "Perhaps a proxy or a security gateway answered in Google's place.",
    data: "A read changes nothing. A write may have been carried out: the step stays open until a read has settled it.",
    done: repeated,
    now: ["Check proxy and endpoint, then go on:", "handover doctor", "handover apply RUN"],
  },
  "unreadable-answer": {
    title: "An answer that is not what this call answers",
    what: "The status said success, but the text was cut off, too large, no JSON, or not of the documented shape.",
    why: "A broken connection, something between here and Google, or an API that has changed.",
    data: "A read changes nothing. A write may have been carried out: nothing counts as done until a read has shown it.",
    done: repeated,
    now: [
      "Check what stands between this machine and Google:",
      "handover doctor",
      "If it stays so without a proxy, Google may have changed its API: look for a newer version of handover.",
    ],
  },
  redirected: {
    title: "The answer sends the call somewhere else (3xx)",
    what: "A call was answered with a redirection. It is never followed: the access token would go along to a place nobody has checked.",
    why: "A proxy, a captive portal of a network, or a wrong endpoint.",
    data: "Untouched by what is known. A write is checked by a read before it counts as not done.",
    done: "Kept the token here, and tried again with growing pauses.",
    now: ["Sign in to the network if it has a portal, and check proxy and endpoint:", "handover doctor"],
  },
  "endless-pages": {
    title: "A list of pages does not end",
    what: "Google's list came in pages, and named a page as the next one that had been read already, or more pages than any tenant has.",
    why: "A fault of the server. Reading on would never end, and would count assets twice.",
    data: "Untouched: this happens while reading.",
    done: "Gave up this list. What it belongs to counts as not read, and is never called complete.",
    now: [
      "Give the same command again. If it stays so, log the calls for a report:",
      "handover inventory -o october --log-file calls.log",
    ],
  },
  "no-answer": {
    title: "The call left, and no whole answer came",
    what: "The connection broke or the time allowed for an answer was over after the request had been sent.",
    why: "Network trouble on the way, or a server that hangs.",
    data: "A read changes nothing. A write may have been carried out: the step stays open until a read has settled it, and undo counts it as perhaps done.",
    done: repeated,
    now: again,
  },
  unreachable: {
    title: "Google cannot be reached",
    what: "No connection could be made: the name was not found, or nobody accepted it. Nothing was sent.",
    why: "No network, a firewall, a proxy that is needed and not set, or a wrong endpoint.",
    data: "Untouched: nothing left this machine.",
    done: "Tried again with growing pauses.",
    now: [
      "Find out what is in the way, then go on:",
      "handover doctor",
      "handover apply RUN",
      "If a proxy is needed, set HANDOVER_PROXY, or proxy: in handover.yaml.",
    ],
  },
  "untrusted-server": {
    title: "Whoever answers cannot prove to be Google",
    what: "The TLS certificate does not hold: expired, made for another name, or signed by an authority this machine does not know. Nothing was sent.",
    why: "Mostly a company's own inspection of traffic; else a wrong endpoint or clock; at worst an attack.",
    data: "Untouched: neither a token nor a call left this machine.",
    done: runEnded,
    now: [
      "If your company inspects TLS, give Node its certificate by NODE_EXTRA_CA_CERTS=FILE. The check itself cannot be turned off. Then:",
      "handover doctor",
    ],
  },
  "not-google": {
    title: "What answers is neither Google nor an emulator",
    what: "Where the token endpoint should be, something answered that there is no such address.",
    why: "A wrong --endpoint or HANDOVER_ENDPOINT, or a proxy that answers by itself.",
    data: untouched,
    done: runEnded,
    now: ["Look at endpoint and proxy in the settings:", "handover help settings", "handover doctor"],
  },
  "permission-denied": {
    title: "The user acted as may not do this (403)",
    what: "Google answered 403: the user in whose name the call was made may not read or change the permissions of this asset, or lacks an administrator's right.",
    why: "Viewers may neither read nor change permissions. Editors may, unless the owner has switched that off. For Directory and Data Transfer, the admin needs those rights.",
    data: untouched,
    done: `Tried everybody else who might act on the asset. ${stepEnded}`,
    now: [
      ...seeAndAgain,
      "Grant EDITOR to somebody who stays, or have the owner allow editors to change access; then plan again. If it is about Directory or Data Transfer, check the admin:",
      "handover doctor",
    ],
    sure: "Seen for viewers. That editors can be barred is documented for the web UI.",
  },
  "not-found": {
    title: "There is no such asset, as far as Google says",
    what: "Google answered 404 for the asset of a step.",
    why: "It was deleted for good, the id has a slip, or nobody who could be asked may open it: Google may answer the same to all of these.",
    data: "Nothing of this run is left on it. What is gone was not deleted by Handover: it never deletes.",
    done: `Asked as everybody who might see it. ${stepEnded}`,
    now: [
      "Open its address in the browser, as its owner. If it is gone, nothing is left to do. If it is there, plan again, and name its owner in the row (from):",
      "handover plan FILE -o RUN",
    ],
    sure: "Whether Google says 403 or 404 for what a user may not see is not documented.",
  },
  "invalid-argument": {
    title: "Google does not accept the request (400)",
    what: "The request was answered with 400: something in it is not as Google wants it. Mostly a member whom Google does not know.",
    why: "A member of another organisation that does not exist, a kind of member the role cannot have, or a rule of the organisation against it.",
    data: untouched,
    done: stepEnded,
    now: [
      ...seeAndAgain,
      "Google's words name what it minds. Correct the row, plan again for what is left, and apply that run.",
    ],
    sure: "Seen for members without a known prefix and for missing parameters; the list of reasons is not documented.",
  },
  "failed-precondition": {
    title: "Something must be so first (precondition failed)",
    what: "Google answered that a precondition does not hold.",
    why: "In other Workspace services this means that the service is turned off for the user.",
    data: untouched,
    done: stepEnded,
    now: [
      "Turn Looker Studio on for the user in the Admin console (Apps, Additional Google services), then plan again for what is left:",
      "handover doctor",
      "handover plan FILE -o RUN",
    ],
    sure: "Seen with other Google APIs, not with this one.",
  },
  rejected: {
    title: "Google says no in a way that is not known (4xx)",
    what: "The call was answered with a 4xx status that has no documented meaning here.",
    why: "Not known; Google's words in the report are all there is.",
    data: untouched,
    done: stepEnded,
    now: seeAndAgain,
  },
  conflict: {
    title: "Somebody else wrote at the same moment",
    what: "The Directory or Data Transfer answered 409: another request was at work on the same thing.",
    why: "Another administrator or program, at the same time.",
    data: untouched,
    done: "Waited, looked again what is so now, and decided anew.",
    now: again,
  },
  "stale-etag": {
    title: "The asset was changed after it had been read",
    what: "Each write carries the etag of what was read. Google refused it because the permissions have another etag by now.",
    why: "A person or program changed who may use the asset in between.",
    data: "The other change stands; nothing was written over it.",
    done: "Read the asset anew, worked out what is still missing, and wrote that under the new etag.",
    now: ["Nothing, mostly. If it goes on for one asset, see who is at work there:", "handover report RUN"],
    sure: "Which status Google sends for this is not documented: 409, 412 and 400 FAILED_PRECONDITION are all taken for it.",
  },
  "owner-not-modifiable": {
    title: "Google does not let the owner be changed",
    what: "A write named another owner, and Google answered that the owner is not allowed to be modified.",
    why: "The API has no way to change an owner. Only a whole-user transfer, or the owner in the web UI, can.",
    data: "The owner is as before. With owner_change: attempt, the heir has edit access instead.",
    done: "Fell back to what the plan shows: edit access, and a line on the hand-over sheet.",
    now: [
      "Have the present owner make the heir owner, by the links of the sheet:",
      "handover report RUN --handover-sheet",
    ],
    sure: "Documented by Google, and seen.",
  },
  "service-disabled": {
    title: "An API is not enabled in the Cloud project",
    what: "Google answered 403: the API was not used in this project before, or is disabled.",
    why: "Each API must be enabled once, in the project that the service account or OAuth client belongs to.",
    data: untouched,
    done: runEnded,
    now: [
      "Enable the Data Studio API and the Admin SDK API; the doctor prints the pages to open. It can take minutes to work.",
      "handover doctor",
    ],
    sure: "Documented.",
  },
  "project-refused": {
    title: "The Cloud project itself is refused",
    what: "Google answered 403 about the project: suspended, without billing where that is needed, or barred from the APIs by the organisation.",
    why: "A setting of the Cloud organisation, or the state of the project.",
    data: untouched,
    done: runEnded,
    now: ["See the project's page in the Cloud console; Google's words say what it minds. Then:", "handover doctor"],
  },
  "insufficient-scope": {
    title: "The token lacks a scope",
    what: "Google answered 403: the access token was not made for this kind of call.",
    why: "The scopes authorised for domain-wide delegation, or agreed to when signing in, are not all that is needed. Verbs that write need more than those that read.",
    data: untouched,
    done: runEnded,
    now: [
      "The doctor asks for each scope by itself and prints the line to paste in the Admin console, under Security, API controls, Domain-wide delegation:",
      "handover doctor",
    ],
    sure: "Documented. A change in the Admin console can take up to a day to work.",
  },
  unauthenticated: {
    title: "The access token is not accepted (401)",
    what: "Google answered 401 although the token was new. For a token that has merely run out, a new one is fetched silently, once.",
    why: "The key or the delegation was withdrawn in between, or the user was suspended.",
    data: untouched,
    done: "Fetched a new token once. Then stopped acting as this user: steps that somebody else can do go on, the others stay open.",
    now: ["Find out what was withdrawn:", "handover doctor", "handover apply RUN"],
  },
  stopped: {
    title: "Given up because you asked to stop",
    what: "A call was still waiting for its turn, or was under way, when the command was told to end.",
    why: "Ctrl-C, handover ctl, or the time or calls allowed were over.",
    data: "What was sent is awaited and written down; the rest was never sent.",
    done: "Ended in order (exit 7). Everything known is in the run file.",
    now: again,
  },
};
