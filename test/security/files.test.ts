/** Which files are made, for whose eyes; and which are refused because of what or whose they are, through the verbs. */
import { execFileSync } from "node:child_process";
import {
  chmod,
  chown,
  copyFile,
  link,
  lstat,
  mkdir,
  readFile,
  readdir,
  rename,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Scene } from "./scene.ts";

let scene: Scene;
const fast = ["--rate", "400/s", "--actor-rate", "400/s"];
const isRoot = process.geteuid?.() === 0;

beforeAll(async () => {
  scene = await Scene.start();
  await writeFile(scene.path("moves.csv"), "from,to\nleaver@acme.example,heir@acme.example\n");
  await writeFile(scene.path("grants.csv"), grantsOf("anna@acme.example"));
  const planned = await scene.inside(["plan", "moves.csv", "-o", "base", ...fast]);
  expect(planned.code, planned.err).toBe(0);
});
afterAll(async () => {
  await scene.close();
});

/** A plan file that lets one outsider see all that `owner` has. */
function grantsOf(owner: string): string {
  const assets = [...scene.google.emulator.state.assets.values()];
  const owned = assets.filter(({ trashed, roles }) => !trashed && JSON.stringify(roles.get("OWNER")).includes(owner));
  const rows = owned.map(({ name }) => `grant,${name},guest@partner.example,VIEWER`);
  return ["action,asset,member,role", ...rows, ""].join("\n");
}

function makePipe(path: string): void {
  execFileSync("/bin/sh", ["-c", 'mkfifo -m 600 "$1"', "sh", path]);
}

/** Mode bits of every file below the scene that is not in `before`, as `name mode`. */
async function modes(before: ReadonlySet<string>): Promise<readonly string[]> {
  const made = (await readdir(scene.folder, { recursive: true })).filter((name) => !before.has(name));
  return Promise.all(made.map(async (name) => `${name} ${((await lstat(scene.path(name))).mode & 0o777).toString(8)}`));
}

async function names(): Promise<ReadonlySet<string>> {
  return new Set(await readdir(scene.folder, { recursive: true }));
}

describe("whatever the umask, files are for their owner alone", () => {
  it.each<readonly [string, readonly string[]]>([
    ["a run and a log", ["plan", "moves.csv", "-o", "open", "--log-file", "open.log", ...fast]],
    ["a report", ["report", "base", "--csv", "-o", "open.csv"]],
    ["a hand-over sheet", ["report", "base", "--handover-sheet", "--format", "md", "-o", "open.md"]],
    ["an undo", ["undo", "base", "-o", "open-undo", ...fast]],
  ])("%s", async (_, args) => {
    const before = await names();
    const said = await scene.handover(args, { umask: "0000" });
    expect(said.code, said.err).toBe(0);
    const made = await modes(before);
    expect(made.length).toBeGreaterThan(0);
    expect(made.filter((each) => !each.endsWith(" 600"))).toEqual([]);
  });

  it("log, shared memory and lock of a run that is carried out, too", async () => {
    expect((await scene.inside(["plan", "grants.csv", "-o", "busy", ...fast])).code).toBe(0);
    const before = await names();
    let made: readonly string[] = [];
    let calls = 0;
    let writing = (): void => undefined;
    const written = new Promise<void>((resolve) => (writing = resolve));
    scene.ear.mischief = ({ method }) => {
      if (method === "PATCH" && (calls += 1) === 2) writing();
      return undefined;
    };
    await scene.handover(
      ["apply", "busy", "--yes", "--log-file", "busy.log", "--rate", "5/s", "--allow", "new-external"],
      {
        umask: "0000",
        underway: async (child) => {
          await Promise.race([written, new Promise((resolve) => child.on("exit", resolve))]);
          made = await modes(before);
          child.kill("SIGTERM");
        },
      },
    );
    scene.ear.mischief = undefined;
    expect(made.map((each) => each.split(" ")[0])).toEqual(
      expect.arrayContaining(["busy.handover-wal", "busy.handover-shm", "busy.handover.lock", "busy.log"]),
    );
    // What holds the control socket is a folder; nobody else can enter it.
    expect(made.filter((each) => !each.endsWith(" 600"))).toEqual(["busy.handover.ctl 700"]);
  });

  it("key, ready file and state of an emulator", async () => {
    const before = await names();
    const files = ["--key-file", "own-key.json", "--ready-file", "own-ready.json", "--state-file", "own-state.json"];
    await scene.handover(["emulator", "--users", "20", "--assets", "100", ...files], {
      umask: "0000",
      underway: async (child) => {
        while (child.exitCode === null && !(await names()).has("own-ready.json"))
          await new Promise((resolve) => setTimeout(resolve, 10));
        child.kill("SIGTERM");
      },
    });
    const made = await modes(before);
    expect(made.map((each) => each.split(" ")[0] ?? "").toSorted((a, b) => a.localeCompare(b))).toEqual([
      "own-key.json",
      "own-ready.json",
      "own-state.json",
    ]);
    expect(made.filter((each) => !each.endsWith(" 600"))).toEqual([]);
  });
});

