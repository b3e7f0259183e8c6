/** What changed about one asset between two snapshots, as findings: wider exposure, raised roles, another owner. */
import type { RuleWords } from "../model/audit.ts";
import type { Finding } from "../model/finding.ts";
import type { InventoryAsset } from "../model/inventory.ts";
import type { Member } from "../model/member.ts";
import { EDITOR, LINK_EDITOR, LINK_VIEWER, OWNER, VIEWER } from "../model/permissions.ts";
import type { Pair, Role } from "../model/permissions.ts";
import { pairsOf } from "./members.ts";
import type { AuditFacts } from "./rule.ts";
import { audienceOf } from "./sums.ts";

const exposureWidened: RuleWords = {
  id: "exposure-widened",
  severity: "high",
  title: "Open to more than before",
  rationale: "Since the earlier snapshot somebody outside, a whole domain or the public was let in.",
  remedy: "Ask who let them in, and revoke the role if it was not meant.",
};
const roleRaised: RuleWords = {
  id: "role-raised",
  severity: "low",
  title: "A role was raised",
  rationale: "Somebody who could view before can edit now.",
  remedy: "Ask whether it was meant.",
};
const ownerChanged: RuleWords = {
  id: "owner-changed",
  severity: "info",
  title: "Another owner",
  rationale: "The asset belongs to somebody else than in the earlier snapshot.",
  remedy: "Check that it was handed over on purpose.",
};

/** Rules that only a comparison can ask, in order of severity. */
export const changeRules: readonly RuleWords[] = [exposureWidened, roleRaised, ownerChanged];

const strengths = new Map<Role, number>([
  [VIEWER, 1],
  [LINK_VIEWER, 1],
  [EDITOR, 2],
  [LINK_EDITOR, 2],
  [OWNER, 3],
]);

/** Both must be of the same asset. What could not be read on either side is not guessed at. */
export function compareAsset(before: InventoryAsset, now: InventoryAsset, facts: AuditFacts): readonly Finding[] {
  const { name, assetType, title, owner } = now.asset;
  const found: Finding[] = [];
  const add = (rule: RuleWords, pair: Partial<Pair>, text: string): void => {
    const asset = { name, assetType, title, owner };
    const { member, role } = pair;
    found.push({ rule: rule.id, severity: rule.severity, asset, member, role, text, fix: undefined });
  };
  if (before.asset.owner !== owner) {
    add(ownerChanged, { role: OWNER }, `its owner was ${before.asset.owner ?? "nobody"} and is ${owner ?? "nobody"}`);
  }
  if (before.permissions === undefined || now.permissions === undefined || now.asset.trashed) return found;
  const was = strongest(before);
  for (const [member, pair] of strongest(now)) {
    const strength = strengthOf(pair.role);
    const earlier = was.get(member);
    if (earlier === undefined) {
      const audience = audienceOf(facts, member);
      const isWide = audience === "public" || audience === "outside" || audience === "domain";
      if (isWide) add(exposureWidened, pair, `${member} was let in as ${pair.role}`);
    } else if (strengthOf(earlier.role) < strength) {
      add(roleRaised, pair, `${member} was ${earlier.role} and is ${pair.role}`);
    }
  }
  return found;
}

function strongest(record: InventoryAsset): ReadonlyMap<Member, Pair> {
  const held = new Map<Member, Pair>();
  for (const pair of pairsOf(record.permissions?.roles ?? new Map<Role, readonly Member[]>())) {
    const known = held.get(pair.member);
    if (known === undefined || strengthOf(known.role) < strengthOf(pair.role)) held.set(pair.member, pair);
  }
  return held;
}

function strengthOf(role: Role): number {
  return strengths.get(role) ?? 0;
}
