import { chmod, chown, mkdir, readFile, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  existingRunPath,
  newRunPath,
  openPlanFile,
  planFormat,
  typedCommand,
  writeWhole,
} from "../../src/cli/files.ts";
import { readKey } from "../../src/cli/key-file.ts";
import { ulid } from "../../src/cli/ids.ts";
import { parseDuration, parseRate } from "../../src/cli/units.ts";
import { world } from "./world.ts";

const builtFiles = fileURLToPath(new URL("../../dist/cli/files.js", import.meta.url));

async function textOf(bytes: AsyncIterable<Uint8Array> | undefined): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

describe("a run's name says where it lies", () => {
  it.each([
    ["friday", "friday.handover"],
    ["friday.handover", "friday.handover"],
    ["q4.v2", "q4.v2.handover"],
    ["sub/friday", "sub/friday.handover"],
  ])("%s", async (name, file) => {
    const { context, folder } = await world();
    expect(newRunPath(context, name)).toBe(join(folder, file));
  });

  it.each(["", ".", "..", "a/", "a\u0000b", "a\nb", "\u202eb", "x".repeat(300)])("%j is refused", async (name) => {
    const { context } = await world();
    expect(() => newRunPath(context, name)).toThrow(/the run name/);
  });

  it("an existing file of any name is taken as it is; a missing one names those that exist", async () => {
    const { context, folder } = await world();
    await writeFile(join(folder, "friday.handover"), "");
    await writeFile(join(folder, "copy.bak"), "");
    expect(await existingRunPath(context, "friday")).toBe(join(folder, "friday.handover"));
    expect(await existingRunPath(context, "copy.bak")).toBe(join(folder, "copy.bak"));
    await expect(existingRunPath(context, "monday")).rejects.toMatchObject({
      kind: "missing",
      remedy: expect.stringContaining("friday.handover"),
    });
  });
});

describe("plan files", () => {
  it("are hashed while they are read, with the files they name", async () => {
    const { context, folder } = await world();
    await writeFile(join(folder, "moves.yaml"), "version: 1");
    await writeFile(join(folder, "people.csv"), "old,new");
    const source = await openPlanFile(context, "moves.yaml", undefined);
    expect(await textOf(source.bytes)).toBe("version: 1");
    expect(await textOf(source.related("people.csv"))).toBe("old,new");
    const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
    expect(source.hashes()).toEqual([
      { name: "moves.yaml", sha256: sha256("version: 1") },
      { name: "people.csv", sha256: sha256("old,new") },
    ]);
  });

  it("can name only files beside or below them", async () => {
    const { context, folder } = await world();
    await mkdir(join(folder, "plans"));
    await writeFile(join(folder, "plans", "moves.yaml"), "");
    await writeFile(join(folder, "secret.csv"), "");
    await symlink(join(folder, "secret.csv"), join(folder, "plans", "link.csv"));
    const source = await openPlanFile(context, "plans/moves.yaml", undefined);
    const outside = ["../secret.csv", join(folder, "secret.csv"), "link.csv", "missing.csv", ".", "a\u0000"];
    for (const name of outside) expect(source.related(name)).toBeUndefined();
  });

  it("come from stdin under the name -", async () => {
    const { context } = await world({ stdin: "from,to\n" });
    const source = await openPlanFile(context, "-", "csv");
    expect(await textOf(source.bytes)).toBe("from,to\n");
    expect(source.hashes()[0]?.name).toBe("stdin");
  });

  it("that cannot be read are told before anything else happens", async () => {
    const { context } = await world();
    await expect(openPlanFile(context, "none.csv", undefined)).rejects.toThrow(/no plan file none\.csv/);
    await mkdir(join(context.cwd, "folder.csv"));
    await expect(openPlanFile(context, "folder.csv", undefined)).rejects.toThrow(/is a folder/);
  });

  it("have a format by their name or by --format", () => {
    expect(planFormat("a.CSV", undefined)).toBe("csv");
    expect(planFormat("a.yml", undefined)).toBe("yaml");
    expect(planFormat("a.txt", "csv")).toBe("csv");
    expect(() => planFormat("a.txt", undefined)).toThrow(/format of a\.txt/);
    expect(() => planFormat("-", undefined)).toThrow(/stdin/);
  });
});

