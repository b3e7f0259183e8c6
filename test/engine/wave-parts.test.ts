/** Waves, part by part, over a real journal in memory: how a run is divided, what shuts a gate, and which worker asks it. */
import { describe, expect, it } from "vitest";
import type { WaveWish } from "../../src/engine/apply-guards.ts";
import { noDrift } from "../../src/engine/drift-watch.ts";
import type { Fleet } from "../../src/engine/fleet.ts";
import { RunInWaves, arrangeWaves, recallWaves } from "../../src/engine/waves.ts";
import type { GateRules, GateVerdict } from "../../src/engine/waves.ts";
import type { Journal } from "../../src/journal/journal.ts";
import type { MemoryRun } from "../../src/journal/sqlite/memory.ts";
import type { AssetName } from "../../src/model/asset.ts";
import type { EngineEvent } from "../../src/model/event.ts";
import { parseAmount } from "../../src/model/guard.ts";
import type { StepDraft } from "../../src/model/step.ts";
import { parseWaves, wavesText } from "../../src/model/waves.ts";
import type { Waves } from "../../src/model/waves.ts";
import { anna, ben, byHand, cleo, edit, edits, failed, result, transfer } from "../journal/samples.ts";
import { ManualClock } from "../support/clock.ts";
import { finished, seeing } from "./finished.ts";
import type { Ended, Sights } from "./finished.ts";
import { no, shows } from "./scripted.ts";

const clock = new ManualClock();

function wish(sizes: string | undefined, more: Partial<WaveWish> = {}): WaveWish {
  const amounts = sizes?.split(",").map((size) => parseAmount(size) ?? expect.fail(size));
  return { sizes: amounts, pause: false, without: false, ...more };
}

const kept = (chosen: Waves["chosen"], more: Partial<Waves> = {}): Waves => ({
  sizes: ["as before"],
  chosen,
  passed: 0,
  problems: [],
  dropped: false,
  ...more,
});

/** The journal of a run, with `waves` kept by an earlier process. */
async function opened(run: MemoryRun, waves?: Waves): Promise<Journal> {
  const journal = await run.openJournal({ clock });
  if (waves !== undefined) await keep(journal, waves);
  return journal;
}

async function keep(journal: Journal, waves: Waves): Promise<void> {
  journal.keep("waves", wavesText(waves));
  await clock.drive(journal.flush());
}

async function notes(journal: Journal): Promise<readonly (readonly [string, Record<string, unknown>])[]> {
  const rows = await journal.audit(0, 10_000);
  return rows
    .map(({ body }) => JSON.parse(body) as { readonly kind: string; readonly details: Record<string, unknown> })
    .filter(({ kind }) => kind.startsWith("note:"))
    .map(({ kind, details }) => [kind.slice("note:".length), details]);
}

function planned(...drafts: readonly StepDraft[]): Promise<MemoryRun> {
  return finished(...drafts.map((draft): Ended => [draft, "planned"]));
}

