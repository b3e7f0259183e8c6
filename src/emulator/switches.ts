/**
 * The switches: every behaviour of Google that nobody has documented, as a named choice with a default (api.md 6 and 7).
 * A report names the position it was made with, and a live tenant can settle each by trying it.
 */
import { UsageError } from "../model/errors.ts";

/** Switches with named positions; the first is the default. */
const choices = {
  etagMismatch: ["409_ABORTED", "412", "400_FAILED_PRECONDITION", "ignore"],
  noopWriteMovesEtag: ["true", "false"],
  patchOmittedRole: ["clear", "keep"],
  patchOwnerChanged: ["400", "403", "ignore", "apply"],
  patchOwnerOmitted: ["keep", "400"],
  patchTrashed: ["accept", "400", "404"],
  readTrashed: ["accept", "404"],
  addExistingInOtherRole: ["both", "move", "noop"],
  revokeOwnerOrSelf: ["ignore_200", "400"],
  unknownRole: ["existing", "400", "accept"],
  unknownMemberKind: ["existing", "400"],
  missingPrincipal: ["accept", "400"],
  externalPrincipal: ["accept", "400"],
  aliasMember: ["keep", "resolve"],
  domainInPersonRoles: ["accept", "400"],
  bothLinkRoles: ["accept", "400"],
  noAccess: ["403", "404"],
  includeTrashed: ["only", "also"],
  linkSharedInSearch: ["hidden", "shown"],
  paging: ["key", "offset"],
  assetsGet: ["on", "404"],
  deleteRights: ["owner", "editor"],
  trashAgain: ["accept", "400"],
  purgeLive: ["400", "accept"],
  orphanOwner: ["keep", "deleted_prefix", "empty"],
  transferApplication: ["offered", "absent"],
  transferApplicationName: ["Data Studio", "Looker Studio", "Google Data Studio"],
  transferConflict: ["accept", "409", "400"],
  transferMovesTrash: ["true", "false"],
  transferToSelf: ["400", "accept"],
  transferUnknownUser: ["403", "404", "400"],
  suspendedOwnerTransfer: ["accept", "400"],
  suspendedHeirTransfer: ["400", "fail", "accept"],
  oldOwnerAfterTransfer: ["EDITOR", "none"],
  heirKeepsOtherRole: ["false", "true"],
  suspendedToken: ["invalid_grant", "access_denied", "issue"],
  outsideSubject: ["unauthorized_client", "invalid_grant", "invalid_request"],
  dataStudioApi: ["enabled", "disabled"],
  adminApi: ["enabled", "disabled"],
  iamCredentialsApi: ["enabled", "disabled"],
  tokenCreator: ["granted", "denied"],
  oauthConsent: ["invalid_scope", "ask", "access_denied"],
} as const;

/** Switches that hold a whole number; `∞` means no limit. */
const amounts: Readonly<Record<"maxPageSize" | "maxMembersPerCall" | "searchLagMs", Amount>> = {
  maxPageSize: { preset: 1000, least: 1 },
  maxMembersPerCall: { preset: Number.POSITIVE_INFINITY, least: 1 },
  searchLagMs: { preset: 0, least: 0 },
};

interface Amount {
  readonly preset: number;
  readonly least: number;
}

export type Switches = { readonly [K in keyof typeof choices]: (typeof choices)[K][number] } & {
  readonly [K in keyof typeof amounts]: number;
};

export interface SwitchSpec {
  readonly name: string;
  /** The named positions, or undefined for a number. */
  readonly positions: readonly string[] | undefined;
  readonly preset: string;
}

export const switchSpecs: readonly SwitchSpec[] = [
  ...Object.entries(choices).map(([name, positions]) => ({ name, positions, preset: positions[0] })),
  ...Object.entries(amounts).map(([name, amount]) => ({
    name,
    positions: undefined,
    preset: amountText(amount.preset),
  })),
];

const specs: ReadonlyMap<string, SwitchSpec> = new Map(switchSpecs.map((spec) => [spec.name, spec]));

const presets: Readonly<Record<string, string | number>> = Object.fromEntries(
  switchSpecs.map((spec) => [spec.name, positionOf(spec, spec.preset)]),
);

export const defaultSwitches: Switches = switchesFrom({});

/** The positions in `chosen` over `base`; throws `UsageError` for an unknown switch or position. */
export function switchesFrom(chosen: Readonly<Record<string, string>>, base?: Switches): Switches {
  const changed: Record<string, string | number> = { ...(base ?? presets) };
  for (const [name, position] of Object.entries(chosen)) {
    const spec = specs.get(name);
    if (spec === undefined) {
      throw new UsageError(`there is no emulator switch named ${JSON.stringify(name)}`, `use one of: ${names()}`);
    }
    changed[name] = positionOf(spec, position);
  }
  return changed as unknown as Switches;
}

/** The positions as text, for showing. */
export function switchTexts(switches: Switches): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(switches).map(([name, position]) => [
      name,
      typeof position === "number" ? amountText(position) : position,
    ]),
  );
}

function positionOf(spec: SwitchSpec, position: string): string | number {
  if (spec.positions !== undefined) {
    if (spec.positions.includes(position)) return position;
    throw new UsageError(
      `the emulator switch ${spec.name} has no position ${JSON.stringify(position)}`,
      `use one of: ${spec.positions.join(", ")}`,
    );
  }
  const amount = /^(∞|infinity|unlimited)$/i.test(position) ? Number.POSITIVE_INFINITY : Number(position);
  const least = amounts[spec.name as keyof typeof amounts].least;
  const whole = amount === Number.POSITIVE_INFINITY || Number.isSafeInteger(amount);
  if (position !== "" && whole && amount >= least) return amount;
  throw new UsageError(
    `the emulator switch ${spec.name} cannot be ${JSON.stringify(position)}`,
    `write a whole number of at least ${least}, or unlimited`,
  );
}

function amountText(amount: number): string {
  return amount === Number.POSITIVE_INFINITY ? "∞" : String(amount);
}

function names(): string {
  return switchSpecs.map((spec) => spec.name).join(", ");
}
