/** One asset x the rows about it -> its step, its line on the hand-over sheet, or why not. Pure; the heart of the compiler. */
import type { Asset } from "../../model/asset.ts";
import { placeText } from "../../model/diagnostic.ts";
import type { Diagnostic, Place } from "../../model/diagnostic.ts";
import type { Email } from "../../model/email.ts";
import { applyDelta, isEmpty, need } from "../../model/permissions.ts";
import type { Delta, Permissions, RoleMap } from "../../model/permissions.ts";
import type { Refusal, RefusalRule } from "../../model/run.ts";
import type { AssetRecord } from "../../model/snapshot.ts";
import type { ByHandStep, EditStep, StepAsset } from "../../model/step.ts";
import { printable } from "../../model/text.ts";
import { actorsFor } from "./actor.ts";
import type { CompileContext, Resolved } from "./context.ts";
import { mergeEdits, needsPermissions } from "./edit.ts";
import { editHazards } from "./hazards.ts";
import { memberProtectedBy, protectedBy } from "./match.ts";

type ResolvedTransfer = Extract<Resolved, { action: "transfer" }>;

/** The transfer that carries an asset before its edit, with its place in the run. */
export interface Carrier {
  readonly seq: number;
  readonly to: Email;
}

/** What one asset comes to. At most one of `edit` and `byHand` each; neither when everything is so already. */
export interface AssetVerdict {
  readonly edit: Omit<EditStep, "seq"> | undefined;
  /** `unless` is filled in by whoever numbers the edit; `tried` says that there is one to wait for. */
  readonly byHand: (Omit<ByHandStep, "seq" | "unless"> & { readonly tried: boolean }) | undefined;
  readonly refusals: readonly Refusal[];
  readonly diagnostics: readonly Diagnostic[];
  /** The roles after the step, for counting exposure; undefined when unread. */
  readonly rolesAfter: RoleMap | undefined;
}

const untouched: Omit<AssetVerdict, "rolesAfter"> = {
  edit: undefined,
  byHand: undefined,
  refusals: [],
  diagnostics: [],
};

/**
 * @param requests everything that names or matches the asset; at least one
 * @param carrier set when a whole-user transfer moves the asset first
 */
export function compileAsset(
  context: CompileContext,
  record: AssetRecord,
  requests: readonly Resolved[],
  carrier: Carrier | undefined,
): AssetVerdict {
  const { asset, permissions } = record;
  const rolesAfter = permissions?.roles;
  const diagnostics = heirContradictions(asset, requests);
  if (diagnostics.length > 0) return { ...untouched, diagnostics, rolesAfter };

  const { allowed, refusals } = screen(context, record, requests, carrier);
  if (allowed.length === 0) return { ...untouched, refusals, rolesAfter };

  const moved = carrier !== undefined;
  const merged = mergeEdits(allowed, permissions, moved);
  if (merged.contradictions.length > 0) {
    return { ...untouched, refusals, diagnostics: merged.contradictions, rolesAfter };
  }
  const owned = merged.ownerRoles.map((role) =>
    refusal(
      [role.place],
      "owner-role",
      `${role.member} owns ${described(asset)}: the owner's role cannot be changed through the API`,
      "hand the asset over with a transfer row",
    ),
  );
  return assemble(context, record, allowed, merged.delta, carrier, [...refusals, ...owned]);
}

function assemble(
  context: CompileContext,
  record: AssetRecord,
  requests: readonly Resolved[],
  wanted: Delta,
  carrier: Carrier | undefined,
  refusals: readonly Refusal[],
): AssetVerdict {
  const { asset, permissions } = record;
  const transfers = transfersAmong(requests);
  const [partial] = carrier === undefined ? transfers : [];
  // Several rows may reach one asset by different selectors: to try is what any of them asks, whichever comes first.
  const tries = transfers.some(({ request }) => request.ownerChange === "attempt");
  const attemptOwner = tries ? partial?.to.email : undefined;
  const delta = carrier === undefined && permissions !== undefined ? need(permissions.roles, wanted) : wanted;
  const sources = requests.map((resolved) => resolved.request.place);
  const stepAsset: StepAsset = { name: asset.name, assetType: asset.assetType, title: asset.title };
  const rolesAfter = permissions === undefined ? undefined : applied(permissions, delta);

  const shield = memberProtectedBy(context.protections, asset, delta);
  if (shield !== undefined) {
    const problem = `${shield.member} on ${described(asset)} is protected by ${shield.rule.id} (${placeText(shield.rule.place)})`;
    const shielded = refusal(
      sources,
      "protected",
      problem,
      "leave the member or the asset out of the row, or lift the rule",
    );
    return { ...untouched, refusals: [...refusals, shielded], rolesAfter: permissions?.roles };
  }
  const needsEdit = !isEmpty(delta) || attemptOwner !== undefined;
  const actors = carrier === undefined ? actorsFor(context, asset, permissions, delta, record.readAs) : [carrier.to];
  const [actor, ...alternates] = actors;
  if (needsEdit && actor === undefined) {
    const nobody = refusal(
      sources,
      "nobody-can-act",
      `nobody can act on ${described(asset)}: its owner ${asset.owner ?? "(none)"} cannot be acted as, and no active editor of the tenant would keep the right to`,
      "restore the owner's account, or first grant EDITOR to somebody who stays, in a run of its own",
    );
    return { ...untouched, refusals: [...refusals, nobody], rolesAfter: permissions?.roles };
  }

  // Written out: what follows a spread in a literal costs a microsecond a field, a tenth of the planning of a large file.
  const edit: AssetVerdict["edit"] =
    needsEdit && actor !== undefined
      ? {
          kind: "edit",
          sources,
          asset: stepAsset,
          after: carrier?.seq,
          actor,
          alternates,
          owner: carrier?.to ?? asset.owner,
          delta,
          attemptOwner: attemptOwner === asset.owner ? undefined : attemptOwner,
          base: carrier === undefined ? permissions : undefined,
          hazards: editHazards(context.tenant, permissions?.roles, delta, {
            attemptsOwner: attemptOwner !== undefined,
            movesReport: partial !== undefined && asset.assetType === "REPORT",
            keepsCredentials: partial !== undefined && asset.assetType === "DATA_SOURCE",
          }),
        }
      : undefined;
  const byHand: AssetVerdict["byHand"] =
    partial === undefined
      ? undefined
      : {
          kind: "by-hand",
          sources: transfers.map(({ request }) => request.place),
          asset: stepAsset,
          after: undefined,
          actor: partial.from.email,
          from: partial.from.email,
          to: partial.to.email,
          keep: partial.request.keep,
          tried: attemptOwner !== undefined,
          hazards: asset.assetType === "DATA_SOURCE" ? ["keeps-credentials"] : [],
        };
  return { edit, byHand, refusals, diagnostics: [], rolesAfter };
}

