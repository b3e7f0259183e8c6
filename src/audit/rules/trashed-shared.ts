/** An asset in the trash that others still hold roles on. */
import { counted } from "../../model/text.ts";
import type { Rule } from "../rule.ts";

export const trashedShared: Rule = {
  id: "trashed-shared",
  severity: "info",
  title: "In the trash and still shared",
  rationale: "Whoever restores it opens it again to everybody who had access before.",
  remedy: "Revoke what should not come back before somebody restores the asset, or delete it for good.",
  trashed: "only",
  check: (asset) => {
    const pairs = asset.pairs;
    return pairs.length === 0
      ? []
      : [{ text: `in the trash, and ${counted(pairs.length, "grant")} on it would come back` }];
  },
};
