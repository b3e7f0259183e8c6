/**
 * How steps, intents and results are written as compact JSON, and read back. Objects are built with their keys in
 * order, so that the text is canonical; roles are lists of pairs, because a role named `__proto__` must survive.
 */
import type { AssetName } from "../model/asset.ts";
import type { Etag } from "../model/brand.ts";
import type { Place } from "../model/diagnostic.ts";
import type { Email } from "../model/email.ts";
import type { Member } from "../model/member.ts";
import type { Delta, Pair, Permissions, Role, RoleMap } from "../model/permissions.ts";
import { jsonField, jsonText, jsonTexts } from "../model/json-text.ts";
import type { Keep } from "../model/request.ts";
import { outcomes } from "../model/step.ts";
import type { Evidence, HazardName, Intent, Outcome, Step, StepDraft, StepResult } from "../model/step.ts";
import { expectAllTexts, expectLists, expectNumbers, expectTexts, objectOf } from "./shapes.ts";

type WrittenPairs = readonly (readonly [Role, Member])[];
type WrittenRoles = readonly (readonly [Role, readonly Member[]])[];
type WrittenPlace = readonly [string, number, number];
type Draft<K extends Step["kind"]> = Extract<StepDraft, { readonly kind: K }>;
interface WrittenDelta {
  readonly add: WrittenPairs;
  readonly remove: WrittenPairs;
}
interface WrittenPermissions {
  readonly etag?: Etag;
  readonly roles: WrittenRoles;
}

/** What of a step SQL needs in columns; the rest is `body`. */
export interface StepColumns {
  readonly kind: Step["kind"];
  readonly actor: Email;
  readonly asset: AssetName | undefined;
  readonly after: number | undefined;
  readonly unless: number | undefined;
}

interface EditBody {
  readonly alternates: readonly Email[];
  readonly attemptOwner?: Email;
  readonly base?: WrittenPermissions;
  readonly delta: WrittenDelta;
  readonly hazards: readonly HazardName[];
  readonly owner?: Email;
  readonly sources: readonly WrittenPlace[];
  readonly title: string;
  readonly type: string;
}
interface Party {
  readonly email: Email;
  readonly id: string;
}
interface TransferBody {
  readonly from: Party;
  readonly hazards: readonly HazardName[];
  readonly live: number;
  readonly sources: readonly WrittenPlace[];
  readonly to: Party;
  readonly trashed: number;
}
interface ByHandBody {
  readonly from: Email;
  readonly hazards: readonly HazardName[];
  readonly keep: Keep;
  readonly sources: readonly WrittenPlace[];
  readonly title: string;
  readonly to: Email;
  readonly type: string;
}
interface IntentBody {
  readonly actor: Email;
  readonly at: number;
  readonly attempt: number;
  readonly before?: WrittenRoles;
  readonly delta: WrittenDelta;
  readonly etag?: Etag;
  readonly newOwner?: Email;
}

/** The body of an audit row that ends a step. */
interface EndedBody {
  readonly actor: Email;
  readonly asset?: AssetName;
  readonly at: number;
  readonly attempts: number;
  readonly calls: number;
  readonly changed: WrittenDelta;
  readonly etagAfter?: Etag;
  readonly etagBefore?: Etag;
  readonly evidence: Evidence;
  readonly failure?: string;
  readonly kind: "ended";
  readonly newOwner?: Email;
  readonly outcome: Outcome;
  readonly reason?: string;
  readonly step: number;
}

/** The columns of a draft. */
export function stepColumns(draft: StepDraft): StepColumns {
  return {
    kind: draft.kind,
    actor: draft.actor,
    asset: draft.kind === "transfer" ? undefined : draft.asset.name,
    after: draft.after,
    unless: draft.kind === "by-hand" ? draft.unless : undefined,
  };
}

/** Everything of a draft that is not in its columns. Edits, of which there are a million, are put together by hand. */
export function stepBody(draft: StepDraft): string {
  if (draft.kind === "edit") return editBody(draft);
  const hazards = draft.hazards;
  const sources = draft.sources.map(writtenPlace);
  switch (draft.kind) {
    case "transfer":
      return JSON.stringify({
        from: { email: draft.from.email, id: draft.from.id },
        hazards,
        live: draft.live,
        sources,
        to: { email: draft.to.email, id: draft.to.id },
        trashed: draft.trashed,
      });
    case "by-hand":
      return JSON.stringify({
        from: draft.from,
        hazards,
        keep: draft.keep,
        sources,
        title: draft.asset.title,
        to: draft.to,
        type: draft.asset.assetType,
      });
  }
}

