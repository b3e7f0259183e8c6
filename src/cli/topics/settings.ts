/** `handover help settings`: every setting and where it can stand. */
export const settingsTopic: readonly string[] = [
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
