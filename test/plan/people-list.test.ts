/** A list of people as a plan or an inventory is given it: who stands there, and every line that cannot be meant. */
import { describe, expect, it } from "vitest";
import { readPeopleList } from "../../src/plan/people-list.ts";
import type { PeopleList } from "../../src/plan/people-list.ts";

async function read(text: string | Uint8Array): Promise<PeopleList> {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  return readPeopleList(
    "people.csv",
    (async function* pieces(): AsyncGenerator<Uint8Array> {
      // Byte by byte: nothing may depend on where a piece ends.
      for (const byte of bytes) yield Uint8Array.of(byte);
    })(),
  );
}

const places = ({ diagnostics }: PeopleList): readonly string[] =>
  diagnostics.map(({ place }) => `${place.line}:${place.column}`);

describe("a list of people", () => {
  it("holds addresses, days and heirs, in any order of columns", async () => {
    const list = await read("heir,email,deleted_on,suspended_on\nhana@x.example,lee@x.example,2026-12-31,2026-12-01\n");
    expect(list.diagnostics).toEqual([]);
    expect(list.people).toMatchObject([
      {
        email: "lee@x.example",
        heir: "hana@x.example",
        suspendedOn: "2026-12-01",
        deletedOn: "2026-12-31",
        place: { line: 2, column: 2 },
        heirPlace: { line: 2, column: 1 },
      },
    ]);
  });

  it("leaves out what is empty, and folds addresses as mail does", async () => {
    const list = await read("email,heir\n  Lee@X.Example  ,\n");
    expect(list.people).toMatchObject([{ email: "lee@x.example", heir: undefined, suspendedOn: undefined }]);
  });

  it("takes a line that stands there twice in the same words for one", async () => {
    const line = "lee@x.example,2026-12-01,2026-12-31,hana@x.example\n";
    const list = await read(`email,suspended_on,deleted_on,heir\n${line}${line}`);
    expect([list.people.length, list.diagnostics]).toEqual([1, []]);
  });

  it.each([
    ["both days", "2026-12-01,2026-12-31"],
    ["one day for both", "2026-12-31,2026-12-31"],
    ["the suspension alone", "2026-12-01,"],
    ["the deletion alone", ",2026-12-31"],
  ])("holds somebody with %s", async (_, days) => {
    expect((await read(`email,suspended_on,deleted_on\nl@x.example, ${days}\n`)).diagnostics).toEqual([]);
  });

  it("rejects with what the bytes throw", async () => {
    const broken = (async function* pieces(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("email\nlee@x.example\n");
      throw new Error("the disk is gone");
    })();
    await expect(readPeopleList("people.csv", broken)).rejects.toThrow("the disk is gone");
  });

  it("says where a line stands that disagrees with a later one, and in which line text ends", async () => {
    const twice = await read("email,heir\na@x.example,\nl@x.example,\nl@x.example,h@x.example\n");
    expect(twice.diagnostics[0]?.problem).toContain("stands in line 3 too");
    const [cut] = (await read(Buffer.from([0x65, 0x6d, 0x61, 0x69, 0x6c, 0x0a, 0x61, 0x0a, 0xff]))).diagnostics.slice(
      -1,
    );
    expect([cut?.place, cut?.problem]).toEqual([
      { file: "people.csv", line: 3, column: 0 },
      "the byte 0xff is not valid UTF-8 here; the rest of the file was not read",
    ]);
  });

  it.each([
    ["an address that is none", "email\nlee\n", ["2:1"]],
    ["an heir that is none", "email,heir\nlee@x.example,hana\n", ["2:2"]],
    ["an heir who is the leaver", "email,heir\nlee@x.example,LEE@x.example\n", ["2:2"]],
    ["a day that does not exist", "email,deleted_on\nlee@x.example,2026-02-30\n", ["2:2"]],
    ["a day with a time", "email,deleted_on\nlee@x.example,2026-02-03T00:00:00Z\n", ["2:2"]],
    ["a deletion before the suspension", "email,suspended_on,deleted_on\nl@x.example,2026-12-31,2026-12-01\n", ["2:3"]],
    ["somebody twice with other words", "email,heir\nl@x.example,\nl@x.example,h@x.example\n", ["3:1"]],
    ["somebody twice with another suspension", "email,suspended_on\nl@x.example,\nl@x.example,2026-12-31\n", ["3:1"]],
    ["somebody twice with another deletion", "email,deleted_on\nl@x.example,\nl@x.example,2026-12-31\n", ["3:1"]],
    ["an heir before the address", "heir,email\nlee@x.example,lee@x.example\n", ["2:1"]],
    ["several wrong lines, each of them", "email,deleted_on\nlee,soon\nana,\n", ["2:1", "2:2", "3:1"]],
    ["a column nobody knows", "email,colour\nlee@x.example,red\n", ["1:2"]],
    ["no column email", "heir\nlee@x.example\n", ["1:1"]],
    ["nobody", "email\n", ["1:1"]],
    ["nothing at all", "", ["1:1"]],
  ])("tells of %s at its place", async (_, text, expected) => {
    expect(places(await read(text))).toEqual(expected);
  });

  it("is read in the encodings that spreadsheets write, and refused where the text is none", async () => {
    const utf16 = new Uint8Array([0xff, 0xfe, ...new Uint8Array(Buffer.from("email\nlee@x.example\n", "utf16le"))]);
    expect((await read(utf16)).people).toHaveLength(1);
    expect(
      (await read(new Uint8Array([0x65, 0x6d, 0x61, 0x69, 0x6c, 0x0a, 0xff, 0xfe, 0x0a]))).diagnostics.length,
    ).toBeGreaterThan(0);
  });
});
