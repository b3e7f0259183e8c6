/** The survey of a plan: as whom it searches, for what, and through whom it reads the permissions that rows touch. */
import { describe, expect, it } from "vitest";
import { offlineApi } from "../../src/engine/offline.ts";
import { Survey } from "../../src/engine/survey.ts";
import { openStage } from "../../src/journal/sqlite/stage.ts";
import type { Stage } from "../../src/journal/stage.ts";
import type { AssetName } from "../../src/model/asset.ts";
import type { ProtectRule, Request } from "../../src/model/request.ts";
import { everything, named, row, transfer, written } from "../plan/compile/world.ts";
import { address } from "../support/rig.ts";
import { inPagesOf, person, snapshotOf } from "./snapshots.ts";
import { TinyGoogle, no } from "./tiny-google.ts";
import type { TinyTenant } from "./tiny-google.ts";

const people = [
  person("ana"),
  person("ben", { aliases: [address("bee")] }),
  person("cleo"),
  person("sam", { suspended: true }),
  person("old", { archived: true }),
];
const tiny: TinyTenant = {
  people,
  deleted: [person("gone", { deletionTime: "2026-11-01T00:00:00Z" })],
  groups: { team: [] },
  assets: [
    { name: "a1", owner: "ana", seenBy: ["ben"], grants: { EDITOR: ["user:ben@acme.example"] } },
    { name: "a2", owner: "ana", assetType: "DATA_SOURCE" },
    { name: "a3", owner: "ana", trashed: true },
    { name: "b1", owner: "ben", seenBy: ["ana", "x@far.example"] },
    { name: "s1", owner: "sam", seenBy: ["cleo", "old", "ben"] },
  ],
};

interface Surveyed {
  readonly google: TinyGoogle;
  readonly survey: Survey;
  readonly stage: Stage;
  readonly names: readonly string[];
}

async function surveyed(
  requests: readonly Request[],
  tenant: Partial<TinyTenant> = {},
  protect: readonly ProtectRule[] = [],
  before?: (google: TinyGoogle) => void,
): Promise<Surveyed> {
  const google = new TinyGoogle({ ...tiny, ...tenant });
  before?.(google);
  const stage = await openStage({ memory: true });
  await stage.addRequests(requests);
  const survey = await Survey.begin(google.surroundings, stage, 1);
  await survey.findAssets(protect);
  const names = (await stage.assets("", 1000)).map(({ record }) => record.asset.name);
  return { google, survey, stage, names };
}

/** Searches as everybody for everything, in the order they are made. */
const asEach = (users: readonly string[], of = "", places: readonly string[] = [""]): readonly string[] =>
  users.flatMap((user) =>
    ["REPORT", "DATA_SOURCE"].flatMap((type) => places.map((place) => `${user} ${type}${of}${place}`)),
  );
const everywhere = ["", " in the trash"];
const active = ["ana", "ben", "cleo"];

const grantTo = (select: Request["select"], trashed: "include" | "exclude" = "exclude"): Request =>
  row({ action: "grant", select, member: written("cleo@acme.example"), role: "VIEWER", trashed });
const replace = (from: string, trashed: "include" | "exclude" = "exclude"): Request =>
  row({
    action: "replace-member",
    select: everything,
    from: written(from),
    to: written("cleo@acme.example"),
    roles: ["EDITOR"],
    trashed,
  });
const owned = (owner: string): Request["select"] => ({ ...everything, owner: address(owner) });

