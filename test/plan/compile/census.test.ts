/** Whom a job is decided for, what it counts, in which order jobs go, and which rows a refusal or a line names. */
import { describe, expect, it } from "vitest";
import { World, email, everything, named, row, transfer, written } from "./world.ts";

function staffed(): World {
  return new World().user("leaver").user("heir").user("other").user("ana").user("sam", { suspended: true });
}

const protecting = (world: World, name: string): World => {
  world.protect = [{ id: "protect[0]", place: { file: "p.yaml", line: 3, column: 1 }, asset: name as never }];
  return world;
};

describe("a job", () => {
  it("counts the data sources that are live", () => {
    const { transfers } = staffed()
      .asset("r1", "leaver")
      .asset("d1", "leaver", {}, { assetType: "DATA_SOURCE" })
      .asset("d2", "leaver", {}, { assetType: "DATA_SOURCE" })
      .asset("d3", "leaver", {}, { assetType: "DATA_SOURCE", trashed: true })
      .compile(transfer("leaver", "heir"));
    expect(transfers).toMatchObject([{ live: 3, trashed: 1, liveDataSources: 2, unnamed: 0 }]);
  });

  it("moves nothing unnamed when the rows name the trash as well", () => {
    const { transfers } = staffed()
      .asset("r1", "leaver")
      .asset("t1", "leaver", {}, { trashed: true })
      .compile(
        transfer("leaver", "heir", { select: named("r1") }),
        transfer("leaver", "heir", { select: named("t1"), trashed: "include" }),
      );
    expect(transfers).toMatchObject([{ live: 1, trashed: 1, unnamed: 0 }]);
  });

  it("is not made for somebody who owns nothing", () => {
    expect(staffed().asset("x1", "ana").compile(transfer("leaver", "heir")).transfers).toEqual([]);
  });

  it("is made for somebody suspended, of whom nothing is seen", () => {
    const { transfers } = staffed().asset("x1", "ana").compile(transfer("sam", "heir"));
    expect(transfers).toMatchObject([{ live: 0, complete: false }]);
  });

  it("is not made of rows that name assets one by one when one of them is protected", () => {
    const { transfers, byHand, refusals } = protecting(staffed(), "r1")
      .asset("r1", "leaver")
      .asset("r2", "leaver")
      .compile(
        transfer("leaver", "heir", { select: named("r1") }),
        transfer("leaver", "heir", { select: named("r2") }),
      );
    expect([transfers, byHand.length, refusals.length]).toEqual([[], 1, 1]);
  });

  it("is not made of a row about those with one audience", () => {
    const { transfers } = staffed()
      .asset("r1", "sam", { LINK_VIEWER: ["allUsers"], EDITOR: ["user:ana@acme.example"] })
      .compile(transfer("sam", "heir", { select: { ...everything, audience: "public" } }));
    expect(transfers).toEqual([]);
  });

  it("is not made when the rows that name everything name two heirs, and each row says so of the other", () => {
    const rows = [transfer("leaver", "heir"), transfer("leaver", "other")];
    const { transfers, diagnostics } = staffed()
      .asset("x1", "ana")
      .compile(...rows);
    expect(transfers).toEqual([]);
    expect(diagnostics).toHaveLength(1);
    const lines = rows.map(({ place }) => place.line);
    expect(lines).toContain(diagnostics[0]?.place.line);
    expect(lines.filter((line) => diagnostics[0]?.problem.includes(`:${line}:`))).toHaveLength(1);
  });
});

