/** A snapshot given to every verb: those that can use one do, and the others say what to do instead. */
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { worldOf } from "../../src/cli/emulator-world.ts";
import { runCommandLine } from "../../src/cli/program.ts";
import { lockRun } from "../../src/journal/sqlite/lock.ts";
import { openSnapshot } from "../../src/journal/sqlite/snapshot-reader.ts";
import { namesToAllow } from "../../src/report/words.ts";
import { Scene, later } from "./scene.ts";
import { world } from "./world.ts";

let scene: Scene;
const hour = 3_600_000;

beforeAll(async () => {
  scene = await Scene.start({ seed: 7, users: 30, assets: 200 });
  await scene.write(
    "moves.csv",
    "from,to,title,keep\nleaver@acme.example,heir@acme.example,,viewer\nanna@acme.example,emea-bi@acme.example,EMEA *,viewer\nben@acme.example,cfo@acme.example,,none\n",
  );
  await scene.write("single.csv", `action,asset,to,member,role\ngrant,${asset("anna")},,ben@acme.example,VIEWER\n`);
  await scene.prints("inventory -o tenant");
  await scene.prints("plan moves.csv -o run --skip-refused");
});

afterAll(async () => {
  await scene.close();
});

/** The first asset of somebody, in order of name. */
function asset(owner: string): string {
  const owned = scene.google.emulator.state.ownedBy(`${owner}@acme.example`).filter((each) => !each.trashed);
  return owned.map((each) => each.name).toSorted()[0] ?? "";
}

/** A copy of the snapshot that somebody has changed. */
async function changed(name: string, sql: string): Promise<string> {
  await copyFile(scene.path("tenant.snapshot"), scene.path(`${name}.snapshot`));
  const db = new Database(scene.path(`${name}.snapshot`));
  db.exec(sql);
  db.close();
  return name;
}

describe("planning from a snapshot", () => {
  it.each(["moves.csv", "single.csv"])("makes of %s the steps of a live plan, and asks nobody", async (file) => {
    await scene.prints(`plan ${file} -o from-live --replace --skip-refused`);
    const before = scene.requests();
    await scene.prints(`plan ${file} --snapshot tenant -o from-snapshot --replace --skip-refused`);
    expect(scene.requests()).toBe(before);
    const live = await scene.json("show from-live --json");
    const offline = await scene.json("show from-snapshot --json");
    expect((live["steps"] as readonly unknown[]).length).toBeGreaterThan(0);
    expect(offline["steps"]).toEqual(live["steps"]);
    expect(offline["totals"]).toEqual(live["totals"]);
  });

  it("needs neither key nor settings, and says in the run when the facts were read", async () => {
    const elsewhere = await world({
      argv: ["plan", "moves.csv", "--snapshot", "tenant", "-o", "alone", "--skip-refused"],
    });
    for (const name of ["moves.csv", "tenant.snapshot"]) {
      await copyFile(scene.path(name), join(elsewhere.folder, name));
    }
    expect(await runCommandLine(elsewhere.context)).toBe(0);
    const shown = await world({ argv: ["show", "alone", "--json"], folder: elsewhere.folder });
    await runCommandLine(shown.context);
    const { finishedAt } = await scene.json("show tenant --json");
    expect(JSON.parse(shown.out())).toMatchObject({ header: { snapshotAt: finishedAt } });
  });

  it("is refused when the snapshot is older than a day, until that is allowed", async () => {
    const clock = later(25 * hour);
    const refused = await scene.handover("plan moves.csv --snapshot tenant -o old", { clock });
    expect(refused.code).toBe(6);
    expect(refused.err).toContain("--max-snapshot-age 26h");
    const allowed = "plan moves.csv --snapshot tenant -o old --skip-refused --max-snapshot-age 26h";
    expect((await scene.handover(allowed, { clock })).code).toBe(0);
  });

  it.each([
    ["a snapshot that was never finished", "half", 3, "was never finished"],
    ["a run", "run.handover", 3, "is not a snapshot"],
    ["nothing", "none", 3, "there is no snapshot none"],
  ])("is refused with %s", async (_, name, code, words) => {
    await changed("half", "update stage set finished_at = null, digest = null");
    const ran = await scene.handover(`plan moves.csv --snapshot ${name} -o refused`);
    expect(ran.code).toBe(code);
    expect(ran.err).toContain(words);
  });

  it("is not asked how old a snapshot may be where there is none", async () => {
    expect((await scene.handover("plan moves.csv --max-snapshot-age 3h")).code).toBe(3);
  });

  it("does not search as somebody whom the inventory could not read", async () => {
    await changed(
      "dark",
      "update users set reading = 'failed', reason = '500 backend' where email = 'leaver@acme.example'",
    );
    await scene.write("leaver.csv", "from,to\nleaver@acme.example,heir@acme.example\n");
    const out = await scene.prints("plan leaver.csv --snapshot dark -o dark");
    expect(out).toContain("leaver@acme.example: 500 backend");
    expect(out).toContain("may move more than was seen");
  });
});

