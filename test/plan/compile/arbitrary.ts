/** Small tenants and rows about them, drawn by fast-check: people of several kinds, assets with every kind of member, rows of every action. */
import * as fc from "fast-check";
import type { Member } from "../../../src/model/member.ts";
import { member } from "../../../src/model/member.ts";
import type { Audience, Keep, Request, Selector } from "../../../src/model/request.ts";
import type { AssetType } from "../../../src/model/asset.ts";
import { World, email, everything, named, row, transfer, written } from "./world.ts";

export interface AssetSpec {
  readonly name: string;
  readonly owner: string;
  readonly type: AssetType;
  readonly title: string;
  readonly trashed: boolean;
  readonly roles: Readonly<Record<string, readonly string[]>>;
  readonly readable: boolean;
}

export interface Scene {
  readonly assets: readonly AssetSpec[];
  readonly rows: readonly Request[];
  readonly protectTitle: string | undefined;
}

/** Those who hand over, those who own and stay, those who are given something, and those who lose something. */
const leavers = ["lea", "leo"];
const owners = ["olga", "otto"];
const takers = ["tara", "tom"];
const losers = ["rita", "rob"];
const suspended = "susi";

const titles = ["Board one", "Sales", "Größe"];
const names = ["a0", "a1", "a2", "a3", "a4", "a5"];

const users = (list: readonly string[]): readonly string[] => list.map((name) => `user:${email(name)}`);
const givenMembers = [...users(takers), "group:bi@acme.example", "user:guest@partner.example"];
const takenMembers = [...users(losers), "group:old@acme.example", "user:gone@partner.example"];
const members = [...givenMembers, ...takenMembers, ...users([...leavers, ...owners, suspended]), "martian:marvin"];

const roles = fc.record({
  EDITOR: fc.subarray(members, { maxLength: 4 }),
  VIEWER: fc.subarray(members, { maxLength: 4 }),
  LINK_VIEWER: fc.subarray(["allUsers", "domain:acme.example", "domain:partner.example"], { maxLength: 2 }),
  LINK_EDITOR: fc.constantFrom<readonly string[]>([], [], ["allUsers"]),
  ROLE_OF_TOMORROW: fc.subarray(["martian:marvin", "user:rita@acme.example"]),
});

function assets(ownedBy: readonly string[], alwaysReadable: boolean): fc.Arbitrary<readonly AssetSpec[]> {
  const one = (name: string): fc.Arbitrary<AssetSpec> =>
    fc.record({
      name: fc.constant(name),
      owner: fc.constantFrom(...ownedBy),
      type: fc.constantFrom<AssetType>("REPORT", "REPORT", "DATA_SOURCE"),
      title: fc.constantFrom(...titles),
      trashed: fc.constantFrom(false, false, false, true),
      roles,
      readable: alwaysReadable ? fc.constant(true) : fc.constantFrom(true, true, true, true, false),
    });
  return fc.subarray(names, { minLength: 1 }).chain((list) => fc.tuple(...list.map(one)));
}

/** What a selector may say besides the asset. */
interface SelectorChoice {
  readonly owners: readonly (string | undefined)[];
  readonly audiences: readonly (Audience | undefined)[];
}

function select({ owners: ownedBy, audiences }: SelectorChoice): fc.Arbitrary<Selector> {
  const types = fc.constantFrom<readonly AssetType[]>(["REPORT", "DATA_SOURCE"], ["REPORT"], ["DATA_SOURCE"]);
  return fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...names, "missing").map(named) },
    {
      weight: 2,
      arbitrary: fc
        .record({
          owner: fc.constantFrom(...ownedBy),
          title: fc.constantFrom(undefined, "*", "Board *", "S?les"),
          audience: fc.constantFrom(...audiences),
          types,
        })
        .map(({ owner, title = "*", ...rest }) => ({
          ...rest,
          title,
          owner: owner === undefined ? undefined : email(owner),
        })),
    },
  );
}

const keep = fc.constantFrom<Keep>("editor", "viewer", "none");
const role = fc.constantFrom("EDITOR", "VIEWER");
const trashed = fc.constantFrom("exclude" as const, "exclude" as const, "include" as const);

function transfers(
  from: readonly string[],
  to: readonly string[],
  ways: readonly ("compile" | "attempt")[],
): fc.Arbitrary<Request> {
  const reach = fc.oneof(
    fc.constant(everything),
    fc.constantFrom(...names, "missing").map(named),
    fc.constantFrom<Selector>({ ...everything, title: "Board *" }, { types: ["REPORT"] }),
  );
  return fc
    .tuple(fc.constantFrom(...from), fc.constantFrom(...to), reach, keep, fc.constantFrom(...ways), trashed)
    .map(([giver, taker, within, kept, ownerChange, bin]): Request =>
      // An asset named by its id has whatever owner it has: the row says who must be it.
      transfer(giver, taker, { select: within, keep: kept, ownerChange, trashed: bin }),
    );
}