function editBody({ alternates, attemptOwner, base, delta, hazards, owner, sources, asset }: Draft<"edit">): string {
  const written = base === undefined ? "" : `,"base":${permissionsText(base)}`;
  return (
    `{"alternates":${jsonTexts(alternates)}${jsonField("attemptOwner", attemptOwner)}${written}` +
    `,"delta":${deltaText(delta)},"hazards":${jsonTexts(hazards)}${jsonField("owner", owner)}` +
    `,"sources":${placesText(sources)},"title":${jsonText(asset.title)},"type":${jsonText(asset.assetType)}}`
  );
}

/** The step of a row. Throws on text that is none of ours. */
export function stepOf(seq: number, columns: StepColumns, body: string): Step {
  const { kind, actor, after, unless } = columns;
  switch (kind) {
    case "edit": {
      const read = objectOf(JSON.parse(body) as EditBody);
      expectAllTexts([read.title, read.type]);
      expectAllTexts(read.hazards);
      expectAllTexts(read.alternates);
      expectTexts(read.owner, read.attemptOwner);
      return {
        kind,
        seq,
        after,
        actor,
        hazards: read.hazards,
        sources: placesOf(read.sources),
        asset: { name: named(columns.asset), assetType: read.type, title: read.title },
        alternates: read.alternates,
        owner: read.owner,
        delta: deltaOf(read.delta),
        attemptOwner: read.attemptOwner,
        base: read.base === undefined ? undefined : permissionsOf(read.base),
      };
    }
    case "transfer": {
      const read = objectOf(JSON.parse(body) as TransferBody);
      const { live, trashed, hazards } = read;
      const [from, to] = [objectOf(read.from), objectOf(read.to)];
      expectAllTexts([from.email, from.id, to.email, to.id]);
      expectAllTexts(hazards);
      expectNumbers(live, trashed);
      return { kind, seq, after, actor, hazards, sources: placesOf(read.sources), from, to, live, trashed };
    }
    case "by-hand": {
      const read = objectOf(JSON.parse(body) as ByHandBody);
      expectAllTexts([read.title, read.type, read.from, read.to, read.keep]);
      expectAllTexts(read.hazards);
      return {
        kind,
        seq,
        after,
        actor,
        hazards: read.hazards,
        sources: placesOf(read.sources),
        asset: { name: named(columns.asset), assetType: read.type, title: read.title },
        from: read.from,
        to: read.to,
        keep: read.keep,
        unless,
      };
    }
  }
}

export function intentText(intent: Intent): string {
  const before = intent.before === undefined ? "" : `,"before":${rolesText(intent.before)}`;
  return (
    `{"actor":${jsonText(intent.actor)},"at":${intent.at},"attempt":${intent.attempt}${before}` +
    `,"delta":${deltaText(intent.delta)}${jsonField("etag", intent.etag)}${jsonField("newOwner", intent.newOwner)}}`
  );
}

/** No digest covers intents, so that every field is looked at. Throws on text that is none of ours. */
export function intentOf(text: string): Intent {
  const read = objectOf(JSON.parse(text) as IntentBody);
  const texts = [read.actor, read.etag ?? "", read.newOwner ?? ""];
  if (
    !Number.isSafeInteger(read.attempt) ||
    !Number.isFinite(read.at) ||
    texts.some((each) => typeof each !== "string")
  ) {
    throw new SyntaxError("an intent is not as it was written");
  }
  return {
    attempt: read.attempt,
    actor: read.actor,
    etag: read.etag,
    delta: deltaOf(read.delta),
    newOwner: read.newOwner,
    before: read.before === undefined ? undefined : rolesOfWritten(read.before),
    at: read.at,
  };
}