describe("dividing a run", () => {
  it("leaves a run whole where nobody asks for waves", async () => {
    const journal = await opened(await planned(...edits(4)));
    expect(await arrangeWaves(journal, wish(undefined))).toBeUndefined();
    expect(await arrangeWaves(journal, wish("1", { without: true }))).toBeUndefined();
    expect([await journal.kept("waves"), await notes(journal)]).toEqual([undefined, []]);
  });

  it("keeps what it chose, says so in the chain, and leaves it as it is from then on", async () => {
    const journal = await opened(await planned(...edits(10)));
    const chosen = [[1], [2, 3, 4, 5]];
    const waves = await clock.drive(arrangeWaves(journal, wish("1,50%")));
    expect(waves).toEqual({ sizes: ["1", "50 %"], chosen, passed: 0, problems: [], dropped: false });
    await clock.drive(journal.flush());
    expect(await recallWaves(journal)).toEqual(waves);
    const note = ["waves", { sizes: "1, 50 %", steps: "1, 4", chosen: "1 | 2,3,4,5" }];
    expect(await notes(journal)).toEqual([note]);
    expect(await arrangeWaves(journal, wish("9"))).toEqual(waves);
    expect(await notes(journal)).toEqual([note]);
  });

  it("keeps and says nothing where all of it is one wave", async () => {
    const journal = await opened(await planned(...edits(4)));
    expect(await arrangeWaves(journal, wish("100%"))).toMatchObject({ chosen: [] });
    expect([await journal.kept("waves"), await notes(journal)]).toEqual([undefined, []]);
    const none = await RunInWaves.begin(seeing({}), journal, rules(), wish("100%"));
    expect(none).toBeUndefined();
  });

  it("lets owners take turns: of a transfer it is who gives, of an edit who owns the asset, or else who acts", async () => {
    const run = await planned(
      edit({ owner: anna }),
      edit({ owner: anna }),
      transfer({ from: { email: anna, id: "1101" } }),
      edit({ owner: ben, actor: anna }),
      edit({ owner: undefined, actor: cleo }),
    );
    expect(await clock.drive(arrangeWaves(await opened(run), wish("3")))).toMatchObject({ chosen: [[1, 4, 5]] });
  });

  it("takes what is under way first, what has ended not at all, and lines for people neither", async () => {
    const run = await finished(
      [edit(), result()],
      [byHand(), result({ outcome: "by-hand" })],
      [byHand(), "planned"],
      [edit(), "planned"],
      [edit(), "in-flight"],
      [edit(), "planned"],
    );
    expect(await clock.drive(arrangeWaves(await opened(run), wish("2")))).toMatchObject({ chosen: [[5, 4]] });
  });

  it("takes no step earlier than the one it waits for", async () => {
    const run = await planned(
      transfer({ from: { email: anna, id: "1101" } }),
      edit({ owner: ben, after: 1 }),
      edit({ owner: anna }),
    );
    expect(await clock.drive(arrangeWaves(await opened(run), wish("2")))).toMatchObject({ chosen: [[1, 2]] });
  });

  it("divides a large run whole, and cuts its list short in the chain", async () => {
    const journal = await opened(await planned(...edits(1501)));
    const waves = await clock.drive(arrangeWaves(journal, wish("1101")));
    const all = Array.from({ length: 1101 }, (_, index) => index + 1);
    expect(waves?.chosen).toEqual([all]);
    const [note] = await notes(journal);
    expect(note?.[1]["steps"]).toBe("1101");
    expect(note?.[1]["chosen"]).toBe(`${all.join(",").slice(0, 4000)} …`);
  });

  it("gives its waves up when told to, once, and says so", async () => {
    const journal = await opened(await planned(...edits(4)), kept([[1], [2]], { passed: 1 }));
    expect(await clock.drive(arrangeWaves(journal, wish(undefined, { without: true })))).toBeUndefined();
    await clock.drive(journal.flush());
    expect(await recallWaves(journal)).toEqual(kept([[1], [2]], { passed: 1, dropped: true }));
    expect(await notes(journal)).toEqual([["waves-dropped", { passed: 1, of: 3 }]]);
    expect(await arrangeWaves(journal, wish("1"))).toBeUndefined();
    expect(await arrangeWaves(journal, wish(undefined, { without: true }))).toBeUndefined();
    expect(await notes(journal)).toHaveLength(1);
  });

  it("refuses to go on with waves that nobody can read", async () => {
    const journal = await opened(await planned(...edits(1)));
    journal.keep("waves", "{");
    await clock.drive(journal.flush());
    await expect(recallWaves(journal)).rejects.toMatchObject({ kind: "corrupt" });
  });
});

function rules(more: Partial<GateRules> = {}): GateRules {
  return {
    failures: { value: 0, from: "by default" },
    memory: { failed: [], drifted: [], row: 0, drift: noDrift },
    acceptsDrift: false,
    concurrency: 2,
    ...more,
  };
}

interface Asked {
  readonly verdict: GateVerdict;
  readonly events: readonly string[];
  readonly waves: Waves | undefined;
  readonly notes: Awaited<ReturnType<typeof notes>>;
  readonly among: readonly number[] | undefined;
}

/** Asks the gate of a run that stands like this. */
async function asked(
  steps: readonly Ended[],
  given: {
    readonly waves?: Waves;
    readonly sights?: Sights;
    readonly rules?: Partial<GateRules>;
    readonly wish?: WaveWish;
    readonly fleet?: (journal: Journal) => Fleet;
    readonly stopped?: boolean;
    /** Kept by another worker since this one began. */
    readonly since?: Waves;
  },
): Promise<Asked> {
  const journal = await opened(await finished(...steps), given.waves ?? kept([[1, 2]]));
  const events: EngineEvent[] = [];
  const stop = new AbortController();
  if (given.stopped === true) stop.abort();
  const s = {
    ...seeing(given.sights ?? {}, stop.signal),
    clock,
    onEvent: (event: EngineEvent) => events.push(event),
    ...(given.fleet === undefined ? {} : { fleet: given.fleet(journal) }),
  };
  const inWaves = await RunInWaves.begin(s, journal, rules(given.rules), given.wish ?? wish(undefined));
  if (inWaves === undefined) return expect.fail("a run without waves");
  if (given.since !== undefined) await keep(journal, given.since);
  const verdict = await clock.drive(inWaves.ask());
  await clock.drive(journal.flush());
  return {
    verdict,
    events: events.flatMap((event) =>
      event.type === "wave"
        ? [[`${event.wave}/${event.of} ${event.state} ${event.steps}`, ...(event.problems ?? [])].join(": ")]
        : [],
    ),
    waves: parseWaves((await journal.kept("waves")) ?? ""),
    notes: await notes(journal),
    among: inWaves.among === undefined ? undefined : [...inWaves.among],
  };
}