describe("the order of jobs", () => {
  it("is that of departures: whoever hands over to somebody who leaves comes after him", () => {
    const { transfers, after } = staffed()
      .asset("r1", "leaver")
      .asset("r2", "heir")
      .asset("r3", "other")
      .asset("r4", "sam")
      .compile(transfer("leaver", "heir"), transfer("sam", "ana"), transfer("heir", "other"), transfer("other", "ana"));
    expect(transfers.map(({ from }) => from.email)).toEqual(["sam", "other", "heir", "leaver"].map(email));
    const waits = [...after].map(([one, first]) => [one.from.email, first.from.email]);
    expect(waits).toHaveLength(2);
    expect(waits).toContainEqual([email("leaver"), email("heir")]);
    expect(waits).toContainEqual([email("heir"), email("other")]);
  });

  it("is found for a row of departures of any length", () => {
    const world = new World();
    const people = Array.from({ length: 20_001 }, (_, index) => `p${index}`);
    for (const name of people) {
      world.user(name);
      world.unreachable.add(email(name));
    }
    const rows = people.slice(1).map((heir, index) => transfer(people[index] ?? "", heir));
    const { transfers, after } = world.compile(...rows);
    expect([transfers[0], transfers.at(-1)].map((each) => each?.from.email)).toEqual(["p19999", "p0"].map(email));
    expect(after.size).toBe(19_999);
  });

  it("does not wait for a ring that is refused", () => {
    const { after } = staffed()
      .asset("r1", "leaver")
      .asset("r2", "heir")
      .asset("r3", "ana")
      .compile(transfer("leaver", "heir"), transfer("heir", "leaver"), transfer("ana", "heir"));
    expect(after.size).toBe(0);
  });
});

describe("a refusal names its row", () => {
  const grant = (name: string) =>
    row({ action: "grant", select: named(name), member: written("ana@acme.example"), role: "VIEWER" });

  it("for an asset in the trash", () => {
    const request = grant("r1");
    const { refusals } = staffed().asset("r1", "leaver", {}, { trashed: true }).compile(request);
    expect(refusals).toMatchObject([{ rule: "in-trash", places: [request.place] }]);
  });

  it("for an asset of somebody else", () => {
    const request = transfer("leaver", "heir", { select: named("r1") });
    const { refusals } = staffed().asset("r1", "ana").compile(request);
    expect(refusals).toMatchObject([{ rule: "not-owner", places: [request.place] }]);
  });

  it("for an asset that cannot be read", () => {
    const world = staffed().asset("r1", "leaver");
    const [record] = world.assets.splice(0);
    world.assets.push({ ...(record ?? expect.fail()), permissions: undefined, unreadable: "not today" });
    const request = grant("r1");
    expect(world.compile(request).refusals).toMatchObject([
      { rule: "unreadable", places: [request.place], problem: expect.stringContaining("not today") },
    ]);
  });

  it("for a protected asset, every row about it", () => {
    const requests = [grant("r1"), transfer("leaver", "heir", { select: named("r1") })];
    const { refusals } = protecting(staffed(), "r1")
      .asset("r1", "leaver")
      .compile(...requests);
    expect(refusals).toMatchObject([{ rule: "protected", places: requests.map(({ place }) => place) }]);
  });

  it("for everything of somebody who owns a protected asset, and for each part of a swap", () => {
    const whole = transfer("leaver", "heir");
    const { refusals } = protecting(staffed(), "r1").asset("r1", "leaver").compile(whole);
    expect(refusals[0]).toMatchObject({ rule: "protected", places: [whole.place] });
    const swap = [transfer("leaver", "heir"), transfer("heir", "leaver")];
    const refused = staffed()
      .asset("r1", "leaver")
      .asset("r2", "heir")
      .compile(...swap).refusals;
    expect(refused.flatMap(({ places }) => places)).toEqual(swap.map(({ place }) => place));
  });
});

describe("a line on the hand-over sheet", () => {
  it.each([
    ["DATA_SOURCE", ["keeps-credentials"]],
    ["REPORT", []],
  ] as const)("for a %s names the transfer's row alone, and what people must know", (assetType, hazards) => {
    const request = transfer("leaver", "heir", { select: named("a1") });
    const other = row({ action: "grant", select: named("a1"), member: written("ana@acme.example"), role: "VIEWER" });
    const { byHand, edits } = staffed()
      .asset("a1", "leaver", {}, { assetType })
      .asset("a2", "leaver")
      .compile(other, request);
    expect(byHand).toMatchObject([{ kind: "by-hand", sources: [request.place], hazards }]);
    expect(edits).toMatchObject([{ kind: "edit", sources: [other.place, request.place] }]);
    expect(edits[0]?.hazards.includes("keeps-credentials")).toBe(assetType === "DATA_SOURCE");
    expect(edits[0]?.hazards.includes("leaves-data-sources")).toBe(assetType === "REPORT");
  });
});
