/** Reads from a snapshot what a list of leavers would take with them, in one sweep. */
import { Readiness } from "../audit/readiness.ts";
import type { Leaver } from "../audit/readiness.ts";
import type { SnapshotReader } from "../journal/snapshot.ts";
import type { Email } from "../model/email.ts";
import type { LeaverReadiness, ReadinessRow } from "../model/readiness.ts";
import { factsOf } from "./audit-facts.ts";

const pageSize = 1000;

/** Somebody on the list, as written. An alias stands for the person. */
export interface ListedLeaver {
  readonly email: Email;
  readonly suspendedOn: string | undefined;
  readonly deletedOn: string | undefined;
  readonly heir: Email | undefined;
}

/** Memory grows with what the leavers own. Throws RunFileError. */
export async function readinessOf(
  snapshot: SnapshotReader,
  listed: readonly ListedLeaver[],
): Promise<{ readonly leavers: readonly LeaverReadiness[]; readonly rows: readonly ReadinessRow[] }> {
  const facts = await factsOf(snapshot, { trusted: new Set(), staleAfterMs: Infinity, editorsMax: Infinity });
  const primary = (email: Email): Email => {
    const principal = facts.principal(email);
    return principal?.kind === "user" || principal?.kind === "deleted" ? principal.person.email : email;
  };
  const leavers: Leaver[] = [];
  for (const { email, heir, ...days } of listed) {
    const address = primary(email);
    const wasRead = (await snapshot.user(address))?.reading === "read";
    leavers.push({ ...days, email: address, heir: heir === undefined ? undefined : primary(heir), wasRead });
  }
  const readiness = new Readiness(leavers, facts);
  for (let after = ""; ;) {
    const page = await snapshot.assets(after, pageSize);
    const last = page.at(-1);
    if (last === undefined) return readiness.end();
    after = last.asset.name;
    for (const record of page) readiness.add(record);
  }
}
