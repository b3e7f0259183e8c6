/** Planning over a whole tenant: what is read, as whom, and what comes of it. */
import { describe, expect, it } from "vitest";
import { GuardError, PlanFileError } from "../../src/model/errors.ts";
import type { Request } from "../../src/model/request.ts";
import { email, everything, named, row, transfer, written } from "../plan/compile/world.ts";
import { Rig, smallTenant } from "../support/rig.ts";

function rigWith(): Rig {
  const world = smallTenant();
  world.addGroup({ email: "bi-team", members: ["ana", "other"] });
  world.addAsset({ name: "r1", owner: "leaver", title: "EMEA one", roles: { VIEWER: ["user:ana@acme.example"] } });
  world.addAsset({ name: "r2", owner: "leaver", title: "APAC two", roles: { LINK_VIEWER: ["allUsers"] } });
  world.addAsset({
    name: "h1",
    owner: "heir",
    roles: { EDITOR: ["group:bi-team@acme.example", "user:guest@partner.example"] },
  });
  world.addAsset({ name: "s1", owner: "sam", roles: { EDITOR: ["user:ana@acme.example", "user:other@acme.example"] } });
  world.addAsset({ name: "s2", owner: "sam" });
  world.addAsset({ name: "t1", owner: "leaver", trashed: true });
  return new Rig(world);
}

const grant = (name: string, who = "other@acme.example", role = "VIEWER"): Request =>
  row({ action: "grant", select: named(name), member: written(who), role });

describe("planning", () => {
  it("writes nothing to Google, and neither do undo and verify", async () => {
    const rig = rigWith();
    const run = await rig.made([transfer("leaver", "heir"), grant("h1")]);
    expect(rig.emulator.log.writes).toBe(0);
    await rig.apply(run);
    rig.emulator.log.clear();
    await rig.verify(run);
    await rig.undo(run);
    expect(rig.emulator.log.writes).toBe(0);
    expect(rig.emulator.log.total).toBeGreaterThan(0);
  });

  it("reads only what the rows name, one search by owner and one read of each asset", async () => {
    const rig = rigWith();
    await rig.made([transfer("leaver", "heir")]);
    const searchers = new Set(
      rig.emulator.log
        .entries()
        .filter((e) => e.route === "assets.search")
        .map((e) => e.actor),
    );
    expect(searchers).toEqual(new Set(["leaver@acme.example"]));
    expect(rig.count("assets.getPermissions")).toBe(2);
  });

  it("finds a suspended owner's assets through whoever sees them, and says whom it could not read", async () => {
    const rig = rigWith();
    const { outcome } = await rig.plan([grant("s1")]);
    expect(outcome).toMatchObject({ kind: "made", header: { totals: { steps: 1 } } });
    const moved = await rig.plan([transfer("sam", "heir")]);
    expect(moved.outcome.header.coverage.usersFailed).toMatchObject([{ user: "sam@acme.example" }]);
    expect(moved.outcome.header.hazards.map((hazard) => hazard.name)).toContain("moves-unseen-assets");
  });

  it("goes on past a user whose searches always fail: a line of the coverage, not an end", async () => {
    const rig = rigWith();
    rig.emulator.setFaults([{ route: "assets.search", actor: "other@acme.example", fault: { kind: "sticky" } }]);
    const close = row({ action: "close-link", select: { ...everything, audience: "public" } });
    const { outcome } = await rig.plan([close]);
    expect(outcome).toMatchObject({ kind: "made", header: { totals: { edits: 1 } } });
    expect(outcome.header.coverage.usersFailed).toMatchObject([{ user: "other@acme.example" }]);
  });

  it("counts exposure before and after", async () => {
    const rig = rigWith();
    const { outcome } = await rig.plan([
      row({ action: "close-link", select: { ...everything, audience: "public" } }),
      row({ action: "revoke", select: named("h1"), member: written("guest@partner.example"), role: undefined }),
    ]);
    expect(outcome.header.exposureBefore).toMatchObject({ publicLinks: 1, externalEditors: 1 });
    expect(outcome.header.exposureAfter).toMatchObject({ publicLinks: 0, externalEditors: 0 });
  });

  it.each<[string, () => Request, number]>([
    [
      "of a user",
      () =>
        row({
          action: "replace-member",
          select: everything,
          from: written("ana@acme.example"),
          to: written("heir@acme.example"),
          roles: ["EDITOR", "VIEWER"],
        }),
      2,
    ],
    [
      "of a group",
      () =>
        row({
          action: "replace-member",
          select: everything,
          from: written("bi-team@acme.example"),
          to: written("heir@acme.example"),
          roles: ["EDITOR", "VIEWER"],
        }),
      1,
    ],
    [
      "of an outsider",
      () =>
        row({
          action: "replace-member",
          select: everything,
          from: written("guest@partner.example"),
          to: written("other@acme.example"),
          roles: ["EDITOR"],
        }),
      1,
    ],
  ])("finds every asset for the replacement %s", async (_, make, edits) => {
    const { outcome } = await rigWith().plan([make()]);
    expect(outcome).toMatchObject({ kind: "made", header: { totals: { assetsEdited: edits } } });
  });

  it("against the state after the apply has nothing left to do", async () => {
    const rig = rigWith();
    const rows = [
      grant("h1"),
      row({ action: "close-link", select: { ...everything, audience: "public" } }),
      row({
        action: "replace-member",
        select: everything,
        from: written("ana@acme.example"),
        to: written("other@acme.example"),
        roles: ["EDITOR", "VIEWER"],
      }),
    ];
    await rig.apply(await rig.made(rows));
    const { outcome } = await rig.plan(rows);
    expect(outcome).toMatchObject({ header: { totals: { steps: 0, alreadySo: 1 } } });
  });
});

