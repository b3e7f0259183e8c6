/** The help that belongs to no single verb: the first screen, the settings, and what to type after a mistyped command. */
import { paint } from "../report/style.ts";
import type { Style } from "../report/style.ts";

interface Named {
  readonly name: string;
  readonly summary: string;
}

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
    ...verbs.map((verb) => `  ${verb.name.padEnd(11)}${verb.summary}`),
    "",
    "Nothing but apply writes to Google. To rehearse without: handover help emulator",
    "Next: handover help plan",
  ];
}

/** What `handover help settings` prints. */
export const settingsHelp: readonly string[] = [
  "Settings of the verbs that talk to Google, each taken from the first place that has it:",
  "",
  "  setting     flag               environment          handover.yaml, or the user's own file",
  "  key         --key FILE         HANDOVER_KEY         key: /path/to/key.json",
  "  admin       --admin EMAIL      HANDOVER_ADMIN       admin: admin@acme.example",
  "  endpoint    --endpoint URL     HANDOVER_ENDPOINT    endpoint: http://127.0.0.1:8080",
  "  rate        --rate 8/s         HANDOVER_RATE        rate: 8/s",
  "  actor rate  --actor-rate 2/s   HANDOVER_ACTOR_RATE  actor_rate: 2/s",
  "  log file    --log-file FILE    HANDOVER_LOG_FILE    log_file: handover.log",
  "",
  "handover.yaml is looked for in the current folder; the user's own file is",
  "$XDG_CONFIG_HOME/handover/config.yaml (~/.config/handover/config.yaml).",
  "Paths in a settings file are relative to it. Without an endpoint, Google itself is asked.",
  "The key file must be readable by you alone (chmod 600); --key - reads it from stdin.",
];

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
