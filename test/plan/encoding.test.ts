/** Which bytes count as text. */
import { describe, expect, it } from "vitest";
import { readPlan, told, wishes } from "./reading.ts";

const plan = "from,to,title\r\nanna@acme.example,heir@acme.example,Größe 📈 *\r\n";
const bom = "\ufeff";
const utf16be = (text: string): Buffer => Buffer.from(text, "utf16le").swap16();

describe("text is read whatever its encoding says it is", () => {
  it.each<[string, Buffer]>([
    ["UTF-8", Buffer.from(plan)],
    ["UTF-8 with a byte order mark", Buffer.from(bom + plan)],
    ["UTF-16LE with a byte order mark", Buffer.from(bom + plan, "utf16le")],
    ["UTF-16BE with a byte order mark", utf16be(bom + plan)],
  ])("%s, in chunks of any size", async (_, csv) => {
    for (const chunk of [1, 2, 3, 5, 64, 100_000]) {
      const outcome = await readPlan({ csv, chunk });
      expect(told(outcome)).toEqual([]);
      expect(outcome.requests[0]?.select.title).toBe("Größe 📈 *");
    }
  });

  it("a YAML plan may have a byte order mark and any line ends", async () => {
    const yaml = "version: 1\nmoves:\n  - { from: a@b.example, to: c@d.example }\n";
    const plain = await readPlan({ yaml });
    for (const text of [bom + yaml, yaml.replaceAll("\n", "\r\n"), yaml.replaceAll("\n", "\r")]) {
      for (const chunk of [1, 4, 1000]) {
        const outcome = await readPlan({ yaml: text, chunk });
        expect([told(outcome), wishes(outcome)]).toEqual([[], wishes(plain)]);
        expect(outcome.requests[0]?.place).toEqual({ file: "plan.yaml", line: 3, column: 5 });
      }
    }
  });
});

describe("bytes that are no text are refused with their line", () => {
  const good = "from,to\na@b.example,c@d.example\n";
  it.each<[string, Buffer, RegExp]>([
    [
      "Latin-1",
      Buffer.concat([Buffer.from(`${good}e@b.example,Gr`), Buffer.from([0xf6, 0xdf]), Buffer.from("e\n")]),
      /^plan\.csv:3 the byte 0xf6 is not valid UTF-8 here; the rest of the file was not read -> save the file as UTF-8/,
    ],
    [
      "a byte that begins nothing",
      Buffer.concat([Buffer.from(good), Buffer.from([0xff])]),
      /^plan\.csv:3 the byte 0xff/,
    ],
    [
      "an overlong form",
      Buffer.concat([Buffer.from(good), Buffer.from([0xc0, 0xaf, 0x0a])]),
      /^plan\.csv:3 the byte 0xc0/,
    ],
    [
      "a surrogate in UTF-8",
      Buffer.concat([Buffer.from(good), Buffer.from([0xed, 0xa0, 0x80])]),
      /^plan\.csv:3 the byte 0xed/,
    ],
    [
      "a character cut off at the end",
      Buffer.concat([Buffer.from(good), Buffer.from([0xe2, 0x82])]),
      /^plan\.csv:3 the file ends in the middle of a character/,
    ],
    ["half a character in UTF-16", Buffer.from(`${bom}${good}\ud800x`, "utf16le"), /^plan\.csv:3 half a character/],
    [
      "an odd byte at the end of UTF-16",
      Buffer.concat([Buffer.from(bom + good, "utf16le"), Buffer.from([0x61])]),
      /^plan\.csv:3 the file ends in the middle of a character/,
    ],
    [
      "UTF-16 that does not say so",
      Buffer.from(good, "utf16le"),
      /^plan\.csv:1 the file looks like UTF-16 without a byte order mark; .* -> save the file as UTF-8/,
    ],
  ])("%s", async (_, csv, expected) => {
    for (const chunk of [1, 3, 100_000]) {
      const outcome = await readPlan({ csv, chunk });
      expect(told(outcome).filter((line) => !line.includes("cells"))).toEqual([expect.stringMatching(expected)]);
    }
  });

  it("far into a file of CR LF and CR line ends", async () => {
    const rows = Array.from(
      { length: 5000 },
      (_, index) => `p${index}@b.example,c@d.example${index % 3 === 0 ? "\r" : "\r\n"}`,
    );
    const csv = Buffer.concat([Buffer.from(`from,to\n${rows.join("")}`), Buffer.from([0x80])]);
    for (const chunk of [1000, 65_536]) {
      expect(told(await readPlan({ csv, chunk }))).toEqual([expect.stringMatching(/^plan\.csv:5002 the byte 0x80/)]);
    }
  });

  it("in a YAML plan, and in the file of people it names", async () => {
    const yaml = Buffer.concat([Buffer.from("version: 1\nmoves:\n  - { note: "), Buffer.from([0xe9])]);
    expect(told(await readPlan({ yaml }))).toEqual([expect.stringMatching(/^plan\.yaml:3 /)]);
    const nul = await readPlan({ yaml: "version: 1\nmoves:\n  - { note: x\0 }\n" });
    expect(told(nul)).toEqual(["plan.yaml:3:14 the file contains a NUL character -> save it as plain UTF-8 text"]);
  });
});
