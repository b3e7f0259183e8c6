/** Nobody but the owner can edit the asset. */
import { isActive } from "../../model/tenant.ts";
import { EDITOR, LINK_EDITOR } from "../../model/permissions.ts";
import type { Rule } from "../rule.ts";

export const noSecondEditor: Rule = {
  id: "no-second-editor",
  severity: "medium",
  title: "Nobody but the owner can edit",
  rationale: "When the owner leaves, nobody is left who can repair, share or hand over the asset.",
  remedy: "Give somebody else of the team the role EDITOR.",
  check: ({ record, roles }, facts) => {
    if (record.permissions === undefined) return [];
    const { owner } = record.asset;
    const other = [...(roles.get(EDITOR) ?? []), ...(roles.get(LINK_EDITOR) ?? [])].some((m) => {
      const { kind, email } = facts.parts(m);
      if (kind !== "user") return kind !== "unknown";
      if (email === undefined || email === owner) return false;
      const principal = facts.principal(email);
      return principal === undefined || principal.kind === "external" || isActive(facts.principal(email));
    });
    return other ? [] : [{ text: `nobody but the owner ${owner ?? "(none named)"} can edit` }];
  },
};
