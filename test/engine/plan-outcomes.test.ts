/** What comes of a plan, step by step: the steps written down, the header over them, and every way to end without a run. */
import { describe, expect, it } from "vitest";
import { PlanStopped, planRun } from "../../src/engine/plan.ts";
import type { PlanInput, PlanOutcome } from "../../src/engine/verbs.ts";
import type { RunWriter } from "../../src/journal/journal.ts";
import { createMemoryRun } from "../../src/journal/sqlite/memory.ts";
import { openStage } from "../../src/journal/sqlite/stage.ts";
import { PlanFileError } from "../../src/model/errors.ts";
import type { Request } from "../../src/model/request.ts";
import type { StepDraft } from "../../src/model/step.ts";
import { startOfTest } from "../support/clock.ts";
import { everything, named, row, transfer, written } from "../plan/compile/world.ts";
import { address } from "../support/rig.ts";
import { person } from "./snapshots.ts";
import { TinyGoogle } from "./tiny-google.ts";
import type { TinyAsset, TinyTenant } from "./tiny-google.ts";

const tiny: TinyTenant = {
  people: ["admin", "ana", "ben", "cleo"].map((name) => person(name)),
  groups: {},
  assets: [
    { name: "a1", owner: "ana", title: "Board", grants: { VIEWER: ["user:cleo@acme.example"] } },
    { name: "a2", owner: "ana", assetType: "DATA_SOURCE", trashed: true },
    { name: "b1", owner: "ben", grants: { LINK_VIEWER: ["allUsers"], EDITOR: ["user:x@far.example"] } },
  ],
};

interface Planned {
  readonly outcome: PlanOutcome;
  readonly steps: readonly StepDraft[];
  readonly ended: "sealed" | "discarded" | undefined;
  readonly google: TinyGoogle;
}

async function planned(
  requests: readonly Request[],
  more: {
    readonly tenant?: Partial<TinyTenant>;
    readonly input?: Partial<PlanInput>;
    readonly before?: (google: TinyGoogle) => void;
  } = {},
): Promise<Planned> {
  const google = new TinyGoogle({ ...tiny, ...more.tenant });
  more.before?.(google);
  const stage = await openStage({ memory: true });
  await stage.addRequests(requests);
  const run = createMemoryRun();
  const steps: StepDraft[] = [];
  let ended: Planned["ended"];
  const writer: RunWriter = {
    add: async (drafts) => {
      steps.push(...drafts);
      return run.writer.add(drafts);
    },
    seal: async (header) => {
      ended = "sealed";
      return run.writer.seal(header);
    },
    discard: async () => {
      ended = "discarded";
      await run.writer.discard();
    },
  };
  const outcome = await planRun(google.surroundings, stage, writer, {
    runId: "01TESTRUN00000000000000000",
    toolVersion: "1.2.3",
    admin: address("admin"),
    settings: { tenant: undefined, protect: [], limits: {} },
    planFiles: [{ name: "moves.csv", sha256: "00" }],
    rows: requests.length,
    duplicateRows: 3,
    skipRefused: false,
    concurrency: 2,
    ...more.input,
  });
  await stage.close();
  return { outcome, steps, ended, google };
}

const grant = (name: string, to = "cleo@acme.example", role = "EDITOR"): Request =>
  row({ action: "grant", select: named(name), member: written(to), role });
const closeAll = (): Request => row({ action: "close-link", select: everything });
const assetsOf = (owner: string, count: number, more: Partial<TinyAsset> = {}): readonly TinyAsset[] =>
  Array.from({ length: count }, (_, index) => ({ name: `${owner}${1000 + index}`, owner, ...more }));

