/** Nobody has changed the asset for a long time. */
import { dayMs } from "../../model/clock.ts";
import { counted } from "../../model/text.ts";
import type { Rule } from "../rule.ts";

export const stale: Rule = {
  id: "stale",
  severity: "info",
  title: "Not changed for a long time",
  rationale: "What nobody looks after shows old data to whoever has access; fewer assets are easier to watch.",
  remedy: "Ask the owner whether it is still needed.",
  check: ({ record }, { at, staleAfterMs }) => {
    const updated = Date.parse(record.asset.updateTime ?? "");
    if (Number.isNaN(updated) || at - updated < staleAfterMs) return [];
    return [{ text: `last changed ${counted(Math.floor((at - updated) / dayMs), "day")} before the snapshot` }];
  },
};
