/** The owner cannot sign in any more. */
import { userMember } from "../../model/member.ts";
import { OWNER } from "../../model/permissions.ts";
import { heirFix } from "../heir-fix.ts";
import type { Rule } from "../rule.ts";

export const ownerSuspended: Rule = {
  id: "owner-suspended",
  severity: "high",
  title: "Owner suspended or archived",
  rationale: "Data sources that use the owner's credentials stop; when the account is deleted, the asset goes with it.",
  remedy: "Transfer what the owner has before the account is deleted.",
  check: (asset, facts) => {
    const { owner } = asset.record.asset;
    const principal = owner === undefined ? undefined : facts.principal(owner);
    if (owner === undefined || principal?.kind !== "user") return [];
    const { suspended, archived } = principal.person;
    if (!suspended && !archived) return [];
    const state = suspended ? "suspended" : "archived";
    const text = `its owner ${owner} is ${state}`;
    return [{ member: userMember(owner), role: OWNER, text, fix: heirFix(asset, facts) }];
  },
};
