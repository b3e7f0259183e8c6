/** Where Google's undocumented behaviours stand in a seed: each its default, or one of the other positions. */
import type { Chance } from "./chance.ts";

/** Positions the engine must cope with so that every step still succeeds; the first is the default. */
const positions: Readonly<Record<string, readonly string[]>> = {
  etagMismatch: ["409_ABORTED", "412", "400_FAILED_PRECONDITION"],
  noopWriteMovesEtag: ["true", "false"],
  patchOwnerChanged: ["400", "403", "ignore", "apply"],
  patchOwnerOmitted: ["keep", "400"],
  noAccess: ["403", "404"],
  transferConflict: ["accept", "409", "400"],
  oldOwnerAfterTransfer: ["EDITOR", "none"],
  heirKeepsOtherRole: ["false", "true"],
  suspendedToken: ["invalid_grant", "access_denied", "issue"],
  outsideSubject: ["unauthorized_client", "invalid_grant", "invalid_request"],
  linkSharedInSearch: ["hidden", "shown"],
  paging: ["key", "offset"],
  includeTrashed: ["only", "also"],
  maxPageSize: ["1000", "2", "5"],
  transferApplication: ["offered", "absent"],
  transferApplicationName: ["Data Studio", "Looker Studio", "Google Data Studio"],
  transferToSelf: ["400", "accept"],
  transferUnknownUser: ["403", "404", "400"],
  suspendedOwnerTransfer: ["accept", "400"],
  // Calls the engine does not make; their positions must make no difference.
  addExistingInOtherRole: ["both", "move", "noop"],
  revokeOwnerOrSelf: ["ignore_200", "400"],
  maxMembersPerCall: ["unlimited", "1"],
  assetsGet: ["on", "404"],
  deleteRights: ["owner", "editor"],
  trashAgain: ["accept", "400"],
  purgeLive: ["400", "accept"],
  orphanOwner: ["keep", "deleted_prefix", "empty"],
  aliasMember: ["keep", "resolve"],
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
  unknownRole: ["existing", "400", "accept"],
  unknownMemberKind: ["existing", "400"],
  searchLagMs: ["0", "5000", "60000"],
};

/** APIs of the project that are switched off for a while: weather, and no position of a whole seed. */
const switchedOff: readonly string[] = ["dataStudioApi", "adminApi"];

/** Ways to a token that the simulation does not go: its tokens come straight from the server's state (tokens.ts). */
export const notMet: readonly string[] = ["iamCredentialsApi", "tokenCreator", "oauthConsent"];

/** A write that nothing guards: what it overwrites nobody can help, and everything else must hold (judge.ts). */
const unguarded = { name: "etagMismatch", position: "ignore" } as const;

/** Every position that some seed must have, with the switch it belongs to. */
export const drawnPositions: readonly (readonly [string, string])[] = [
  ...Object.entries({ ...positions, ...hostile }).flatMap(([name, all]) =>
    all.map((position) => [name, position] as const),
  ),
  ...switchedOff.map((name) => [name, "disabled"] as const),
  [unguarded.name, unguarded.position],
];

export function drawSwitches(chance: Chance, isCalm: boolean): Readonly<Record<string, string>> {
  const drawn: Record<string, string> = {};
  for (const [name, all] of Object.entries(isCalm ? positions : { ...positions, ...hostile })) {
    drawn[name] = chance.hits(0.6) ? (all[0] ?? "") : chance.pick(all);
  }
  if (!isCalm && chance.hits(0.02)) drawn[unguarded.name] = unguarded.position;
  return drawn;
}
