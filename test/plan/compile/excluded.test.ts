/** Rows that would undo each other as soon as the plan was made again, told of though neither is so yet, in either order. */
import { describe, expect, it } from "vitest";
import { member } from "../../../src/model/member.ts";
import type { Request } from "../../../src/model/request.ts";
import { World, email, everything, named, row, transfer, written } from "./world.ts";

const all = { ...everything, title: "*" };
const world = (): World =>
  new World()
    .user("lea")
    .user("tara", { aliases: [email("old.tara")] })
    .user("rita")
    .asset("a1", "lea", { EDITOR: ["user:rita@acme.example"] });

const grant = row({ action: "grant", select: named("a1"), member: written("tara@acme.example"), role: "EDITOR" });
const setLink = (role: string): Request =>
  row({ action: "set-link", select: named("a1"), role, member: member("allUsers") });

describe("contradictions of what is not held yet", () => {
  it.each<[string, Request, Request, RegExp]>([
    [
      "a role given to somebody who is set to the other",
      grant,
      row({ action: "set-role", select: all, member: written("tara@acme.example"), role: "VIEWER" }),
      /EDITOR of user:tara@acme\.example is taken away here and given at/,
    ],
    [
      "a role handed on to somebody who is set to the other",
      row({
        action: "replace-member",
        select: all,
        from: written("rita@acme.example"),
        to: written("tara@acme.example"),
        roles: ["EDITOR"],
      }),
      row({ action: "set-role", select: named("a1"), member: written("tara@acme.example"), role: "VIEWER" }),
      /EDITOR of user:tara@acme\.example is taken away here and given at/,
    ],
    [
      "a role given to a person and taken from an alias",
      grant,
      row({ action: "revoke", select: all, member: written("old.tara@acme.example"), role: "EDITOR" }),
      /EDITOR of user:tara@acme\.example is taken away here and given at/,
    ],
    [
      "a link set and closed",
      setLink("LINK_VIEWER"),
      row({ action: "close-link", select: all }),
      /LINK_VIEWER of allUsers is taken away here and given at/,
    ],
    [
      "a link set to two roles",
      setLink("LINK_VIEWER"),
      row({ action: "set-link", select: all, role: "LINK_EDITOR", member: member("allUsers") }),
      /LINK_\w+ of allUsers is taken away here and given at/,
    ],
  ])("%s", (_name, one, other, problem) => {
    for (const rows of [
      [one, other],
      [other, one],
    ]) {
      const { diagnostics, edits } = world().compile(...rows);
      expect(edits).toEqual([]);
      expect(diagnostics.map((each) => each.problem)).toContainEqual(expect.stringMatching(problem));
    }
  });

  it("are told of once where one of the two is held", () => {
    const tara = { EDITOR: ["user:tara@acme.example"] };
    const { diagnostics } = new World()
      .user("lea")
      .user("tara")
      .asset("a1", "lea", tara)
      .compile(grant, row({ action: "revoke", select: all, member: written("tara@acme.example"), role: undefined }));
    expect(diagnostics).toHaveLength(1);
  });
});

describe("two rows that give one user's assets to the same heir", () => {
  const byTitle = transfer("lea", "tara", { select: { ...everything, title: "Title *" } });
  const attempt = transfer("lea", "tara", { select: named("a1"), ownerChange: "attempt" });

  it.each([
    ["the narrower first", [attempt, byTitle]],
    ["the wider first", [byTitle, attempt]],
  ])("count both, %s: one that tries by itself is no transfer of everything", (_name, rows) => {
    expect(world().compile(...rows)).toMatchObject({ transfers: [], byHand: [{ asset: { name: "a1" } }] });
  });

  it.each([
    ["the narrower first", [attempt, byTitle]],
    ["the wider first", [byTitle, attempt]],
  ])("try the owner where one of them says so, %s, and the line by hand names both", (_name, rows) => {
    const { edits, byHand } = world().compile(...rows);
    expect(edits).toMatchObject([{ attemptOwner: "tara@acme.example" }]);
    expect(byHand[0]?.sources).toHaveLength(2);
  });

  it.each([
    ["the narrower first", false],
    ["the wider first", true],
  ])("contradict each other where they keep other access for the old owner, %s", (_name, turned) => {
    const other = transfer("lea", "tara", { select: named("a1"), keep: "none", ownerChange: "attempt" });
    const rows = turned ? [byTitle, other] : [other, byTitle];
    const { diagnostics, edits, byHand } = world().compile(...rows);
    expect([edits, byHand]).toEqual([[], []]);
    expect(diagnostics).toMatchObject([
      { problem: expect.stringMatching(/with other access kept for lea@acme.example/) },
    ]);
  });

  it("are both named by the transfer that carries them out", () => {
    const [planned] = world().compile(byTitle, transfer("lea", "tara", { select: named("a1") })).transfers;
    expect(planned?.requests).toHaveLength(2);
  });
});
