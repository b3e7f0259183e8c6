/** Who is asked what came of a write without an answer, once it has been given its time: whoever was let look before. */
import { describe, expect, it } from "vitest";
import type { FaultRule } from "../../src/emulator/fault-rules.ts";
import type { Email } from "../../src/model/email.ts";
import { anna, ben, cleo } from "../journal/samples.ts";
import { named, row, written } from "../plan/compile/world.ts";
import { Rig, smallTenant } from "../support/rig.ts";
import { allowed, benEdits, no, resultOf, shows, visit } from "./scripted.ts";
import type { Turn } from "./scripted.ts";

const lost: Turn = { write: no("ambiguous") };
const seen: Turn = { read: shows("e1", "without") };
const denied = no("refuse", "permission-denied");
const gone = no("refuse", "not-found");
const suspended = no("halt-actor", "suspended");

/** Each with the answers up to the wait, as whom each was given, and as whom the look after it is taken. */
const waits: readonly (readonly [string, readonly Email[], readonly (readonly [Email, Turn])[], Email])[] = [
  [
    "who was let look, when all listed were refused the write since",
    [cleo],
    [
      [anna, lost],
      [anna, seen],
      [anna, { write: denied }],
      [cleo, { write: denied }],
    ],
    anna,
  ],
  [
    "who was let look, when the last one listed cannot be acted as",
    [cleo],
    [
      [anna, lost],
      [anna, seen],
      [anna, { write: gone }],
      [cleo, { write: suspended, unsent: true }],
    ],
    anna,
  ],
  [
    "who was let look last, neither the first one listed nor the last",
    [cleo, ben],
    [
      [anna, lost],
      [anna, { read: denied }],
      [cleo, seen],
      [cleo, { write: denied }],
      [ben, { write: denied }],
    ],
    cleo,
  ],
  [
    "who was asked last, when who was let look cannot be acted as any more",
    [cleo],
    [
      [anna, lost],
      [anna, seen],
      [anna, { write: suspended, unsent: true }],
      [cleo, { write: denied }],
    ],
    cleo,
  ],
  [
    "who was asked last, when nobody was let look",
    [cleo],
    [
      [anna, lost],
      [anna, { read: gone }],
      [cleo, { read: gone }],
    ],
    cleo,
  ],
];

describe("the look after the wait for a lost request", () => {
  it.each(waits)("is taken as the one %s", async (_, alternates, before, looker) => {
    const turns = before.map(([, turn]) => turn);
    const { ending, calls, tookMs } = await visit({ alternates }, [...turns, { read: shows("e2", "with") }]);
    expect(calls.map(({ actor }) => actor)).toEqual([...before.map(([actor]) => actor), looker]);
    expect(tookMs).toBeGreaterThanOrEqual(allowed.settleMs);
    expect(resultOf(ending)).toMatchObject({
      outcome: "confirmed",
      actor: looker,
      evidence: "read",
      changed: benEdits,
    });
  });
});

describe("a step whose answer was lost and that everybody listed was refused since", () => {
  const first = "leaver@acme.example";
  const patch = "assets.updatePermissions";
  const refused: readonly FaultRule[] = [
    { route: patch, actor: first, nth: 2, fault: { kind: "status", status: 403 } },
    { route: "assets.*", actor: "ana@acme.example", fault: { kind: "status", status: 403 } },
  ];

  it.each<[string, FaultRule["fault"], string]>([
    ["landed late is confirmed", { kind: "hang", lateMs: 100_000 }, "1 confirmed"],
    ["never arrived is made after all", { kind: "hang" }, "1 applied"],
  ])("and whose request %s, as who may look", async (_, fault, outcome) => {
    const world = smallTenant();
    world.addAsset({ name: "r2", owner: "leaver", roles: { EDITOR: ["user:ana@acme.example"] } });
    const rig = new Rig(world);
    rig.onceApplied = [{ route: patch, actor: first, nth: 1, fault }, ...refused];
    const grant = { select: named("r2"), member: written("other@acme.example"), role: "EDITOR" };
    const run = await rig.made([row({ action: "grant", ...grant })]);
    expect(await rig.apply(run)).toMatchObject({ end: "finished", counts: { failed: 0 } });
    expect(await rig.outcomes(run)).toEqual([outcome]);
    expect(rig.roles("r2")).toContain("EDITOR user:other@acme.example");
  });
});