// Modes, links, folders, owners and sizes of a key file: test/cli/files.test.ts.
describe("a key", () => {
  it.skipIf(process.platform === "win32")("that is a pipe nobody writes to is refused at once", async () => {
    makePipe(scene.path("pipe.json"));
    const said = await scene.inside(["verify", "base", "--key", "pipe.json"]);
    expect(said).toMatchObject({ code: 3, err: expect.stringContaining("is not a file") });
  });

  it.skipIf(process.platform === "win32")("that is a device is refused", async () => {
    const said = await scene.inside(["verify", "base", "--key", "/dev/zero"]);
    expect(said).toMatchObject({ code: 3, err: expect.stringContaining("is not a file") });
  });

  it("that can be read by others is refused with the command that mends it, and nothing is sent", async () => {
    await copyFile(scene.google.keyFile, scene.path("open-key.json"));
    await chmod(scene.path("open-key.json"), 0o644);
    const before = scene.ear.heard.length;
    const said = await scene.inside(["verify", "base", "--key", "open-key.json"]);
    expect(said).toMatchObject({ code: 3, err: expect.stringContaining("chmod 600") });
    expect(scene.ear.heard).toHaveLength(before);
  });
});

describe("settings", () => {
  const redirecting = "endpoint: https://evil.example\n";

  it("that everybody may change are not followed", async () => {
    await writeFile(scene.path("handover.yaml"), redirecting);
    await chmod(scene.path("handover.yaml"), 0o666);
    const said = await scene.inside(["verify", "base"], { env: { HANDOVER_ENDPOINT: "" } });
    await rename(scene.path("handover.yaml"), scene.path("old.yaml"));
    expect(said.code).toBe(3);
    expect(said.err.replace(/\s+/g, " ")).toContain("can be changed by everybody");
  });

  it.skipIf(!isRoot)("of another user are not followed, by root neither", async () => {
    await writeFile(scene.path("handover.yaml"), redirecting, { mode: 0o600 });
    await chown(scene.path("handover.yaml"), 12_345, 12_345);
    const said = await scene.inside(["verify", "base"], { env: { HANDOVER_ENDPOINT: "" } });
    await rename(scene.path("handover.yaml"), scene.path("old.yaml"));
    expect(said.code).toBe(3);
    expect(said.err.replace(/\s+/g, " ")).toContain("belongs to another user");
  });
});

