/** A role is held by somebody who does not exist any more. */
import { memberKind } from "../../model/member.ts";
import { personRoles } from "../../model/permissions.ts";
import { isGone } from "../members.ts";
import { planRow } from "../rule.ts";
import type { Rule } from "../rule.ts";

export const deletedPrincipal: Rule = {
  id: "deleted-principal",
  severity: "low",
  title: "Role of a deleted account",
  rationale: "Lists of people who can get in become unreadable; an address that is given out again inherits the role.",
  remedy: "Revoke the role.",
  check: (asset, facts) =>
    asset.pairs
      .filter(({ member }) => isGone(facts, member))
      .map(({ role, member }) => ({
        member,
        role,
        text: `${member} does not exist any more`,
        fix:
          personRoles.includes(role) && memberKind(member) !== "unknown"
            ? planRow({ action: "revoke", asset: asset.record.asset.name, member, role })
            : undefined,
      })),
};
