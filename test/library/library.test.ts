/** The library as a program meets it: the example of the README, and runs in a file, in memory and in a database. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { wallClock } from "../../src/cli/context.ts";
import { startEmulator } from "../../src/emulator/start.ts";
import type { RunningEmulator } from "../../src/emulator/start.ts";
import {
  GuardError,
  InMemoryRun,
  PlanFileError,
  RunFileError,
  UsageError,
  connectTenant,
  reportRun,
} from "../../src/index.ts";
import type { EngineEvent, Run, Tenant, TenantOptions } from "../../src/index.ts";
import { startPostgres } from "../support/postgres.ts";
import type { PostgresServer } from "../support/postgres.ts";

const exec = promisify(execFile);
const root = fileURLToPath(new URL("../../", import.meta.url));
const example = join(root, "test/library/example.ts");

let folder = "";
let google: RunningEmulator;
let options: TenantOptions;
let tenant: Tenant;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "handover-library-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  const keyFile = join(folder, "key.json");
  await rm(keyFile, { force: true });
  google = await startEmulator({
    clock: wallClock,
    seed: 7,
    users: 20,
    assets: 100,
    keyFile,
    transferPace: { startMs: 10, perAssetMs: 1 },
  });
  options = { identity: { keyFile }, admin: google.admin, endpoint: google.url };
  tenant = connectTenant(options);
  return () => google.close();
});

const leaver = { name: "moves.csv", text: "from,to\nleaver@acme.example,heir@acme.example\n" };
const revoke = {
  name: "revoke.csv",
  text: "action,from,title,member\nrevoke,ben@acme.example,Ben *,guest@partner.example\n",
};

describe("the example", () => {
  it("runs, and says what came of it", async () => {
    const { identity } = options;
    const keyFile = "keyFile" in identity ? identity.keyFile : "";
    const child = spawn(process.execPath, ["--input-type=module", "-", google.url, keyFile], { cwd: root });
    const said = Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
    // Imported by its own name, the package is found from its own folder; the run belongs elsewhere.
    child.stdin.end(`process.chdir(${JSON.stringify(folder)});\n${await readFile(example, "utf8")}`);
    const [out, err, [code]] = await said;
    expect([err, code]).toEqual(["", 0]);
    expect(out).toMatch(/^35 steps, whole-user-transfer, /);
    expect(out).toContain("the transfer is completed");
    expect(out).toContain("finished: 1 applied, 34 so already, 0 failed");
    expect(out).toContain("35 of 35 are as the run left them");
    expect(out).toContain("# Report of run ");
    expect((await stat(join(folder, "friday.handover"))).mode & 0o077).toBe(0);
  });

  it("stands in the README, word for word", async () => {
    const code = (await readFile(example, "utf8")).replace(/^\/\*\*.*\n/, "");
    expect(await readFile(join(root, "src/README.md"), "utf8")).toContain(`\`\`\`ts\n${code}\`\`\``);
  });

  it("fits the types of the package as it is built", async () => {
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const { stdout } = await exec(process.execPath, [tsc, "-p", join(root, "test/library"), "--noEmit"]);
    expect(stdout).toBe("");
  });
});

it("importing the package loads no other package", async () => {
  const seen = new Set<string>();
  const packages: string[] = [];
  const visit = async (path: string): Promise<void> => {
    if (seen.has(path)) return;
    seen.add(path);
    const code = await readFile(path, "utf8");
    for (const [, name = ""] of code.matchAll(/^(?:import|export) (?:[^"']*? from )?"([^"]+)";?$/gm)) {
      if (name.startsWith(".")) await visit(resolve(dirname(path), name));
      else if (!name.startsWith("node:")) packages.push(name);
    }
  };
  await visit(join(root, "dist/index.js"));
  expect(packages).toEqual([]);
  expect(seen.size).toBeGreaterThan(3);
});

describe("a run", () => {
  let database: PostgresServer;

  beforeAll(async () => {
    database = await startPostgres();
  }, 60_000);

  afterAll(() => database.dispose());

  const places: Readonly<Record<string, () => Promise<readonly [Run, Run]>>> = {
    "a file": async () => [join(folder, "r.handover"), join(folder, "r-undo.handover")],
    memory: async () => [new InMemoryRun("r"), new InMemoryRun("r-undo")],
    "a database": async () => {
      const url = await database.database();
      return [`${url}#r`, `${url}#r-undo`];
    },
  };

  it.each(Object.keys(places))("in %s is planned, applied, verified, reported and taken back", async (place) => {
    const [run, undo] = (await places[place]?.()) ?? ["", ""];
    const planned = await tenant.plan([revoke], run);
    expect(planned).toMatchObject({ kind: "made", header: { totals: { edits: 3 }, hazards: [] } });
    expect(google.emulator.log.writes).toBe(0);
    const events: EngineEvent[] = [];
    const summary = await tenant.apply(run, { onEvent: (event) => events.push(event) });
    expect(summary).toMatchObject({ end: "finished", counts: { applied: 3 } });
    expect(events.filter(({ type }) => type === "step")).toHaveLength(3);
    expect(await tenant.verify(run)).toMatchObject({ verified: 3, drifted: 0 });
    const lines: string[] = [];
    for await (const line of reportRun(run)) lines.push(line);
    expect(lines.join("\n")).toContain("All 3 steps have ended well, and reading back has shown it");
    expect(await tenant.undo(run, undo)).toMatchObject({ kind: "made", header: { totals: { edits: 3 } } });
    await expect(tenant.apply(undo)).rejects.toThrow(/new-external/);
    expect(await tenant.apply(undo, { allow: ["new-external"] })).toMatchObject({ counts: { applied: 3 } });
  });
});

describe("guards hold for programs too", () => {
  it("a hazard must be allowed by name", async () => {
    const run = new InMemoryRun("friday");
    expect(await tenant.plan([leaver], run)).toMatchObject({ kind: "made" });
    const refused = await tenant.apply(run).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(GuardError);
    expect(refused).toMatchObject({ rules: ["hazard"] });
    expect(google.emulator.log.writes).toBe(0);
  });

  it("a run that is too old is not begun", async () => {
    const run = new InMemoryRun("friday");
    await tenant.plan([revoke], run);
    await expect(tenant.apply(run, { ageMaxMs: -1 })).rejects.toMatchObject({ rules: ["max-age"] });
  });

  it("a run that has begun is not replaced", async () => {
    const run = new InMemoryRun("friday");
    await tenant.plan([revoke], run);
    await expect(tenant.plan([revoke], run)).rejects.toThrow(/exists already/);
    expect(await tenant.plan([revoke], run, { replace: true })).toMatchObject({ kind: "made" });
    await tenant.apply(run);
    await expect(tenant.plan([revoke], run, { replace: true })).rejects.toMatchObject({ rules: ["progress"] });
  });

  it("all mistakes of plan files come at once, and no run is left", async () => {
    const run = new InMemoryRun("friday");
    const wrong = { name: "wrong.csv", text: "from,to\nx,y\nleaver@acme.example,\n" };
    const refused = await tenant.plan([wrong], run).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(PlanFileError);
    expect((refused as PlanFileError).diagnostics.map(({ place }) => place.file)).toEqual(
      expect.arrayContaining(["wrong.csv", "wrong.csv"]),
    );
    await expect(tenant.verify(run)).rejects.toBeInstanceOf(RunFileError);
  });

  it("what is refused makes no run unless that is asked for", async () => {
    const run = new InMemoryRun("friday");
    const some = { ...revoke, text: `${revoke.text}revoke,nobody@acme.example,Ben *,guest@partner.example\n` };
    const mixed = { name: "m.csv", text: "from,to\nleaver@acme.example,nobody@acme.example\n" };
    expect(await tenant.plan([mixed, some], run)).toMatchObject({ kind: "refused" });
    expect(await tenant.plan([mixed, some], run, { skipRefused: true })).toMatchObject({ kind: "made" });
  });
});

describe("as whom a program acts", () => {
  it("may be the text of a key, and a list beside the plan may be text as well", async () => {
    const { identity } = options;
    const key = await readFile("keyFile" in identity ? identity.keyFile : "", "utf8");
    const plan = {
      name: "plan.yaml",
      text: "version: 1\nusers: people.csv\nmoves: [{ replace-member: users }]\n",
      beside: { "people.csv": "old,new\nleaver@acme.example,heir@acme.example\n" },
    };
    const outcome = await connectTenant({ ...options, identity: { key } }).plan([plan], new InMemoryRun("x"));
    expect(outcome.header.planFiles.map(({ name }) => name)).toEqual(["plan.yaml", "people.csv"]);
  });

  it("may be a function that gives tokens, and is told for whom", async () => {
    const asked = new Set<string>();
    const token = async (user: string, scopes: readonly string[]): Promise<string> => {
      asked.add(user);
      expect(scopes.every((scope) => scope.startsWith("https://www.googleapis.com/auth/"))).toBe(true);
      return "none-that-holds";
    };
    const refused = connectTenant({ ...options, identity: { token } }).plan([revoke], new InMemoryRun("x"));
    await expect(refused).rejects.toMatchObject({ failure: "unauthenticated" });
    expect([...asked]).toContain(google.admin);
  });

  it.each<[string, Partial<TenantOptions>, RegExp]>([
    ["an administrator that is no address", { admin: "admin" }, /^admin: /],
    ["an endpoint that is none", { endpoint: "ftp://x" }, /is not an http or https address/],
    ["plain HTTP to another machine", { endpoint: "http://example.com" }, /http/],
    ["a key that is none", { identity: { key: "{}" } }, /key/],
  ])("%s is refused before anything is sent", async (_name, wrong, message) => {
    const refused = await connectTenant({ ...options, ...wrong })
      .plan([revoke], new InMemoryRun("x"))
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UsageError);
    expect((refused as UsageError).message).toMatch(message);
  });
});

it("a signal ends an apply in order, and the same call goes on", async () => {
  const run = new InMemoryRun("friday");
  await tenant.plan([leaver], run);
  const stop = new AbortController();
  const allow = ["whole-user-transfer"] as const;
  const stopped = await tenant.apply(run, {
    allow,
    signal: stop.signal,
    onEvent: ({ type }) => {
      if (type === "transfer") stop.abort();
    },
  });
  expect(stopped.end).toBe("stopped");
  expect(await tenant.apply(run, { allow })).toMatchObject({ end: "finished", counts: { applied: 1, unchanged: 34 } });
});
