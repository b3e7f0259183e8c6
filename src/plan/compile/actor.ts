/** As whom a step acts: somebody who may change the asset, can be acted as, and does not lose that right by the step. */
import type { Asset } from "../../model/asset.ts";
import type { Email } from "../../model/email.ts";
import { memberEmail, memberKind, userMember } from "../../model/member.ts";
import type { Member } from "../../model/member.ts";
import { EDITOR, samePair } from "../../model/permissions.ts";
import type { Delta, Permissions } from "../../model/permissions.ts";
import { isActive, isInside } from "../../model/tenant.ts";
import type { CompileContext } from "./context.ts";

/** Actors that stand by when the first cannot be acted as. */
const alternatesMax = 3;

/** Best first; empty when nobody can act. The owner cannot be removed, so comes first when it can be acted as. */
export function actorsFor(
  context: CompileContext,
  asset: Asset,
  permissions: Permissions | undefined,
  delta: Delta,
  readAs: Email | undefined,
): readonly Email[] {
  const found: Email[] = [];
  const editors = permissions?.roles.get(EDITOR) ?? [];
  const loses = (email: Email): boolean =>
    email !== asset.owner && delta.remove.some((pair) => samePair(pair, { role: EDITOR, member: userMember(email) }));
  // One by one: an asset may have a thousand editors, and four are enough.
  const consider = (email: Email | undefined): void => {
    if (email === undefined || found.includes(email)) return;
    if (canActAs(context, email) && !loses(email)) found.push(email);
  };
  consider(asset.owner);
  if (readAs !== undefined && editors.some((m) => userOf(m) === readAs)) consider(readAs);
  for (const m of editors) {
    if (found.length > alternatesMax) break;
    consider(userOf(m));
  }
  return found;
}

function userOf(m: Member): Email | undefined {
  return memberKind(m) === "user" ? memberEmail(m) : undefined;
}

/** Whether the service account can act as the user: active, inside the tenant, and not known to be out of reach. */
function canActAs(context: CompileContext, email: Email): boolean {
  if (!isInside(context.tenant, email)) return false;
  const principal = context.principal(email);
  if (principal === undefined) return context.reachable(email);
  const isPrimary = principal.kind === "user" && principal.person.email === email;
  return isPrimary && isActive(principal) && context.reachable(email);
}
