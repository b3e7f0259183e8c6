/** Anyone on the internet who has the link can change the asset. */
import { allUsers } from "../../model/member.ts";
import { LINK_EDITOR } from "../../model/permissions.ts";
import { planRow } from "../rule.ts";
import type { Rule } from "../rule.ts";

export const publicLinkEdit: Rule = {
  id: "public-link-edit",
  severity: "critical",
  title: "Public link with edit rights",
  rationale: "Anyone who has the link can change the asset, without an account and without a trace of who it was.",
  remedy: "Close the link, and give the people who edit a role by name.",
  check: ({ record, roles }) =>
    roles.get(LINK_EDITOR)?.includes(allUsers) === true
      ? [
          {
            member: allUsers,
            role: LINK_EDITOR,
            text: "anyone with the link can edit",
            fix: planRow({ action: "close-link", asset: record.asset.name }),
          },
        ]
      : [],
};
