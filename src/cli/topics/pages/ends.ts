/** The pages about how an apply can end, and about errors that have no class of their own. */
import type { ApplyEnd } from "../../../model/apply-end.ts";
import type { ErrorKind } from "../../../report/error-text.ts";
import type { Page } from "./page.ts";

const orderly = "What was sent is awaited and written down. Steps that had not begun are open.";
const resumes = "Nothing is done twice: the same command goes on where it ended.";

export const endPages: Readonly<Record<ApplyEnd, Page>> = {
  finished: {
    title: "Every step has ended",
    what: "Nothing of the run is open. Steps may have failed or been skipped all the same; then the exit code is 5.",
    why: "The run is through.",
    data: "As the report says, step by step.",
    done: "Wrote down how each step ended, and what proves it.",
    now: ["Read everything back, then report:", "handover verify RUN", "handover report RUN"],
  },
  stopped: {
    title: "Ended because somebody asked",
    what: "Ctrl-C, or handover ctl RUN drain.",
    why: "You or somebody else with access to the machine.",
    data: orderly,
    done: resumes,
    now: ["handover apply RUN"],
  },
  halted: {
    title: "Ended because the credentials or the project fail",
    what: "Something is wrong that is the same for every step, or five users in a row could not be acted as.",
    why: "The message names the class; it has a page of its own: handover help failure NAME.",
    data: orderly,
    done: resumes,
    now: ["handover doctor", "handover apply RUN"],
  },
  breaker: {
    title: "Ended because too many steps failed",
    what: "More steps failed, in all or among the last ones, than the breaker allows.",
    why: "When much fails, going on mostly makes more of the same.",
    data: orderly,
    done: resumes,
    now: [
      "Look at what failed. Known and harmless, go on; counting begins anew:",
      "handover report RUN",
      "handover apply RUN --accept-failures",
    ],
  },
  drift: {
    title: "Ended because too many assets had changed",
    what: "More assets than max drift allows were found changed, gone, or with another owner than when they were planned.",
    why: "Somebody else is at work on the same assets, or the plan is old.",
    data: `${orderly} Changes of others were not overwritten.`,
    done: resumes,
    now: [
      "See what changed. Plan again, or go on with what is left:",
      "handover report RUN",
      "handover apply RUN --accept-drift",
    ],
  },
  gate: {
    title: "The gate after a wave is shut",
    what: "The wave was read back, and something was not as the run had left it.",
    why: "A failure, a drift or an asset nobody could read: the message names them.",
    data: "What the wave did stands; the next wave has not begun.",
    done: resumes,
    now: [
      "Look at it. Known and harmless, let it through; else take it back:",
      "handover report RUN",
      "handover apply RUN --accept-drift --accept-failures",
      "handover undo RUN -o RUN-undo",
    ],
  },
  wave: {
    title: "A wave is through, and somebody is to look",
    what: "The run pauses after each wave, as asked with --pause-after-wave (exit 7).",
    why: "You wanted to see what came of it.",
    data: "What the wave did was read back and is as the run left it.",
    done: resumes,
    now: ["handover report RUN", "handover apply RUN"],
  },
  window: {
    title: "The time window has closed",
    what: "The hours in which the run may be carried out are over (exit 10).",
    why: "Set by windows: in handover.yaml, or by --window.",
    data: orderly,
    done: resumes,
    now: [
      "When it opens again, or on purpose outside of it:",
      "handover apply RUN",
      "handover apply RUN --outside-window",
    ],
  },
  budget: {
    title: "The time or the calls allowed are used up",
    what: "--max-duration, --max-calls or budgets: is reached, or a transfer took longer at Google than one apply waits (exit 10).",
    why: "You set it; or Google's job takes its time, which is not documented.",
    data: `${orderly} A transfer goes on at Google by itself.`,
    done: resumes,
    now: ["handover apply RUN"],
  },
  journal: {
    title: "The run file could not be written any more",
    what: "The disk or the database refused what had to be written down.",
    why: "No space, a folder that went away, a database that does not answer.",
    data: "Nothing was sent that had not been written down before.",
    done: "Stopped sending at once, and awaited what was under way; the next apply looks up how it ended.",
    now: ["Mend what the message names, then go on:", "handover apply RUN"],
  },
  blocked: {
    title: "What is left needs users nobody can act as",
    what: "All that could be done is done. The open steps are listed with the user and the reason.",
    why: "A suspended or deleted account, or a write whose outcome the server would not tell.",
    data: "The open steps are not done, or not known to be.",
    done: "Left them open rather than guess.",
    now: [
      "Mend the accounts and go on, or end those steps for good:",
      "handover apply RUN",
      'handover cancel RUN --step N --reason "it stays suspended"',
    ],
  },
};

/** Errors of `api`, `guard`, `run-file`, `journal` and `control` have pages by their class. */
export const errorPages: Readonly<
  Record<Exclude<ErrorKind, "api" | "guard" | "run-file" | "journal" | "control">, Page>
> = {
  usage: {
    title: "A command or setting cannot be understood (exit 3)",
    what: "An option, a value or a settings file is not as it should be.",
    why: "The message names it, and what to write instead.",
    data: "Untouched: nothing was sent.",
    done: "Nothing.",
    now: [
      "Each verb explains its options; settings have a page of their own:",
      "handover help plan",
      "handover help settings",
    ],
  },
  "plan-file": {
    title: "A plan file has mistakes (exit 3)",
    what: "Rows or settings in it are not as they should be. All mistakes of all files are listed at once.",
    why: "A file with any mistake makes no run: half a plan is not what you meant.",
    data: "Untouched: nothing was asked of Google.",
    done: "Made no run.",
    now: [
      "Correct each line as its remedy says, then plan again:",
      "handover help plan-files",
      "handover plan FILE -o RUN",
    ],
  },
  locked: {
    title: "Another process holds the run (exit 8)",
    what: "The run is being carried out, or changed, by another process.",
    why: "Two at once would do things twice. The lock goes with the process, also when that is killed.",
    data: "The other process goes on.",
    done: "Nothing.",
    now: ["See what it does, or wait for it:", "handover watch RUN", "handover ctl RUN status"],
  },
  system: {
    title: "The operating system refused something",
    what: "A file, folder, port or other thing of this machine could not be used. The word in brackets is the system's own name for it.",
    why: "Rights, space, a name that is taken or does not exist.",
    data: "Nothing was sent that is not written down in the run file.",
    done: "Ended the command.",
    now: [
      "Remove the cause, and give the same command again. The doctor looks at folder, space and rights:",
      "handover doctor RUN",
    ],
  },
  unexpected: {
    title: "A fault of handover itself (exit 1)",
    what: "Something happened that the program does not know.",
    why: "A mistake in the program. A name in brackets is the kind of fault.",
    data: "What was sent is written down: the next apply looks up how it ended, and does nothing twice.",
    done: "Ended at once, rather than go on with something it does not understand.",
    now: [
      "Go on with the same command, and report the fault with a log:",
      "handover apply RUN --log-file handover.log",
    ],
  },
};
