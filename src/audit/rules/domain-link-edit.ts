/** Everybody in the organisation can change the asset. */
import { EDITOR, LINK_EDITOR } from "../../model/permissions.ts";
import { isWholeDomain } from "../members.ts";
import { planRow } from "../rule.ts";
import type { Rule } from "../rule.ts";

export const domainLinkEdit: Rule = {
  id: "domain-link-edit",
  severity: "medium",
  title: "Everybody in a domain can edit",
  rationale: "Any account of the domain, also one that was taken over, can change the asset and share it on.",
  remedy: "Let the domain view, and give the people who edit a role by name.",
  check: (asset, facts) =>
    asset.pairs
      .filter(({ role, member }) => (role === LINK_EDITOR || role === EDITOR) && isWholeDomain(facts, member))
      .map(({ role, member }) => ({
        member,
        role,
        text: `everybody in ${member} can edit`,
        fix:
          role === LINK_EDITOR
            ? planRow({ action: "set-link", asset: asset.record.asset.name, role: "LINK_VIEWER", member })
            : undefined,
      })),
};
