/** The owner's account does not exist any more. */
import { restorableMs } from "../../model/tenant.ts";
import { dayMs, instantText } from "../../model/clock.ts";
import { userMember } from "../../model/member.ts";
import { OWNER } from "../../model/permissions.ts";
import type { Rule } from "../rule.ts";

export const ownerDeleted: Rule = {
  id: "owner-deleted",
  severity: "critical",
  title: "Owner deleted or unknown",
  rationale: "Nobody can transfer the asset; what a deleted user owned is kept for 20 days and then gone.",
  remedy:
    "Restore the user in the Admin console within 20 days of the deletion, transfer everything, then delete again.",
  check: ({ record }, facts) => {
    const { owner } = record.asset;
    if (owner === undefined) return [{ text: "the API names no owner" }];
    const principal = facts.principal(owner);
    if (principal?.kind === "missing") {
      const text = `its owner ${owner} is not in the Directory, nor among the users deleted in the last 20 days`;
      return [{ member: userMember(owner), role: OWNER, text }];
    }
    if (principal?.kind !== "deleted") return [];
    const deletedAt = Date.parse(principal.person.deletionTime ?? "");
    const text = `its owner ${owner} was deleted${Number.isNaN(deletedAt) ? "" : clock(deletedAt, facts.at)}`;
    return [{ member: userMember(owner), role: OWNER, text }];
  },
};

function clock(deletedAt: number, now: number): string {
  const until = deletedAt + restorableMs;
  const day = instantText(until).slice(0, 10);
  const days = Math.floor((until - now) / dayMs);
  if (until <= now) return `; it could be restored until ${day}`;
  return `; it can be restored until ${day}, ${days === 0 ? "less than a day" : days === 1 ? "1 day" : `${days} days`} from the snapshot`;
}
