/** Taking an inventory from the command line: whom it reads as, what it goes on with, and every file it is wrong to give it. */
import { copyFile, open, readdir, stat, writeFile } from "node:fs/promises";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Stage } from "../support/process.ts";
import { Scene } from "./scene.ts";

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.start({ seed: 7, users: 30, assets: 200 });
  await scene.prints("inventory -o whole");
});

afterAll(async () => {
  await scene.close();
});

const spaces = /\s+/g;

/** The whole snapshot as it was somewhere on the way, or as somebody has made it. */
async function changed(name: string, sql: string): Promise<void> {
  await copyFile(scene.path("whole.snapshot"), scene.path(`${name}.snapshot`));
  const db = new Database(scene.path(`${name}.snapshot`));
  db.exec(sql);
  db.close();
}

const unfinished = "update stage set finished_at = null, digest = null;";

describe("the users of an inventory", () => {
  it("are those of a list, an alias standing for its person, each once", async () => {
    await scene.write("some.csv", "email\nleaver.alias@acme.example\nleaver@acme.example\nanna@acme.example\n");
    const { header, coverage } = await scene.json("inventory --users some.csv -o some --json");
    expect(header).toMatchObject({ scope: { kind: "listed", name: "some.csv" } });
    expect(coverage).toMatchObject({ usersTotal: 2, usersRead: 2 });
  });

  it("are those of an organisational unit and the ones below", async () => {
    const { coverage } = await scene.json("inventory --org-unit /Sales -o sales --json");
    const { people } = scene.google.emulator.state.directory;
    const inSales = [...people.values()].filter(
      (each) => each.deletedAt === undefined && /^\/Sales(\/|$)/.test(each.orgUnitPath),
    );
    expect(inSales.length).toBeGreaterThan(1);
    expect(coverage).toMatchObject({ usersTotal: inSales.length });
  });

  it.each([
    ["a line that is no address", "email\nanna@acme.example\nnobody\n", "list.csv:3:1", "nobody"],
    ["a group", "email\nbi-team@acme.example\n", "list.csv:2:1", "bi-team@acme.example is a group"],
    ["somebody unknown", "email\nno.one@acme.example\n", "list.csv:2:1", "neither user nor group of the tenant"],
    ["somebody outside", "email\neve@far.example\n", "list.csv:2:1", "eve@far.example is outside the tenant"],
    ["a service account", "email\nx@p.iam.gserviceaccount.com\n", "list.csv:2:1", "is a service account"],
    ["no column email", "name\nanna\n", "list.csv:1:1", "email"],
    ["nobody", "email\n", "list.csv:1:1", "the list names nobody"],
    ["nothing", "", "list.csv:1:1", ""],
    ["the same twice in different words", "email,heir\na@acme.example,\na@acme.example,b@acme.example\n", ":3:", "too"],
  ])("are refused where the list holds %s, at its place", async (_, text, place, words) => {
    await scene.write("list.csv", text);
    const { code, err } = await scene.handover("inventory --users list.csv -o listed");
    expect(code).toBe(3);
    expect(err).toContain(place);
    expect(err.replaceAll(spaces, " ")).toContain(words);
    expect(await stat(scene.path("listed.snapshot")).catch(() => undefined)).toBeUndefined();
  });

  it("are all told of at once where several are wrong", async () => {
    await scene.write("list.csv", "email\nno.one@acme.example\nbi-team@acme.example\neve@far.example\n");
    const { err } = await scene.handover("inventory --users list.csv -o listed");
    for (const line of [2, 3, 4]) expect(err).toContain(`list.csv:${line}:1`);
  });

  it.each([
    ["--users none.csv", "there is no file none.csv"],
    ["--users some.csv --org-unit /Sales", "both say whom to read as"],
    ["--org-unit Sales", "such as /Sales"],
    ["--org-unit /", "such as /Sales"],
    ["--max-age 1h", "add --refresh"],
    ["--refresh whole -o whole", "cannot refresh itself"],
    ["--refresh none", "there is no snapshot none"],
    ["-o a/", "is not a file name"],
  ])("are not guessed from %s", async (options, words) => {
    const { code, err } = await scene.handover(`inventory ${options}`);
    expect(code).toBe(3);
    expect(err.replaceAll(spaces, " ")).toContain(words);
  });
});

