/** The plan row that moves an asset to whoever can edit it already. */
import { isActive } from "../model/tenant.ts";
import type { PlanRow } from "../model/finding.ts";
import { memberEmail, memberKind } from "../model/member.ts";
import { EDITOR } from "../model/permissions.ts";
import { planRow } from "./rule.ts";
import type { AuditFacts, AuditedAsset } from "./rule.ts";

/** Undefined where no active user of the tenant edits the asset by name. */
export function heirFix({ record, roles }: AuditedAsset, facts: AuditFacts): PlanRow | undefined {
  const { owner, name } = record.asset;
  if (owner === undefined) return undefined;
  for (const m of roles.get(EDITOR) ?? []) {
    const email = memberKind(m) === "user" ? memberEmail(m) : undefined;
    if (email !== undefined && email !== owner && isActive(facts.principal(email))) {
      return planRow({ action: "transfer", from: owner, to: email, asset: name });
    }
  }
  return undefined;
}
