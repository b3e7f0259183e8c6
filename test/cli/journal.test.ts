/** Runs in a PostgreSQL database behind the verbs, from plan to evidence. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startPostgres } from "../support/postgres.ts";
import type { PostgresServer } from "../support/postgres.ts";
import { Scene } from "./scene.ts";

let server: PostgresServer;
let scene: Scene;
/** Without its password, which the password file has. */
let url: string;

beforeAll(async () => {
  server = await startPostgres();
  scene = await Scene.start({ seed: 7, users: 30, assets: 200 });
  const full = new URL(await server.database());
  await mkdir(scene.path("home"));
  await writeFile(join(scene.folder, "home", ".pgpass"), `127.0.0.1:*:*:postgres:${full.password}\n`, { mode: 0o600 });
  full.password = "";
  url = full.href;
  await scene.write("moves.csv", "from,to,title,keep\nanna@acme.example,emea-bi@acme.example,EMEA *,viewer\n");
});

afterAll(async () => {
  await scene.close();
  await server.dispose();
});

describe("a run in a database", () => {
  it("is planned, shown, and looked at by every verb under its name there", async () => {
    const planned = await scene.prints(`plan moves.csv -o friday --journal ${url}`);
    expect(planned).toContain(`${url}#friday`);
    for (const verb of ["show", "status", "report"]) {
      expect(await scene.prints(`${verb} friday --journal ${url}`)).toContain("friday");
    }
    expect(await scene.json(`status ${url}#friday --json`)).toMatchObject({ counts: { applied: 0 } });
    expect(await scene.prints(`evidence verify friday --journal ${url}`)).toContain("holds");
    expect((await scene.handover(`verify friday --journal ${url}`)).code).toBe(5);
  });

  it("is named once in settings, and its hints are commands that work there", async () => {
    const settings = await scene.read("handover.yaml");
    await scene.write("handover.yaml", `${settings}journal: ${url}\n`);
    try {
      const planned = await scene.prints("plan moves.csv -o monday");
      expect(planned).toContain("handover apply monday");
      expect(await scene.prints("status monday")).toContain("monday");
      // A file all the same.
      expect(await scene.handover("status monday.handover")).toMatchObject({ code: 3 });
    } finally {
      await scene.write("handover.yaml", settings);
    }
  });

  it("is not made twice, and is replaced only on purpose and before it has begun", async () => {
    await scene.prints(`plan moves.csv -o twice --journal ${url}`);
    const again = await scene.handover(`plan moves.csv -o twice --journal ${url}`);
    expect(again).toMatchObject({ code: 3 });
    expect(again.err).toContain("exists already");
    await scene.prints(`plan moves.csv -o twice --replace --journal ${url}`);
  });

  it("takes the decisions of people, and writes them into its chain", async () => {
    await scene.prints(`plan moves.csv -o dropped --journal ${url}`);
    const ended = await scene.handover(`cancel dropped --all --yes --journal ${url} --reason off`);
    expect(ended.out).toContain("0 open");
    expect(await scene.prints(`evidence verify dropped --journal ${url}`)).toContain("holds");
    expect((await scene.handover(`watch dropped --journal ${url}`)).code).toBe(5);
  });

  it("is bundled, and the bundle holds without the database", async () => {
    await scene.prints(`report dropped --evidence dropped.tar --journal ${url}`);
    expect(await scene.prints("evidence verify dropped.tar")).toContain("holds");
  });
});
