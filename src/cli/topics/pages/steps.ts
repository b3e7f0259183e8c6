/** The pages about steps that were given up although Google answered. */
import type { StepFailure } from "../../../model/errors.ts";
import type { Page } from "./page.ts";

const planAgain = [
  "A step that has failed is not tried again. Plan again from the same file: what is done already is found done, and only the rest becomes steps.",
  "handover plan FILE -o RUN",
] as const;
const jobStands = "Assets that were moved stay moved; those that were not are with the old owner. None is lost.";

export const stepPages: Readonly<Record<StepFailure, Page>> = {
  "owner-drift": {
    title: "The asset has another owner than when it was planned",
    what: "Reading the asset before the write showed an owner other than the plan knew, and other than the heir.",
    why: "Somebody handed it over in between: by hand, by another program, or by deleting the user with a transfer.",
    data: "As found. The step was decided for another situation, so that nothing was written.",
    done: "Skipped the step and counted it as drift; too much of it stops the run where max drift is set.",
    now: ["Look at what changed. Plan again, for the new owner:", "handover report RUN", "handover plan FILE -o RUN"],
  },
  predecessor: {
    title: "The step that had to come first did not succeed",
    what: "This step waits for another one, mostly edits after a whole-user transfer, and that one failed or was cancelled.",
    why: "It would act as the new owner, who does not own the asset as things are.",
    data: "As found: nothing was sent for this step.",
    done: "Skipped the step.",
    now: ["See why the first one failed, and begin there:", "handover report RUN", ...planAgain],
  },
  ineffective: {
    title: "Google accepts the change and does not make it",
    what: "A write was answered with success, and reading the asset showed it as before, several times.",
    why: "Not known. A rule of the organisation may undo the change silently, or the asset takes its access from a workspace it lies in.",
    data: "As before. Success in Google's answer alone is never taken for it.",
    done: "Read back each time, and gave the step up.",
    now: [
      "Try the same change in the web UI: it may say why. Assets in a team workspace are shared there.",
      "handover report RUN",
    ],
    sure: "Not documented. How permissions from a workspace show in the API is not known.",
  },
  attempts: {
    title: "Not done after as many attempts as are allowed",
    what: "The write was tried again and again, over all restarts of the run, and failed each time in passing.",
    why: "Google had errors for this asset or job for a long time.",
    data: "Read last of all, so that nothing of it can still arrive: as found, or the part that the report shows.",
    done: "Gave the step up and went on with the others.",
    now: planAgain,
  },
  contention: {
    title: "Somebody else keeps changing the asset",
    what: "Between each reading and writing, the asset was changed by somebody else, as often as is allowed.",
    why: "A program or a person is at work on the same permissions.",
    data: "The changes of the others stand. None was overwritten.",
    done: "Gave the step up rather than fight for it.",
    now: ["Find who is at work there (audit log of Data Studio in the Admin console), end that, then:", ...planAgain],
  },
  "no-etag": {
    title: "The server sends no etag: no write is safe",
    what: "The permissions were read without an etag. A write without one could overwrite somebody else's change.",
    why: "Google documents an etag in every answer. An emulator or a proxy may leave it out.",
    data: "As found: nothing was sent.",
    done: "Gave the step up.",
    now: ["Check endpoint and proxy:", "handover doctor"],
  },
  "transfer-failed": {
    title: "Google reports the transfer job as failed",
    what: "The Data Transfer job ended, and not with success.",
    why: "Google gives no reason. The heir without the service, or an account that changed meanwhile, are known to do it for other services.",
    data: jobStands,
    done: "Took the job's end as it is; the edits that were to follow are skipped.",
    now: [
      "Check that both accounts are active and have Looker Studio turned on, then plan again:",
      "handover doctor",
      "handover plan FILE -o RUN",
    ],
    sure: "The statuses of a job are seen, not documented.",
  },
  "transfer-conflict": {
    title: "Another job moves the same user's assets elsewhere",
    what: "Before the job was started, one was found under way for the same old owner, to somebody else.",
    why: "Somebody started it in the Admin console or by another tool; deleting a user can do so.",
    data: "Whatever that job does, it does. This run started none.",
    done: "Gave the step up, rather than start a second job whose outcome nobody can tell.",
    now: ["Find out who started it (Admin console, data transfer). When it has ended:", ...planAgain],
    sure: "What Google does with two jobs for one user is not documented.",
  },
  "transfer-unknown": {
    title: "Google no longer knows the transfer job",
    what: "The job was started, and is now neither found by its id nor in the list of jobs.",
    why: "Not known.",
    data: `The job may have moved all, some or none. ${jobStands}`,
    done: "Asked both ways, then gave the step up: nothing is called moved without having been seen.",
    now: ["See what is with whom now, then plan again:", "handover verify RUN", "handover plan FILE -o RUN"],
  },
  "transfer-incomplete": {
    title: "The job is completed, the old owner still owns some",
    what: "Google reports the job as completed. Searched several times since, the old owner still owns some.",
    why: "Google's search may lag behind, the job may skip some, or assets were made while it ran.",
    data: jobStands,
    done: "Searched again with pauses. A job that says completed is not taken for proof.",
    now: ["Wait a while and look again; then plan what is left:", "handover verify RUN", "handover plan FILE -o RUN"],
    sure: "How long the search lags is not documented.",
  },
};