describe("what is searched", () => {
  it.each<[string, () => Request, readonly string[]]>([
    [
      "a transfer of everything: its owner, trash and all",
      () => transfer("ana", "ben"),
      asEach(["ana"], " of ana", everywhere),
    ],
    ["a transfer from an alias: the person", () => transfer("bee", "ana"), asEach(["ben"], " of ben", everywhere)],
    ["a transfer from nobody: nothing", () => transfer("gone", "ana"), []],
    ["rows by owner: the owner", () => grantTo(owned("ana")), asEach(["ana"], " of ana", everywhere)],
    ["rows by an owner outside: everybody", () => grantTo(owned("x@far.example")), asEach(active)],
    ["rows by an owner who is deleted: everybody", () => grantTo(owned("gone")), asEach(active)],
    ["rows by title: everybody", () => grantTo({ ...everything, title: "B*" }), asEach(active)],
    [
      "rows by title in the trash too: everybody, trash and all",
      () => grantTo({ ...everything, title: "B*" }, "include"),
      asEach(active, "", everywhere),
    ],
    ["a replacement of a person: all that person sees", () => replace("bee@acme.example"), asEach(["ben"])],
    [
      "a replacement in the trash too: all that person sees, trash and all",
      () => replace("ben@acme.example", "include"),
      asEach(["ben"], "", everywhere),
    ],
    ["a replacement of a suspended person: everybody", () => replace("sam@acme.example"), asEach(active)],
    ["a replacement of a deleted person: everybody", () => replace("gone@acme.example"), asEach(active)],
    ["a replacement of a group: everybody", () => replace("team@acme.example"), asEach(active)],
    ["a replacement of a domain: everybody", () => replace("domain:far.example"), asEach(active)],
  ])("for %s", async (_, make, searches) => {
    const { google, survey } = await surveyed([make()]);
    expect(google.asked("search")).toEqual(searches);
    expect((await survey.coverage()).trashedRead).toBe(make().trashed === "include");
  });

  it("for rows that name assets: their owners as far as the rows name them, and everybody for what is not found", async () => {
    const one = transfer("ana", "ben", { select: named("a1") });
    const found = await surveyed([one]);
    expect(found.google.asked("search")).toEqual(asEach(["ana"], " of ana", everywhere));
    expect(found.names).toEqual(["a1", "a2", "a3"]);
    const byOwner = await surveyed([grantTo({ ...named("a1"), owner: address("ana") })]);
    expect(byOwner.google.asked("search")).toEqual(asEach(["ana"], " of ana", everywhere));
    const sought = await surveyed([one, grantTo(named("b1"))]);
    expect(sought.google.asked("search")).toEqual([...asEach(["ana"], " of ana", everywhere), ...asEach(active)]);
    expect(sought.names).toEqual(["a1", "a2", "a3", "b1", "s1"]);
  });

  it("for what is protected: its owner too", async () => {
    const rule = { id: "protect[0]", place: { file: "p", line: 1, column: 1 }, title: undefined, asset: undefined };
    const { google, survey } = await surveyed([transfer("ana", "ben")], {}, [
      { ...rule, owner: address("bee") },
      { ...rule, owner: undefined },
    ]);
    expect(google.asked("user")).toContain("bee");
    expect(survey.principal(address("bee"))?.kind).toBe("user");
  });

  it("more than one page of it, and of rows", async () => {
    const assets = Array.from({ length: 7 }, (_, index) => ({ name: `m${index}`, owner: "ana" }));
    const { names } = await surveyed([transfer("ana", "ben")], { assets, pageSize: 3 });
    expect(names).toHaveLength(7);
    const many = Array.from({ length: 501 }, (_, index) =>
      transfer("ana", "ben", { select: named(`n${1000 + index}`) }),
    );
    const last = transfer("ben", "ana", { select: named("z") });
    const { google } = await surveyed([...many, last]);
    expect(new Set(google.asked("authenticate"))).toEqual(new Set(["ana", "ben"]));
  });
});