describe("a snapshot", () => {
  it.each(["show", "report", "status"])("is shown by %s as the inventory showed it", async (verb) => {
    const text = await scene.prints(`${verb} tenant`);
    expect(text).toContain("tenant.snapshot · tenant acme.example · all users");
    expect(text).toContain("permissions of 196 of 197");
    expect(await scene.json(`${verb} tenant --json`)).toMatchObject({ type: "inventory", whole: false });
  });

  it("is known for what it is under any name", async () => {
    await copyFile(scene.path("tenant.snapshot"), scene.path("renamed.bin"));
    expect(await scene.prints("show renamed.bin")).toContain("all users");
  });

  it("yields to a run of the same name", async () => {
    await copyFile(scene.path("tenant.snapshot"), scene.path("run.snapshot"));
    expect(await scene.json("status run --json")).toMatchObject({ type: "status" });
    expect(await scene.json("status run.snapshot --json")).toMatchObject({ type: "inventory" });
  });

  it("is reported into a file, which nothing takes the place of unasked", async () => {
    await scene.prints("report tenant -o coverage.txt");
    expect(await scene.read("coverage.txt")).toContain("25 of 25 users read");
    expect((await scene.handover("report tenant -o coverage.txt")).code).toBe(3);
    expect((await scene.handover("report tenant -o tenant.snapshot --replace")).err).toContain("or a snapshot");
  });

  it.each([
    ["show tenant --html review.html", "handover audit tenant --format html -o review.html"],
    ["report tenant --csv", "handover audit tenant --format csv"],
    ["report tenant --format html", "handover audit tenant --format html"],
    ["report tenant --handover-sheet", "--leavers FILE"],
    ["apply tenant", "handover plan FILE --snapshot tenant"],
    ["verify tenant", "handover plan FILE --snapshot tenant"],
    ["undo tenant -o back", "handover plan FILE --snapshot tenant"],
    ["audit run.handover", "is not a snapshot"],
    ["inventory --refresh run.handover -o next", "is not a snapshot"],
  ])("is no thing for %s, which says what to do instead", async (line, remedy) => {
    const { code, err } = await scene.handover(line);
    expect(code).toBe(3);
    expect(err.replaceAll(/\s+/g, " ")).toContain(remedy);
  });

  it("that was interrupted says with what command it goes on", async () => {
    await changed(
      "sales",
      `update stage set finished_at = null, digest = null;
       update header set body = json_set(body, '$.scope', json('{"kind":"org-unit","path":"/Sales EMEA"}'));`,
    );
    const text = await scene.prints("status sales");
    expect(text).toContain("not finished");
    expect(text).toContain("handover inventory --org-unit '/Sales EMEA' -o sales.snapshot");
  });

  it("that is being taken is said to be so", async () => {
    await changed("busy", "update stage set finished_at = null, digest = null");
    const lock = lockRun(scene.path("busy.snapshot"));
    try {
      expect(await scene.prints("status busy")).toContain("another process is taking it");
      expect(await scene.json("status busy --json")).toMatchObject({ held: true });
      const second = await scene.handover("inventory -o busy");
      expect(second.code).toBe(8);
    } finally {
      lock.release();
    }
  });
});

describe("the evidence of a snapshot", () => {
  it("holds for what was not touched, and for the digest that was noted", async () => {
    const { digest, sound } = await scene.json("evidence verify tenant --json");
    expect(sound).toBe(true);
    expect((await scene.handover(`evidence verify tenant --head ${String(digest)}`)).code).toBe(0);
    expect((await scene.handover(`evidence verify tenant --head ${"0".repeat(64)}`)).code).toBe(6);
  });

  it.each([
    ["a title", `update assets set title = '"x"' where name = (select min(name) from assets)`],
    ["a permission", "update assets set permissions = replace(permissions, 'allUsers', 'user:a@acme.example')"],
    ["an asset", "delete from assets where name = (select max(name) from assets)"],
    ["a user", "update users set reading = 'read' where reading = 'skipped'"],
    ["a group", "update groups set members = '[]'"],
    ["the tenant", "update header set body = json_set(body, '$.tenant', 'other.example')"],
  ])("shows that somebody changed %s", async (_, sql) => {
    await changed("touched", sql);
    const { code, out } = await scene.handover("evidence verify touched");
    expect(code).toBe(6);
    expect(out).toContain("NOT as it was");
  });

  it("is not asked of an inventory that was never finished", async () => {
    await changed("half", "update stage set finished_at = null, digest = null");
    expect((await scene.handover("evidence verify half")).code).toBe(3);
  });
});

describe("the emulator of a snapshot", () => {
  it("has a tenant whose inventory has the same digest, and a run from the snapshot goes through on it", async () => {
    const snapshot = await openSnapshot(scene.path("tenant.snapshot"));
    const made = await worldOf(snapshot, snapshot.finished?.at ?? 0, 1);
    const digest = snapshot.finished?.digest;
    await snapshot.close();
    const rehearsal = await Scene.start({ world: made, transferPace: { startMs: 10, perAssetMs: 1 } });
    try {
      expect(rehearsal.google.admin).toBe(scene.google.admin);
      await rehearsal.prints("inventory -o again");
      expect(await rehearsal.json("show again --json")).toMatchObject({ digest });
      for (const name of ["moves.csv", "tenant.snapshot"]) await copyFile(scene.path(name), rehearsal.path(name));
      await rehearsal.prints("plan moves.csv --snapshot tenant -o moves --skip-refused");
      const { header } = await rehearsal.json("show moves --json");
      const hazards = namesToAllow(header as Parameters<typeof namesToAllow>[0]);
      await rehearsal.prints(`apply moves --yes${hazards.map((name) => ` --allow ${name}`).join("")}`);
      await rehearsal.prints("verify moves");
    } finally {
      await rehearsal.close();
    }
  });

  it("takes no people or assets beside those of the snapshot", async () => {
    const { code, err } = await scene.handover("emulator --snapshot tenant --users 30");
    expect(code).toBe(3);
    expect(err).toContain("--users would do nothing beside --snapshot");
  });
});
