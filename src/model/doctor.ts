/** What the doctor says: one verdict a check, the evidence it was reached on, what mends it, and what a failure means. */

/** `unknown`: it could not be looked at, or what was seen does not tell. It never counts as passed. */
export type Verdict = "pass" | "fail" | "unknown";

/** The headings under which checks are shown, in this order. */
export const checkGroups = ["machine", "files", "network", "sign-in", "grants", "rights", "services", "runs"] as const;
export type CheckGroup = (typeof checkGroups)[number];

/**
 * What a failed check stands in the way of, and so what the process exits with: `access` signing in or a right, `guard`
 * what a guard of the other verbs would stop, `setup` a setting or file of this machine, `other` anything else.
 */
export type CheckArea = "access" | "guard" | "setup" | "other";

/** A text to enter on a console page, letter by letter. */
export interface FixField {
  readonly field: string;
  readonly value: string;
}

/** How a check is mended: what to do, and where. */
export interface Fix {
  readonly action: string;
  /** The page it is done on. */
  readonly url?: string | undefined;
  readonly enter?: readonly FixField[] | undefined;
  /** A command line that does it. */
  readonly command?: string | undefined;
}

/** What looking at one thing brought out. */
export interface CheckFinding {
  readonly verdict: Verdict;
  /** What was seen, as one sentence. It may hold foreign text. */
  readonly evidence: string;
  readonly fixes: readonly Fix[];
  /** The check whose failure this one follows from; only where the verdict is `unknown`. */
  readonly because?: string | undefined;
  /** True for what should be mended but stands in nobody's way yet: it does not count towards the exit code. */
  readonly isAdvice?: boolean | undefined;
  /** In the place of the subject's, where what was found is of another kind. */
  readonly area?: CheckArea | undefined;
}

/** What is looked at. */
export interface CheckSubject {
  /** Such as `key-file`, or `run:friday.handover` where there can be several. */
  readonly id: string;
  readonly group: CheckGroup;
  readonly area: CheckArea;
  /** A few words for people. */
  readonly title: string;
  /** False: everything can be done although this is unknown. */
  readonly isNeeded: boolean;
}

export type CheckResult = Omit<CheckFinding, "area"> & CheckSubject;

/** A check before it is made. */
export interface Check extends CheckSubject {
  /** Checks that must pass, or be advised, first: if one is not, this one is `unknown` because of it. They come earlier in the list. */
  readonly needs: readonly string[];
  /** Checks that must have ended first, whatever their verdict, because this one looks at what they found. */
  readonly after?: readonly string[] | undefined;
  /** Looks, without changing anything. `verdictOf` answers for checks in `needs` and `after`; `pass` for those merely advised. */
  look(verdictOf: (id: string) => Verdict): Promise<CheckFinding>;
}

/** A scope, which verbs ask for it, and whether it was granted; undefined while nobody could tell. */
export interface ScopeNeed {
  readonly scope: string;
  readonly verbs: readonly string[];
  /** False: the verbs do without, and say what is missing. */
  readonly isNeeded: boolean;
  readonly isGranted: boolean | undefined;
}

/** A host that is contacted, and what for. */
export interface ContactedHost {
  readonly origin: string;
  readonly purpose: string;
  /** Where its requests really go, when an endpoint stands in for Google. */
  readonly via: string | undefined;
}

export interface Checkup {
  readonly checks: readonly CheckResult[];
  readonly hosts: readonly ContactedHost[];
  readonly scopes: readonly ScopeNeed[];
  /** Undefined where settings could not be read. */
  readonly admin: string | undefined;
  readonly tenant: string | undefined;
  readonly toolVersion: string;
  /** Wall ms. */
  readonly at: number;
}

export interface CheckSums {
  readonly pass: number;
  readonly fail: number;
  /** Failed, but in nobody's way; part of `fail`. */
  readonly advice: number;
  readonly unknown: number;
  /** Unknown because of another check; part of `unknown`. */
  readonly following: number;
}

export function sumsOf(checks: readonly CheckFinding[]): CheckSums {
  const count = (fits: (check: CheckFinding) => boolean): number => checks.filter(fits).length;
  return {
    pass: count(({ verdict }) => verdict === "pass"),
    fail: count(({ verdict }) => verdict === "fail"),
    advice: count(({ verdict, isAdvice }) => verdict === "fail" && isAdvice === true),
    unknown: count(({ verdict }) => verdict === "unknown"),
    following: count(({ verdict, because }) => verdict === "unknown" && because !== undefined),
  };
}

/** What stands in the way, most serious first; empty when nothing does. Unknown is not passed where it is needed. */
export function hindrances(checks: readonly CheckResult[]): readonly CheckArea[] {
  const areas = new Set(
    checks.filter(({ verdict, isAdvice }) => verdict === "fail" && isAdvice !== true).map(({ area }) => area),
  );
  const isOpen = checks.some(({ verdict, isNeeded }) => verdict === "unknown" && isNeeded);
  const order: readonly CheckArea[] = ["access", "guard", "setup", "other"];
  return order.filter((area) => areas.has(area) || (area === "other" && isOpen));
}

export function passed(evidence: string): CheckFinding {
  return { verdict: "pass", evidence, fixes: [] };
}

export function failed(evidence: string, ...fixes: readonly Fix[]): CheckFinding {
  return { verdict: "fail", evidence, fixes };
}

/** Failed, but in nobody's way. */
export function advised(evidence: string, ...fixes: readonly Fix[]): CheckFinding {
  return { verdict: "fail", evidence, fixes, isAdvice: true };
}

export function unknown(evidence: string, ...fixes: readonly Fix[]): CheckFinding {
  return { verdict: "unknown", evidence, fixes };
}

/** Not told, because of another check that did not pass. */
export function unknownBecause(id: string, evidence = "not looked at"): CheckFinding {
  return { verdict: "unknown", evidence, fixes: [], because: id };
}
