import { describe, expect, test } from "vitest";
import { nothing } from "../../src/model/permissions.ts";
import type { RunTotals } from "../../src/model/run.ts";
import { planFoot, planHead, planMore, planStep } from "../../src/report/plan-text.ts";
import { planSteps } from "../../src/report/plan-steps.ts";
import { plainStyle } from "../../src/report/style.ts";
import { assetName, byHand, digest, edit, email, header, pair, place, screen, steps, transfer } from "./sample.ts";

const run = "friday.handover";
const noTotals: RunTotals = {
  steps: 0,
  transfers: 0,
  assetsTransferred: 0,
  assetsEdited: 0,
  edits: 0,
  byHand: 0,
  refused: 0,
  alreadySo: 96,
  changes: 0,
  assetsTouched: 0,
  newExternal: 0,
  newPublic: 0,
  rows: 12,
  duplicateRows: 0,
};

describe("the head of a plan", () => {
  test("names the run, its tenant and files, and says what could not be read", () => {
    expect(screen(planHead(header(), run, plainStyle))).toMatchInlineSnapshot(`
      "
      Plan      friday.handover · tenant acme.example · 226 rows of moves.csv
      Read      2,893 assets of 117/118 users, 2026-11-20 09:13 UTC
        ! 1 user could not be searched
            zoe@acme.example: Data Studio is turned off for the user
        ! permissions of 3 assets could not be read

      "
    `);
  });

  test("says which run an undo takes back", () => {
    const undo = header({ undoOf: { runId: "01JD4Z6T5Q8W9X0Y1Z2A3B4C5D", digest }, planFiles: [] });
    expect(planHead(undo, run, plainStyle)).toContain(
      "Undo      takes back run 01JD4Z6T5Q8W9X0Y1Z2A3B4C5D (digest 9f2c41d07ab3)",
    );
  });

  test("names the first users that could not be searched and counts the others", () => {
    const usersFailed = Array.from({ length: 9 }, (_, at) => ({ user: email(`u${at}@acme.example`), reason: "no" }));
    const lines = planHead(header({ coverage: { ...header().coverage, usersFailed } }), run, plainStyle);
    expect(lines).toContain("  ! 9 users could not be searched");
    expect(lines).toContain("      u4@acme.example: no");
    expect(lines).toContain("      and 4 more");
  });
});

