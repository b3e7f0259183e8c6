/** The pages about run files and snapshots that cannot be used, and about live runs that cannot be steered. */
import type { ControlFault, JournalFault, RunFileFault } from "../../../model/errors.ts";
import type { Page } from "./page.ts";

const nothingDone = "Untouched at Google: the run was not carried out, or was brought to an orderly end.";

export const runFilePages: Readonly<Record<RunFileFault, Page>> = {
  missing: {
    title: "There is no such run or snapshot",
    what: "No file of that name is there, or it was moved, deleted or replaced while it was in use.",
    why: "A slip, another folder, or somebody tidied up. NAME and NAME.handover are both looked for.",
    data: nothingDone,
    done: "If the file went away during an apply: ended it, and saved what was known beside the old place.",
    now: ["List what is there, or make the run:", "handover run list", "handover plan FILE -o RUN"],
  },
  "not-a-run": {
    title: "The file is not what this verb works with",
    what: "The file is neither a run nor a snapshot, or one where the other is wanted.",
    why: "A plan file was given in place of the run that is made from it, or a snapshot in place of a run.",
    data: nothingDone,
    done: "Left the file as it is.",
    now: ["A run is made from plan files:", "handover plan FILE -o RUN"],
  },
  corrupt: {
    title: "The file is damaged",
    what: "The file cannot be read as the database it is, or its parts contradict each other.",
    why: "A disk error, a copy made while it was written without its -wal file, or a full disk elsewhere.",
    data: "What was done at Google stands. What of it this file knows may be incomplete.",
    done: "Used nothing of it.",
    now: [
      "Keep the file. Restore a copy, or plan again: what is done already is found done.",
      "handover evidence verify RUN",
      "handover plan FILE -o NEW",
    ],
  },
  newer: {
    title: "A newer version of handover made the file",
    what: "The format of the file is one that this version does not know.",
    why: "Two machines with different versions, or an update that was taken back.",
    data: nothingDone,
    done: "Left the file as it is.",
    now: ["Use the version that made it, or a newer one:", "handover --version"],
  },
  older: {
    title: "An older version of handover made the place",
    what: "Runs are kept in a database whose tables have the format of an older version.",
    why: "This version was installed after the tables were made. They are not changed in passing: workers of the older version may be at work.",
    data: nothingDone,
    done: "Left the tables as they are.",
    now: [
      "Let workers of the older version end, then do what the message says. Or use the version that made them:",
      "handover --version",
    ],
  },
  moved: {
    title: "The run is carried out somewhere else",
    what: "The run was moved to another store, or this is a copy of it, kept as a record (exit 6).",
    why: "Two copies carried out at once would each know half of what was done.",
    data: "Untouched from here. What is done where it is carried out stands there.",
    done: "Refused to carry it out.",
    now: ["Go on where the message says that it is. Reading this one is safe:", "handover show RUN"],
  },
  tampered: {
    title: "The run is not as it was planned",
    what: "The digest over all steps, or the chain over what was done, does not fit the file.",
    why: "Somebody or something changed it after it was made.",
    data: "Untouched: such a run is never applied (exit 6).",
    done: "Refused it.",
    now: [
      "Do not apply it. See what was changed, find out who did, and plan again:",
      "handover evidence verify RUN",
      "handover plan FILE -o NEW",
    ],
  },
  "read-only": {
    title: "The file or database cannot be written to",
    what: "The run cannot be opened as this verb needs it.",
    why: "The rights of the file or its folder, a medium that is mounted for reading, or a database user without the right.",
    data: nothingDone,
    done: "Sent nothing: no write leaves without being written down first.",
    now: [
      "Mend the rights. Or move it to a folder of your own, and go on with the new one:",
      "handover run copy RUN NEW --move",
    ],
  },
  unsafe: {
    title: "Others could change the file",
    what: "The run is a link, belongs to somebody else, can be written by others, or lies on a network share.",
    why: "Whoever can change a run could have you do something else than you looked at. On a share, locks and writes cannot be relied on.",
    data: nothingDone,
    done: "Did not open it.",
    now: ["Make a copy of your own in a local folder, chmod 600 it, and use that:", "handover show RUN"],
  },
  full: {
    title: "No space is left, or the store takes no writes",
    what: "The disk is full or refuses to write, or the database has not answered for too long.",
    why: "See the message for the reason the system gave.",
    data: "Every write was on disk before it was sent, so that nothing was sent that is not written down.",
    done: "Ended in order. What was sent last is looked up by the next apply.",
    now: ["Make room, or see that the database answers; then the same command goes on:", "handover apply RUN"],
  },
};

export const journalPages: Readonly<Record<JournalFault, Page>> = {
  wrong: {
    title: "The database is not fit to keep runs (exit 3)",
    what: "The address leads to no host, no database, something that is not PostgreSQL, a standby, or a server that is too old or cannot prove who it is.",
    why: "The message says which, and what to write instead.",
    data: nothingDone,
    done: "Wrote nothing there.",
    now: ["Correct the address, and let the doctor look at the rest:", "handover doctor"],
  },
  denied: {
    title: "The database does not let us in (exit 4)",
    what: "User or password are refused, or the user may not make or write the tables.",
    why: "PostgreSQL's own words stand in the message.",
    data: nothingDone,
    done: "Wrote nothing there.",
    now: [
      "Put the password in PGPASSWORD or ~/.pgpass, where other users of the machine do not see it, or have the right granted. Then give the same command again.",
    ],
  },
  away: {
    title: "The database does not answer now (exit 1)",
    what: "The connection was refused or broke, or the server cannot do it at the moment.",
    why: "It restarts, is overloaded, or the network is down.",
    data: "Every write was stored before it was sent, so that nothing was sent that is not written down.",
    done: "Tried for a while, then ended in order. What was sent last is looked up by the next apply.",
    now: ["See that the server runs and can be reached; then the same command goes on:", "handover apply RUN"],
  },
};

export const controlPages: Readonly<Record<ControlFault, Page>> = {
  nobody: {
    title: "No apply of the run is under way",
    what: "There is nobody to steer (exit 9).",
    why: "It has ended, or has not begun, or runs on another machine.",
    data: "Untouched.",
    done: "Nothing.",
    now: ["handover status RUN"],
  },
  silent: {
    title: "A process holds the run and does not answer",
    what: "The run is locked, and nobody answers at its socket (exit 8).",
    why: "An apply that has just begun or waits for a yes, one that another user started, or another verb, such as cancel.",
    data: "The process that holds it goes on.",
    done: "Nothing.",
    now: ["Try again in a moment, or end it where it was started (Ctrl-C):", "handover watch RUN"],
  },
  stopping: {
    title: "Too late: the run is ending already",
    what: "The apply takes no more wishes, as it is on its way out (exit 7).",
    why: "It was told to stop, or has come to its end.",
    data: "What is under way is awaited and written down.",
    done: "Nothing.",
    now: ["handover watch RUN", "handover apply RUN"],
  },
  refused: {
    title: "The apply does not know what is asked",
    what: "The process that carries out the run did not understand the wish (exit 3).",
    why: "It is another version of handover, or the wish has a slip.",
    data: "The apply goes on as before.",
    done: "Nothing.",
    now: ["handover ctl RUN status", "handover --version"],
  },
  unsafe: {
    title: "The place of the control socket is not to be trusted",
    what: "Where the socket of the run should be, there is a link, or something that belongs to somebody else (exit 3).",
    why: "Whoever put it there could read or send wishes in your place.",
    data: "Untouched.",
    done: "Did not speak to it.",
    now: ["Find out who put it there and take it away; then:", "handover ctl RUN status"],
  },
};
