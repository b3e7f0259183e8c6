/** The digest of a snapshot: over what was found, and neither when nor through whom, so that two equal readings agree. */
import { createHash } from "node:crypto";
import type { Database as Connection } from "better-sqlite3";
import type { SnapshotHeader } from "../../model/inventory.ts";
import type { Digest } from "../../model/run.ts";
import { canonicalJson } from "../../model/canonical.ts";
import { permissionsOfText } from "../codec.ts";
import { breathe } from "../pages.ts";

const pageSize = 1000;

/**
 * Each table in order of its key, a line a row. Members of a role are sorted: the server lists them in no stated order.
 * Why something could not be read is left out, because two refusals seldom use the same words.
 */
export async function snapshotDigest(db: Connection, header: SnapshotHeader): Promise<Digest> {
  const hash = createHash("sha256");
  const { tenant, domains, scope } = header;
  hash.update(`handover snapshot 1\n${canonicalJson({ tenant, domains: domains.toSorted(), scope })}\n`);
  const sweep = async (sql: string, line: (row: readonly (string | number | null)[]) => unknown): Promise<void> => {
    const select = db.prepare(sql).raw();
    let after = "";
    for (;;) {
      const rows = select.all(after, pageSize) as readonly (readonly (string | number | null)[])[];
      const last = rows.at(-1);
      if (last === undefined) break;
      after = String(last[0]);
      hash.update(`${rows.map((row) => canonicalJson(line(row))).join("\n")}\n`);
      await breathe();
    }
    hash.update("\n");
  };
  await sweep("select email, person, reading from users where email > ? order by email limit ?", (row) => row);
  await sweep(
    `select name, type, title, owner, trashed, created, updated, permissions, unreadable is null from assets
     where name > ? order by name limit ?`,
    (row) => row.map((field, index) => (index === 7 && field !== null ? sortedRoles(String(field)) : field)),
  );
  await sweep("select email, body from principals where email > ? order by email limit ?", (row) => row);
  await sweep("select email, coalesce(members, '') from groups where email > ? order by email limit ?", (row) => row);
  return hash.digest("hex");
}

function sortedRoles(text: string): readonly unknown[] {
  const { roles, etag } = permissionsOfText(text);
  const sorted = [...roles].map(([role, members]) => [role, members.toSorted()] as const);
  return [etag ?? null, sorted.toSorted(([a], [b]) => (a < b ? -1 : 1))];
}
