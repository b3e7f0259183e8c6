/** Which requests say the same and which contradict each other, over all files of one plan. */
import { placeText } from "../model/diagnostic.ts";
import type { Place } from "../model/diagnostic.ts";
import { EDITOR, LINK_EDITOR, LINK_VIEWER, VIEWER } from "../model/permissions.ts";
import type { Role } from "../model/permissions.ts";
import type { Request, Selector, TransferRequest, WrittenMember } from "../model/request.ts";
import { Facts } from "./facts.ts";
import type { FactKey } from "./facts.ts";
import { readUuid } from "./uuid.ts";

/** Kinds of facts. A request states one fact, a replace-member one per role. */
const transfer = 1;
const link = 2;
const grant = { [EDITOR]: 3, [VIEWER]: 4 };
const revoke = { [EDITOR]: 5, [VIEWER]: 6 };
const revokeAll = 7;
const setRole = { [EDITOR]: 8, [VIEWER]: 9 };
const replace = { [EDITOR]: 10, [VIEWER]: 11, [LINK_VIEWER]: 12, [LINK_EDITOR]: 13 };

/** What cannot be true of one member and one selector at once, by kind. */
const excludes = new Map<number, readonly number[]>([
  [grant[EDITOR], [revoke[EDITOR], revokeAll, setRole[VIEWER]]],
  [grant[VIEWER], [revoke[VIEWER], revokeAll, setRole[EDITOR]]],
  [revoke[EDITOR], [grant[EDITOR], setRole[EDITOR]]],
  [revoke[VIEWER], [grant[VIEWER], setRole[VIEWER]]],
  [revokeAll, [grant[EDITOR], grant[VIEWER], setRole[EDITOR], setRole[VIEWER]]],
  [setRole[EDITOR], [setRole[VIEWER], revoke[EDITOR], revokeAll, grant[VIEWER]]],
  [setRole[VIEWER], [setRole[EDITOR], revoke[VIEWER], revokeAll, grant[EDITOR]]],
]);

const said = new Map<number, string>([
  [grant[EDITOR], "is granted EDITOR"],
  [grant[VIEWER], "is granted VIEWER"],
  [revoke[EDITOR], "loses EDITOR"],
  [revoke[VIEWER], "loses VIEWER"],
  [revokeAll, "loses every role"],
  [setRole[EDITOR], "is set to EDITOR"],
  [setRole[VIEWER], "is set to VIEWER"],
]);

export type Verdict =
  | { readonly kind: "new" }
  | { readonly kind: "duplicate" }
  | { readonly kind: "contradiction"; readonly problem: string; readonly remedy: string };

const isNew: Verdict = { kind: "new" };
const isDuplicate: Verdict = { kind: "duplicate" };

/** A transfer of everything, or the first of the narrower ones to the same heir. */
interface Reach {
  readonly value: number;
  readonly types: number;
  readonly place: Place;
}

export class Ledger {
  readonly #facts = new Facts();
  readonly #words = new Map<string, number>();
  readonly #wordList: string[] = [];
  readonly #files: string[] = [];
  /** Types, trash and bareness in which selectors and members have differed so far: a handful. */
  readonly #variants: { readonly types: number; readonly rest: number }[] = [];
  readonly #key: FactKey = { a: 0, b: 0, c: 0, d: 0, subject: 0, kind: 0 };
  /** The kinds of facts stated so far, as bits: a file that only grants is not searched for revokes. */
  #kinds = 0;
  /** The fact that the last look-up came upon. */
  #found = -1;
  /** By old owner. */
  readonly #wholesale = new Map<number, Reach[]>();
  readonly #narrow = new Map<number, Map<number, Reach>>();

