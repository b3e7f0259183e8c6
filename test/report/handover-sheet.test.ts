import { parse } from "csv-parse/sync";
import { describe, expect, test } from "vitest";
import { nothing } from "../../src/model/permissions.ts";
import { noCounts } from "../../src/model/run.ts";
import type { StepState } from "../../src/model/step.ts";
import { handoverSheet, sheetCsv, sheetMarkdown, sheetText } from "../../src/report/handover-sheet.ts";
import type { HandoverSheet } from "../../src/report/handover-sheet.ts";
import type { RunFacts, StepProgress } from "../../src/report/rows.ts";
import { runReportMarkdown, runReportText, verdict } from "../../src/report/run-report.ts";
import { plainStyle } from "../../src/report/style.ts";
import * as sample from "./sample.ts";

function sheetOf(rows: readonly StepProgress[]): Promise<HandoverSheet> {
  return handoverSheet(sample.header(), sample.digest, sample.pages(rows));
}

/** The edit that gives `bi` access to the asset of `byHand()`. */
function grant(state: StepState): StepProgress {
  const { asset } = sample.byHand();
  const delta = { add: [sample.pair("EDITOR", `user:${sample.bi}`)], remove: [] };
  return { ...sample.progressOf(sample.edit({ seq: 3, asset, delta })), state };
}