describe("a plan without a run", () => {
  it("is refused with all reasons at once, and nothing exists under its name", async () => {
    const rig = rigWith();
    const { outcome } = await rig.plan([
      transfer("leaver", "x@partner.example"),
      grant("nowhere-to-be-found"),
      grant("t1"),
      grant("h1"),
    ]);
    expect(outcome.kind).toBe("refused");
    expect(outcome.header.refusals.map((refusal) => refusal.rule).toSorted()).toEqual([
      "in-trash",
      "not-found",
      "to-outside",
    ]);
    expect(rig.emulator.log.writes).toBe(0);
  });

  it("is made all the same, on purpose, without what is refused", async () => {
    const { outcome } = await rigWith().plan([grant("h1"), grant("nowhere-to-be-found")], { skipRefused: true });
    expect(outcome).toMatchObject({ kind: "made", header: { totals: { steps: 1, refused: 1 } } });
  });

  it.each([
    ["changes", { changes: 1 }, [grant("r1"), grant("h1")]],
    ["percentOfAssets", { percentOfAssets: 5 }, [grant("h1")]],
    ["newExternal", { newExternal: 0 }, [grant("h1", "new@partner.example")]],
    [
      "newPublic",
      { newPublic: 0 },
      [row({ action: "set-link", select: named("h1"), role: "LINK_VIEWER", member: "allUsers" as never })],
    ],
  ] as const)("breaks the limit %s", async (limit, limits, rows) => {
    const { outcome } = await rigWith().plan(rows, { limits });
    expect(outcome).toMatchObject({ kind: "over-limit", breaches: [{ limit }] });
  });

  it("matched nothing", async () => {
    const { outcome } = await rigWith().plan([transfer("other", "heir")]);
    expect(outcome.kind).toBe("matched-nothing");
  });

  it("is for another tenant than the credentials", async () => {
    const tenant = email("x@globex.example").slice(2) as never;
    await expect(rigWith().plan([grant("h1")], { tenant })).rejects.toThrow(GuardError);
  });

  it("has rows that contradict each other on an asset both select", async () => {
    const rows = [
      transfer("leaver", "heir", { select: named("r1") }),
      transfer("leaver", "other", { select: { ...everything, title: "EMEA *" } }),
    ];
    await expect(rigWith().plan(rows)).rejects.toThrow(PlanFileError);
  });

  it("has a transfer although the tenant does not offer any for Data Studio", async () => {
    const rig = rigWith();
    rig.emulator.setSwitches({ transferApplication: "absent" });
    const { outcome } = await rig.plan([transfer("leaver", "heir")]);
    expect(outcome.header.refusals).toMatchObject([{ rule: "not-offered" }]);
  });
});