  /** Compares the request with all before it, and remembers it unless it contradicts one. */
  add(request: Request): Verdict {
    switch (request.action) {
      case "transfer":
        return this.#addTransfer(request);
      case "grant":
      case "revoke":
      case "set-role":
        return this.#addPair(request);
      case "replace-member":
        return this.#addReplace(request);
      case "set-link":
      case "close-link": {
        const value = request.action === "close-link" ? "" : `${request.role} for ${request.member}`;
        this.#point(request.select, 0, this.#variant(request, false), link);
        return this.#state(request, this.#word(value), (other) =>
          contradiction(
            `link sharing of ${selectorText(request.select)} becomes ${linkText(value)} here, and ${linkText(this.#wordList[other] ?? "")} in`,
            this.#placeOfFound(),
            "keep one of the two",
          ),
        );
      }
    }
  }

  #addTransfer(request: TransferRequest): Verdict {
    const { from, to, keep, ownerChange, select } = request;
    const subject = this.#word(from);
    const value =
      this.#word(to) * 6 + ["editor", "viewer", "none"].indexOf(keep) * 2 + (ownerChange === "attempt" ? 1 : 0);
    const variant = this.#variant(request, false);
    const types = this.#variants[variant]?.types ?? 0;
    const whole = isWhole(select);
    const other = whole
      ? this.#clashing(this.#narrow.get(subject)?.values(), value, types)
      : this.#clashing(this.#wholesale.get(subject), value, types);
    if (other !== undefined) return this.#againstWholesale(request, other, value);

    this.#point(select, subject, variant, transfer);
    const verdict = this.#state(request, value, (found) => {
      const toOther = this.#wordList[Math.floor(found / 6)] ?? "";
      const what = whole ? "everything of" : `${selectorText({ ...select, owner: undefined })} of`;
      return toOther === to
        ? contradiction(
            `${what} ${from} goes to ${to} under other terms (keep, owner_change) than in`,
            this.#placeOfFound(),
            "keep one of the two",
          )
        : contradiction(
            `${what} ${from} goes to ${to} here, and to ${toOther} in`,
            this.#placeOfFound(),
            "an asset has one owner: keep one of the two, and grant the other person EDITOR if both need it",
          );
    });
    if (verdict.kind === "new") this.#remember(subject, value, types, whole, request.place);
    return verdict;
  }

  #clashing(reaches: Iterable<Reach> | undefined, value: number, types: number): Reach | undefined {
    for (const reach of reaches ?? []) {
      if (reach.value !== value && (reach.types & types) !== 0) return reach;
    }
    return undefined;
  }

  #againstWholesale(request: TransferRequest, other: Reach, value: number): Verdict {
    const { from, to, select } = request;
    const toOther = this.#wordList[Math.floor(other.value / 6)] ?? "";
    const [wide, narrow] = isWhole(select) ? [to, toOther] : [toOther, to];
    const place = placeText(other.place);
    if (Math.floor(other.value / 6) === Math.floor(value / 6)) {
      return contradiction(
        `everything of ${from} goes to ${to}, and some of it under other terms (keep, owner_change), in`,
        other.place,
        "keep the line for everything, and say what differs with rows of their own: grant or revoke for the old owner on those assets",
      );
    }
    return {
      kind: "contradiction",
      problem: `everything of ${from} goes to ${wide}, and some of it to ${narrow}: this line and ${place}`,
      remedy: `a transfer of everything moves every asset. Name the assets of each heir by id or title in rows of their own, or send everything to ${wide} and grant ${narrow} EDITOR on those assets`,
    };
  }

  #remember(subject: number, value: number, types: number, whole: boolean, place: Place): void {
    if (whole) {
      const reaches = this.#wholesale.get(subject) ?? [];
      reaches.push({ value, types, place });
      this.#wholesale.set(subject, reaches);
      return;
    }
    let reaches = this.#narrow.get(subject);
    if (reaches === undefined) this.#narrow.set(subject, (reaches = new Map()));
    const id = value * 4 + types;
    if (!reaches.has(id)) reaches.set(id, { value, types, place });
  }

  #addPair(request: Extract<Request, { member: WrittenMember }>): Verdict {
    const { member, bare } = request.member;
    const subject = this.#word(member);
    const kind = pairKind(request.action, request.role);
    const variant = this.#variant(request, bare);
    for (const excluded of excludes.get(kind) ?? []) {
      if ((this.#kinds & (1 << excluded)) === 0) continue;
      this.#point(request.select, subject, variant, excluded);
      if (this.#findOverlapping(variant) < 0) continue;
      return contradiction(
        `${member} ${said.get(kind) ?? ""} on ${selectorText(request.select)} here, and ${said.get(excluded) ?? ""} in`,
        this.#placeOfFound(),
        "keep one of the two",
      );
    }
    this.#kinds |= 1 << kind;
    this.#point(request.select, subject, variant, kind);
    return this.#state(request, 0, () => isNew);
  }

  #addReplace(request: Extract<Request, { action: "replace-member" }>): Verdict {
    const subject = this.#word(request.from.member);
    const value = this.#word(request.to.member) * 2 + (request.to.bare ? 1 : 0);
    const variant = this.#variant(request, request.from.bare);
    let verdict: Verdict = isDuplicate;
    for (const role of request.roles) {
      this.#point(request.select, subject, variant, ofRole(replace, role));
      const one = this.#state(request, value, (other) => {
        const toOther = this.#wordList[other >> 1] ?? "";
        return toOther === request.to.member
          ? isNew
          : contradiction(
              `${request.from.member} is replaced by ${request.to.member} here, and by ${toOther} in`,
              this.#placeOfFound(),
              "keep one of the two, or grant the second person the role in a row of its own",
            );
      });
      if (one.kind === "contradiction") return one;
      if (one.kind === "new") verdict = isNew;
    }
    return verdict;
  }

  /** Looks for the pointed-at fact in every variant; unless it is there with another value, makes sure it is stored. */
  #state(request: Request, value: number, differs: (otherValue: number) => Verdict): Verdict {
    const variant = (this.#key.kind >>> 8) & 0xff;
    const exact = this.#facts.find(this.#key);
    if (exact >= 0 && this.#facts.value(exact) === value) return isDuplicate;
    for (let other = 0; other < this.#variants.length; other += 1) {
      if (!this.#overlap(variant, other) || (other === variant && exact < 0)) continue;
      this.#setVariant(other);
      const fact = this.#facts.find(this.#key);
      if (fact < 0 || this.#facts.value(fact) === value) continue;
      this.#found = fact;
      const verdict = differs(this.#facts.value(fact));
      if (verdict.kind !== "new" || other === variant) return verdict;
    }
    this.#setVariant(variant);
    this.#facts.add(this.#key, value, this.#file(request.place.file), request.place.line);
    return isNew;
  }

  #findOverlapping(variant: number): number {
    for (let other = 0; other < this.#variants.length; other += 1) {
      if (!this.#overlap(variant, other)) continue;
      this.#setVariant(other);
      this.#found = this.#facts.find(this.#key);
      if (this.#found >= 0) return this.#found;
    }
    return -1;
  }

  #placeOfFound(): Place {
    return { file: this.#files[this.#facts.file(this.#found)] ?? "", line: this.#facts.line(this.#found), column: 0 };
  }

  #overlap(one: number, other: number): boolean {
    return ((this.#variants[one]?.types ?? 0) & (this.#variants[other]?.types ?? 0)) !== 0;
  }

  #setVariant(variant: number): void {
    this.#key.kind = (this.#key.kind & ~0xff00) | (variant << 8);
  }

  #variant(request: Request, bare: boolean): number {
    const { types } = request.select;
    const bits = (types.includes("REPORT") ? 1 : 0) | (types.includes("DATA_SOURCE") ? 2 : 0);
    const rest = (request.trashed === "include" ? 1 : 0) | (bare ? 2 : 0);
    for (let index = 0; index < this.#variants.length; index += 1) {
      const known = this.#variants[index];
      if (known?.types === bits && known.rest === rest) return index;
    }
    return this.#variants.push({ types: bits, rest }) - 1;
  }

  /** Points the key at a fact of this kind. A UUID fits in its four words; other selectors are numbered. */
  #point(select: Selector, subject: number, variant: number, kind: number): void {
    const key = this.#key;
    key.subject = subject;
    if (select.asset !== undefined && readUuid(select.asset, key)) {
      key.kind = kind | (variant << 8);
      return;
    }
    key.a = this.#word(select.asset ?? JSON.stringify([select.owner ?? "", select.title ?? "", select.audience ?? ""]));
    key.b = 0;
    key.c = 0;
    key.d = 0;
    key.kind = kind | (variant << 8) | (1 << 16);
  }

  #word(text: string): number {
    const known = this.#words.get(text);
    if (known !== undefined) return known;
    const id = this.#wordList.push(text) - 1;
    this.#words.set(text, id);
    return id;
  }

  #file(name: string): number {
    const last = this.#files.length - 1;
    if (this.#files[last] === name) return last;
    const known = this.#files.indexOf(name);
    return known >= 0 ? known : this.#files.push(name) - 1;
  }
}

function contradiction(problem: string, other: Place, remedy: string): Verdict {
  return { kind: "contradiction", problem: `${problem} ${placeText(other)}`, remedy };
}

/** Whether a transfer moves everything the old owner has, of its types. */
function isWhole(select: Selector): boolean {
  return select.asset === undefined && select.title === undefined && select.audience === undefined;
}

function pairKind(action: "grant" | "revoke" | "set-role", role: Role | undefined): number {
  if (role === undefined) return revokeAll;
  return ofRole(action === "grant" ? grant : action === "revoke" ? revoke : setRole, role);
}

function ofRole(kinds: Readonly<Record<string, number>>, role: Role): number {
  const kind = kinds[role];
  if (kind === undefined) throw new Error(`no plan file can name the role ${role}`);
  return kind;
}

/** A selector in words. */
function selectorText(select: Selector): string {
  if (select.asset !== undefined) return `asset ${select.asset}`;
  const conditions = [
    ...(select.title === undefined ? [] : [`titled ${JSON.stringify(select.title)}`]),
    ...(select.owner === undefined ? [] : [`owned by ${select.owner}`]),
    ...(select.audience === undefined ? [] : [`with audience ${select.audience}`]),
  ];
  return ["every asset", ...conditions].join(" ");
}

function linkText(value: string): string {
  return value === "" ? "closed" : value;
}
