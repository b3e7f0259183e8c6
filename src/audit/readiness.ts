/** Adds up, asset by asset, what people who leave would take with them. */
import { isActive, restorableMs } from "../model/tenant.ts";
import { instantText } from "../model/clock.ts";
import { domainOf } from "../model/email.ts";
import type { Email } from "../model/email.ts";
import type { InventoryAsset } from "../model/inventory.ts";
import { memberEmail, memberKind } from "../model/member.ts";
import type { Member } from "../model/member.ts";
import { EDITOR } from "../model/permissions.ts";
import { readinessConcerns } from "../model/readiness.ts";
import type { LeaverReadiness, LeaverState, ReadinessConcern, ReadinessRow } from "../model/readiness.ts";
import { isGone, isTrusted, pairsOf } from "./members.ts";
import type { AuditFacts } from "./rule.ts";

/** Somebody on the list, by the primary address. */
export interface Leaver {
  readonly email: Email;
  readonly suspendedOn: string | undefined;
  readonly deletedOn: string | undefined;
  readonly heir: Email | undefined;
  readonly wasRead: boolean;
}

const heirsMax = 3;
const editorsMax = 5;

interface Tally {
  readonly leaver: Leaver;
  reports: number;
  dataSources: number;
  trashed: number;
  editsOfOthers: number;
  readonly concerns: Record<ReadinessConcern, number>;
  soleEditorOfOwn: number;
  readonly edits: Map<Email, number>;
}

export class Readiness {
  readonly #facts: AuditFacts;
  readonly #tallies: ReadonlyMap<Email, Tally>;
  readonly #rows: ReadinessRow[] = [];

  constructor(leavers: readonly Leaver[], facts: AuditFacts) {
    this.#facts = facts;
    this.#tallies = new Map(leavers.map((leaver) => [leaver.email, newTally(leaver)]));
  }