/** The audit body that ends a step, canonical. */
export function endedText(
  ended: { readonly step: Step; readonly attempts: number; readonly at: number },
  result: StepResult,
): string {
  const { step, at, attempts } = ended;
  const asset = step.kind === "transfer" ? undefined : step.asset.name;
  return (
    `{"actor":${jsonText(result.actor)}${jsonField("asset", asset)},"at":${at},"attempts":${attempts}` +
    `,"calls":${result.calls},"changed":${deltaText(result.changed)}${jsonField("etagAfter", result.etagAfter)}` +
    `${jsonField("etagBefore", result.etagBefore)},"evidence":"${result.evidence}"${jsonField("failure", result.failure)}` +
    `,"kind":"ended"${jsonField("newOwner", result.newOwner)},"outcome":"${result.outcome}"` +
    `${jsonField("reason", result.reason)},"step":${step.seq}}`
  );
}

/** The result in an audit body made by `endedText`; undefined for one of another kind. */
export function resultOf(text: string): StepResult | undefined {
  const read = objectOf(JSON.parse(text) as EndedBody);
  if (read.kind !== "ended") return undefined;
  expectAllTexts([read.actor, read.evidence]);
  expectTexts(read.failure, read.reason, read.newOwner, read.etagBefore, read.etagAfter);
  expectNumbers(read.calls);
  if (!outcomes.includes(read.outcome)) throw new SyntaxError("the outcome is none");
  return {
    outcome: read.outcome,
    failure: read.failure,
    reason: read.reason,
    evidence: read.evidence,
    changed: deltaOf(read.changed),
    newOwner: read.newOwner,
    etagBefore: read.etagBefore,
    etagAfter: read.etagAfter,
    actor: read.actor,
    calls: read.calls,
  };
}

export function permissionsText({ etag, roles }: Permissions): string {
  return etag === undefined
    ? `{"roles":${rolesText(roles)}}`
    : `{"etag":${jsonText(etag)},"roles":${rolesText(roles)}}`;
}

/** A list of pairs, role and members. */
function rolesText(roles: RoleMap): string {
  let list = "";
  for (const [role, members] of roles) {
    const pair = `[${jsonText(role)},${jsonTexts(members)}]`;
    list += list === "" ? pair : `,${pair}`;
  }
  return `[${list}]`;
}

export function permissionsOfText(text: string): Permissions {
  return permissionsOf(objectOf(JSON.parse(text) as WrittenPermissions));
}

/** A list of pairs for what is added, and one for what is removed. */
function deltaText(delta: Delta): string {
  return `{"add":${pairsText(delta.add)},"remove":${pairsText(delta.remove)}}`;
}

function pairsText(pairs: readonly Pair[]): string {
  let list = "";
  for (const { role, member } of pairs) {
    const pair = `[${jsonText(role)},${jsonText(member)}]`;
    list += list === "" ? pair : `,${pair}`;
  }
  return `[${list}]`;
}

function placesText(places: readonly Place[]): string {
  let list = "";
  for (const { file, line, column } of places) {
    const place = `[${jsonText(file)},${line},${column}]`;
    list += list === "" ? place : `,${place}`;
  }
  return `[${list}]`;
}

function deltaOf(written: WrittenDelta): Delta {
  const { add, remove } = objectOf(written);
  expectLists(add, remove);
  return { add: add.map(pairOf), remove: remove.map(pairOf) };
}

function pairOf(written: readonly [Role, Member]): Pair {
  expectLists(written);
  const [role, member] = written;
  if (typeof role !== "string" || typeof member !== "string") throw new SyntaxError("a pair is not two texts");
  return { role, member };
}

function permissionsOf(written: WrittenPermissions): Permissions {
  const { etag, roles } = objectOf(written);
  expectTexts(etag);
  return { roles: rolesOfWritten(roles), etag };
}

function rolesOfWritten(written: WrittenRoles): RoleMap {
  const roles = new Map<Role, readonly Member[]>();
  expectLists(written);
  for (const entry of written) {
    expectLists(entry);
    const [role, members] = entry;
    if (typeof role !== "string") throw new SyntaxError("a role is not text");
    expectAllTexts(members);
    roles.set(role, members);
  }
  return roles;
}

function writtenPlace(place: Place): WrittenPlace {
  return [place.file, place.line, place.column];
}

function placesOf(written: readonly WrittenPlace[]): readonly Place[] {
  expectLists(written);
  return written.map(placeOf);
}

function placeOf(written: WrittenPlace): Place {
  expectLists(written);
  const [file, line, column] = written;
  expectAllTexts([file]);
  expectNumbers(line, column);
  return { file, line, column };
}

function named(asset: AssetName | undefined): AssetName {
  if (asset === undefined) throw new SyntaxError("the step names no asset");
  return asset;
}
