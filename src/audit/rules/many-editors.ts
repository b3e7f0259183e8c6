/** More people can edit the asset than anybody keeps an eye on. */
import { EDITOR } from "../../model/permissions.ts";
import type { Rule } from "../rule.ts";

export const manyEditors: Rule = {
  id: "many-editors",
  severity: "low",
  title: "Many editors",
  rationale: "Each editor can change the asset and share it on.",
  remedy: "Let most of them view, or give the role to one group that somebody looks after.",
  check: ({ roles }, { editorsMax }) => {
    const editors = roles.get(EDITOR)?.length ?? 0;
    return editors > editorsMax ? [{ role: EDITOR, text: `${editors} editors, more than ${editorsMax}` }] : [];
  },
};
