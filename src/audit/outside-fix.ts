/** The plan row that takes a role from somebody outside. */
import type { PlanRow } from "../model/finding.ts";
import { memberKind } from "../model/member.ts";
import { linkRoles, personRoles } from "../model/permissions.ts";
import type { Pair } from "../model/permissions.ts";
import { planRow } from "./rule.ts";
import type { AuditedAsset } from "./rule.ts";

/** Undefined for what a plan file cannot name: roles and members of kinds this version does not know. */
export function outsideFix({ record }: AuditedAsset, { role, member }: Pair): PlanRow | undefined {
  if (linkRoles.includes(role)) return planRow({ action: "close-link", asset: record.asset.name });
  if (!personRoles.includes(role) || memberKind(member) === "unknown") return undefined;
  return planRow({ action: "revoke", asset: record.asset.name, member, role });
}
