/** Requests x Directory: whom each address of a request stands for, and which requests that rules out. */
import type { Email } from "../../model/email.ts";
import { groupMember, memberEmail, memberKind, serviceAccountMember, userMember } from "../../model/member.ts";
import type { Member } from "../../model/member.ts";
import type { ProtectRule, Request, TransferRequest, WrittenMember } from "../../model/request.ts";
import type { Refusal, RefusalRule } from "../../model/run.ts";
import type { Person, Principal } from "../../model/tenant.ts";
import { titleMatcher } from "../glob.ts";
import type { CompileContext, Protection, Resolved, TitleTest } from "./context.ts";

/** The request with its addresses resolved, or why it cannot be done for any asset. */
export function resolveRequest(context: CompileContext, request: Request): Resolved | Refusal {
  return resolveAction(context, request, titleTest(request.select.title));
}

/** The rules of `protect:` with their owners by primary address. */
export function protectionsOf(
  context: Pick<CompileContext, "principal">,
  rules: readonly ProtectRule[],
): readonly Protection[] {
  return rules.map((rule) => ({
    rule,
    owner: canonical(context, rule.owner),
    title: titleTest(rule.title),
    member: rule.member === undefined ? undefined : canonical(context, memberEmail(rule.member)),
  }));
}

function titleTest(glob: string | undefined): TitleTest {
  return glob === undefined ? undefined : titleMatcher(glob);
}

/** The title stands in each literal: a spread around what they give costs two microseconds a row. */
function resolveAction(context: CompileContext, request: Request, title: TitleTest): Resolved | Refusal {
  const owner = canonical(context, request.select.owner);
  switch (request.action) {
    case "transfer":
      return resolveTransfer(context, request, title);
    case "grant": {
      const target = grantee(context, request, request.member);
      return "rule" in target ? target : { action: "grant", title, request, owner, member: target.member };
    }
    case "revoke":
      return { action: "revoke", title, request, owner, forms: formsOf(context, request.member) };
    case "set-role": {
      const target = grantee(context, request, request.member);
      if ("rule" in target) return target;
      return {
        action: "set-role",
        title,
        request,
        owner,
        member: target.member,
        forms: formsOf(context, request.member),
      };
    }
    case "replace-member": {
      const target = grantee(context, request, request.to);
      if ("rule" in target) return target;
      const forms = formsOf(context, request.from);
      if (forms.includes(target.member)) {
        return refuse(request, "same-person", `${target.member} would replace itself`, "name two different members");
      }
      return { action: "replace-member", title, request, owner, forms, member: target.member, roles: request.roles };
    }
    case "set-link":
      return { action: "set-link", title, request, owner };
    case "close-link":
      return { action: "close-link", title, request, owner };
  }
}

function resolveTransfer(context: CompileContext, request: TransferRequest, title: TitleTest): Resolved | Refusal {
  const from = context.principal(request.from);
  const giver = fromPerson(request, from);
  if ("rule" in giver) return giver;
  const taker = toPerson(request, context.principal(request.to));
  if ("rule" in taker) return taker;
  if (giver.id === taker.id) {
    return refuse(
      request,
      "same-person",
      `${request.from} and ${request.to} are the same person (${giver.email})`,
      "name another heir",
    );
  }
  return { action: "transfer", title, request, owner: giver.email, from: giver, to: taker };
}

function fromPerson(request: TransferRequest, principal: Principal | undefined): Person | Refusal {
  switch (principal?.kind) {
    case "user":
      return principal.person;
    case "deleted":
      return refuse(
        request,
        "from-deleted",
        `${request.from} was deleted on ${principal.person.deletionTime ?? "an unknown day"}: a transfer needs the account`,
        "restore the user in the Admin console within 20 days of deletion, then plan again",
      );
    case "external":
      return refuse(
        request,
        "from-outside",
        `${request.from} is in none of the tenant's domains: nobody here can act for its owner`,
        "ask the owner to transfer it, or remove the row",
      );
    case "group":
    case "serviceAccount":
      return refuse(request, "from-unknown", `${request.from} is not a person and owns nothing`, "name the owner");
    case "missing":
    case undefined:
      return refuse(
        request,
        "from-unknown",
        `the Directory knows no ${request.from}`,
        "correct the address; a user deleted more than 20 days ago cannot be acted for",
      );
  }
}

