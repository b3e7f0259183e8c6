/** A private account holds a role. */
import { isConsumer, isTrusted } from "../members.ts";
import { outsideFix } from "../outside-fix.ts";
import type { Rule } from "../rule.ts";

export const consumerAccount: Rule = {
  id: "consumer-account",
  severity: "medium",
  title: "Private account",
  rationale: "No organisation decides who gets into a private mailbox, or takes it away when the person leaves.",
  remedy: "Revoke the role, and share with the person's work account instead.",
  check: (asset, facts) =>
    asset.pairs
      .filter(({ member }) => {
        const { domain } = facts.parts(member);
        return isConsumer(facts, member) && domain !== undefined && !isTrusted(facts, domain);
      })
      .map((pair) => ({ ...pair, text: `${pair.member} is a private account`, fix: outsideFix(asset, pair) })),
};
