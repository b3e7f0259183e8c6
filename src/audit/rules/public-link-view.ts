/** Anyone on the internet who has the link can see the asset. */
import { allUsers } from "../../model/member.ts";
import { LINK_VIEWER } from "../../model/permissions.ts";
import { planRow } from "../rule.ts";
import type { Rule } from "../rule.ts";

export const publicLinkView: Rule = {
  id: "public-link-view",
  severity: "high",
  title: "Public link",
  rationale: "Anyone who has the link sees the asset and the data it shows; links are forwarded and end up in search.",
  remedy: "Close the link, or open it to the organisation only.",
  check: ({ record, roles }) =>
    roles.get(LINK_VIEWER)?.includes(allUsers) === true
      ? [
          {
            member: allUsers,
            role: LINK_VIEWER,
            text: "anyone with the link can view",
            fix: planRow({ action: "close-link", asset: record.asset.name }),
          },
        ]
      : [],
};
