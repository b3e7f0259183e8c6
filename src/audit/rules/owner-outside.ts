/** The owner belongs to another organisation. */
import { domainOf } from "../../model/email.ts";
import { userMember } from "../../model/member.ts";
import { OWNER } from "../../model/permissions.ts";
import { isTrusted } from "../members.ts";
import type { Rule } from "../rule.ts";

export const ownerOutside: Rule = {
  id: "owner-outside",
  severity: "high",
  title: "Owner outside the organisation",
  rationale: "The owner alone decides who gets in and whether the asset goes on to exist.",
  remedy: "Ask the owner to hand the asset over, or make a copy that the organisation owns.",
  check: ({ record }, facts) => {
    const { owner } = record.asset;
    if (owner === undefined || isTrusted(facts, domainOf(owner))) return [];
    return [{ member: userMember(owner), role: OWNER, text: `its owner ${owner} is outside` }];
  },
};