const named = (name: string, changes: Parameters<typeof edit>[0] = {}): StepDraft =>
  edit({ asset: { name: name as AssetName, assetType: "REPORT", title: name }, ...changes });

/** Two steps of a first wave, which ended so, and one step behind its gate. */
const two = (...ends: readonly [Ended[1], Ended[1]]): readonly Ended[] => [
  [named("r1"), ends[0]],
  [named("r2"), ends[1]],
  [named("r3"), "planned"],
];
const asLeft: Sights = { permissions: { r1: shows("e2", "with"), r2: shows("e2", "with") } };
const takenBack: Sights = { permissions: { r1: shows("e2", "with"), r2: shows("e3", "without") } };
const unread: Sights = { permissions: { r1: shows("e2", "with"), r2: no("refuse", "permission-denied") } };
const ownerDrift = failed("owner-drift");

describe("the gate behind a wave", () => {
  it("opens when all that the wave did still stands, and the next wave is on", async () => {
    const told = await asked(two(result(), result()), { sights: asLeft });
    expect(told).toEqual({
      verdict: { kind: "next" },
      events: ["1/2 begun 2", "1/2 checking 2", "1/2 passed 2", "2/2 begun 1"],
      waves: kept([[1, 2]], { passed: 1 }),
      notes: [["gate", { wave: 1, of: 2, steps: 2, open: true, why: "" }]],
      among: undefined,
    });
  });

  it("opens on the next of several, whose steps may then be taken", async () => {
    const told = await asked(two(result(), result()), {
      waves: kept([[1], [2]]),
      sights: asLeft,
    });
    expect(told.among).toEqual([2]);
    expect(told.events.at(-1)).toBe("2/3 begun 1");
  });

  it("is behind the last wave no more: nothing is read, nothing written", async () => {
    const told = await asked(two(result(), result()), { waves: kept([[1, 2]], { passed: 1 }) });
    expect(told).toMatchObject({ verdict: { kind: "last" }, notes: [], events: ["2/2 begun 1"], among: undefined });
  });

  it("leaves the run to somebody who is to look, with the gate passed and the next wave not begun", async () => {
    const told = await asked(two(result(), result()), { sights: asLeft, wish: wish(undefined, { pause: true }) });
    expect(told.verdict).toEqual({ kind: "pause", reason: "wave 1 of 2 is carried out and verified" });
    expect(told.waves?.passed).toBe(1);
    expect(told.events.at(-1)).toBe("1/2 passed 2");
  });

  it("stays where it was when somebody asks to stop while it reads", async () => {
    const told = await asked(two(result(), result()), { sights: asLeft, stopped: true });
    expect(told).toMatchObject({ verdict: { kind: "stopped" }, notes: [], waves: { passed: 0 } });
  });

  it("reads back the steps of its wave, and those alone", async () => {
    const steps: readonly Ended[] = [
      [named("r1"), result()],
      [named("r2"), result()],
      [named("r3"), result()],
    ];
    const told = await asked(steps, { waves: kept([[1, 3]]), sights: takenBack });
    expect(told.verdict).toMatchObject({ kind: "shut" });
    expect(told.waves?.problems.join()).toContain("step 3: Google said not-found");
    expect(told.waves?.problems.join()).not.toContain("step 2");
  });

  it.each<readonly [string, Parameters<typeof two>, Sights, Partial<GateRules>, string]>([
    [
      "is still open",
      [result(), "planned"],
      asLeft,
      {},
      "1 of its 2 steps cannot go on now; apply again once they can",
    ],
    [
      "is under way",
      [result(), "in-flight"],
      asLeft,
      {},
      "1 of its 2 steps cannot go on now; apply again once they can",
    ],
    [
      "was taken back by somebody",
      [result(), result()],
      takenBack,
      {},
      "1 step drifted since (step 2 changed by somebody after the run); --accept-drift lets it through",
    ],
    [
      "cannot be read back",
      [result(), result()],
      unread,
      {},
      "1 step could not be read back (step 2: Google said permission-denied); --accept-drift lets it through",
    ],
    [
      "had another owner than planned",
      [result(), ownerDrift],
      asLeft,
      {},
      "1 asset had changed since the plan and stayed as found; --accept-drift lets it through",
    ],
    [
      "failed",
      [result(), failed()],
      asLeft,
      {},
      "1 of its 2 steps failed, the limit is 0 % (by default); --accept-failures lets it through",
    ],
    [
      "failed beyond the rate that is permitted",
      [result(), failed()],
      asLeft,
      { failures: { value: 49, from: "rate.yaml" } },
      "1 of its 2 steps failed, the limit is 49 % (rate.yaml); --accept-failures lets it through",
    ],
    [
      "was skipped for no fault of its asset's",
      [result(), result({ outcome: "skipped", failure: "predecessor" })],
      asLeft,
      {},
      "1 of its 2 steps failed, the limit is 0 % (by default); --accept-failures lets it through",
    ],
  ])("stays shut while a step of the wave %s", async (_why, ends, sights, more, problem) => {
    const told = await asked(two(...ends), { sights, rules: more });
    expect(told).toEqual({
      verdict: { kind: "shut", reason: `wave 1 of 2: ${problem}` },
      events: ["1/2 begun 2", "1/2 checking 2", `1/2 refused 2: ${problem}`],
      waves: kept([[1, 2]], { problems: [problem] }),
      notes: [["gate", { wave: 1, of: 2, steps: 2, open: false, why: problem }]],
      among: [1, 2],
    });
  });

  it("says everything that keeps it shut", async () => {
    const steps: readonly Ended[] = [...two(failed(), ownerDrift).slice(0, 2), [named("r3"), "planned"]];
    const told = await asked([...steps, [named("r4"), "planned"]], { waves: kept([[1, 2, 3]]) });
    expect(told.waves?.problems).toHaveLength(3);
    expect(told.verdict).toMatchObject({ reason: `wave 1 of 2: ${told.waves?.problems.join("; ")}` });
    expect(told.notes[0]?.[1]).toMatchObject({ why: told.waves?.problems.join("; ") });
  });

  it("names three of the steps that drifted, and counts all", async () => {
    const names = ["a", "b", "c", "d"];
    const steps = names.map((name): Ended => [named(name), result()]);
    const permissions = Object.fromEntries(names.map((name) => [name, shows("e3", "without")]));
    const told = await asked([...steps, [named("e"), "planned"]], {
      waves: kept([[1, 2, 3, 4]]),
      sights: { permissions },
    });
    expect(told.waves?.problems[0]).toContain("4 steps drifted since");
    expect(told.waves?.problems[0]?.match(/step \d/g)).toHaveLength(3);
    expect(told.waves?.problems[0]).toContain("after the run, step ");
  });

  it.each<readonly [string, Parameters<typeof two>, Partial<GateRules>]>([
    ["as many failures as the rate permits", [result(), failed()], { failures: { value: 50, from: "rate.yaml" } }],
    ["failures that somebody has accepted", [result(), failed()], { memory: memoryOf({ failed: [2] }) }],
    ["drift that somebody has accepted", [result(), ownerDrift], { memory: memoryOf({ drifted: [2] }) }],
  ])("lets %s through", async (_what, ends, more) => {
    expect((await asked(two(...ends), { sights: asLeft, rules: more })).verdict).toEqual({ kind: "next" });
  });

  it("counts what failed and was not accepted, beside what was", async () => {
    const accepted = { memory: memoryOf({ failed: [1] }) };
    const told = await asked(two(failed(), failed()), { rules: accepted });
    expect(told.waves?.problems).toEqual([expect.stringContaining("1 of its 2 steps failed")]);
  });

  it.each<readonly [string, Sights, Partial<Waves>, boolean, GateVerdict["kind"]]>([
    ["drift that it has shown before, once that is accepted", takenBack, { problems: ["drift"] }, true, "next"],
    ["what it could not read before, once that is accepted", unread, { problems: ["unread"] }, true, "next"],
    ["drift that it has not shown yet, whatever is accepted", takenBack, {}, true, "shut"],
    ["what could not be read and was not shown yet, whatever is accepted", unread, {}, true, "shut"],
    ["drift that it has shown before and nobody accepts", takenBack, { problems: ["drift"] }, false, "shut"],
  ])("judges %s", async (_what, sights, more, acceptsDrift, kind) => {
    const waves = kept([[1, 2]], more);
    const told = await asked(two(result(), result()), { waves, sights, rules: { acceptsDrift } });
    expect(told.verdict.kind).toBe(kind);
    expect(told.waves?.passed).toBe(kind === "next" ? 1 : 0);
  });

  it("that is passed with accepted drift says nothing for the gates after it", async () => {
    const waves = kept([[1], [2]], { problems: ["shown"] });
    const journal = await opened(await finished(...two(result(), result())), waves);
    const inWaves = await RunInWaves.begin(
      { ...seeing({ permissions: { r1: shows("e3", "without"), r2: shows("e3", "without") } }), clock },
      journal,
      rules({ acceptsDrift: true }),
      wish(undefined),
    );
    expect(await clock.drive(inWaves?.ask() ?? expect.fail())).toEqual({ kind: "next" });
    expect(await clock.drive(inWaves?.ask() ?? expect.fail())).toMatchObject({ kind: "shut" });
  });
});