// Links, owners and modes at the level of the journal: test/journal/run-file.test.ts.
describe("a run file", () => {
  const verbs: readonly (readonly string[])[] = [
    ["show"],
    ["status"],
    ["report"],
    ["evidence", "verify"],
    ["apply", "--yes"],
    ["verify"],
    ["undo", "-o", "never"],
  ];
  const given = (verb: readonly string[], run: string): readonly string[] => {
    const [first = "", second = "", ...rest] = verb;
    return first === "evidence" ? [first, second, run] : [first, run, ...verb.slice(1, 2), ...rest];
  };

  it.each<readonly [string, (path: string) => Promise<void>, string]>([
    ["a symbolic link", (path) => symlink(scene.path("base.handover"), path), "symbolic link"],
    [
      "a second name of a run",
      async (path) => {
        await copyFile(scene.path("base.handover"), `${path}.first`);
        await link(`${path}.first`, path);
      },
      "hard link",
    ],
    [
      "a file that others may write",
      async (path) => {
        await copyFile(scene.path("base.handover"), path);
        await chmod(path, 0o666);
      },
      "written by others",
    ],
    ["a pipe", async (path) => makePipe(path), "not a run file"],
  ])("that is %s is refused by every verb with a remedy, and nothing is sent", async (name, make, problem) => {
    const run = `odd-${name.replace(/\W/g, "")}.handover`;
    await make(scene.path(run));
    const before = scene.ear.heard.length;
    for (const verb of verbs) {
      const said = await scene.inside(given(verb, run));
      expect(said.code, verb.join(" ")).toBe(3);
      expect(said.err.replace(/\s+/g, " ")).toContain(problem);
      expect(said.err).toContain("Remedy");
    }
    expect(scene.ear.heard).toHaveLength(before);
  });

  it("in a folder that everybody may write to: what others could put beside it is refused", async () => {
    const shared = scene.path("shared");
    await mkdir(shared);
    await chmod(shared, 0o777);
    const run = join(shared, "run.handover");
    await copyFile(scene.path("base.handover"), run);
    await chmod(run, 0o600);
    await writeFile(scene.path("precious"), "");
    const precious = scene.path("precious-database");
    new Database(precious).exec("create table kept (x)").close();
    const before = await readFile(precious);
    for (const [beside, target] of [
      ["lock", precious],
      ["lock", scene.path("not-there")],
      ["lock", scene.path("precious")],
      ["-wal", precious],
      ["-shm", precious],
    ] as const) {
      const planted = beside === "lock" ? `${run}.lock` : `${run}${beside}`;
      await symlink(target, planted);
      const said = await scene.inside(["apply", run, "--yes"]);
      expect(said.code, `${beside} ${target}`).toBe(3);
      await rename(planted, scene.path("planted"));
    }
    expect(await readFile(precious)).toEqual(before);
    expect(await readFile(scene.path("precious"), "utf8")).toBe("");
    expect((await names()).has("not-there")).toBe(false);
    expect((await scene.inside(["status", run])).code).toBe(0);
  });

  it("that is to be made does not follow a link in its place, nor one in place of its temporary file", async () => {
    await writeFile(scene.path("target"), "mine");
    for (const planted of ["made.handover", "made.handover.tmp"]) {
      await symlink(scene.path("target"), scene.path(planted));
      const said = await scene.inside(["plan", "moves.csv", "-o", "made", ...fast]);
      expect(said.code, planted).toBe(planted === "made.handover" ? 3 : 0);
      expect(await readFile(scene.path("target"), "utf8")).toBe("mine");
      await rename(scene.path("made.handover"), scene.path(`${planted}.old`));
    }
  });
});

describe("a result", () => {
  it.each([[], ["--replace"]])("does not follow a link in its place (%j)", async (...options) => {
    await writeFile(scene.path("report-target"), "mine");
    await symlink(scene.path("report-target"), scene.path(`report-link${options.length}`));
    const said = await scene.inside(["report", "base", "-o", `report-link${options.length}`, ...options]);
    expect(said.code).toBe(3);
    expect(await readFile(scene.path("report-target"), "utf8")).toBe("mine");
  });

  it("never takes the place of a run, nor of a key it is not told to replace", async () => {
    const before = await readFile(scene.google.keyFile);
    expect((await scene.inside(["report", "base", "-o", "base.handover", "--replace"])).code).toBe(3);
    expect((await scene.inside(["report", "base", "-o", "key.json"])).code).toBe(3);
    expect(await readFile(scene.google.keyFile)).toEqual(before);
  });

  it("a log does not follow a link, and is not appended to what is no log", async () => {
    await writeFile(scene.path("log-target"), "");
    await symlink(scene.path("log-target"), scene.path("link.log"));
    await writeFile(scene.path("text.log"), "my own words\n");
    for (const file of ["link.log", "text.log", "base.handover"]) {
      expect((await scene.inside(["verify", "base", "--log-file", file, ...fast])).code, file).toBe(3);
    }
    expect(await readFile(scene.path("log-target"), "utf8")).toBe("");
    expect(await readFile(scene.path("text.log"), "utf8")).toBe("my own words\n");
  });
});