/** Sorts out the rows that this asset rules out. */
function screen(
  context: CompileContext,
  record: AssetRecord,
  requests: readonly Resolved[],
  carrier: Carrier | undefined,
): { readonly allowed: readonly Resolved[]; readonly refusals: readonly Refusal[] } {
  const { asset } = record;
  const places = (resolved: readonly Resolved[]): readonly Place[] => resolved.map(({ request }) => request.place);
  const rule = protectedBy(context.protections, asset);
  if (rule !== undefined) {
    const problem = `${described(asset)} is protected by ${rule.id} (${placeText(rule.place)})`;
    const remedy = "leave the asset out of the row's selection, or lift the rule";
    return { allowed: [], refusals: [refusal(places(requests), "protected", problem, remedy)] };
  }
  const allowed: Resolved[] = [];
  const refusals: Refusal[] = [];
  for (const resolved of requests) {
    const found = obstacle(record, resolved, carrier);
    if (found === undefined) allowed.push(resolved);
    else refusals.push(found);
  }
  return { allowed, refusals };
}

function obstacle(record: AssetRecord, resolved: Resolved, carrier: Carrier | undefined): Refusal | undefined {
  const { asset } = record;
  const { place, trashed, select } = resolved.request;
  if (select.asset !== undefined && asset.trashed && trashed === "exclude") {
    const problem = `${described(asset)} is in the trash`;
    return refusal(
      [place],
      "in-trash",
      problem,
      "restore it first, or include the trash in a YAML plan (trashed: include)",
    );
  }
  if (resolved.action === "transfer" && asset.owner !== resolved.from.email) {
    const problem = `${described(asset)} belongs to ${asset.owner ?? "nobody known"}, not to ${resolved.from.email}`;
    return refusal([place], "not-owner", problem, "correct the `from` of the row, or remove it");
  }
  const mustRead = needsPermissions(resolved) || carrier === undefined;
  if (mustRead && record.permissions === undefined) {
    const problem = `the permissions of ${described(asset)} could not be read: ${printable(record.unreadable ?? "nobody tried")}`;
    return refusal([place], "unreadable", problem, "give the administrator's project access, or remove the row");
  }
  return undefined;
}

/** Rows that give one asset to two heirs, or keep two kinds of access for the old owner: which holds must not depend on their order. */
function heirContradictions(asset: Asset, requests: readonly Resolved[]): readonly Diagnostic[] {
  const transfers = transfersAmong(requests);
  const [first] = transfers;
  if (first === undefined) return [];
  const toOther = transfers.find((transfer) => transfer.to.id !== first.to.id);
  if (toOther !== undefined) {
    return [
      {
        place: toOther.request.place,
        problem: `${described(asset)} goes to ${toOther.to.email} here and to ${first.to.email} at ${placeText(first.request.place)}`,
        remedy: "give each asset one heir: narrow one of the two rows",
      },
    ];
  }
  const differing = transfers.find((transfer) => transfer.request.keep !== first.request.keep);
  if (differing === undefined) return [];
  return [
    {
      place: differing.request.place,
      problem: `${described(asset)} goes to ${first.to.email} with other access kept for ${first.from.email} than at ${placeText(first.request.place)}`,
      remedy: "narrow one of the two rows, or give both the same `keep`",
    },
  ];
}

function transfersAmong(requests: readonly Resolved[]): readonly ResolvedTransfer[] {
  return requests.filter((resolved): resolved is ResolvedTransfer => resolved.action === "transfer");
}

function applied(permissions: Permissions, delta: Delta): RoleMap {
  return isEmpty(delta) ? permissions.roles : applyDelta(permissions.roles, delta);
}

function refusal(places: readonly Place[], rule: RefusalRule, problem: string, remedy: string): Refusal {
  return { rule, places, problem, remedy };
}

/** Such as `REPORT "EMEA pipeline" (2b60…)`, safe to print. */
export function described(asset: StepAsset): string {
  return `${asset.assetType} "${printable(asset.title, 60)}" (${asset.name})`;
}