function memoryOf(more: {
  readonly failed?: readonly number[];
  readonly drifted?: readonly number[];
}): GateRules["memory"] {
  return { failed: [], drifted: [], row: 0, drift: noDrift, ...more };
}

describe("the gate among several workers", () => {
  /** The store of the workers: who is let in, and what another worker kept meanwhile. */
  function fleet(
    log: string[],
    given: { readonly isLetIn?: boolean; readonly meanwhile?: Waves; readonly breaks?: boolean } = {},
  ): (journal: Journal) => Fleet {
    return (journal) => ({
      look: () => expect.fail("nobody counts here"),
      enterGate: async () => {
        log.push("enter");
        if (given.meanwhile !== undefined) await keep(journal, given.meanwhile);
        return given.isLetIn ?? true;
      },
      leaveGate: async () => {
        const waves = await recallWaves(journal);
        log.push(`leave at ${waves?.passed}`);
      },
    });
  }

  it("is asked by one of them, who tells the others before the next is let in", async () => {
    const log: string[] = [];
    const told = await asked(two(result(), result()), { sights: asLeft, fleet: fleet(log) });
    expect([told.verdict.kind, log]).toEqual(["next", ["enter", "leave at 1"]]);
    expect(told.notes).toHaveLength(1);
  });

  it("is left to the worker that is at it", async () => {
    const log: string[] = [];
    const told = await asked(two(result(), result()), { sights: asLeft, fleet: fleet(log, { isLetIn: false }) });
    expect([told.verdict, log, told.notes]).toEqual([{ kind: "elsewhere" }, ["enter"], []]);
  });

  it("is left also when what the wave did cannot be read", async () => {
    const log: string[] = [];
    const halt = no("halt-run", "service-disabled");
    const sights = { permissions: { r1: halt, r2: halt } };
    await expect(asked(two(result(), result()), { sights, fleet: fleet(log) })).rejects.toBe(halt);
    expect(log).toEqual(["enter", "leave at 0"]);
  });

  it.each<readonly [string, Waves, readonly number[] | undefined]>([
    ["one gate on", kept([[1], [2]], { passed: 1 }), [2]],
    ["at the last wave", kept([[1], [2]], { passed: 2 }), undefined],
    ["without waves, which somebody gave up", kept([[1], [2]], { dropped: true }), undefined],
  ])("is not asked by who finds the others %s", async (_where, since, among) => {
    const log: string[] = [];
    const told = await asked(two(result(), result()), { waves: kept([[1], [2]]), since, fleet: fleet(log) });
    expect(told).toMatchObject({ verdict: { kind: "next" }, notes: [] });
    expect([told.among, log]).toEqual([among, []]);
  });

  it("is not asked again when another worker passed it while this one waited to be let in", async () => {
    const log: string[] = [];
    const meanwhile = kept([[1], [2]], { passed: 1 });
    const told = await asked(two(result(), result()), { waves: kept([[1], [2]]), fleet: fleet(log, { meanwhile }) });
    expect(told).toMatchObject({ verdict: { kind: "next" }, notes: [], among: [2] });
    expect(log).toEqual(["enter", "leave at 1"]);
  });

  it("is behind the last wave no more, and nobody is asked about it", async () => {
    const log: string[] = [];
    const told = await asked(two(result(), result()), { waves: kept([[1]], { passed: 1 }), fleet: fleet(log) });
    expect([told.verdict, log]).toEqual([{ kind: "last" }, []]);
  });
});
