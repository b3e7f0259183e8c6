/** A tenant in which each rule of the audit finds one thing, and hardly anything else is found. */
import { emptyTenant } from "../../src/emulator/world.ts";
import type { NewAsset, World } from "../../src/emulator/world.ts";

const dayMs = 86_400_000;

/** Everything at once that a careless view would carry out, or be led astray by. */
export const hostileTitle = `=HYPERLINK("http://evil.example") </script><img src=x onerror=alert(1)> \u001B[31m \u202E \`| **bold** [a](http://evil.example)`;

/** Each asset, by the rules that find it. */
const planted: readonly (Omit<NewAsset, "owner"> & { readonly finds: string; readonly owner?: string })[] = [
  { name: "p1", finds: "public-link-edit", roles: { LINK_EDITOR: ["allUsers"] } },
  { name: "p2", finds: "public-link-view", title: hostileTitle, roles: { LINK_VIEWER: ["allUsers"] } },
  { name: "x1", finds: "external-editor", roles: { EDITOR: ["user:ed@acme.example", "user:eve@partner.example"] } },
  { name: "x2", finds: "external-viewer", roles: { VIEWER: ["user:eve@partner.example"] } },
  { name: "c1", finds: "consumer-account external-viewer", roles: { VIEWER: ["user:eve@gmail.com"] } },
  { name: "d1", finds: "domain-link-edit", roles: { LINK_EDITOR: ["domain:acme.example"] } },
  { name: "d2", finds: "domain-link-view", roles: { LINK_VIEWER: ["domain:acme.example"] } },
  { name: "s1", finds: "owner-suspended", owner: "sam" },
  { name: "g1", finds: "owner-deleted", owner: "del" },
  { name: "o1", finds: "owner-outside", owner: "eve@partner.example" },
  { name: "n1", finds: "no-second-editor", roles: { EDITOR: [] } },
  { name: "z1", finds: "deleted-principal", roles: { VIEWER: ["user:del@acme.example"] } },
  { name: "t1", finds: "trashed-shared", trashed: true },
  { name: "a1", finds: "stale", updatedAt: Date.now() - 800 * dayMs },
  {
    name: "m1",
    finds: "many-editors",
    roles: { EDITOR: ["e1", "e2", "e3", "e4"].map((e) => `user:${e}@acme.example`) },
  },
  { name: "v1", finds: "person-and-group", roles: { EDITOR: ["user:ed@acme.example", "group:crew@acme.example"] } },
  {
    name: "b1",
    finds: "service-account-editor",
    roles: { EDITOR: ["user:ed@acme.example", "serviceAccount:etl@p.iam.gserviceaccount.com"] },
  },
  {
    name: "u1",
    finds: "permissions-unreadable owner-suspended",
    owner: "sam",
    roles: { VIEWER: ["user:ed@acme.example"] },
  },
  { name: "ok", finds: "" },
];

export function plantedTenant(): World {
  const world = emptyTenant("acme.example", 3);
  world.addUser({ email: "admin", isAdmin: true });
  world.addUser({ email: "own", aliases: ["own.alias"] });
  for (const email of ["ed", "e1", "e2", "e3", "e4", "arc", "heir"])
    world.addUser({ email, archived: email === "arc" });
  world.addUser({ email: "sam", suspended: true });
  world.addUser({ email: "del" });
  world.addGroup({ email: "crew", members: ["ed", "e1"] });
  for (const { finds: _, owner = "own", roles = {}, ...asset } of planted) {
    const held: Readonly<Record<string, readonly string[]>> = {
      EDITOR: ["user:ed@acme.example"],
      ...(roles as object),
    };
    const lonely = asset.name === "u1" || asset.name === "n1";
    world.addAsset({
      createdAt: Date.now() - 900 * dayMs,
      updatedAt: Date.now() - dayMs,
      ...asset,
      owner,
      roles: Object.fromEntries(
        Object.entries(held).filter(([role, members]) => members.length > 0 && !(lonely && role === "EDITOR")),
      ),
    });
  }
  world.deleteUser("del", Date.now() - 5 * dayMs);
  return world;
}

/** `rule asset` of everything that was planted, in order. */
export const expected: readonly string[] = planted
  .flatMap(({ name, finds }) => (finds === "" ? [] : finds.split(" ").map((rule) => `${rule} ${name ?? ""}`)))
  .toSorted();
