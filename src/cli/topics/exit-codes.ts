/** `handover help exit-codes`: every code with what it means and what a script does about it. */
import { exitCodes } from "../exit-code.ts";

type CodeName = keyof typeof exitCodes;

const meanings: Readonly<Record<CodeName, readonly [means: string, next: string]>> = {
  done: ["done, or nothing to do", "go on"],
  unexpected: ["unexpected failure", "read the error; the same command goes on where it ended"],
  differences: ["differences or findings, where asked for", "look at them (--detailed-exitcode, --fail-on)"],
  usage: ["wrong usage, settings or input file", "mend what the message names; nothing was sent"],
  access: ["authentication or authorisation", "handover doctor finds the cause"],
  incomplete: ["ended, but some steps failed or are unverified", "handover report, then apply or plan again"],
  guard: ["stopped by a guard or refused", "the message names the rule and how to lift it"],
  stopped: ["stopped on request; resumable", "the same apply goes on"],
  locked: ["another process holds the run, or (ctl) does not answer", "handover watch shows what it does"],
  nothingMatched: ["selectors matched nothing; (ctl) no apply is under way", "correct the plan file; start the apply"],
  budget: ["time, calls or the window are used up; resumable", "the same apply goes on"],
  forced: ["left at once by a second Ctrl-C; resumable", "the same apply goes on"],
};

export const exitCodesTopic: readonly string[] = [
  "Exit codes, the same for every verb and a promise to scripts:",
  "",
  ...Object.entries(exitCodes).flatMap(([name, code]) => {
    // Object.entries widens the names it was given.
    const [means, next] = meanings[name as CodeName];
    return [`  ${String(code).padStart(3)}  ${means}`, `       ${next}`];
  }),
  "",
  "Whatever the code, an apply that has ended early can be given again: nothing is done twice.",
  "0 is never said of something that was not looked at: what could not be verified ends with 5.",
  "",
  "Example:",
  "  handover apply friday --yes; code=$?",
  "  while [ $code -eq 10 ]; do sleep 3600; handover apply friday --yes; code=$?; done",
];