describe("owners who cannot be searched as", () => {
  const out = { ana: no("halt-actor", "ana is out"), ben: no("halt-actor", "ben is out") };

  it("have their assets looked for by name, trash and all, through everybody else", async () => {
    const { google, survey, names } = await surveyed([transfer("ana", "ben")], { out: { ana: out.ana } });
    expect(google.asked("search")).toEqual(asEach(["ben", "cleo"], " of ana", everywhere));
    expect(names).toEqual(["a1"]);
    expect([survey.reachable(address("ana")), survey.reachable(address("ben"))]).toEqual([false, true]);
    expect(google.events.filter(({ type }) => type === "user-unreadable")).toEqual([
      { type: "user-unreadable", user: "ana@acme.example", reason: "ana is out" },
    ]);
    expect(await survey.coverage()).toMatchObject({
      usersTried: 3,
      usersRead: 2,
      usersFailed: [{ user: "ana@acme.example", reason: "ana is out" }],
      assetsRead: 1,
    });
  });

  it("are searched for one after another by each user", async () => {
    const rows = [transfer("ana", "cleo"), transfer("ben", "cleo")];
    const { google } = await surveyed(rows, { out });
    expect(google.asked("search")).toEqual([
      ...asEach(["cleo"], " of ana", everywhere),
      ...asEach(["cleo"], " of ben", everywhere),
    ]);
  });

  it("are no more than three before everything is listed once instead", async () => {
    const leavers = ["l1", "l2", "l3", "l4"];
    const tenant = {
      people: [...people, ...leavers.map((name) => person(name))],
      out: Object.fromEntries(leavers.map((name) => [name, no("halt-actor")])),
    };
    const searches = async (count: number): Promise<readonly string[]> =>
      (
        await surveyed(
          leavers.slice(0, count).map((name) => transfer(name, "ana")),
          tenant,
        )
      ).google.asked("search");
    expect((await searches(3)).every((search) => search.includes(" of l"))).toBe(true);
    expect(await searches(4)).toEqual(asEach(active, "", everywhere));
  });

  it("are looked for in everything, trash included, where everything is searched anyway", async () => {
    const rows = [transfer("ana", "cleo"), grantTo({ ...everything, title: "B*" })];
    const { google } = await surveyed(rows, { out: { ana: out.ana } });
    expect(google.asked("search")).toEqual(asEach(["ben", "cleo"], "", everywhere));
  });

  it("are made up for by everybody else when all that a person sees was wanted and could not be had", async () => {
    const rows = [replace("ben@acme.example"), transfer("cleo", "ana")];
    const { google, survey, names } = await surveyed(rows, { fails: { "search ben": no("halt-actor", "out") } });
    expect(google.asked("search ben")).toHaveLength(1);
    expect(google.asked("search").slice(-4)).toEqual(asEach(["ana", "cleo"]));
    expect(names).toEqual(["a1", "a2", "b1", "s1"]);
    // Nothing is made of what he was not shown.
    expect(survey.seenAs(address("ben"))).toBeUndefined();
  });
});

describe("trouble", () => {
  it("with everybody ends the survey with the first of it, because nothing found then means nothing", async () => {
    const fails = { "search ana": no("refuse", "first"), search: no("refuse", "later") };
    await expect(surveyed([grantTo({ ...everything, title: "B*" })], { fails })).rejects.toThrow("first");
  });

  it("with some is a line of the coverage", async () => {
    const fails = { "search ana": no("refuse", "not now") };
    const { survey, names } = await surveyed([grantTo({ ...everything, title: "B*" })], { fails });
    expect(names).toEqual(["a1", "b1", "s1"]);
    expect((await survey.coverage()).usersFailed).toEqual([{ user: "ana@acme.example", reason: "not now" }]);
  });

  it.each([
    ["with the credentials", no("halt-run", "all is lost")],
    ["of this program's own", new TypeError("all is lost")],
  ])("%s ends the survey at once", async (_, failure) => {
    const fails = { "search ana": failure };
    await expect(surveyed([transfer("ana", "ben")], { fails })).rejects.toThrow("all is lost");
    await expect(surveyed([transfer("ana", "ben")], { fails: { authenticate: failure } })).rejects.toThrow("lost");
  });

  it("is not told of anybody once the user has stopped", async () => {
    const { google, survey } = await surveyed(
      [transfer("ana", "ben")],
      { fails: { authenticate: no("halt-actor") } },
      [],
      (asked) => {
        asked.before = (call) => {
          if (call.startsWith("authenticate")) asked.stop.abort();
        };
      },
    );
    expect(google.events.map(({ type }) => type)).not.toContain("user-unreadable");
    expect(survey.reachable(address("ana"))).toBe(true);
  });

  it("is that no further page is asked for once the user has stopped", async () => {
    const assets = Array.from({ length: 7 }, (_, index) => ({ name: `m${index}`, owner: "ana" }));
    const { google } = await surveyed([transfer("ana", "ben")], { assets, pageSize: 3 }, [], (asked) => {
      asked.before = (call) => {
        if (call.startsWith("search")) asked.stop.abort();
      };
    });
    expect(google.asked("search ana REPORT of ana").filter((place) => place === "")).toHaveLength(1);
  });
});

