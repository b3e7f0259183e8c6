/** Asks every rule of one asset. */
import type { Finding } from "../model/finding.ts";
import type { InventoryAsset } from "../model/inventory.ts";
import type { RoleMap } from "../model/permissions.ts";
import { pairsOf } from "./members.ts";
import type { AuditFacts, Rule } from "./rule.ts";

const noRoles: RoleMap = new Map();

export function checkAsset(record: InventoryAsset, facts: AuditFacts, rules: readonly Rule[]): readonly Finding[] {
  const { name, assetType, title, owner, trashed } = record.asset;
  const asset = { name, assetType, title, owner };
  const roles = record.permissions?.roles ?? noRoles;
  const audited = { record, roles, pairs: pairsOf(roles) };
  const found: Finding[] = [];
  for (const rule of rules) {
    const reach = rule.trashed ?? "no";
    if (trashed ? reach === "no" : reach === "only") continue;
    for (const { member, role, text, fix } of rule.check(audited, facts)) {
      found.push({ rule: rule.id, severity: rule.severity, asset, member, role, text, fix });
    }
  }
  return found;
}
