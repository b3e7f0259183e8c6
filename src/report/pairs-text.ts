/** Pairs of role and member as lines of a diff, with who is let in or shut out marked. */
import { allUsers, memberKind } from "../model/member.ts";
import { linkRoles } from "../model/permissions.ts";
import type { Delta, Pair } from "../model/permissions.ts";
import { isExternal } from "../model/tenant.ts";
import type { Tenant } from "../model/tenant.ts";
import type { RunHeader } from "../model/run.ts";
import { cells, fit, pad, paint, shown, sigil, wrap } from "./style.ts";
import type { Sigil, Style } from "./style.ts";

/** One line of a diff. */
export interface PairLine {
  readonly sign: Sigil;
  readonly role: string;
  readonly member: string;
  /** In brackets behind it, or empty. */
  readonly mark: string;
}

export function tenantOf(header: RunHeader): Tenant {
  return { primaryDomain: header.tenant, domains: new Set(header.domains) };
}

/** Who gets in through a pair beyond the people of the tenant; empty for an ordinary one. */
function audienceMark(pair: Pair, tenant: Tenant): string {
  if (pair.member === allUsers) return linkRoles.includes(pair.role) ? "(public link)" : "(public)";
  if (pair.member.startsWith("deleted:")) return "(deleted)";
  const kind = memberKind(pair.member);
  if (kind === "unknown") return "(unknown kind)";
  const external = isExternal(tenant, pair.member);
  if (kind === "domain") return external ? "(external domain)" : "(whole domain)";
  return external ? "(external)" : "";
}

/** Additions first, then removals. */
export function pairLines(delta: Delta, tenant: Tenant): PairLine[] {
  const line = (sign: Sigil, pair: Pair): PairLine => ({
    sign,
    role: pair.role,
    member: pair.member,
    mark: audienceMark(pair, tenant),
  });
  return [...delta.add.map((pair) => line("+", pair)), ...delta.remove.map((pair) => line("-", pair))];
}

const indent = "      ";
const roleWidthMin = 11;
const roleCellsMax = 24;
const memberWidthMax = 44;

/** Lines in columns: sign, role, member, mark. A member is never cut: an address that is too long goes on below. */
export function setPairs(lines: readonly PairLine[], style: Style): string[] {
  const rows = lines.map((line) => ({
    ...line,
    role: fit(shown(line.role, style), roleCellsMax, style),
    member: shown(line.member, style, 400),
  }));
  const roleWidth = Math.max(roleWidthMin, ...rows.map((row) => cells(row.role)));
  const widest = Math.max(0, ...rows.map((row) => cells(row.member)).filter((width) => width <= memberWidthMax));
  return rows.flatMap((row) => {
    const first = `${indent}${sigil(row.sign, style)} ${pad(row.role, roleWidth)}  `;
    const [head = "", ...rest] = wrap(row.member, first, style.width);
    if (row.mark === "") return [head, ...rest];
    const mark = paint(row.mark, row.sign === "-" ? "dim" : "yellow", style);
    const all = [head, ...rest];
    const last = all.at(-1) ?? "";
    const placed = `${pad(last, cells(first) + widest)}  ${mark}`;
    if (cells(placed) <= style.width) return [...all.slice(0, -1), placed];
    return [...all, " ".repeat(cells(first)) + mark];
  });
}