describe("the hand-over sheet", () => {
  test("says to each person what to open, what to click and by when", async () => {
    expect(sample.screen([...sheetText(await sheetOf(sample.ended()), plainStyle)])).toMatchInlineSnapshot(`
      "
      Hand-over sheet for acme.example
      ================================

      Run     01JD4Z6T5Q8W9X0Y1Z2A3B4C5D
      Digest  9f2c41d07ab35e689f2c41d07ab35e689f2c41d07ab35e689f2c41d07ab35e68

      2 owner changes for 1 person that Google allows in its web page only. A
      suspended person cannot click any more, and what a deleted person still owns is
      lost unless the account is restored within 20 days.

        1. Open the link, signed in as the person whose name is above it: only the
           owner can do this.
        2. Choose Share, and find the new owner among the people with access: only
           they can become owner.
        3. Choose Make owner beside that name and confirm. It may take a few minutes,
           and cannot be taken back.

      anna@acme.example: 2 assets
      ---------------------------

      Before this account is suspended or deleted:

        [ ] Report "EMEA forecast"
            https://lookerstudio.google.com/reporting/2b606487-11aa-4d0e-8a76-0c5b9be0a002
            Make emea-bi@acme.example the owner; anna@acme.example stays editor.
            Only if step #3 has not changed the owner already.
        [ ] Data source "EMEA orders"
            https://lookerstudio.google.com/datasources/0aa1bb2c-cc33-4dd4-8ee5-ff6600110022
            Make emea-bi@acme.example the owner; then emea-bi@acme.example removes
            anna@acme.example.

      Data sources to reconnect
      -------------------------

      These go on reading with the credentials of the person named, and break when
      that account is suspended or deleted. The new owner opens the data source,
      chooses Edit connection, and reconnects.

        [ ] Data sources: all that move from leaver@acme.example to heir@acme.example
            (step #1)
            heir@acme.example reconnects: the credentials are those of
            leaver@acme.example.
        [ ] Data source "EMEA orders"
            https://lookerstudio.google.com/datasources/0aa1bb2c-cc33-4dd4-8ee5-ff6600110022
            emea-bi@acme.example reconnects: the credentials are those of
            anna@acme.example.
      "
    `);
  });

  test("is a task list in Markdown", async () => {
    expect(sample.screen([...sheetMarkdown(await sheetOf(sample.ended()))])).toMatchInlineSnapshot(`
      "
      # Hand-over sheet for acme.example

      - **Run:** \`01JD4Z6T5Q8W9X0Y1Z2A3B4C5D\`
      - **Digest:** \`9f2c41d07ab35e689f2c41d07ab35e689f2c41d07ab35e689f2c41d07ab35e68\`

      2 owner changes for 1 person that Google allows in its web page only. A suspended person cannot click any more, and what a deleted person still owns is lost unless the account is restored within 20 days.

      1. Open the link, signed in as the person whose name is above it: only the owner can do this.
      2. Choose Share, and find the new owner among the people with access: only they can become owner.
      3. Choose Make owner beside that name and confirm. It may take a few minutes, and cannot be taken back.

      ## anna@acme.example: 2 assets

      Before this account is suspended or deleted:

      - [ ] Report [EMEA forecast](<https://lookerstudio.google.com/reporting/2b606487-11aa-4d0e-8a76-0c5b9be0a002>)
        - Make emea-bi@acme.example the owner; anna@acme.example stays editor.
        - Only if step #3 has not changed the owner already.
      - [ ] Data source [EMEA orders](<https://lookerstudio.google.com/datasources/0aa1bb2c-cc33-4dd4-8ee5-ff6600110022>)
        - Make emea-bi@acme.example the owner; then emea-bi@acme.example removes anna@acme.example.

      ## Data sources to reconnect

      These go on reading with the credentials of the person named, and break when that account is suspended or deleted. The new owner opens the data source, chooses Edit connection, and reconnects.

      - [ ] Data sources: all that move from leaver@acme.example to heir@acme.example (step #1)
        - heir@acme.example reconnects: the credentials are those of leaver@acme.example.
      - [ ] Data source [EMEA orders](<https://lookerstudio.google.com/datasources/0aa1bb2c-cc33-4dd4-8ee5-ff6600110022>)
        - emea-bi@acme.example reconnects: the credentials are those of anna@acme.example.
      "
    `);
  });

  test("is one record a click in CSV", async () => {
    const records: string[][] = parse([...sheetCsv(await sheetOf(sample.ended()))].join(""));
    expect(records.map((record) => record.slice(0, 3))).toEqual([
      ["what", "who", "title"],
      ["make-owner", "anna@acme.example", "EMEA forecast"],
      ["make-owner", "anna@acme.example", "EMEA orders"],
      ["reconnect", "heir@acme.example", "all that move from leaver@acme.example to heir@acme.example"],
      ["reconnect", "emea-bi@acme.example", "EMEA orders"],
    ]);
  });

  test("that is empty says so", async () => {
    const sheet = await sheetOf([sample.progressOf(sample.edit())]);
    expect([...sheetText(sheet, plainStyle)].at(-1)).toBe("Nothing in this run is left to do by hand.");
    expect([...sheetMarkdown(sheet)].at(-1)).toBe("Nothing in this run is left to do by hand.");
    expect([...sheetCsv(sheet)]).toHaveLength(1);
  });

  test("groups the lines of one person that lie apart in the run", async () => {
    const of = (seq: number, from: typeof sample.anna): StepProgress => sample.progressOf(sample.byHand({ seq, from }));
    const sheet = await sheetOf([of(1, sample.anna), of(2, sample.leaver), of(3, sample.anna)]);
    expect(sheet.people.map(({ person, lines }) => [person, lines.map((line) => line.seq)])).toEqual([
      ["anna@acme.example", [1, 3]],
      ["leaver@acme.example", [2]],
    ]);
  });

  test.each(["planned", "in-flight", "by-hand"] as const)("holds a line that is %s", async (state) => {
    const sheet = await sheetOf([{ ...sample.progressOf(sample.byHand()), state }]);
    expect(sheet.people).toHaveLength(1);
  });

  test.each(["applied", "confirmed", "unchanged", "skipped", "failed", "cancelled"] as const)(
    "leaves out a line that has ended as %s",
    async (state) => {
      const sheet = await sheetOf([{ ...sample.progressOf(sample.byHand()), state }]);
      expect(sheet.people).toHaveLength(0);
    },
  );

  test.each([
    ["planned", "planned"],
    ["in-flight", "in flight"],
    ["failed", "failed"],
    ["skipped", "skipped"],
  ] as const)("says that the new owner has no access yet while that step is %s", async (state, words) => {
    const byHand = sample.progressOf(sample.byHand());
    for (const rows of [
      [grant(state), byHand],
      [byHand, grant(state)],
    ]) {
      const lines = [...sheetText(await sheetOf(rows), plainStyle)];
      expect(lines).toContain(`      Not yet: step #3 must first give emea-bi@acme.example access (${words}).`);
    }
  });

  test.each(["applied", "confirmed", "unchanged"] as const)("waits for nothing once access is %s", async (state) => {
    const sheet = await sheetOf([grant(state), sample.progressOf(sample.byHand())]);
    expect(sheet.people[0]?.lines[0]?.waitsFor).toBeUndefined();
  });

  test("does not wait for an edit that gives access to somebody else", async () => {
    const other = sample.edit({ asset: sample.byHand().asset });
    const sheet = await sheetOf([sample.progressOf(other), sample.progressOf(sample.byHand())]);
    expect(sheet.people[0]?.lines[0]?.waitsFor).toBeUndefined();
  });

  test.each([
    ["editor", "anna@acme.example stays editor"],
    ["viewer", "then emea-bi@acme.example makes anna@acme.example a viewer"],
    ["none", "then emea-bi@acme.example removes anna@acme.example"],
  ] as const)("says what the old owner keeps: %s", async (keep, words) => {
    const sheet = await sheetOf([sample.progressOf(sample.byHand({ keep }))]);
    expect([...sheetText(sheet, { ...plainStyle, width: 120 })].join("\n")).toContain(words);
  });

  test("asks to reconnect a data source whose owner was changed after all", async () => {
    const step = sample.edit({ attemptOwner: sample.bi, hazards: ["keeps-credentials"], delta: nothing });
    const row = sample.progressOf(step, sample.result({ newOwner: sample.bi }));
    expect((await sheetOf([row])).reconnect).toMatchObject([{ person: sample.anna, to: sample.bi, seq: 2 }]);
  });

  test("does not ask to reconnect what a transfer failed to move", async () => {
    const failed = sample.progressOf(sample.transfer(), sample.result({ outcome: "failed" }));
    expect((await sheetOf([failed])).reconnect).toEqual([]);
  });
});