interface Pools {
  readonly given: readonly string[];
  readonly taken: readonly string[];
  readonly selector: SelectorChoice;
}

function edits({ given, taken, selector }: Pools): fc.Arbitrary<Request> {
  const link = fc.constantFrom<Member>(member("allUsers"), member("domain:acme.example"));
  return fc.oneof(
    fc
      .tuple(select(selector), fc.constantFrom(...given), role, trashed)
      .map(([within, who, as, bin]): Request =>
        row({ action: "grant", select: within, member: written(who), role: as, trashed: bin }),
      ),
    fc
      .tuple(select(selector), fc.constantFrom(...taken), fc.option(role, { nil: undefined }), trashed)
      .map(([within, who, as, bin]): Request =>
        row({ action: "revoke", select: within, member: written(who), role: as, trashed: bin }),
      ),
    fc
      .tuple(select(selector), fc.constantFrom(...given), role)
      .map(([within, who, as]): Request => row({ action: "set-role", select: within, member: written(who), role: as })),
    fc
      .tuple(select(selector), fc.constantFrom(...taken), fc.constantFrom(...given), fc.boolean())
      .map(([within, from, to, both]): Request =>
        row({
          action: "replace-member",
          select: within,
          from: written(from),
          to: written(to),
          roles: both ? ["EDITOR", "VIEWER"] : ["EDITOR"],
        }),
      ),
    fc
      .tuple(select(selector), link, fc.constantFrom("LINK_VIEWER", "LINK_EDITOR"))
      .map(([within, who, as]): Request => row({ action: "set-link", select: within, member: who, role: as })),
    select(selector).map((within): Request => row({ action: "close-link", select: within })),
  );
}

function scenes(rows: fc.Arbitrary<Request>, owned: fc.Arbitrary<readonly AssetSpec[]>): fc.Arbitrary<Scene> {
  return fc.record({
    assets: owned,
    rows: fc.array(rows, { minLength: 1, maxLength: 6 }),
    protectTitle: fc.constantFrom(undefined, undefined, "Sales"),
  });
}

/** Anything goes: rows that contradict each other, name nobody, name the owner, overlap, or ask for what is so already. */
export const anyScene: fc.Arbitrary<Scene> = scenes(
  fc.oneof(
    transfers(
      [...leavers, "olga", "tara", suspended],
      [...takers, "lea", "olga", suspended, "nobody"],
      ["compile", "compile", "attempt"],
    ),
    edits({
      given: [...givenMembers, ...takenMembers, "nobody@acme.example", "lea@acme.example", "bi@acme.example"],
      taken: [...takenMembers, ...givenMembers, "lea@acme.example", "old.lea@acme.example", "user:olga@acme.example"],
      selector: {
        owners: [undefined, "lea", "olga", "old.lea", suspended],
        audiences: [undefined, undefined, "public", "external", "domain"],
      },
    }),
  ),
  assets([...leavers, ...owners, "tara", suspended], false),
);

/**
 * Rows none of which feeds another: nobody who is given something also loses it, nobody who takes assets over is chosen
 * by as their owner, and no selector looks at what rows change. Once they are carried out, nothing is left to do.
 */
export const calmScene: fc.Arbitrary<Scene> = scenes(
  fc.oneof(
    transfers(leavers, takers, ["compile"]),
    edits({
      given: givenMembers,
      taken: takenMembers,
      selector: { owners: [undefined, ...owners], audiences: [undefined] },
    }),
  ),
  assets([...leavers, ...owners, ...takers], true),
);

/** The tenant of a scene, with the assets as `specs` have them. */
export function worldOf(scene: Scene): World {
  const world = new World().group("bi").group("old").user("admin");
  for (const name of [...leavers, ...owners, ...takers, ...losers]) {
    world.user(name, name === "lea" ? { aliases: [email("old.lea")] } : {});
  }
  world.user(suspended, { suspended: true });
  if (scene.protectTitle !== undefined) {
    const place = { file: "protect.yaml", line: 3, column: 5 };
    world.protect = [{ id: "protect[0]", place, title: scene.protectTitle }];
  }
  for (const spec of scene.assets) {
    const { title, trashed: bin, type } = spec;
    world.asset(spec.name, spec.owner, spec.roles, { title, trashed: bin, assetType: type });
    const record = world.assets.at(-1);
    if (record === undefined || spec.readable) continue;
    world.assets.splice(-1, 1, { ...record, permissions: undefined, readAs: undefined, unreadable: "403" });
  }
  return world;
}
