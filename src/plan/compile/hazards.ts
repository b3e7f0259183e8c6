/** What a step may break: one rule a function, each from facts known at plan time. */
import { allUsers } from "../../model/member.ts";
import { EDITOR, OWNER, applyDelta, linkRoles } from "../../model/permissions.ts";
import type { Delta, Pair, RoleMap } from "../../model/permissions.ts";
import type { HazardTotal } from "../../model/run.ts";
import type { HazardName } from "../../model/step.ts";
import { isExternal } from "../../model/tenant.ts";
import type { Tenant } from "../../model/tenant.ts";
import { counted } from "../../model/text.ts";
import type { PlannedTransfer } from "./context.ts";

const noRoles: RoleMap = new Map();

/** Pairs that let somebody outside the tenant in who has no role on the asset yet. */
export function newExternal(tenant: Tenant, roles: RoleMap | undefined, delta: Delta): readonly Pair[] {
  return delta.add.filter(
    (pair) =>
      isExternal(tenant, pair.member) && ![...(roles ?? noRoles).values()].some((held) => held.includes(pair.member)),
  );
}

/** Pairs that open an asset to anyone with the link that was not open so. */
export function newPublic(roles: RoleMap | undefined, delta: Delta): readonly Pair[] {
  const open = linkRoles.some((role) => roles?.get(role)?.includes(allUsers) ?? false);
  return open ? [] : delta.add.filter((pair) => pair.member === allUsers);
}

/** Whether the owner is left as the only one who can edit, where somebody else could before. */
function removesLastEditor(roles: RoleMap | undefined, delta: Delta): boolean {
  if (roles === undefined || !delta.remove.some((pair) => pair.role === EDITOR)) return false;
  const before = roles.get(EDITOR) ?? [];
  const after = applyDelta(roles, delta).get(EDITOR) ?? [];
  return before.length > 0 && after.filter((m) => !(roles.get(OWNER) ?? []).includes(m)).length === 0;
}

export function editHazards(
  tenant: Tenant,
  roles: RoleMap | undefined,
  delta: Delta,
  facts: { readonly attemptsOwner: boolean; readonly movesReport: boolean; readonly keepsCredentials: boolean },
): readonly HazardName[] {
  const found: HazardName[] = [];
  if (newExternal(tenant, roles, delta).length > 0) found.push("new-external");
  if (newPublic(roles, delta).length > 0) found.push("new-public");
  if (removesLastEditor(roles, delta)) found.push("removes-last-editor");
  if (facts.attemptsOwner) found.push("owner-change-attempt");
  if (facts.keepsCredentials) found.push("keeps-credentials");
  if (facts.movesReport) found.push("leaves-data-sources");
  return found;
}

export function transferHazards(transfer: PlannedTransfer): readonly HazardName[] {
  const found: HazardName[] = ["whole-user-transfer"];
  if (transfer.unnamed > 0) found.push("moves-unnamed-assets");
  if (!transfer.complete) found.push("moves-unseen-assets");
  if (transfer.liveDataSources > 0) found.push("keeps-credentials");
  if (transfer.trashed > 0) found.push("leaves-trash");
  return found;
}

/** The sentence that goes with a hazard's count over a whole run. */
export function hazardTotal(name: HazardName, count: number): HazardTotal {
  return { name, count, text: hazardText(name, count) };
}

function hazardText(name: HazardName, count: number): string {
  switch (name) {
    case "whole-user-transfer":
      return `${counted(count, "transfer")} of everything a user owns: cannot be taken back through the API`;
    case "moves-unnamed-assets":
      return `${counted(count, "asset")} that no row names ${count === 1 ? "goes" : "go"} along with a transfer`;
    case "moves-unseen-assets":
      return `${counted(count, "transfer")} of users who cannot be searched as: more assets may move than were seen`;
    case "owner-change-attempt":
      return `${counted(count, "asset")} whose new owner is also written directly: experimental, Google documents that it refuses`;
    case "new-external":
      return `${counted(count, "asset")} newly open to somebody outside the tenant`;
    case "new-public":
      return `${counted(count, "asset")} newly open to anyone with the link`;
    case "removes-last-editor":
      return `${counted(count, "asset")} left with the owner as the only one who can edit`;
    case "keeps-credentials":
      return `${counted(count, "data source")} ${count === 1 ? "keeps" : "keep"} the old owner's credentials: reconnect them before the account is suspended`;
    case "leaves-data-sources":
      return `${counted(count, "report")} whose data sources do not move along: name those as well`;
    case "leaves-trash":
      return `${counted(count, "asset")} in the trash: Google does not say whether a transfer moves them`;
  }
}
