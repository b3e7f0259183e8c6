/** `handover help plan-files`: the columns and actions of a plan file, read from the tables its reader uses. */
import { actions, fields, reads } from "../../plan/row.ts";
import type { Field } from "../../plan/row.ts";
import type { Action } from "../../model/request.ts";

const holds: Readonly<Record<Field, string>> = {
  action: "what to do; empty means transfer",
  from: "address of the owner or leaver",
  to: "address of the heir",
  asset: "an id, or the address of a report or data source as the browser shows it",
  type: "report or data_source; empty means both",
  title: "a pattern for the whole title: * any characters, ? exactly one; case counts",
  member: "an address, group:…, serviceAccount:…, domain:acme.example or allUsers",
  role: "EDITOR or VIEWER; of set-link LINK_VIEWER or LINK_EDITOR",
  keep: "what the old owner keeps: editor (when empty), viewer, none",
  note: "anything you like; a column that begins with x_ is yours as well",
};

const does: Readonly<Record<Action, string>> = {
  transfer: "to becomes the owner; without asset and title, of everything from owns",
  grant: "the member gets the role as well",
  revoke: "the member loses the role; without a role, every role",
  "set-role": "the member ends up in exactly this role",
  "replace-member": "to takes the place of from in every role",
  "set-link": "link sharing becomes this",
  "close-link": "link sharing ends",
};

export const planFilesTopic: readonly string[] = [
  "Plan files say what you want; handover plan works out what that takes, and shows it.",
  "",
  "CSV: a header line, then one wish a line. The smallest useful file:",
  "",
  "  from,to",
  "  leaver@acme.example,heir@acme.example",
  "",
  "Columns, in any order:",
  ...fields.map((field) => `  ${field.padEnd(8)}${holds[field]}`),
  "",
  "Actions, and the columns each reads (those in brackets may be left out):",
  ...actions.flatMap((action) => {
    const { required, optional } = reads[action];
    return [
      `  ${action.padEnd(16)}${[...required, ...optional.map((field) => `[${field}]`)].join(" ")}`,
      `${" ".repeat(18)}${does[action]}`,
    ];
  }),
  "",
  "grant, revoke, set-role: of asset, from and title one is needed. close-link: the asset.",
  "",
  "YAML: the same wishes under moves:, and what rows cannot say:",
  "",
  "  version: 1",
  "  tenant: acme.example",
  '  protect: [{ owner: cfo@acme.example }, { title: "Board *" }]',
  "  limits: { changes: 500, percent_of_assets: 5, new_external: 0, new_public: 0 }",
  "  moves:",
  "    - { from: leaver@acme.example, to: heir@acme.example, keep: none }",
  "    - { close-link: true, select: { audience: public } }",
  "",
  "All problems of all files are listed at once, with line and column; then no run is made.",
  "Worked examples and every key: migrations-plans/README.md beside the program.",
];
