/** One asset as the pages of an audit list it: who gets in and how, in words that the pictures filter by. */
import type { AuditedRow } from "../model/audit.ts";
import type { InventoryAsset } from "../model/inventory.ts";
import type { Member } from "../model/member.ts";
import { EDITOR } from "../model/permissions.ts";
import type { Role } from "../model/permissions.ts";
import { pairsOf } from "./members.ts";
import type { AuditFacts } from "./rule.ts";
import { audienceOf, exposureRole, ownerState } from "./sums.ts";

export function assetRow(record: InventoryAsset, facts: AuditFacts): AuditedRow {
  const { asset } = record;
  const roles = record.permissions?.roles ?? new Map<Role, readonly Member[]>();
  const kinds = new Set(pairsOf(roles).map(({ role, member }) => `${audienceOf(facts, member)} ${exposureRole(role)}`));
  return {
    asset,
    ownerState: ownerState(asset.owner, facts),
    access: record.permissions === undefined ? undefined : [...kinds].toSorted(),
    editors: roles.get(EDITOR)?.length ?? 0,
  };
}
