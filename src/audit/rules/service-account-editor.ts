/** A program can change the asset. */
import { memberKind } from "../../model/member.ts";
import { EDITOR } from "../../model/permissions.ts";
import { planRow } from "../rule.ts";
import type { Rule } from "../rule.ts";

export const serviceAccountEditor: Rule = {
  id: "service-account-editor",
  severity: "info",
  title: "Service account with edit rights",
  rationale: "Whoever holds a key of the account can change the asset; keys do not expire by themselves.",
  remedy: "Check that the program is still in use and that its keys are looked after.",
  check: (asset) =>
    asset.pairs
      .filter(({ role, member }) => role === EDITOR && memberKind(member) === "serviceAccount")
      .map(({ role, member }) => ({
        member,
        role,
        text: `${member} can edit`,
        fix: planRow({ action: "revoke", asset: asset.record.asset.name, member, role }),
      })),
};