describe("results", () => {
  it("appear whole, for their owner only, and leave nothing beside them", async () => {
    const { folder } = await world();
    await writeWhole(join(folder, "sheet.md"), ["a", "b"]);
    expect(await readFile(join(folder, "sheet.md"), "utf8")).toBe("ab");
    expect((await stat(join(folder, "sheet.md"))).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(["sheet.md"]);
  });

  it("that break off leave the old file as it was", async () => {
    const { folder } = await world();
    await writeFile(join(folder, "sheet.md"), "old");
    function* broken(): Generator<string> {
      yield "new";
      throw new TypeError("broken off");
    }
    await expect(writeWhole(join(folder, "sheet.md"), broken())).rejects.toThrow("broken off");
    expect(await readFile(join(folder, "sheet.md"), "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["sheet.md"]);
  });

  it("that the disk takes only in part are not put in place", async () => {
    const { folder } = await world();
    const file = JSON.stringify(join(folder, "sheet.md"));
    const program = `import { writeWhole } from ${JSON.stringify(builtFiles)}; await writeWhole(${file}, ["x".repeat(3000)]);`;
    // A limit on the size of files does what a full disk does: the write that reaches it is cut short, the next one fails.
    const limited = ["-c", 'ulimit -f 1; exec "$@"', "bash", process.execPath, "--input-type=module", "-e", program];
    const { status, stderr } = spawnSync("bash", limited, { encoding: "utf8" });
    expect([status, stderr]).toEqual([1, expect.stringContaining("cannot be written (EFBIG)")]);
    expect(await readdir(folder)).toEqual([]);
  });

  it("a folder that is not there is the user's to mend", async () => {
    const { folder } = await world();
    await expect(writeWhole(join(folder, "no", "sheet.md"), [])).rejects.toMatchObject({ name: "UsageError" });
  });
});

describe("the key", () => {
  it("is read from a file that nobody else can read", async () => {
    const { context, folder } = await world();
    await writeFile(join(folder, "key.json"), "{}", { mode: 0o600 });
    expect(await readKey(context, join(folder, "key.json"))).toBe("{}");
  });

  it("comes from stdin under the name -", async () => {
    const { context } = await world({ stdin: "{}" });
    expect(await readKey(context, "-")).toBe("{}");
  });

  it.each([0o640, 0o604, 0o660, 0o644])(
    "that others can reach (%o) is refused with the command that mends it",
    async (mode) => {
      const { context, folder } = await world();
      const path = join(folder, "key.json");
      await writeFile(path, "{}");
      await chmod(path, mode);
      await expect(readKey(context, path)).rejects.toMatchObject({
        remedy: expect.stringContaining(`chmod 600 ${path}`),
      });
    },
  );

  it("behind a symbolic link, in a folder's place, missing or huge is refused", async () => {
    const { context, folder } = await world();
    await writeFile(join(folder, "key.json"), "{}", { mode: 0o600 });
    await symlink(join(folder, "key.json"), join(folder, "link.json"));
    await writeFile(join(folder, "huge.json"), "x".repeat(70_000), { mode: 0o600 });
    await expect(readKey(context, join(folder, "link.json"))).rejects.toThrow(/symbolic link/);
    await expect(readKey(context, folder)).rejects.toThrow(/not a file/);
    await expect(readKey(context, join(folder, "none.json"))).rejects.toThrow(/no key file/);
    await expect(readKey(context, join(folder, "huge.json"))).rejects.toThrow(/too large/);
  });

  it("of another user is refused, unless root acts for that user through sudo", async () => {
    const root = process.geteuid?.() === 0;
    const made = await world({ uid: root ? 0 : 4_000_001 });
    const path = join(made.folder, "key.json");
    await writeFile(path, "{}", { mode: 0o600 });
    if (root) await chown(path, 4_000_001, 4_000_001);
    await expect(readKey(made.context, path)).rejects.toThrow(/belongs to another user/);
    if (!root) return;
    const sudo = await world({ uid: 0, env: { SUDO_UID: "4000001" } });
    expect(await readKey(sudo.context, path)).toBe("{}");
  });
});

describe("amounts with units", () => {
  it.each([
    ["8", 8],
    ["8/s", 8],
    ["480/m", 8],
    ["3600/h", 1],
    ["0.5", 0.5],
    ["0", undefined],
    ["-1", undefined],
    ["8/x", undefined],
    ["", undefined],
    ["1e9", undefined],
  ])("rate %j", (text, perSecond) => {
    expect(parseRate(text)).toBe(perSecond);
  });

  it.each([
    ["90s", 90_000],
    ["15m", 900_000],
    ["1h30m", 5_400_000],
    ["2d", 172_800_000],
    ["250ms", 250],
    ["1.5h", 5_400_000],
    ["90", undefined],
    ["0s", undefined],
    ["", undefined],
    ["1h x", undefined],
  ])("duration %j", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });
});

it("ids of runs sort by time", () => {
  const at = (now: number): string =>
    ulid({ now: () => now, monotonic: () => 0, sleep: () => Promise.resolve() }, () => 0.999999);
  expect(at(0)).toBe("0000000000ZZZZZZZZZZZZZZZZ");
  expect(at(Date.UTC(2026, 10, 21))).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
  expect(at(1_000_000) < at(1_000_001)).toBe(true);
});

it("the typed command is quoted for a shell", async () => {
  const { context } = await world({ argv: ["apply", "my run.handover", "--yes"] });
  expect(typedCommand(context)).toBe("handover apply 'my run.handover' --yes");
});
