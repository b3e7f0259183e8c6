/** The help that belongs to no single verb: the first screen, and what to type after a mistyped command. */
import { paint } from "../report/style.ts";
import type { Style } from "../report/style.ts";
import { topicNames } from "./topic-names.ts";

interface Named {
  readonly name: string;
  readonly group: VerbGroup;
}

const groups = ["set up", "look", "change", "prove"] as const;

/** What a verb is for, as the first screen sorts them. */
export type VerbGroup = (typeof groups)[number];

/** What `handover` alone prints. */
export function firstScreen(verbs: readonly Named[], version: string, style: Style): readonly string[] {
  return [
    `${paint("handover", "bold", style)} ${version}`,
    "Moves ownership of, and access to, Looker Studio assets, in bulk.",
    "",
    paint("A hand-over in four commands", "bold", style),
    "  handover plan moves.csv -o friday    reads; shows the exact effect",
    "  handover apply friday                writes; resumes if it was interrupted",
    "  handover verify friday               reads back; shows what differs",
    "  handover report friday               what was done, what is left for people",
    "",
    paint("Verbs", "bold", style),
    ...groups.map((group) => `  ${group.padEnd(9)}${namesOf(verbs, group)}`),
    "",
    "  handover help          what each verb does",
    "  handover help plan     one verb, with examples",
    `  handover help TOPIC    ${topicNames.join(", ")}`,
    "",
    "Nothing but apply writes to Google. To rehearse without: handover help emulator",
    "Next: handover help plan",
  ];
}

function namesOf(verbs: readonly Named[], group: VerbGroup): string {
  return verbs
    .filter((verb) => verb.group === group)
    .map(({ name }) => name)
    .join("  ");
}

/** A command line that cannot be understood: what is wrong, and the help that says how it is meant. */
export function usageLines(message: string, argv: readonly string[], verbs: readonly Named[]): readonly string[] {
  const [problem = "", ...hints] = message.replace(/^error: /, "").split("\n");
  const verb = verbs.find((each) => each.name === argv[0]);
  return [
    `error: ${problem}`,
    ...hints.map((hint) => `  ${hint.replace(/^\((.*)\)$/, "$1")}`),
    `Next: handover help${verb === undefined ? "" : ` ${verb.name}`}`,
  ];
}
