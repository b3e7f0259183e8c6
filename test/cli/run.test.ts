/** `handover run`: copies between files and a database that prove the same, and go on in one place only; lists; purges. */
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chosenRuns } from "../../src/cli/run-purge.ts";
import { parseJournalAddress } from "../../src/journal/postgres/address.ts";
import { JournalDatabase } from "../../src/journal/postgres/database.ts";
import { asSuperuser, startPostgres } from "../support/postgres.ts";
import type { PostgresServer } from "../support/postgres.ts";
import { Scene } from "./scene.ts";

let server: PostgresServer;
let scene: Scene;
let full: string;
let url: string;

beforeAll(async () => {
  server = await startPostgres();
  scene = await Scene.start({ seed: 7, users: 30, assets: 200 });
  full = await server.database();
  const open = new URL(full);
  await mkdir(scene.path("home"));
  await writeFile(join(scene.folder, "home", ".pgpass"), `127.0.0.1:*:*:postgres:${open.password}\n`, { mode: 0o600 });
  open.password = "";
  url = open.href;
  await scene.write(
    "moves.csv",
    "action,from,to,title,keep,member,role\ntransfer,anna@acme.example,emea-bi@acme.example,EMEA *,viewer,,\n",
  );
  await scene.prints("key new anna.key --as anna@acme.example");
});

afterAll(async () => {
  await scene.close();
  await server.dispose();
});

/** A run that was carried out, signed and verified. */
async function applied(name: string): Promise<void> {
  await scene.prints(`plan moves.csv -o ${name} --sign-key anna.key`);
  await scene.handover(`apply ${name} --yes --sign-key anna.key`);
  await scene.handover(`verify ${name}`);
}

async function evidence(word: string): Promise<unknown> {
  const { head, digest, findings } = await scene.json(`evidence verify ${word} --json`);
  return { head, digest, findings };
}

describe("a copy", () => {
  it("holds all that the run holds, into a database and out of it again", async () => {
    await applied("friday");
    await scene.prints(`run copy friday.handover friday --journal ${url}`);
    await scene.prints(`run copy ${url}#friday back.handover`);
    const [first, inDatabase, last] = [
      await evidence("friday"),
      await evidence(`${url}#friday`),
      await evidence("back.handover"),
    ];
    expect(inDatabase).toMatchObject({ head: (first as { head: unknown }).head });
    expect(last).toEqual({ ...(first as object), findings: expect.anything() as unknown });
    const of = async (word: string): Promise<unknown> => {
      const { run: _, ...report } = await scene.json(`report ${word} --json`);
      return report;
    };
    const report = await of("friday");
    expect(await of(`${url}#friday`)).toEqual(report);
    expect(await of("back.handover")).toEqual(report);
    expect(await scene.prints(`report ${url}#friday --csv`)).toBe(await scene.prints("report friday --csv"));
  });

  it("keeps every table to the byte", async () => {
    const tables = (file: string): unknown => {
      const db = new Database(scene.path(file), { readonly: true });
      const read = (query: string): unknown => db.prepare(query).all();
      const all = [
        read("select header, digest from run"),
        read("select digest from pages order by page"),
        read("select s.seq, kind, email, asset, after, unless, body from steps s join actors a on a.id = s.actor"),
        read(
          "select p.seq, email, state, gate, attempts, audit, failure, reason, memo, updated from progress p join actors a on a.id = p.actor",
        ),
        read("select * from intents"),
        read("select * from audit"),
        read("select * from verdicts"),
        read("select name, body from kept where name <> 'record'"),
        read("select audit_rows, audit_head from tail"),
      ];
      db.close();
      return all;
    };
    expect(tables("back.handover")).toEqual(tables("friday.handover"));
  });

  it("is a record: nothing is carried out or decided in it, and it can be looked at and bundled", async () => {
    for (const line of ["apply back.handover --yes", `cancel ${url}#friday --all --yes --reason off`]) {
      const refused = await scene.handover(line);
      expect(refused).toMatchObject({ code: 6 });
      expect(refused.err).toContain("friday.handover");
    }
    expect((await scene.handover(`verify ${url}#friday`)).err).toContain("not kept in the run");
    await scene.prints(`report ${url}#friday --evidence copy.tar`);
    expect(await scene.prints("evidence verify copy.tar")).toContain("holds");
  });

  it("is not made of a run that is not as it was written", async () => {
    await copyFile(scene.path("friday.handover"), scene.path("forged.handover"));
    const db = new Database(scene.path("forged.handover"));
    db.prepare("update audit set body = body || ' ' where seq = 1").run();
    db.close();
    const refused = await scene.handover(`run copy forged.handover forged --journal ${url}`);
    expect(refused).toMatchObject({ code: 6 });
    expect((await scene.handover(`status ${url}#forged`)).code).toBe(3);
  });

  it.each(["friday", "friday.handover"])("takes nobody's place: %s", async (name) => {
    const refused = await scene.handover(`run copy back.handover ${name} --journal ${url}`);
    expect(refused).toMatchObject({ code: 3 });
    expect(refused.err).toContain("exists already");
  });
});