it("what a person is shown is known where all of it was asked for, and only there", async () => {
  const { survey } = await surveyed([replace("ben@acme.example"), transfer("ana", "cleo")]);
  expect([...(survey.seenAs(address("ben")) ?? [])].toSorted()).toEqual(["a1", "b1", "s1"]);
  expect(survey.seenAs(address("ana"))).toBeUndefined();
});

describe("permissions", () => {
  async function readAll({ survey }: Surveyed): Promise<void> {
    await survey.readPermissions(() => true);
  }
  const all = grantTo({ ...everything, title: "*" });

  it("are read as the owner where that can be, else as somebody of the tenant who is shown the asset", async () => {
    const found = await surveyed([all]);
    await readAll(found);
    expect(found.google.asked("read")).toEqual(["ana a1", "ana a2", "ben b1", "ben s1"]);
    const record = await found.stage.asset("s1" as AssetName);
    expect([record?.readAs, record?.permissions?.etag]).toEqual(["ben@acme.example", "e1"]);
    expect(await found.survey.coverage()).toMatchObject({ permissionsRead: 4, permissionsUnreadable: 0 });
  });

  it("are read of the assets that are wanted, and of none twice", async () => {
    const found = await surveyed([all, grantTo(named("b1"))]);
    const asked: string[] = [];
    await found.survey.readPermissions((asset, isNamed) => {
      asked.push(`${asset.name} ${isNamed}`);
      return isNamed;
    });
    expect(asked).toEqual(["a1 false", "a2 false", "b1 true", "s1 false"]);
    expect(found.google.asked("read")).toEqual(["ben b1"]);
    await found.stage.setPermissions("a2" as AssetName, { unreadable: "known" });
    await readAll(found);
    expect(found.google.asked("read")).toEqual(["ben b1", "ana a1", "ben s1"]);
  });

  it("are tried through everybody who may, and the last reason is kept where nobody can", async () => {
    const fails = { "read ana a1": no("refuse", "not ana"), "read ben a1": no("retry", "not ben either") };
    const found = await surveyed([all], { fails });
    await readAll(found);
    expect(found.google.asked("read").slice(0, 2)).toEqual(["ana a1", "ben a1"]);
    const record = await found.stage.asset("a1" as AssetName);
    expect(record?.unreadable).toBe("as ben@acme.example: not ben either");
    expect(await found.survey.coverage()).toMatchObject({
      permissionsRead: 3,
      permissionsUnreadable: 1,
      usersFailed: [],
    });
  });

  it("are not tried through a user known to be out of reach", async () => {
    const found = await surveyed([all], { fails: { "read ana": no("halt-actor", "ana is out") } });
    await readAll(found);
    expect(found.google.asked("read")).toEqual(["ana a1", "ben a1", "ben b1", "ben s1"]);
    expect((await found.stage.asset("a2" as AssetName))?.unreadable).toBe("no user who sees the asset can be acted as");
    expect((await found.survey.coverage()).usersFailed).toEqual([{ user: "ana@acme.example", reason: "ana is out" }]);
  });

  it.each([no("halt-run", "all is lost"), new TypeError("all is lost")])(
    "end the survey when nothing can be read any more: %s",
    async (failure) => {
      const found = await surveyed([all], { fails: { "read ana": failure } });
      await expect(readAll(found)).rejects.toThrow("all is lost");
    },
  );

  it("of an asset without an owner are read through whoever is shown it", async () => {
    const assets = [{ name: "n1", owner: "ana", seenBy: ["ben"] }];
    const found = await surveyed([all], { assets });
    await found.stage.addAssets(
      [{ name: "n2" as AssetName, assetType: "REPORT", title: "t", owner: undefined, trashed: false }],
      address("cleo"),
    );
    await expect(readAll(found)).rejects.toThrow("nobody holds n2");
    expect(found.google.asked("read")).toContain("cleo n2");
  });

  it("read through somebody else have their editors looked up, who may have to act in the owner's place", async () => {
    const editors = [
      "user:ana@acme.example",
      "user:x@far.example",
      "group:team@acme.example",
      "allUsers",
      "user:gone@acme.example",
    ];
    const assets = [
      { name: "s1", owner: "sam", seenBy: ["cleo"], grants: { EDITOR: editors, VIEWER: ["user:old@acme.example"] } },
      { name: "c1", owner: "cleo", grants: { EDITOR: ["user:ben@acme.example"] } },
    ];
    const found = await surveyed([replace("cleo@acme.example")], { assets });
    await readAll(found);
    const looked = found.google.asked("user").filter((name) => !["cleo", "sam"].includes(name));
    expect(looked).toEqual(["ana", "gone"]);
  });

  it("are counted as they come, with the assets found before them", async () => {
    const found = await surveyed([transfer("ana", "ben")]);
    await readAll(found);
    expect(found.google.events).toEqual([
      { type: "survey", usersDone: 1, usersTotal: 1, assets: 3, permissions: 0 },
      ...[1, 2, 3].map((permissions) => ({ type: "survey", usersDone: 1, usersTotal: 1, assets: 3, permissions })),
    ]);
    const everybody = await surveyed([all]);
    expect(everybody.google.events.at(-1)).toMatchObject({ usersDone: 3, usersTotal: 3, assets: 7 });
  });
});