  add(record: InventoryAsset): void {
    const { owner, trashed } = record.asset;
    const own = owner === undefined ? undefined : this.#tallies.get(owner);
    if (own !== undefined) this.#addOwned(own, record);
    if (trashed) return;
    for (const email of this.#editorsOf(record)) {
      const tally = this.#tallies.get(email);
      if (tally === undefined || email === owner) continue;
      tally.editsOfOthers += 1;
      if (!this.#isEditedByOthers(record)) this.#note(tally, record, ["sole-editor"]);
    }
  }

  end(): { readonly leavers: readonly LeaverReadiness[]; readonly rows: readonly ReadinessRow[] } {
    const order = new Map([...this.#tallies.keys()].map((email, index) => [email, index]));
    const weight = ({ concerns }: ReadinessRow): number =>
      Math.min(...concerns.map((concern) => readinessConcerns.indexOf(concern)));
    return {
      leavers: [...this.#tallies.values()].map((tally) => this.#readinessOf(tally)),
      rows: this.#rows.toSorted(
        (a, b) => (order.get(a.leaver) ?? 0) - (order.get(b.leaver) ?? 0) || weight(a) - weight(b),
      ),
    };
  }

  #addOwned(tally: Tally, record: InventoryAsset): void {
    const { assetType, trashed } = record.asset;
    if (trashed) {
      tally.trashed += 1;
      return;
    }
    const isDataSource = assetType === "DATA_SOURCE";
    if (isDataSource) tally.dataSources += 1;
    else tally.reports += 1;
    const concerns: ReadinessConcern[] = [];
    if (record.permissions === undefined) concerns.push("unreadable");
    else if (!this.#isReachedByOthers(record)) concerns.push("only-reachable");
    else if (!this.#isEditedByOthers(record)) {
      concerns.push("sole-editor");
      tally.soleEditorOfOwn += 1;
    }
    if (isDataSource) concerns.push("credentials");
    concerns.push("ownership");
    this.#note(tally, record, concerns);
    for (const email of this.#stayingEditors(record)) tally.edits.set(email, (tally.edits.get(email) ?? 0) + 1);
  }

  #note(tally: Tally, record: InventoryAsset, concerns: readonly ReadinessConcern[]): void {
    for (const concern of concerns) tally.concerns[concern] += 1;
    const editors = this.#stayingEditors(record).slice(0, editorsMax);
    this.#rows.push({ leaver: tally.leaver.email, asset: record.asset, concerns, editors });
  }

  #readinessOf({ leaver, edits, ...counts }: Tally): LeaverReadiness {
    const { email, suspendedOn, deletedOn, heir, wasRead } = leaver;
    const heirs = [...edits]
      .toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
      .slice(0, heirsMax)
      .map(([who, count]) => ({ email: who, edits: count }));
    return {
      ...counts,
      email,
      wasRead,
      suspendedOn,
      deletedOn,
      heirs,
      state: this.#stateOf(email),
      heir: heir === undefined ? undefined : { email: heir, isActive: isActive(this.#facts.principal(heir)) },
      lastDay: this.#lastDay(leaver),
    };
  }

  #stateOf(email: Email): LeaverState {
    const principal = this.#facts.principal(email);
    switch (principal?.kind) {
      case "user":
        if (principal.person.suspended) return "suspended";
        return principal.person.archived ? "archived" : "active";
      case "deleted":
        return "deleted";
      case "group":
      case "serviceAccount":
        return "not a person";
      case "missing":
      case "external":
      case undefined:
        return isTrusted(this.#facts, domainOf(email)) ? "missing" : "outside";
    }
  }

  /** 20 days from the deletion that has happened, or else from the one that is planned. */
  #lastDay({ email, deletedOn }: Leaver): string | undefined {
    const principal = this.#facts.principal(email);
    const happened = principal?.kind === "deleted" ? Date.parse(principal.person.deletionTime ?? "") : Number.NaN;
    const at = Number.isNaN(happened) ? Date.parse(`${deletedOn ?? ""}T00:00:00Z`) : happened;
    return Number.isNaN(at) ? undefined : instantText(at + restorableMs).slice(0, 10);
  }

  /** People, by name, who can edit, whether they can still sign in or not. */
  #editorsOf({ permissions }: InventoryAsset): readonly Email[] {
    return (permissions?.roles.get(EDITOR) ?? []).flatMap((m) => {
      const email = memberKind(m) === "user" ? memberEmail(m) : undefined;
      return email === undefined ? [] : [email];
    });
  }

  #stayingEditors(record: InventoryAsset): readonly Email[] {
    return this.#editorsOf(record).filter(
      (email) => email !== record.asset.owner && !this.#tallies.has(email) && isActive(this.#facts.principal(email)),
    );
  }

  /** Somebody who stays can edit: a person, a group, a domain, an owner who is not leaving. */
  #isEditedByOthers(record: InventoryAsset): boolean {
    const { owner } = record.asset;
    if (owner !== undefined && !this.#tallies.has(owner) && isActive(this.#facts.principal(owner))) return true;
    return this.#others(record).some(({ role }) => role === EDITOR || role === "LINK_EDITOR");
  }

  #isReachedByOthers(record: InventoryAsset): boolean {
    return this.#others(record).length > 0;
  }

  /** Grants to whoever stays. */
  #others(record: InventoryAsset): ReturnType<typeof pairsOf> {
    const roles = record.permissions?.roles;
    if (roles === undefined) return [];
    return pairsOf(roles).filter(({ member }) => this.#stays(member, record.asset.owner));
  }

  #stays(m: Member, owner: Email | undefined): boolean {
    if (isGone(this.#facts, m)) return false;
    const email = memberKind(m) === "user" ? memberEmail(m) : undefined;
    if (email === undefined) return true;
    if (email === owner || this.#tallies.has(email)) return false;
    const principal = this.#facts.principal(email);
    return principal?.kind !== "user" || isActive(this.#facts.principal(email));
  }
}

function newTally(leaver: Leaver): Tally {
  return {
    leaver,
    reports: 0,
    dataSources: 0,
    trashed: 0,
    editsOfOthers: 0,
    concerns: { "only-reachable": 0, "sole-editor": 0, credentials: 0, ownership: 0, unreadable: 0 },
    soleEditorOfOwn: 0,
    edits: new Map(),
  };
}
