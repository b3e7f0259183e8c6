/** Somebody outside the tenant can change the asset. */
import { EDITOR, LINK_EDITOR } from "../../model/permissions.ts";
import { isOutside } from "../members.ts";
import { outsideFix } from "../outside-fix.ts";
import type { Rule } from "../rule.ts";

export const externalEditor: Rule = {
  id: "external-editor",
  severity: "high",
  title: "Editor outside the organisation",
  rationale: "An editor can share the asset on and change what it shows; the organisation cannot suspend the account.",
  remedy: "Revoke the role, or name the partner's domain as trusted if this is meant.",
  check: (asset, facts) =>
    asset.pairs
      .filter(({ role, member }) => (role === EDITOR || role === LINK_EDITOR) && isOutside(facts, member))
      .map((pair) => ({ ...pair, text: `${pair.member} is outside and can edit`, fix: outsideFix(asset, pair) })),
};