describe("a run", () => {
  it("has a header with all that was known and counted", async () => {
    const limits = { changes: 10 };
    const { outcome, ended, google } = await planned([grant("a1"), closeAll()], {
      input: { settings: { tenant: "acme.example" as never, protect: [], limits } },
    });
    expect([outcome.kind, ended]).toEqual(["made", "sealed"]);
    expect(outcome.header).toMatchObject({
      runId: "01TESTRUN00000000000000000",
      toolVersion: "1.2.3",
      tenant: "acme.example",
      domains: ["acme-labs.example", "acme.example"],
      admin: "admin@acme.example",
      createdAt: startOfTest,
      snapshotAt: startOfTest,
      planFiles: [{ name: "moves.csv", sha256: "00" }],
      undoOf: undefined,
      limits,
      totals: { steps: 2, edits: 2, rows: 2, duplicateRows: 3, refused: 0, alreadySo: 0 },
      refusals: [],
      noActions: [],
      coverage: { assetsRead: 2, permissionsRead: 2, usersRead: 4 },
      exposureBefore: { publicLinks: 1, externalEditors: 1 },
      exposureAfter: { publicLinks: 0, externalEditors: 1 },
      remarks: [],
    });
    expect(outcome.kind === "made" && outcome.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(google.asked("read").toSorted()).toEqual(["ana a1", "ben b1"]);
  });

  it("is of the moment at which the snapshot was finished, where it is planned from one", async () => {
    const { outcome } = await planned([grant("a1")], { input: { snapshotAt: 7 } });
    expect([outcome.header.snapshotAt, outcome.header.createdAt]).toEqual([7, startOfTest]);
  });

  it("hands a leaver over whole: the job first, and then what the old owner keeps", async () => {
    const leaving = transfer("ana", "ben", { keep: "viewer" });
    const { steps, outcome } = await planned([leaving]);
    expect(steps).toMatchObject([
      {
        kind: "transfer",
        after: undefined,
        actor: "admin@acme.example",
        hazards: expect.arrayContaining(["whole-user-transfer"]) as never,
        sources: [leaving.place],
        from: { email: "ana@acme.example", id: "id-ana" },
        to: { email: "ben@acme.example", id: "id-ben" },
        live: 1,
        trashed: 1,
      },
      { kind: "edit", after: 1, actor: "ben@acme.example", sources: [leaving.place] },
    ]);
    expect(outcome.header.totals).toMatchObject({
      steps: 2,
      transfers: 1,
      assetsTransferred: 1,
      assetsTouched: 1,
      edits: 2,
    });
    expect(outcome.header.noActions).toEqual([]);
  });

  it("hands an heir who leaves too over first, and what comes after waits for that", async () => {
    const { steps } = await planned([transfer("ana", "ben"), transfer("ben", "cleo")]);
    const jobs = steps.flatMap((step) => (step.kind === "transfer" ? [step] : []));
    expect(jobs.map(({ from, after }) => [from.email, after])).toEqual([
      ["ben@acme.example", undefined],
      ["ana@acme.example", 1],
    ]);
  });

  it("moves a leaver who owns nothing that could be edited, and calls that no row without effect", async () => {
    const assets = assetsOf("ana", 1, { trashed: true });
    const none = await planned([transfer("ana", "ben")], { tenant: { assets } });
    expect(none.steps.map(({ kind }) => kind)).toEqual(["transfer"]);
    expect(none.outcome.header.noActions).toEqual([]);
  });

  it("has a line by hand for each asset whose owner no job moves, to be taken once its attempt has ended", async () => {
    const requests = (ownerChange: "attempt" | "compile"): readonly Request[] => [
      transfer("ana", "ben", { select: named("a1"), ownerChange, keep: "none" }),
    ];
    const assets = [...(tiny.assets ?? []), { name: "a3", owner: "ana" }];
    const tried = await planned(requests("attempt"), { tenant: { assets } });
    expect(tried.steps.map((step) => [step.kind, step.kind === "by-hand" && step.unless])).toEqual([
      ["edit", false],
      ["by-hand", 1],
    ]);
    expect(tried.steps[1]).not.toHaveProperty("tried");
    const compiled = await planned(requests("compile"), { tenant: { assets } });
    expect(compiled.steps.map((step) => [step.kind, step.kind === "by-hand" && step.unless])).toEqual([
      ["edit", false],
      ["by-hand", undefined],
    ]);
  });

  it("counts assets that need nothing, and says which rows came to nothing", async () => {
    const already = grant("a1", "cleo@acme.example", "VIEWER");
    const idle = row({ ...grant("a1", "cleo@acme.example", "VIEWER"), select: { ...everything, title: "Board" } });
    const none = row({ ...grant("a1"), select: { ...everything, title: "Nothing" } });
    const { outcome, ended } = await planned([already, idle, none]);
    expect([outcome.kind, ended]).toEqual(["made", "sealed"]);
    expect(outcome.header.totals).toMatchObject({ steps: 0, alreadySo: 1 });
    expect(outcome.header.noActions).toEqual([
      { place: idle.place, why: "already-so", assets: 1 },
      { place: none.place, why: "matched-nothing", assets: 0 },
    ]);
  });

  it("names a thousand rows that came to nothing, and no more", async () => {
    const rows = Array.from({ length: 1001 }, () => row({ ...closeAll(), select: { ...everything, title: "None" } }));
    const { outcome } = await planned([grant("a1"), ...rows]);
    expect(outcome.header.noActions).toHaveLength(1000);
    expect(outcome.kind).toBe("made");
  });

  it("counts the exposure of assets that were read and are met by no row", async () => {
    const assets = [...(tiny.assets ?? []), { name: "c1", owner: "cleo", grants: { EDITOR: ["user:x@far.example"] } }];
    const rows = [row({ ...closeAll(), select: { ...everything, audience: "public" } })];
    const { outcome, steps } = await planned(rows, { tenant: { assets } });
    expect(steps.map((step) => step.kind === "edit" && step.asset.name)).toEqual(["b1"]);
    expect(outcome.header.exposureBefore).toMatchObject({ publicLinks: 1, externalEditors: 2 });
    expect(outcome.header.exposureAfter).toMatchObject({ publicLinks: 0, externalEditors: 2 });
  });

  it("is made over more assets and rows than one page holds", async () => {
    const assets = assetsOf("ana", 501, { grants: { LINK_VIEWER: ["allUsers"] } });
    const { steps, outcome } = await planned([closeAll(), grant("ana1500")], { tenant: { assets, pageSize: 1000 } });
    expect([steps.length, outcome.header.exposureBefore.publicLinks]).toEqual([501, 501]);
    expect(outcome.header.exposureAfter.publicLinks).toBe(0);
  });
});

describe("a plan that is refused", () => {
  it("tells every asset that nobody sees, with its rows", async () => {
    const [one, same, other] = [grant("zz"), grant("zz", "ben@acme.example"), grant("yy")];
    const { outcome, ended } = await planned([one, other, same]);
    expect([outcome.kind, ended]).toEqual(["refused", "discarded"]);
    expect(outcome.header.refusals).toEqual([
      {
        rule: "not-found",
        places: [other.place],
        problem: "no user who could be searched as sees an asset yy",
        remedy: expect.stringContaining("correct the id") as string,
      },
      expect.objectContaining({ rule: "not-found", places: [one.place, same.place] }),
    ]);
  });

  it("tells more of them than one page holds", async () => {
    const rows = Array.from({ length: 501 }, (_, index) => grant(`z${1000 + index}`));
    expect((await planned(rows)).outcome.header.totals.refused).toBe(501);
  });

  it("tells rows of an asset and rows of many that cannot be meant, once each", async () => {
    const rows = [
      grant("a1", "nobody@acme.example"),
      row({ ...grant("a1", "nobody@acme.example"), select: { ...everything, title: "B*" } }),
      transfer("ana", "x@far.example"),
    ];
    const { outcome } = await planned(rows);
    expect(outcome.header.refusals.map(({ rule }) => rule).toSorted()).toEqual([
      "member-unknown",
      "member-unknown",
      "to-outside",
    ]);
  });

  it("is made all the same where that was wanted", async () => {
    const { outcome, ended } = await planned([grant("zz"), grant("a1")], { input: { skipRefused: true } });
    expect([outcome.kind, ended, outcome.header.totals.refused]).toEqual(["made", "sealed", 1]);
  });

  it("without anything left is made too, because it is not that nothing matched", async () => {
    const nothing = row({ ...closeAll(), select: { ...everything, title: "None" } });
    const { outcome } = await planned([grant("zz"), nothing], { input: { skipRefused: true } });
    expect(outcome.kind).toBe("made");
  });
});

describe("no run is left", () => {
  it("over a limit: neither steps nor file", async () => {
    const settings = { tenant: undefined, protect: [], limits: { changes: 1 } };
    const { outcome, ended } = await planned([grant("a1"), grant("b1")], { input: { settings } });
    expect([outcome.kind, ended]).toEqual(["over-limit", "discarded"]);
    expect(outcome).toMatchObject({ breaches: [{ limit: "changes", allowed: 1, found: 2 }] });
  });

  it("where no row met any asset", async () => {
    const { outcome, ended } = await planned([row({ ...closeAll(), select: { ...everything, title: "None" } })]);
    expect([outcome.kind, ended]).toEqual(["matched-nothing", "discarded"]);
  });

  it("where rows contradict each other, which is told a thousand times at most", async () => {
    const assets = assetsOf("ana", 1001);
    const rows = [
      transfer("ana", "ben", { select: { ...everything, title: "of ana*" } }),
      transfer("ana", "cleo", { select: { ...everything, title: "*ana1*" } }),
    ];
    const failure = await planned(rows, { tenant: { assets, pageSize: 2000 } }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(PlanFileError);
    expect((failure as PlanFileError).diagnostics.length).toBeLessThanOrEqual(1000);
    expect((failure as PlanFileError).diagnostics.length).toBeGreaterThan(0);
  });

  it("where the credentials are another tenant's, and nothing was searched", async () => {
    let asked: TinyGoogle | undefined;
    const settings = { tenant: "globex.example" as never, protect: [], limits: {} };
    const planning = planned([grant("a1")], { input: { settings }, before: (google) => (asked = google) });
    await expect(planning).rejects.toMatchObject({
      rule: "tenant",
      message: "the plan files are meant for globex.example, the credentials belong to acme.example",
    });
    expect(asked?.asked("search")).toEqual([]);
  });

  it("where the user has stopped", async () => {
    const before = (google: TinyGoogle): void => {
      google.before = (call) => {
        if (call.startsWith("read")) google.stop.abort();
      };
    };
    await expect(planned([grant("a1")], { before })).rejects.toThrow(PlanStopped);
    await expect(planned([grant("a1")], { before })).rejects.toMatchObject({
      name: "PlanStopped",
      message: "stopped before the plan was complete; nothing was written",
    });
  });
});

it("what is protected is kept from every row, by its owner's other addresses too", async () => {
  const people = [
    ...tiny.people.filter(({ email }) => email !== address("ana")),
    person("ana", { aliases: [address("a.n.a")] }),
  ];
  const place = { file: "plan.yaml", line: 1, column: 1 };
  const protect = [{ id: "protect[0]", place, owner: address("a.n.a"), title: undefined, asset: undefined }];
  const { outcome } = await planned([grant("a1")], {
    tenant: { people },
    input: { settings: { tenant: undefined, protect, limits: {} } },
  });
  expect(outcome.header.refusals).toMatchObject([{ rule: "protected" }]);
});

it.each([
  ["is asked for where somebody leaves whole", [transfer("ana", "ben")], 1],
  ["is not asked for elsewhere", [grant("a1")], 0],
])("whether transfers are offered %s", async (_, requests, count) => {
  let asked = 0;
  const google = new TinyGoogle(tiny);
  const { api } = google;
  const dataTransfer = { ...api.dataTransfer, offersDataStudio: async () => ((asked += 1), false) };
  const stage = await openStage({ memory: true });
  await stage.addRequests(requests);
  const outcome = await planRun(
    { ...google.surroundings, api: { ...api, dataTransfer } },
    stage,
    createMemoryRun().writer,
    {
      runId: "r",
      toolVersion: "1",
      admin: address("admin"),
      settings: { tenant: undefined, protect: [], limits: {} },
      planFiles: [],
      rows: 1,
      duplicateRows: 0,
      skipRefused: false,
      concurrency: 1,
    },
  );
  expect(asked).toBe(count);
  expect(outcome.header.refusals.map(({ rule, places }) => [rule, places])).toEqual(
    count === 0 ? [] : [["not-offered", requests.map((request) => request.place)]],
  );
});
