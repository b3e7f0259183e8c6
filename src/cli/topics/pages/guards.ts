/** The pages about guards: what keeps a command from going on, who set it, and how to lift it on purpose. */
import type { GuardRule } from "../../../model/errors.ts";
import type { Page } from "./page.ts";

const nothingSent = "Untouched: the guard stands before the first write.";
const stopped = "Stopped before anything was sent (exit 6). The message names the place that set the rule.";
const limit = (title: string, what: string, flag: string): Page => ({
  title,
  what,
  why: "A ceiling stands in the plan file, in handover.yaml or on the command line. The strictest holds, when planning and again before applying.",
  data: nothingSent,
  done: stopped,
  now: [
    "See what the plan comes to. A figure far above the ceiling is mostly a row that selects too much.",
    "handover show RUN",
    `Else raise it where the message says that it stands, or split the plan. On the command line: ${flag}.`,
    "handover help limits",
  ],
});

export const guardPages: Readonly<Record<GuardRule, Page>> = {
  changes: limit(
    "More changes than allowed",
    "The plan adds and removes more members, and changes more owners, than changes: allows.",
    "--max-changes",
  ),
  percent_of_assets: limit(
    "A larger share of all assets than allowed",
    "The plan touches more of the assets that were read than percent_of_assets: allows.",
    "--max-percent",
  ),
  per_owner: limit(
    "More changes to one owner's assets than allowed",
    "The plan changes more on the assets of one owner than per_owner: allows.",
    "--max-per-owner",
  ),
  new_external: limit(
    "More outsiders let in than allowed",
    "The plan gives more people from outside a first role than new_external: allows.",
    "--max-new-external",
  ),
  new_public: limit(
    "More public links than allowed",
    "The plan opens more links to anyone than new_public: allows.",
    "--max-new-public",
  ),
  failures: limit(
    "More failed steps than allowed",
    "More steps of the run have failed than failures: allows.",
    "--max-failures",
  ),
  approval: {
    title: "Nobody has confirmed that it is to be done",
    what: "The verb asks before it changes something, nobody is at a terminal, and --yes is not given.",
    why: "A script or a pipe must not agree by accident.",
    data: nothingSent,
    done: stopped,
    now: ["Look at the run, then say so:", "handover show RUN", "handover apply RUN --yes"],
  },
  approvals: {
    title: "Signatures of other people are missing",
    what: "The settings ask for approvals of the run, and there are too few that count: by known people, for exactly this run, not expired, not by whoever planned it.",
    why: "Set by approvals: in handover.yaml, or by --require-approvals.",
    data: nothingSent,
    done: stopped,
    now: [
      "Give the run file to an approver, who looks at it and signs; the two files they make belong beside the run:",
      "handover show RUN --html review.html",
      "handover approve RUN --key FILE",
      "handover apply RUN --require-approvals 1 --signers approvers",
    ],
  },
  hazard: {
    title: "The run holds a hazard that nobody has allowed",
    what: "A step does something irreversible or exposing. That must be allowed by name.",
    why: "What is dangerous is said by name, so that nobody agrees to it in passing.",
    data: nothingSent,
    done: stopped,
    now: ["Read what the hazard means, then allow it:", "handover help hazards", "handover apply RUN --allow HAZARD"],
  },
  "max-age": {
    title: "The run rests on facts that are too old",
    what: "The run was planned longer ago than allowed (24 hours, unless something else is set), and has not begun.",
    why: "People change things meanwhile. Each write is safe all the same; but what you looked at may no longer be what happens.",
    data: nothingSent,
    done: stopped,
    now: [
      "Plan again, or go on with it on purpose:",
      "handover plan FILE -o RUN --replace",
      "handover apply RUN --max-age 3d",
    ],
  },
  "max-changes": {
    title: "The run is larger than its approver wants to sign",
    what: "The run makes more changes than --max-changes of approve allows.",
    why: "The approver said so.",
    data: nothingSent,
    done: "Signed nothing.",
    now: ["handover show RUN", "handover approve RUN --key FILE --max-changes 500"],
  },
  progress: {
    title: "The run has been carried out in part already",
    what: "A run of that name was to be replaced, and it is the proof of what it did.",
    why: "Its journal is what undo, verify and the evidence rest on.",
    data: "Untouched, and so is the run.",
    done: "Kept the run.",
    now: ["Choose another name for the new run, or see how far the old one has come:", "handover status RUN"],
  },
  protected: {
    title: "The run touches what is protected",
    what: "An open step touches an owner, title, asset or member that a protect: rule covers now.",
    why: "The rule stands in the plan file or handover.yaml; it may be newer than the run.",
    data: nothingSent,
    done: stopped,
    now: [
      "Lift the rule on purpose, or end the steps it is about, or plan again without them:",
      'handover cancel RUN --step N --reason "protected"',
      "handover plan FILE -o RUN --replace",
    ],
  },
  "snapshot-age": {
    title: "The snapshot is too old to plan from",
    what: "A plan from a snapshot rests on what was true when that was taken, and it is older than allowed.",
    why: "Allowed are 24 hours, unless --max-snapshot-age says otherwise.",
    data: "Untouched: planning from a snapshot asks nobody.",
    done: "Made no run.",
    now: [
      "Take a newer one, which reads only what has changed, or allow the old one:",
      "handover inventory --refresh october.snapshot -o november",
      "handover plan FILE --snapshot october --max-snapshot-age 7d",
    ],
  },
  tenant: {
    title: "The credentials belong to another tenant",
    what: "The plan files, or the run, are meant for one tenant, and the credentials lead to another.",
    why: "A wrong profile, key or admin. Nothing would fit, and addresses that exist in both would be changed in the wrong one.",
    data: nothingSent,
    done: stopped,
    now: ["See with which settings you act, and choose the right profile:", "handover auth status --profile NAME"],
  },
  window: {
    title: "The hours in which the run may be applied are over",
    what: "A window is set, and now is outside of it.",
    why: "Set by windows: in handover.yaml, or by --window.",
    data: nothingSent,
    done: stopped,
    now: ["Wait for the window; the message says when it opens. On purpose:", "handover apply RUN --outside-window"],
  },
};