describe("an inventory", () => {
  it("exits 2 where something stayed dark, when that is asked", async () => {
    expect((await scene.handover("inventory -o dark --detailed-exitcode")).code).toBe(2);
  });

  it("that refreshes takes over what has not changed, and says so", async () => {
    const before = scene.requests();
    const { coverage, header } = await scene.json("inventory --refresh whole -o next --json");
    expect(coverage).toMatchObject({ permissionsCarriedOver: 196 });
    expect(header).toMatchObject({ refreshOf: { digest: (await scene.json("show whole --json"))["digest"] } });
    expect(scene.requests() - before).toBeLessThan(200);
    expect(await scene.prints("show next")).toContain("were taken from the earlier snapshot");
  });

  it("that refreshes reads again what is too old", async () => {
    await changed("aged", "update assets set read_at = read_at - 10 * 86400000 where trashed = 1");
    const week = await scene.json("inventory --refresh aged -o week --json");
    expect(week["coverage"]).toMatchObject({ permissionsCarriedOver: 186 });
    const month = await scene.json("inventory --refresh aged --max-age 30d -o month --json");
    expect(month["coverage"]).toMatchObject({ permissionsCarriedOver: 196 });
  });

  it("leaves nothing beside its file, which is its owner's alone", async () => {
    expect((await readdir(scene.folder)).filter((name) => name.startsWith("whole"))).toEqual(["whole.snapshot"]);
    expect((await stat(scene.path("whole.snapshot"))).mode & 0o777).toBe(0o600);
  });

  it.each([
    ["a finished snapshot", "", "is a finished snapshot"],
    [
      "an inventory as other users",
      `${unfinished} update header set body = json_set(body, '$.scope', json('{"kind":"org-unit","path":"/Sales"}'))`,
      "of other users",
    ],
    [
      "an inventory of another tenant",
      `${unfinished} update header set body = json_set(body, '$.tenant', 'other.example')`,
      "of the tenant other.example",
    ],
    ["a snapshot of a newer format", "pragma user_version = 99", "has the format 99"],
    ["another SQLite file", "pragma application_id = 7", "is not a snapshot"],
    ["a snapshot that lacks its header", `${unfinished} delete from header`, "is damaged"],
  ])("does not go on with %s", async (_, sql, words) => {
    await changed("there", sql);
    const { code, err } = await scene.handover("inventory -o there");
    expect(code).toBe(3);
    expect(err.replaceAll(spaces, " ")).toContain(words);
  });

  it.each(["audit", "show", "evidence verify"])("that is damaged is not taken for whole by %s", async (verb) => {
    await copyFile(scene.path("whole.snapshot"), scene.path("broken.snapshot"));
    const file = await open(scene.path("broken.snapshot"), "r+");
    for (let page = 2; page < 30; page += 1) await file.write(Buffer.alloc(4096, 0x5a), 0, 4096, page * 4096);
    await file.close();
    const { code, err } = await scene.handover(`${verb} broken`);
    expect(code).toBe(3);
    expect(err).toContain("is damaged");
    expect(err.replaceAll(spaces, " ")).toContain("take the inventory again");
  });

  it.each([
    ["an empty file", ""],
    ["a text", "name,owner\n"],
    ["half a database", "SQLite format 3\0 and so on"],
  ])("is not read from %s", async (_, text) => {
    await writeFile(scene.path("odd.snapshot"), text);
    for (const line of ["audit odd", "plan moves.csv --snapshot odd", "inventory --refresh odd -o after-odd"]) {
      const { code, err } = await scene.handover(line);
      expect(code).toBe(3);
      expect(err).toContain("odd.snapshot");
    }
  });
});

describe("an inventory that is killed", () => {
  it("and begun again, as often as it takes, has the digest of an unbroken one", async () => {
    const stage = await Stage.start(["--seed", "3", "--users", "30", "--assets", "300", "--latency", "3"]);
    try {
      const whole = await stage.handover("inventory", "-o", "whole", "--json");
      expect(whole.code).toBe(0);
      let kills = 0;
      for (const more of [3, 40, 100, 150]) {
        const { total } = await stage.counts();
        const underway = stage.begin(["inventory", "-o", "broken"]);
        if (await stage.reaches("total", total + more, underway)) underway.child.kill("SIGKILL");
        const { signal } = await underway.ended;
        if (signal === "SIGKILL") kills += 1;
      }
      expect(kills).toBe(4);
      const last = await stage.handover("inventory", "-o", "broken", "--json");
      const digest = (text: string): unknown => (JSON.parse(text) as { digest: unknown }).digest;
      expect(digest(last.stdout)).toBe(digest(whole.stdout));
      expect((await stage.handover("evidence", "verify", "broken")).code).toBe(0);
    } finally {
      await stage.close();
    }
  });
});
