/** Any foreign text whatsoever in the building blocks of every view: inert on a screen, text in Markdown, one cell in CSV. */
import { parse } from "csv-parse/sync";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ApiError, GuardError, RunFileError, UsageError } from "../../src/model/errors.ts";
import type { FailureClass, GuardRule } from "../../src/model/errors.ts";
import { eventLine } from "../../src/report/apply-text.ts";
import { stepsCsv } from "../../src/report/csv.ts";
import { diagnosticsText } from "../../src/report/diagnostics-text.ts";
import { escaped } from "../../src/report/document-markdown.ts";
import { errorText } from "../../src/report/error-text.ts";
import { handoverSheet, sheetCsv, sheetMarkdown, sheetText } from "../../src/report/handover-sheet.ts";
import { planStep } from "../../src/report/plan-text.ts";
import { reportJson } from "../../src/report/json.ts";
import { runReportText } from "../../src/report/run-report.ts";
import { cells, plainStyle, shown } from "../../src/report/style.ts";
import { hostile, isActing } from "./hostile.ts";
import * as sample from "./sample.ts";

/** Any code points, and mixtures of what is known to deceive. */
const foreign = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc
    .array(
      fc.oneof(
        fc.constantFrom(...hostile.map(([, text]) => text.slice(0, 40))),
        fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
        fc.constantFrom(
          "\u001b[",
          "\u009b",
          "\r",
          "\u202e",
          "\u2068",
          "\u2069",
          "\u200d",
          "](",
          "<",
          "`",
          "|",
          "\\",
          '"',
          "=",
        ),
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join("")),
);

function rowsOf(text: string): ReturnType<typeof sample.progressOf>[] {
  const place = sample.place(1, 1, text);
  const asset = { ...sample.edit().asset, title: text, assetType: text };
  const delta = { add: [sample.pair(text, text)], remove: [sample.pair("VIEWER", `user:${text}`)] };
  const failed = sample.result({ outcome: "failed", failure: text, reason: text });
  return [
    sample.progressOf(sample.edit({ asset, delta, sources: [place] }), failed),
    sample.progressOf(sample.byHand({ asset, sources: [place], hazards: ["keeps-credentials"] })),
  ];
}

describe("any foreign text", () => {
  it("acts on no screen, breaks no line and stays within its cells", async () => {
    await fc.assert(
      fc.asyncProperty(foreign, async (text) => {
        const rows = rowsOf(text);
        const place = sample.place(1, 1, text);
        const header = sample.header({ remarks: [text], planFiles: [{ name: text, sha256: "00" }] });
        const sheet = await handoverSheet(header, sample.digest, sample.pages(rows));
        const facts = sample.facts({ header });
        const event = { type: "step", seq: 1, outcome: "failed", failure: text, reason: text, asset: text } as const;
        const errors = [
          new UsageError(text, text),
          new GuardError(text as GuardRule, text, text),
          new RunFileError("corrupt", text, text),
          new ApiError(text, { disposition: "refuse", failure: text as FailureClass }),
          new Error(text),
        ];
        const lines = [
          ...rows.flatMap(({ step }) => planStep(step, header, plainStyle)),
          ...diagnosticsText([{ place, problem: text, remedy: text }], 0, plainStyle),
          ...errors.flatMap((error) => errorText(error, plainStyle)),
          ...sheetText(sheet, plainStyle),
          ...(await sample.written(runReportText(facts, undefined, sample.pages(rows), text, plainStyle), "\n")).split(
            "\n",
          ),
          eventLine(event, plainStyle) ?? "",
          shown(text, plainStyle),
        ];
        for (const line of lines) {
          expect(isActing(line), JSON.stringify(line)).toBe(false);
          expect(line).not.toContain("\n");
        }
        expect(cells(shown(text, plainStyle, 10))).toBeLessThanOrEqual(100);
      }),
      { numRuns: 120 },
    );
  });

  it("is printable ASCII where nothing else is understood", () => {
    fc.assert(
      fc.property(foreign, (text) => {
        expect(shown(text, { ...plainStyle, unicode: false })).toMatch(/^[ -~]*$/);
      }),
      { numRuns: 500 },
    );
  });

  it("stays text in Markdown: no markup of it is left", () => {
    const inertMark = /\\[!-/:-@[-`{-~]/g;
    fc.assert(
      fc.property(foreign, (text) => {
        const bare = escaped(text).replace(inertMark, "");
        expect(bare).not.toMatch(/[<>`*_[\]|]|https?:\/\/|www\./);
        expect(isActing(escaped(text))).toBe(false);
      }),
      { numRuns: 800 },
    );
  });

  it("is inert in the Markdown sheet, in CSV and in JSON, and is one cell of one record", async () => {
    await fc.assert(
      fc.asyncProperty(foreign, async (text) => {
        const rows = rowsOf(text);
        const sheet = await handoverSheet(sample.header(), sample.digest, sample.pages(rows));
        expect([...sheetMarkdown(sheet)].filter(isActing)).toEqual([]);
        const csv = await sample.written(stepsCsv(sample.pages(rows)));
        const records: string[][] = parse(csv, { record_delimiter: "\r\n" });
        expect(records).toHaveLength(3);
        for (const record of records)
          for (const cell of record) expect(cell).not.toMatch(/^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/);
        expect([...sheetCsv(sheet)].join("").split("\r\n").filter(isActing)).toEqual([]);
        const json = await sample.written(reportJson(sample.facts(), undefined, sample.pages(rows), text));
        expect(isActing(json)).toBe(false);
        const document = JSON.parse(json) as { steps: { asset: { title: string } }[] };
        expect(document.steps[0]?.asset.title).toBe(text);
      }),
      { numRuns: 200 },
    );
  });
});
