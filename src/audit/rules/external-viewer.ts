/** Somebody outside the tenant can see the asset. */
import { EDITOR, LINK_EDITOR } from "../../model/permissions.ts";
import { isOutside } from "../members.ts";
import { outsideFix } from "../outside-fix.ts";
import type { Rule } from "../rule.ts";

export const externalViewer: Rule = {
  id: "external-viewer",
  severity: "medium",
  title: "Viewer outside the organisation",
  rationale: "Whoever leaves the partner keeps the access until somebody here takes it away.",
  remedy: "Revoke the role, or name the partner's domain as trusted if this is meant.",
  check: (asset, facts) =>
    asset.pairs
      .filter(({ role, member }) => role !== EDITOR && role !== LINK_EDITOR && isOutside(facts, member))
      .map((pair) => ({ ...pair, text: `${pair.member} is outside and can view`, fix: outsideFix(asset, pair) })),
};