const audit = { seq: 212, at: sample.createdAt + 500_000, hash: sample.digest, firstBad: undefined };

describe("the report of a run", () => {
  const text = async (facts: RunFacts, head = audit): Promise<string> =>
    sample.written(
      runReportText(facts, head, sample.pages(sample.ended().slice(0, 1)), "friday.handover", plainStyle),
      "\n",
    );

  test("says what became of it and what proves it", async () => {
    expect(`\n${await text(sample.facts())}`).toMatchInlineSnapshot(`
      "
      Report of run friday.handover
      =============================

      2 of 97 steps were not carried out; 4 owner changes are left to people.

      Tenant      acme.example
      Plan files  moves.csv ab12ab12ab12
      Run id      01JD4Z6T5Q8W9X0Y1Z2A3B4C5D
      Made        2026-11-20 09:14 UTC by handover 0.1.0, as admin@acme.example
      Read        2,893 assets of 117/118 users, 2026-11-20 09:13 UTC

      Outcomes
      --------

        Steps  State      Which means
           93  applied    changed by this run, and Google's answer showed it
            1  confirmed  changed by this run; found so after an interruption
            1  unchanged  was as planned already; this run changed nothing
            4  by hand    on the hand-over sheet: people must do it
            2  failed     not carried out; nothing of it was left behind

      What was not carried out
      ------------------------

        Steps  State   Class              Reason                               Step
            2  failed  permission-denied  The caller does not have permission  #3

      What that means, and what to do: handover help failure permission-denied

      Whole-user transfers
      --------------------

        Step  From                 To                 Assets  State
        #1    leaver@acme.example  heir@acme.example      37  applied

      By hand
      -------

      4 of 4 planned owner changes must be made by people:

      handover report friday.handover --handover-sheet

      Refused when planned
      --------------------

        Rule          Row                         Why
        protected     moves.csv:22, moves.csv:24  REPORT "Board minutes" is protected
                                                  by protect[0]
        protected     moves.csv:40                REPORT "Board pack" is protected by
                                                  protect[0]
        to-suspended  moves.csv:57                suspended.sam@acme.example is
                                                  suspended and cannot own anything

      What that means, and what to do: handover help failure protected to-suspended

      Exposure, as planned
      --------------------

        Who gets in         Before  After
        public links            31     12
        external editors        18      4
        whole-domain links     240    240

      Proof
      -----

      Verified    not yet
      Digest      9f2c41d07ab35e689f2c41d07ab35e689f2c41d07ab35e689f2c41d07ab35e68
      Audit       212 rows, the last at 2026-11-20 09:22 UTC; chain whole: every link
                  follows from the one before
      Audit head  9f2c41d07ab35e689f2c41d07ab35e689f2c41d07ab35e689f2c41d07ab35e68

      Next      handover verify friday.handover
      "
    `);
  });

  test("is the same in Markdown", async () => {
    const report = runReportMarkdown(
      sample.facts(),
      audit,
      sample.pages(sample.ended().slice(0, 1)),
      "friday.handover",
    );
    expect(`\n${await sample.written(report, "\n")}`).toMatchInlineSnapshot(`
      "
      # Report of run friday.handover

      2 of 97 steps were not carried out; 4 owner changes are left to people.

      - **Tenant:** acme.example
      - **Plan files:** moves.csv \`ab12ab12ab12\`
      - **Run id:** \`01JD4Z6T5Q8W9X0Y1Z2A3B4C5D\`
      - **Made:** 2026-11-20 09:14 UTC by handover 0.1.0, as admin@acme.example
      - **Read:** 2,893 assets of 117/118 users, 2026-11-20 09:13 UTC

      ## Outcomes

      | Steps | State | Which means |
      | --: | --- | --- |
      | 93 | applied | changed by this run, and Google's answer showed it |
      | 1 | confirmed | changed by this run; found so after an interruption |
      | 1 | unchanged | was as planned already; this run changed nothing |
      | 4 | by hand | on the hand-over sheet: people must do it |
      | 2 | failed | not carried out; nothing of it was left behind |

      ## What was not carried out

      | Steps | State | Class | Reason | Step |
      | --: | --- | --- | --- | --- |
      | 2 | failed | \`permission-denied\` | The caller does not have permission | \\#3 |

      What that means, and what to do: \`handover help failure permission-denied\`

      ## Whole-user transfers

      | Step | From | To | Assets | State |
      | --- | --- | --- | --: | --- |
      | \\#1 | leaver@acme.example | heir@acme.example | 37 | applied |

      ## By hand

      4 of 4 planned owner changes must be made by people:

      \`handover report friday.handover --handover-sheet\`

      ## Refused when planned

      | Rule | Row | Why |
      | --- | --- | --- |
      | \`protected\` | moves.csv:22, moves.csv:24 | REPORT "Board minutes" is protected by protect\\[0\\] |
      | \`protected\` | moves.csv:40 | REPORT "Board pack" is protected by protect\\[0\\] |
      | \`to-suspended\` | moves.csv:57 | suspended.sam@acme.example is suspended and cannot own anything |

      What that means, and what to do: \`handover help failure protected to-suspended\`

      ## Exposure, as planned

      | Who gets in | Before | After |
      | --- | --: | --: |
      | public links | 31 | 12 |
      | external editors | 18 | 4 |
      | whole-domain links | 240 | 240 |

      ## Proof

      - **Verified:** not yet
      - **Digest:** \`9f2c41d07ab35e689f2c41d07ab35e689f2c41d07ab35e689f2c41d07ab35e68\`
      - **Audit:** 212 rows, the last at 2026-11-20 09:22 UTC; chain whole: every link follows from the one before
      - **Audit head:** \`9f2c41d07ab35e689f2c41d07ab35e689f2c41d07ab35e689f2c41d07ab35e68\`

      **Next:** \`handover verify friday.handover\`
      "
    `);
  });

  test("says at which row a broken audit chain breaks", async () => {
    const broken = runReportText(sample.facts(), { ...audit, firstBad: 17 }, sample.pages([]), "x", plainStyle);
    expect(await sample.written(broken, "\n")).toContain("chain BROKEN at row 17");
  });

  test("lists the first transfers and counts the others", async () => {
    const rows = Array.from({ length: 230 }, (_, at) => sample.progressOf(sample.transfer({ seq: at + 1 })));
    const report = runReportText(sample.facts(), undefined, sample.pages(rows, 50), "x", plainStyle);
    const lines = (await sample.written(report, "\n")).split("\n");
    expect(lines.filter((line) => line.includes("leaver@acme.example"))).toHaveLength(200);
    expect(lines).toContain("and 30 more transfers.");
    expect(lines).toContain("Audit     nothing recorded yet");
  });

  const verification = { at: 0, verified: 5, drifted: 0, unreadable: 0 };
  test.each([
    [{}, undefined, "There was nothing to do"],
    [{ planned: 5 }, undefined, "Nothing has been carried out yet: 5 steps planned."],
    [{ planned: 2, applied: 3 }, undefined, "Not finished: 2 of 5 steps left."],
    [{ applied: 4, failed: 1 }, verification, "1 of 5 steps was not carried out."],
    [{ applied: 4, skipped: 2 }, undefined, "2 of 6 steps were not carried out."],
    [{ applied: 5 }, undefined, "All 5 steps have ended well; not verified yet."],
    [{ applied: 5 }, { ...verification, drifted: 2 }, "but reading back did not show it for 2."],
    [{ applied: 5 }, verification, "All 5 steps have ended well, and reading back has shown it."],
    [{ applied: 4, unchanged: 3 }, verification, "ended well; reading back has shown 5 of them so far."],
    [{ applied: 1 }, undefined, "The one step has ended well; not verified yet."],
    [
      { applied: 5, "by-hand": 2 },
      verification,
      "All 5 steps have ended well, and reading back has shown it; 2 owner changes are left to people.",
    ],
    [{ applied: 4, failed: 1, "by-hand": 1 }, undefined, "not carried out; 1 owner change is left to people."],
    [{ "by-hand": 3 }, undefined, "Nothing in it can be done by an API; 3 owner changes are left to people."],
  ])("in one sentence, for %j: %s", (some, verified, sentence) => {
    const facts = sample.facts({ counts: { ...noCounts, ...some }, verification: verified });
    expect(verdict(facts)).toContain(sentence);
  });
});