describe("a snapshot that shows everything at once", () => {
  it.each([false, true])(
    "is found the same as by searching as one user after the other, trash included: %s",
    async (trash) => {
      const shared = await snapshotOf({
        users: [
          { person: person("ana") },
          { person: person("ben"), reading: "failed", reason: "ben cannot be acted as" },
          { person: person("cleo") },
          { person: person("sam", { suspended: true }), reading: "skipped", reason: "suspended" },
        ],
        assets: [
          { name: "z", owner: "cleo", seenAs: "cleo", access: { EDITOR: ["user:ana@acme.example"] } },
          { name: "a", owner: "ana", assetType: "DATA_SOURCE", access: "nobody may" },
          { name: "b", owner: "ben", seenAs: "ben" },
          { name: "z", owner: "cleo", seenAs: "ana" },
          { name: "s", owner: "sam", seenAs: "cleo", access: { EDITOR: ["user:gone@acme.example"] } },
          { name: "t", owner: "ana", trashed: true, access: {} },
        ],
      });
      const requests = [
        grantTo(everything, trash ? "include" : "exclude"),
        ...["z", "nowhere", "z", "before", "zz"].map((name) => grantTo(named(name))),
      ];
      const found = async (atOnce: boolean): Promise<unknown> => {
        const whole = offlineApi(inPagesOf(2, shared));
        const { searchAsEach: _atOnce, ...oneByOne } = whole.dataStudio;
        const api = atOnce ? whole : { ...whole, dataStudio: oneByOne };
        const stage = await openStage({ memory: true });
        await stage.addRequests(requests);
        const survey = await Survey.begin({ ...new TinyGoogle(tiny).surroundings, api }, stage, 1);
        await survey.findAssets([]);
        await survey.readPermissions(() => true);
        const pages = [];
        for await (const page of survey.pages()) pages.push(page);
        const assets = pages.flatMap((page) => page.assets);
        const missing = pages.flatMap((page) => page.missing);
        // Who may have to act in the place of an owner who cannot is looked up before anything is decided.
        const known = ["ana", "sam", "gone"].map((name) => survey.principal(address(name))?.kind);
        return { assets, missing, known, coverage: await survey.coverage() };
      };
      const once = await found(true);
      expect(once).toEqual(await found(false));
      expect(once).toMatchObject({ known: ["user", "user", "missing"] });
      expect(once).toMatchObject({ coverage: { usersTried: 3, usersRead: 2, assetsRead: trash ? 4 : 3 } });
      await shared.close();
    },
  );
});