describe("a run that is moved", () => {
  it("goes on where it went, and stays behind as a record", async () => {
    await scene.prints("plan moves.csv -o moving");
    await scene.prints(`run copy moving.handover moving --move --journal ${url}`);
    const refused = await scene.handover("apply moving.handover --yes");
    expect(refused).toMatchObject({ code: 6 });
    expect(refused.err).toContain("#moving");
    expect((await scene.handover("status moving.handover")).err).toContain("was moved to");
    expect((await scene.handover(`cancel moving --all --yes --journal ${url} --reason off`)).out).toContain("0 open");
  });

  it("goes back, and its chain tells of both ways", async () => {
    await scene.prints("plan moves.csv -o wandering");
    await scene.prints(`run copy wandering.handover wandering --move --journal ${url}`);
    await scene.prints(`run copy ${url}#wandering home-again.handover --move`);
    const { code, err } = await scene.handover("apply home-again.handover --yes");
    expect({ code, err }).toMatchObject({ code: 0 });
    expect(await scene.prints("evidence verify home-again.handover")).toContain("holds");
    expect((await scene.handover(`cancel wandering --all --yes --journal ${url} --reason off`)).code).toBe(6);
  });

  it("is moved by the same command when that was interrupted half-way", async () => {
    await scene.prints("plan moves.csv -o halfway");
    const line = `run copy halfway.handover halfway --move --journal ${url}`;
    await scene.prints(line);
    await asSuperuser(full, "delete from handover.runs where name = 'halfway'");
    await scene.prints(line);
    expect(await scene.prints(`status halfway --journal ${url}`)).toContain("halfway");
    expect((await scene.handover(`run copy halfway.handover elsewhere --move --journal ${url}`)).code).toBe(6);
  });

  it("is not moved while a worker holds a step of it", async () => {
    await scene.prints(`plan moves.csv -o busy --journal ${url}`);
    await asSuperuser(
      full,
      `update handover.progress set worker = 1, lease = now() + interval '1 minute'
       where run = (select id from handover.runs where name = 'busy')`,
    );
    for (const move of ["", " --move"]) {
      expect((await scene.handover(`run copy ${url}#busy busy.handover${move}`)).code).toBe(8);
    }
    expect((await scene.handover(`run purge busy --yes --journal ${url}`)).code).toBe(8);
    expect(await scene.prints(`run list --journal ${url}`)).toMatch(/busy .* open, under way/);
  });
});

describe("runs that are kept", () => {
  it("are listed, in a folder and in a database", async () => {
    expect(await scene.prints("run list")).toMatch(/friday\.handover .*ended/);
    const listed = await scene.json(`run list --json --journal ${url}`);
    expect(listed["runs"]).toContainEqual(expect.objectContaining({ run: "friday", record: true, held: false }));
  });

  it("are purged when they have ended, and a line of each is kept", async () => {
    await scene.prints(`plan moves.csv -o stale --journal ${url}`);
    expect((await scene.handover(`run purge stale --yes --journal ${url}`)).err).toContain("has not ended");
    expect((await scene.handover(`run purge friday --journal ${url}`)).code).toBe(6);
    await scene.prints(`cancel stale --all --yes --journal ${url} --reason off`);
    await scene.prints(`run purge stale --yes --journal ${url}`);
    expect(await scene.prints(`run list --purged --journal ${url}`)).toMatch(/stale .*planner@tests/);
    expect((await scene.handover(`status stale --journal ${url}`)).code).toBe(3);
  });

  it("stay when the one that was named has gone meanwhile", async () => {
    const database = new JournalDatabase(parseJournalAddress(full));
    try {
      const named = async (name: string): Promise<readonly string[]> =>
        (await chosenRuns(database, { olderThanMs: undefined }, name)).map((run) => run.name);
      expect(await named("friday")).toEqual(["friday"]);
      expect(await named("gone")).toEqual([]);
    } finally {
      await database.close();
    }
  });

  it("go by age only when they have ended", async () => {
    await asSuperuser(full, "update handover.runs set created = now() - interval '100 days'");
    await asSuperuser(full, "update handover.workers set seen = now() - interval '100 days'");
    const purged = await scene.prints(`run purge --older-than 90d --yes --journal ${url}`);
    expect(purged).toContain("friday");
    expect(await scene.prints(`run list --journal ${url}`)).toMatch(/^busy .* open/);
  });
});
