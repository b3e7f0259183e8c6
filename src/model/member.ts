/** Members of a permission as Google writes them: `user:`, `group:`, `domain:`, `serviceAccount:`, `allUsers`. */
import type { Brand, Parsed } from "./brand.ts";
import { domainOf, emailOrUndefined, parseDomain, parseEmail } from "./email.ts";
import type { Domain, Email } from "./email.ts";
import { quoted } from "./text.ts";

/** A member byte for byte as the API says it. The set of prefixes is open: unknown ones are carried through. */
export type Member = Brand<string, "Member">;

export type MemberKind = "user" | "group" | "domain" | "serviceAccount" | "allUsers" | "unknown";

/** Anyone who has the link (api.md 1.4). */
export const allUsers: Member = "allUsers" as Member;

/** Marks text from an API answer as a member, whatever it says. */
export function member(text: string): Member {
  return text as Member;
}

export function userMember(email: Email): Member {
  return `user:${email}` as Member;
}

export function groupMember(email: Email): Member {
  return `group:${email}` as Member;
}

function domainMember(domain: Domain): Member {
  return `domain:${domain}` as Member;
}

export function serviceAccountMember(email: Email): Member {
  return `serviceAccount:${email}` as Member;
}

export function memberKind(m: Member): MemberKind {
  if (m === allUsers) return "allUsers";
  if (m.startsWith("user:")) return "user";
  if (m.startsWith("group:")) return "group";
  if (m.startsWith("domain:")) return "domain";
  return m.startsWith("serviceAccount:") ? "serviceAccount" : "unknown";
}

/** The address of a `user:`, `group:` or `serviceAccount:` member, or undefined. */
export function memberEmail(m: Member): Email | undefined {
  const kind = memberKind(m);
  if (kind !== "user" && kind !== "group" && kind !== "serviceAccount") return undefined;
  return emailOrUndefined(m.slice(m.indexOf(":") + 1));
}

/** The domain a member belongs to, or stands for; undefined for `allUsers` and unknown kinds. */
export function memberDomain(m: Member): Domain | undefined {
  if (memberKind(m) === "domain") {
    const parsed = parseDomain(m.slice("domain:".length));
    return parsed.ok ? parsed.value : undefined;
  }
  const email = memberEmail(m);
  return email === undefined ? undefined : domainOf(email);
}

const writtenPrefixes: ReadonlyMap<string, (email: Email) => Member> = new Map([
  ["user", userMember],
  ["group", groupMember],
  ["serviceaccount", serviceAccountMember],
]);

/**
 * Reads a member as a person writes it in a plan file: with a prefix, `allUsers`, or a bare address. A bare address
 * comes back as `user:` with `bare` set, because only the Directory can tell whether it is a group.
 */
export function parseMember(text: string): Parsed<{ readonly member: Member; readonly bare: boolean }> {
  const trimmed = text.trim();
  if (trimmed.toLowerCase() === "allusers") {
    return { ok: true, value: { member: allUsers, bare: false } };
  }
  const colon = trimmed.indexOf(":");
  if (colon < 0) {
    const email = parseEmail(trimmed);
    return email.ok ? { ok: true, value: { member: userMember(email.value), bare: true } } : email;
  }
  const prefix = trimmed.slice(0, colon).toLowerCase();
  const rest = trimmed.slice(colon + 1);
  if (prefix === "domain") {
    const domain = parseDomain(rest);
    return domain.ok ? { ok: true, value: { member: domainMember(domain.value), bare: false } } : domain;
  }
  const make = writtenPrefixes.get(prefix);
  if (make === undefined) {
    return {
      ok: false,
      problem: `${quoted(trimmed)} has an unknown kind of member`,
      remedy: "write an address, or user:, group:, serviceAccount: or domain: before it, or allUsers",
    };
  }
  const email = parseEmail(rest);
  return email.ok ? { ok: true, value: { member: make(email.value), bare: false } } : email;
}
