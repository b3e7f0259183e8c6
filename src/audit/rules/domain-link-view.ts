/** Everybody in the organisation can see the asset. */
import { EDITOR, LINK_EDITOR } from "../../model/permissions.ts";
import { isWholeDomain } from "../members.ts";
import { planRow } from "../rule.ts";
import type { Rule } from "../rule.ts";

export const domainLinkView: Rule = {
  id: "domain-link-view",
  severity: "info",
  title: "Everybody in a domain can view",
  rationale: "Often meant; worth a look where the asset shows personal or confidential data.",
  remedy: "Close the link where only some people should see the asset.",
  check: (asset, facts) =>
    asset.pairs
      .filter(({ role, member }) => role !== LINK_EDITOR && role !== EDITOR && isWholeDomain(facts, member))
      .map(({ role, member }) => ({
        member,
        role,
        text: `everybody in ${member} can view`,
        fix: role === "LINK_VIEWER" ? planRow({ action: "close-link", asset: asset.record.asset.name }) : undefined,
      })),
};
