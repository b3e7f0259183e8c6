/** Runs that are shown to the doctor: sound ones, changed, newer, foreign and held-back ones. */
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { beforeAll, describe, expect, it } from "vitest";
import { wallClock } from "../../src/cli/context.ts";
import { createRun } from "../../src/journal/sqlite/writer.ts";
import { openJournal } from "../../src/journal/sqlite/journal.ts";
import type { Domain } from "../../src/model/email.ts";
import type { RunHeader } from "../../src/model/run.ts";
import { edit, header } from "../journal/samples.ts";
import { examined } from "./patient.ts";
import type { Patient, Told } from "./patient.ts";
import { world } from "./world.ts";

let folder: string;

async function makeRun(path: string, changes: Partial<RunHeader> = {}): Promise<void> {
  const writer = await createRun(path);
  await writer.add([edit()]);
  await writer.seal(header(changes));
}

/** The run after somebody who holds the file has had it. */
function meddle(path: string, sql: string): void {
  const db = new Database(path);
  db.exec(sql);
  db.close();
}

beforeAll(async () => {
  folder = (await world()).folder;
  await makeRun(join(folder, "sound.handover"));
  await makeRun(join(folder, "foreign.handover"), { tenant: "other.example" as Domain });
  await makeRun(join(folder, "paced.handover"));
  const journal = await openJournal(join(folder, "paced.handover"), { clock: wallClock });
  const notBeforeMs = wallClock.now() + 600_000;
  const gates = [
    { gate: "writes", limitPerMinute: 118.8 },
    { gate: "reads", notBeforeMs },
  ];
  journal.keep("pacer", JSON.stringify({ gates }));
  await journal.flush();
  await journal.close();
});

function withRun(name: string, change?: (path: string) => void): Patient {
  return {
    runs: ["friday"],
    breaks: async (_tenant, home) => {
      await copyFile(join(folder, `${name}.handover`), join(home, "friday.handover"));
      change?.(join(home, "friday.handover"));
    },
  };
}

/** Failed checks, and the other ones about runs that did not pass. */
function trouble({ code, document }: Told): object {
  const fail = document.checks.filter(({ verdict }) => verdict === "fail").map(({ id }) => id);
  const unknown = document.checks.filter(({ verdict, id }) => verdict === "unknown" && id !== "quota");
  return { code, fail, unknown: unknown.map(({ id, because }) => `${id} because of ${because}`) };
}

const following = ["run-tenant:friday because of run:friday", "run-pace:friday because of run:friday"];

describe("handover doctor RUN", () => {
  it("passes a run that is as it was sealed", async () => {
    const told = await examined(withRun("sound"));
    expect(trouble(told)).toEqual({ code: 0, fail: [], unknown: [] });
    expect(told.check("run:friday").evidence).toContain("as it was sealed: 1 step, 1 open");
    expect(told.check("run-tenant:friday").evidence).toBe("acme.example");
    expect(told.check("run-pace:friday").evidence).toBe("Google has not slowed it down");
  });

  it.each([
    [
      "whose header was changed",
      withRun("sound", (path) => meddle(path, "update run set header = replace(header, 'acme', 'acne')")),
      { code: 6, fail: ["run:friday"], unknown: following },
      "the header or the digests were changed",
    ],
    [
      "of which a step was changed",
      withRun("sound", (path) => meddle(path, "update steps set asset = asset || 'x'")),
      { code: 6, fail: ["run:friday"], unknown: following },
      "",
    ],
    [
      "of a newer version",
      withRun("sound", (path) => meddle(path, "pragma user_version = 99")),
      { code: 3, fail: ["run:friday"], unknown: following },
      "made by a newer version of handover",
    ],
    [
      "that is no run",
      withRun("sound", (path) => meddle(path, "pragma application_id = 1")),
      { code: 3, fail: ["run:friday"], unknown: following },
      "",
    ],
    [
      "that is not there",
      { runs: ["friday"] },
      { code: 3, fail: ["run:friday"], unknown: following },
      "there is no run friday",
    ],
    [
      "of another tenant",
      withRun("foreign"),
      { code: 6, fail: ["run-tenant:friday"], unknown: [] },
      "planned for other.example, and these credentials belong to acme.example",
    ],
  ] as const)("names a run %s", async (_name, patient, expected, says) => {
    const told = await examined(patient);
    expect(trouble(told)).toEqual(expected);
    expect(JSON.stringify(told.document.checks)).toContain(says);
  });

  it("tells what Google has asked of a run, which stands in nobody's way", async () => {
    const told = await examined(withRun("paced"));
    expect(trouble(told)).toEqual({ code: 0, fail: ["run-pace:friday"], unknown: [] });
    expect(told.check("run-pace:friday").evidence).toMatch(/no calls until .* UTC; learned: writes 118 a minute$/);
    expect(told.check("run-pace:friday").fixes[0]?.action).toBe("wait 10 min; apply waits by itself");
  });

  it("looks at the folder that the run lies in", async () => {
    const told = await examined({ ...withRun("sound"), cwd: "elsewhere", runs: ["../friday"] });
    expect(told.check("folder").evidence).not.toContain("elsewhere");
    expect(told.code).toBe(0);
  });
});
