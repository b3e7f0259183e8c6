/** Where Google's undocumented behaviours stand in a seed: each its default, or one of the other positions. */
import type { Chance } from "./chance.ts";

/** Positions the engine must cope with; the first is the default. A write guarded by nothing is not among them. */
const positions: Readonly<Record<string, readonly string[]>> = {
  etagMismatch: ["409_ABORTED", "412", "400_FAILED_PRECONDITION"],
  noopWriteMovesEtag: ["true", "false"],
  patchOwnerChanged: ["400", "403", "ignore", "apply"],
  patchOwnerOmitted: ["keep", "400"],
  noAccess: ["403", "404"],
  transferConflict: ["accept", "409", "400"],
  oldOwnerAfterTransfer: ["EDITOR", "none"],
  heirKeepsOtherRole: ["false", "true"],
  suspendedToken: ["invalid_grant", "access_denied"],
  linkSharedInSearch: ["hidden", "shown"],
  paging: ["key", "offset"],
  includeTrashed: ["only", "also"],
};

/** Positions that make some steps fail for good. */
const hostile: Readonly<Record<string, readonly string[]>> = {
  patchOmittedRole: ["clear", "keep"],
  transferMovesTrash: ["true", "false"],
  patchTrashed: ["accept", "400", "404"],
  readTrashed: ["accept", "404"],
  suspendedHeirTransfer: ["400", "fail", "accept"],
  missingPrincipal: ["accept", "400"],
  externalPrincipal: ["accept", "400"],
  domainInPersonRoles: ["accept", "400"],
  bothLinkRoles: ["accept", "400"],
  searchLagMs: ["0", "5000"],
};

export function drawSwitches(chance: Chance, isCalm: boolean): Readonly<Record<string, string>> {
  const drawn: Record<string, string> = {};
  for (const [name, all] of Object.entries(isCalm ? positions : { ...positions, ...hostile })) {
    drawn[name] = chance.hits(0.6) ? (all[0] ?? "") : chance.pick(all);
  }
  return drawn;
}
