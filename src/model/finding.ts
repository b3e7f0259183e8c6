/** Findings of an audit: what a rule has found, how bad that is, and the row of a plan file that would remedy it. */
import type { AssetName } from "./asset.ts";
import type { Email } from "./email.ts";
import type { Member } from "./member.ts";
import type { Role } from "./permissions.ts";

/** From worst to least. */
export const severities = ["critical", "high", "medium", "low", "info"] as const;

export type Severity = (typeof severities)[number];

/** Columns of a CSV plan file by name (`action`, `asset`, `member`, `role`, …), ready to paste. */
export type PlanRow = ReadonlyMap<string, string>;

export interface Finding {
  /** Of the rule, such as `public-link-edit`. */
  readonly rule: string;
  readonly severity: Severity;
  /** The asset it is about, as a view shows it; undefined for a finding about the tenant or a person. */
  readonly asset:
    | {
        readonly name: AssetName;
        readonly assetType: string;
        readonly title: string;
        readonly owner: Email | undefined;
      }
    | undefined;
  /** Whose access it is about, if one member's. */
  readonly member: Member | undefined;
  readonly role: Role | undefined;
  /** One sentence with what was found; foreign text in it is for views to neutralise. */
  readonly text: string;
  /** Undefined where no plan row can remedy it; the rule's remedy says what can. */
  readonly fix: PlanRow | undefined;
}

/** The same finding in another snapshot has the same key: rule, asset, member and role. */
export function findingKey(finding: Pick<Finding, "rule" | "asset" | "member" | "role">): string {
  return JSON.stringify([finding.rule, finding.asset?.name ?? "", finding.member ?? "", finding.role ?? ""]);
}

/** Somebody has looked at the finding and lives with it, until a day such as `2027-03-31`. */
export interface Acceptance {
  readonly until: string | undefined;
  readonly reason: string;
}

export interface StoredFinding {
  /** Grows down the list: pages go on after it. */
  readonly order: number;
  readonly finding: Finding;
  readonly accepted: Acceptance | undefined;
  /** Against the earlier snapshot; undefined when there is none. */
  readonly change: "new" | "known" | "fixed" | undefined;
}

export interface FindingCount {
  readonly rule: string;
  readonly severity: Severity;
  readonly change: StoredFinding["change"];
  readonly accepted: boolean;
  readonly count: number;
}