function toPerson(request: TransferRequest, principal: Principal | undefined): Person | Refusal {
  switch (principal?.kind) {
    case "user":
      if (principal.person.suspended || principal.person.archived) {
        const state = principal.person.suspended ? "suspended" : "archived";
        return refuse(
          request,
          "to-suspended",
          `${request.to} is ${state} and cannot take assets over`,
          "restore the account or name another heir",
        );
      }
      return principal.person;
    case "external":
      return refuse(
        request,
        "to-outside",
        `${request.to} is outside the tenant: Google moves ownership inside one organisation only`,
        "name an heir in one of the tenant's domains",
      );
    case "group":
    case "serviceAccount":
      return refuse(
        request,
        "to-not-a-person",
        `${request.to} is a ${principal.kind === "group" ? "group" : "service account"}: only a person can own assets`,
        "name a person, or give the group EDITOR with a grant row",
      );
    case "deleted":
    case "missing":
    case undefined:
      return refuse(request, "to-unknown", `the Directory knows no user ${request.to}`, "correct the address");
  }
}

/** The member a row gives access to; unknown addresses of the tenant are refused, outside ones cannot be checked. */
function grantee(
  context: CompileContext,
  request: Request,
  written: WrittenMember,
): { readonly member: Member } | Refusal {
  const email = memberEmail(written.member);
  if (email === undefined) return { member: written.member };
  const principal = context.principal(email);
  const kind = memberKind(written.member);
  switch (principal?.kind) {
    case "user":
      return kind === "user"
        ? { member: userMember(principal.person.email) }
        : refuse(request, "member-unknown", `${email} is a user, not a ${kind}`, `write user:${email}`);
    case "group":
      return written.bare || kind === "group"
        ? { member: groupMember(principal.email) }
        : refuse(request, "member-unknown", `${email} is a group, not a ${kind}`, `write group:${email}`);
    case "serviceAccount":
      return { member: serviceAccountMember(principal.email) };
    case "external":
      return { member: written.member };
    case "deleted":
    case "missing":
    case undefined:
      return refuse(
        request,
        "member-unknown",
        `the Directory knows neither a user nor a group ${email}`,
        "correct the address, or create it first",
      );
  }
}

/**
 * Every way a member may stand in a permission: as written, by primary address and by alias, and, for a bare address the
 * Directory cannot place, as user, group or service account. Taking access away must find them all.
 */
function formsOf(context: CompileContext, written: WrittenMember): readonly Member[] {
  const email = memberEmail(written.member);
  if (email === undefined) return [written.member];
  const principal = context.principal(email);
  const forms = new Set<Member>([written.member]);
  if (principal?.kind === "user" || principal?.kind === "deleted") {
    forms.add(userMember(principal.person.email));
    for (const alias of principal.person.aliases) forms.add(userMember(alias));
  } else if (principal?.kind === "group") {
    forms.add(groupMember(principal.email));
    forms.add(groupMember(email));
  } else if (written.bare) {
    forms.add(groupMember(email));
    forms.add(serviceAccountMember(email));
  }
  return [...forms];
}

/** The primary address of a user known under `email`; `email` itself for everybody else. */
export function canonical(context: Pick<CompileContext, "principal">, email: Email): Email;
export function canonical(context: Pick<CompileContext, "principal">, email: Email | undefined): Email | undefined;
export function canonical(context: Pick<CompileContext, "principal">, email: Email | undefined): Email | undefined {
  if (email === undefined) return undefined;
  const principal = context.principal(email);
  return principal?.kind === "user" || principal?.kind === "deleted" ? principal.person.email : email;
}

/** A refusal of one row. */
function refuse(request: Request, rule: RefusalRule, problem: string, remedy: string): Refusal {
  return { rule, places: [request.place], problem, remedy };
}
