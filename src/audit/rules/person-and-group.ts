/** A person holds a role that a group of theirs gives them anyway. */
import { memberEmail, memberKind } from "../../model/member.ts";
import { EDITOR, VIEWER } from "../../model/permissions.ts";
import { planRow } from "../rule.ts";
import type { Rule } from "../rule.ts";

export const personAndGroup: Rule = {
  id: "person-and-group",
  severity: "low",
  title: "Person and their group both hold the role",
  rationale: "Whoever leaves the group keeps the access that nobody remembers giving.",
  remedy: "Revoke the person's own role; the group's stays.",
  check: (asset, facts) => {
    const pairs = asset.pairs;
    const groups = pairs.flatMap(({ role, member }) => {
      const group = memberKind(member) === "group" ? memberEmail(member) : undefined;
      return group === undefined ? [] : [{ role, group }];
    });
    return pairs.flatMap(({ role, member }) => {
      const person = memberKind(member) === "user" ? memberEmail(member) : undefined;
      if (person === undefined || (role !== EDITOR && role !== VIEWER)) return [];
      const through = groups.find(
        (each) => (each.role === role || (each.role === EDITOR && role === VIEWER)) && facts.isIn(each.group, person),
      );
      if (through === undefined) return [];
      return [
        {
          member,
          role,
          text: `${member} is ${role}, as ${through.group} is ${through.role} and holds that person`,
          fix: planRow({ action: "revoke", asset: asset.record.asset.name, member, role }),
        },
      ];
    });
  },
};
