/** Assets and facts for tests of the audit: a tenant of a handful of people, as of 22 November 2026. */
import { rememberedParts } from "../../src/audit/members.ts";
import type { AuditFacts } from "../../src/audit/rule.ts";
import type { AssetName } from "../../src/model/asset.ts";
import type { Domain, Email } from "../../src/model/email.ts";
import type { InventoryAsset } from "../../src/model/inventory.ts";
import { member } from "../../src/model/member.ts";
import type { Member } from "../../src/model/member.ts";
import type { Person, Principal } from "../../src/model/tenant.ts";

export const editor = "user:ed@acme.example";
const at: number = Date.UTC(2026, 10, 22, 9);

function person(email: string, more: Partial<Person> = {}): Person {
  return { id: email, email: email as Email, aliases: [], suspended: false, archived: false, ...more };
}

function principals(deletionTime: string): ReadonlyMap<string, Principal> {
  const user = (email: string, more: Partial<Person> = {}): readonly [string, Principal] => [
    email,
    { kind: "user", person: person(email, more) },
  ];
  return new Map<string, Principal>([
    user("own@acme.example"),
    user("ed@acme.example"),
    user("e1@acme.example"),
    user("e2@acme.example"),
    user("e3@acme.example"),
    user("sam@acme.example", { suspended: true }),
    user("arc@acme.example", { archived: true }),
    ["del@acme.example", { kind: "deleted", person: person("del@acme.example", { deletionTime }) }],
    ["who@acme.example", { kind: "missing", email: "who@acme.example" as Email }],
    ["crew@acme.example", { kind: "group", id: "g1", email: "crew@acme.example" as Email }],
  ]);
}

export function factsWith({
  editorsMax = 10,
  deletionTime = "2026-11-20T09:00:00Z",
}: { readonly editorsMax?: number; readonly deletionTime?: string } = {}): AuditFacts {
  const known = principals(deletionTime);
  const acme = "acme.example" as Domain;
  return {
    tenant: { primaryDomain: acme, domains: new Set([acme]) },
    trusted: new Set(["trusted.example" as Domain]),
    at,
    staleAfterMs: 365 * 86_400_000,
    editorsMax,
    parts: rememberedParts(),
    principal: (email) => known.get(email),
    isIn: (group, who) => group === "crew@acme.example" && who === "ed@acme.example",
  };
}

export function inventoryAsset({
  name = "a1",
  roles,
  ...more
}: {
  readonly name?: string;
  readonly owner?: string | undefined;
  readonly trashed?: boolean;
  readonly updateTime?: string;
  readonly roles: Readonly<Record<string, readonly string[]>> | undefined;
}): InventoryAsset {
  const owner = "owner" in more ? more.owner : "own@acme.example";
  const held: [string, readonly Member[]][] = Object.entries(roles ?? {}).map(([role, members]) => [
    role,
    members.map(member),
  ]);
  const owners: [string, readonly Member[]][] = owner === undefined ? [] : [["OWNER", [member(`user:${owner}`)]]];
  return {
    asset: {
      name: name as AssetName,
      assetType: "REPORT",
      title: "A report",
      owner: owner as Email | undefined,
      trashed: more.trashed ?? false,
      updateTime: more.updateTime ?? "2026-11-01T09:00:00Z",
    },
    permissions: roles === undefined ? undefined : { roles: new Map([...owners, ...held]), etag: undefined },
    readAs: undefined,
    unreadable: roles === undefined ? "403" : undefined,
    seenBy: [],
    readAt: undefined,
    carriedOver: false,
  };
}
