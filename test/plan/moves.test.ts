/** One move at a time: what its types and its select come to, and each thing that cannot stand together. */
import { describe, expect, it } from "vitest";
import { moves, readYaml, told } from "./reading.ts";

const id = "2b606487-42c2-416f-98a1-0d8e5a1f0c11";
const source = `https://lookerstudio.google.com/datasources/${id}`;
const both = ["REPORT", "DATA_SOURCE"];
const pair = "from: a@b.example, to: c@d.example";

describe("a move", () => {
  it.each<[string, object]>([
    [`{ ${pair}, type: [data_source] }`, { select: { types: ["DATA_SOURCE"] } }],
    [`{ ${pair}, type: data_source }`, { select: { types: ["DATA_SOURCE"] } }],
    [`{ ${pair}, select: { title: A, types: [data_source] } }`, { select: { title: "A", types: ["DATA_SOURCE"] } }],
    [`{ ${pair}, select: { title: A, type: report } }`, { select: { types: ["REPORT"] } }],
    [`{ ${pair}, select: { asset: abc, owner: a@b.example } }`, { select: { asset: "abc" } }],
    [`{ ${pair}, select: { asset: "${source}", type: data_source } }`, { select: { types: ["DATA_SOURCE"] } }],
    [`{ ${pair}, select: { asset: "${source}" } }`, { select: { asset: id, types: both } }],
    [`{ ${pair}, select: {} }`, { select: { types: both } }],
    ["{ replace-member: a@b.example, to: c@d.example, select: {} }", { action: "replace-member" }],
    ["{ close-link: true, select: { asset: abc } }", { select: { asset: "abc" } }],
    ["{ to: c@d.example, select: { owner: a@b.example } }", { from: "a@b.example" }],
    ["{ from: A@b.example, to: c@d.example, select: { owner: a@b.example } }", { from: "a@b.example" }],
  ])("%s is read", async (move, expected) => {
    const outcome = await readYaml(moves(move));
    expect(told(outcome)).toEqual([]);
    expect(outcome.requests).toMatchObject([expected]);
  });

  it("with the address of an asset is looked at although the defaults name another type", async () => {
    const text = `version: 1\ndefaults: { types: [report] }\nmoves:\n  - { ${pair}, select: { asset: "${source}" } }\n`;
    expect((await readYaml(text)).requests[0]?.select.types).toEqual(both);
  });

  it.each<[string, string]>([
    [`{ ${pair}, type: report, types: [report] }`, "3:57 type and types are both written -> keep one of the two"],
    [`{ ${pair}, type: [report], types: [report] }`, '"types" is written both in the move and under its action'],
    [`{ ${pair}, types: x }`, "types: "],
    [`{ ${pair}, trashed: x }`, "trashed: "],
    [`{ ${pair}, owner_change: x }`, "owner_change: "],
    [`{ ${pair}, types: [report], select: { title: A } }`, "3:43 types stands beside select -> write it inside select"],
    [`{ ${pair}, select: { title: A, type: report, types: [report] } }`, "3:43 select has both type and types"],
    [`{ ${pair}, select: { asset: a b } }`, "select.asset: "],
    [`{ ${pair}, select: { title: "" } }`, "select.title: "],
    [`{ ${pair}, select: { type: x } }`, "select.type: "],
    [`{ ${pair}, select: { owner: x } }`, "select.owner: "],
    [`{ ${pair}, select: { owner: [x] } }`, "select.owner must be a single value"],
    ["{ close-link: true, select: { asset: abc, audience: public } }", "3:25 an asset is chosen by its id alone"],
    ["{ close-link: true, select: { asset: abc, owner: a@b.example } }", "3:25 an asset is chosen by its id alone"],
    [
      `{ ${pair}, select: { asset: "${source}", type: report } }`,
      "3:43 the type says otherwise than the address, which is that of a data source",
    ],
    ["{ grant: { action: revoke, member: m@b.example, role: EDITOR, asset: abc } }", 'grant has no key "action"'],
    ["{ grant: [ m@b.example ], role: EDITOR, asset: abc }", "3:14 grant must be a single value"],
    ["{ grant: false, role: EDITOR, asset: abc }", 'grant: "false" says nothing -> write grant: and the member'],
    ["{ close-link: yes, asset: abc }", 'close-link: "yes" says nothing -> write close-link: true'],
    ["{ revoke: users, asset: abc }", '"users" is not'],
    ["{ x_a: 1, to: c@d.example, select: { title: A } }", "from is empty, and transfer needs it"],
  ])("%s is told, and nothing else", async (move, expected) => {
    const outcome = await readYaml(moves(move));
    expect(told(outcome)).toEqual([expect.stringContaining(expected)]);
    expect(outcome.requests).toEqual([]);
  });
});
