/** A private account holds a role. */
import { isConsumer, isTrusted, pairsOf } from "../members.ts";
import { memberDomain } from "../../model/member.ts";
import { outsideFix } from "../outside-fix.ts";
import type { Rule } from "../rule.ts";

export const consumerAccount: Rule = {
  id: "consumer-account",
  severity: "medium",
  title: "Private account",
  rationale: "No organisation decides who gets into a private mailbox, or takes it away when the person leaves.",
  remedy: "Revoke the role, and share with the person's work account instead.",
  check: (asset, facts) =>
    pairsOf(asset)
      .filter(({ member }) => {
        const domain = memberDomain(member);
        return isConsumer(member) && domain !== undefined && !isTrusted(facts, domain);
      })
      .map((pair) => ({ ...pair, text: `${pair.member} is a private account`, fix: outsideFix(asset, pair) })),
};