describe("a step", () => {
  test("of each kind shows its asset, its pairs, who is let in or shut out, and where it comes from", () => {
    expect(screen(steps().flatMap((step) => planStep(step, header(), plainStyle)))).toMatchInlineSnapshot(`
      "
        > leaver@acme.example -> heir@acme.example                       37 assets  #1
            and 2 assets in the trash
            ! moves everything the old owner has; cannot be taken back
            ! also moves assets that the plan file does not name
            ! keeps the old owner's credentials: reconnect before suspension
            moves.csv:14
        ~ REPORT "EMEA pipeline"  b1c4a7d2…                              3 changes  #2
            + EDITOR       user:ana@acme.example
            - VIEWER       user:guest@partner.example  (external)
            - LINK_VIEWER  allUsers                    (public link)
            moves.csv:22 +1 · as anna@acme.example
        ~ DATA_SOURCE "売上データ – Q3"  77aa0011…                       5 changes  #3
            > OWNER        user:emea-bi@acme.example        (experimental)
            + VIEWER       user:consultant@partner.example  (external)
            + LINK_VIEWER  allUsers                         (public link)
            + VIEWER       domain:acme-labs.example         (whole domain)
            - EDITOR       group:bi-team@acme.example
            ! leaves nobody but the owner able to edit
            moves.csv:30 · as heir@acme.example · after #1
        ? REPORT "EMEA forecast"  2b606487…                                by hand  #4
            anna@acme.example makes emea-bi@acme.example the owner and stays editor;
            only if #3 cannot
            reorganisation.yaml:3
        ? DATA_SOURCE "EMEA orders"  0aa1bb2c…                             by hand  #5
            anna@acme.example makes emea-bi@acme.example the owner and loses access
            ! keeps the old owner's credentials: reconnect before suspension
            reorganisation.yaml:3
      "
    `);
  });

  test("is coloured where the stream can show it, by sigils and not by colour alone", () => {
    const lines = planStep(edit({ sources: [] }), header(), { ...plainStyle, color: true });
    expect(lines[0]).toContain("\u001b[33m~\u001b[39m REPORT");
    expect(lines[1]).toContain("\u001b[32m+\u001b[39m EDITOR");
    expect(lines[2]).toContain("\u001b[31m-\u001b[39m VIEWER");
  });

  test.each([
    ["user:guest@partner.example", "VIEWER", "(external)"],
    ["group:all@partner.example", "EDITOR", "(external)"],
    ["user:ben@acme-labs.example", "EDITOR", ""],
    ["domain:acme.example", "LINK_VIEWER", "(whole domain)"],
    ["domain:partner.example", "LINK_EDITOR", "(external domain)"],
    ["allUsers", "LINK_VIEWER", "(public link)"],
    ["allUsers", "VIEWER", "(public)"],
    ["deleted:user:dora@acme.example?uid=1", "EDITOR", "(deleted)"],
    ["principalSet:everybody", "EDITOR", "(unknown kind)"],
    ["serviceAccount:bot@p.iam.gserviceaccount.com", "EDITOR", ""],
  ])("marks %s as %s with %j", (member, role, mark) => {
    const lines = planStep(edit({ delta: { add: [pair(role, member)], remove: [] } }), header(), plainStyle);
    const line = lines.find((each) => each.includes(member)) ?? "";
    expect(line.slice(line.indexOf(member) + member.length).trim()).toBe(mark);
  });

  test("never cuts an address, however long it is", () => {
    const long = `user:${"a".repeat(64)}@${"b".repeat(60)}.${"c".repeat(60)}.example`;
    const step = edit({ delta: { add: [pair("EDITOR", long)], remove: [] } });
    const lines = planStep(step, header(), plainStyle);
    expect(lines.join("").replaceAll(" ", "")).toContain(long);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  test("says what it waits for and what makes it needless", () => {
    expect(planStep(edit({ after: 1 }), header(), plainStyle).at(-1)).toBe(
      "      moves.csv:22 +1 · as anna@acme.example · after #1",
    );
    expect(planStep(byHand({ unless: 3, sources: [] }), header(), plainStyle).at(-1)).toContain("only if #3 cannot");
  });

  test("of a transfer without trash does not speak of trash", () => {
    expect(planStep(transfer({ trashed: 0 }), header(), plainStyle).join("\n")).not.toContain("trash");
  });

  test("that only tries the owner change counts it as a change", () => {
    const [line] = planStep(edit({ delta: nothing, attemptOwner: email("b@acme.example") }), header(), plainStyle);
    expect(line).toContain("1 change  #2");
  });
});

describe("many steps", () => {
  const named = (seq: number, title: string) =>
    edit({
      seq,
      asset: { ...edit().asset, title, name: assetName(`asset-${seq}`) },
      sources: [place(seq)],
    });

  test("that do the same to several assets stand together, the first of them named", () => {
    const alike = [2, 3, 4, 5, 6].map((seq) => named(seq, `Report ${seq}`));
    expect(screen(planSteps([transfer(), ...alike], header(), plainStyle))).toMatchInlineSnapshot(`
      "
        > leaver@acme.example -> heir@acme.example                       37 assets  #1
            and 2 assets in the trash
            ! moves everything the old owner has; cannot be taken back
            ! also moves assets that the plan file does not name
            ! keeps the old owner's credentials: reconnect before suspension
            moves.csv:14
        ~ 5 assets                                                      3 changes each
            REPORT "Report 2"  asset-2                                              #2
            REPORT "Report 3"  asset-3                                              #3
            REPORT "Report 4"  asset-4                                              #4
            and 2 more (--all names them)
            + EDITOR       user:ana@acme.example
            - VIEWER       user:guest@partner.example  (external)
            - LINK_VIEWER  allUsers                    (public link)
            moves.csv:2 +4 · as anna@acme.example
      "
    `);
  });

  test("keep the line for the hand-over sheet with the edit of the same asset", () => {
    const both = [2, 4, 6, 8].flatMap((seq) => {
      const step = named(seq, `Report ${seq}`);
      return [step, byHand({ seq: seq + 1, asset: step.asset, sources: step.sources })];
    });
    expect(screen(planSteps(both, header(), plainStyle))).toMatchInlineSnapshot(`
      "
        ~ 4 assets                                                      3 changes each
            REPORT "Report 2"  asset-2                                              #2
            REPORT "Report 4"  asset-4                                              #4
            REPORT "Report 6"  asset-6                                              #6
            and 1 more (--all names them)
            + EDITOR       user:ana@acme.example
            - VIEWER       user:guest@partner.example  (external)
            - LINK_VIEWER  allUsers                    (public link)
            ? anna@acme.example makes emea-bi@acme.example the owner and stays editor,
              by hand
            moves.csv:2 +3 · as anna@acme.example
      "
    `);
    expect(screen(planSteps(both.slice(0, 2), header(), plainStyle))).toMatchInlineSnapshot(`
      "
        ~ REPORT "Report 2"  asset-2                                 3 changes  #2, #3
            + EDITOR       user:ana@acme.example
            - VIEWER       user:guest@partner.example  (external)
            - LINK_VIEWER  allUsers                    (public link)
            ? anna@acme.example makes emea-bi@acme.example the owner and stays editor,
              by hand
            moves.csv:2 · as anna@acme.example
      "
    `);
  });

  test.each([
    ["pairs", { delta: { add: [pair("EDITOR", "user:other@acme.example")], remove: [] } }],
    ["hazards", { hazards: ["removes-last-editor" as const] }],
    ["predecessor", { after: 1 }],
    ["owner change", { attemptOwner: email("other@acme.example") }],
  ])("that differ in their %s stand apart", (_what, other) => {
    const three = [named(2, "a"), named(3, "b"), { ...named(4, "c"), ...other }];
    expect(planSteps(three, header(), plainStyle)).toEqual(
      three.flatMap((step) => planStep(step, header(), plainStyle)),
    );
  });

  test("that differ only in who acts stand together, and say how many act", () => {
    const three = [named(2, "a"), named(3, "b"), { ...named(4, "c"), actor: email("other@acme.example") }];
    expect(planSteps(three, header(), plainStyle).at(-1)).toMatch(/as \S+@acme\.example and 1 other$/);
  });

  test("are all there when each is shown by itself", () => {
    const lines = steps().flatMap((step) => planStep(step, header(), plainStyle));
    for (const { seq } of steps()) expect(lines.some((line) => line.endsWith(`#${seq}`))).toBe(true);
  });
});

describe("the foot of a plan", () => {
  test("ends with the command that comes next, every hazard to allow in it", () => {
    expect(screen(planFoot(header(), digest, run, plainStyle))).toMatchInlineSnapshot(`
      "
      Refused   3
        x protected
            moves.csv:22 +1  REPORT "Board minutes" is protected by protect[0]
            moves.csv:40     REPORT "Board pack" is protected by protect[0]
            -> leave the asset out, or remove the rule on purpose
        x to-suspended
            moves.csv:57  suspended.sam@acme.example is suspended and cannot own
                          anything
            -> name another heir, or reactivate the user first
      More      handover help failure protected to-suspended

        = 1 request asks for what is so already
        ! 1 request matched no asset: moves.csv:61

      Hazards   those with ! must be allowed by name
        ! whole-user-transfer   leaver@acme.example -> heir@acme.example cannot be
                                taken back
        ! moves-unnamed-assets  3 assets that moves.csv does not name move too
          keeps-credentials     9 data sources keep leaver's credentials: reconnect
                                before suspension
      More      handover help hazard whole-user-transfer moves-unnamed-assets

      Totals    1 transfer (37 assets) · 212 edits on 96 assets · 4 by hand
                3 refused · 2,760 already so · 3 duplicate rows merged
      Exposure  public links 31 -> 12 · external editors 18 -> 4
                whole-domain links 240 as before
      Limits    253 of 500 changes · 4.6 % of 5 % of the assets · 0 of 0 new external
                0 of 0 new public · stops at 20 failures
      Calls     97 writes and at most 40 reads: about 27 s at 5 calls a second; Google
                takes minutes over a transfer
      By hand   4 owner changes: handover report friday.handover --handover-sheet
      Digest    9f2c41d07ab35e689f2c41d07ab35e689f2c41d07ab35e689f2c41d07ab35e68
      Next      handover apply friday.handover \\
                  --allow whole-user-transfer \\
                  --allow moves-unnamed-assets
      "
    `);
  });

  test("sets the next command on one line where there is room, quoted for a shell", () => {
    const lines = planFoot(header(), digest, "last friday's.handover", { ...plainStyle, width: 120 });
    expect(lines.at(-1)).toBe(
      "Next      handover apply 'last friday'\\''s.handover' --allow whole-user-transfer --allow moves-unnamed-assets",
    );
  });

  test("of an empty plan says that there is nothing to do", () => {
    const empty = header({ totals: noTotals, refusals: [], hazards: [], noActions: [], limits: {} });
    expect(screen(planFoot(empty, digest, run, plainStyle))).toMatchInlineSnapshot(`
      "
      Totals    96 already so
      Limits    0 changes, no limits set
      Digest    9f2c41d07ab35e689f2c41d07ab35e689f2c41d07ab35e689f2c41d07ab35e68
      Next      nothing: everything is as the plan asks
      "
    `);
  });

  test("says the remarks that belong to no step", () => {
    const lines = planFoot(header({ remarks: ["the transfer #1 cannot be taken back"] }), digest, run, plainStyle);
    expect(lines).toContain("  ! the transfer #1 cannot be taken back");
  });

  test("lists the first refusals of a rule and counts the others", () => {
    const refusals = Array.from({ length: 12 }, (_, at) => ({
      rule: "not-owner" as const,
      places: [{ file: "moves.csv", line: at + 1, column: 1 }],
      problem: `REPORT "${at}" belongs to somebody else`,
      remedy: "name its owner",
    }));
    const totals = { ...header().totals, refused: 1500 };
    const lines = planFoot(header({ refusals, totals }), digest, run, plainStyle);
    expect(lines).toContain("Refused   1,500");
    expect(lines).toContain("  and 1,488 more, which are counted only");
    expect(lines.filter((line) => line.includes("belongs to somebody else"))).toHaveLength(5);
    expect(lines).toContain("      and 7 more");
    expect(lines.filter((line) => line.includes("name its owner"))).toHaveLength(1);
  });

  test.each([
    [{ publicLinks: 3 }, { publicLinks: 1 }, "public links 3 -> 1"],
    [{ publicLinks: 3 }, { publicLinks: 3 }, "public links 3 as before"],
    [{}, {}, "nobody from outside, before or after"],
  ])("sums up exposure from %j to %j", (before, after, expected) => {
    const none = { publicLinks: 0, wholeDomainLinks: 0, externalEditors: 0, externalViewers: 0 };
    const plan = header({ exposureBefore: { ...none, ...before }, exposureAfter: { ...none, ...after } });
    expect(planFoot(plan, digest, run, plainStyle)).toContain(`Exposure  ${expected}`);
  });

  test("is plain ASCII on a stream that can show no more", () => {
    const ascii = { ...plainStyle, unicode: false };
    const lines = [
      ...planHead(header(), run, ascii),
      ...steps().flatMap((step) => planStep(step, header(), ascii)),
      ...planFoot(header(), digest, run, ascii),
    ];
    expect(lines.join("")).toMatch(/^[\u0020-\u007e]*$/);
  });
});

test("steps that are not shown are counted, with the command that shows them", () => {
  expect(planMore(40, header(), run, plainStyle)).toEqual([
    "",
    "  61 more steps: handover show friday.handover --all",
    "",
  ]);
  expect(planMore(101, header(), run, plainStyle)).toEqual([""]);
});
