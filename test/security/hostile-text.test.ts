/** Titles and error messages that want to deceive a reader or take over a terminal, through the verbs and all they write. */
import { readFile, writeFile } from "node:fs/promises";
import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hostile, isActing } from "../report/hostile.ts";
import { Scene } from "./scene.ts";
import type { Said } from "./scene.ts";

let scene: Scene;
const fast = ["--rate", "400/s", "--actor-rate", "400/s"];
const agreed = ["--yes", "--allow", "new-external", ...fast];

/** What could forge a line of a report or a log, if it came to stand at the beginning of one. */
const forged = [
  "\n  + EDITOR       user:boss@acme.example",
  '\n{"level":30,"event":"forged"}',
  "\nNext      rm -rf /",
  "\r\nx-forged: 1",
];

beforeAll(async () => {
  scene = await Scene.start();
  const { state } = scene.google.emulator;
  const owned = [...state.assets.values()].filter(({ trashed }) => !trashed);
  const texts = [...hostile.map(([, text]) => text), ...forged.map((text) => `title${text}`)].filter(
    (text) => !/\p{Cs}/u.test(text),
  );
  const named = texts.map((title, index) => {
    const asset = owned[index % owned.length];
    if (asset === undefined) throw new Error("the tenant owns nothing");
    state.setTitle(asset, title, scene.google.emulator.now());
    return asset.name;
  });
  const rows = [...new Set(named)].map((name) => `grant,${name},guest@partner.example,VIEWER`);
  await writeFile(scene.path("odd.csv"), ["action,asset,member,role", ...rows, ""].join("\n"));
});
afterAll(async () => {
  await scene.close();
});

/** Nothing that acts on a terminal or an eye is in it, and no line that a title made up. */
function inert(said: Said): void {
  for (const stream of [said.out, said.err]) {
    expect(isActing(stream.replaceAll("\r\n", "\n"))).toBe(false);
    for (const line of stream.split("\n")) {
      expect(line).not.toMatch(/^(?: {2}\+ EDITOR {7}user:boss|\{"level":30,"event":"forged"|Next {6}rm|x-forged)/);
    }
  }
}

async function logIsWhole(file: string): Promise<void> {
  const text = await readFile(scene.path(file), "utf8");
  expect(isActing(text)).toBe(false);
  for (const line of text.trimEnd().split("\n")) {
    const entry = JSON.parse(line) as Readonly<Record<string, unknown>>;
    expect(entry["event"]).not.toBe("forged");
    expect(entry["verb"]).toBeDefined();
  }
}

describe("with titles that would deceive", () => {
  it.each<readonly [number, readonly string[]]>([
    [0, ["plan", "odd.csv", "-o", "odd", "--log-file", "odd.log", ...fast]],
    [0, ["show", "odd", "--all"]],
    [0, ["show", "odd", "--json"]],
    [0, ["apply", "odd", "--log-file", "odd.log", ...agreed]],
    [0, ["status", "odd"]],
    [0, ["status", "odd", "--json"]],
    [0, ["verify", "odd", "--log-file", "odd.log", ...fast]],
    [0, ["report", "odd"]],
    [0, ["report", "odd", "--format", "md"]],
    [0, ["report", "odd", "--json"]],
    [0, ["report", "odd", "--handover-sheet"]],
    [0, ["report", "odd", "--handover-sheet", "--format", "md"]],
    [0, ["undo", "odd", "-o", "odd-undo", "--all", ...fast]],
    [0, ["apply", "odd-undo", "--json", ...agreed]],
    [0, ["evidence", "verify", "odd"]],
  ])("exit %i, and nothing acts: %j", async (code, args) => {
    const said = await scene.inside(args);
    expect(said.code, said.err).toBe(code);
    inert(said);
  });

  it("no cell of the table is a formula, and every row is one record", async () => {
    const said = await scene.inside(["report", "odd", "--csv"]);
    inert(said);
    const records = parse(said.out, { record_delimiter: "\r\n" }) as readonly (readonly string[])[];
    expect(new Set(records.map((record) => record.length)).size).toBe(1);
    for (const cell of records.flat()) expect(cell).not.toMatch(/^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/);
  });

  it("the log is one object a line, each written by the verb", async () => {
    await logIsWhole("odd.log");
  });
});

describe("a server whose messages would deceive", () => {
  it.each([...hostile, ...forged.map((text) => ["forges a line of the report or log", text] as const)])(
    "is quoted harmlessly: a message that %s",
    async (_, text) => {
      const error = {
        code: 403,
        message: `no ${text}`,
        status: `PERMISSION_DENIED${text}`,
        errors: [{ reason: `forbidden${text}` }],
      };
      scene.ear.mischief = ({ path }) =>
        path.startsWith("/token") ? undefined : { status: 403, body: JSON.stringify({ error }) };
      for (const json of [[], ["--json"]]) {
        const said = await scene.inside(["plan", "odd.csv", "-o", "never", "--log-file", "told.log", ...json, ...fast]);
        expect(said.code).toBeGreaterThan(0);
        inert(said);
      }
      scene.ear.mischief = undefined;
      await logIsWhole("told.log");
    },
  );

  it("is quoted harmlessly where a refused step keeps the message", async () => {
    await scene.inside(["plan", "odd.csv", "-o", "refused", ...fast]);
    let at = 0;
    scene.ear.mischief = ({ method }) => {
      if (method !== "PATCH") return undefined;
      const text = [...hostile.map(([, each]) => each), ...forged][(at += 1) % (hostile.length + forged.length)] ?? "";
      return { status: 400, body: JSON.stringify({ error: { code: 400, message: text, status: "INVALID_ARGUMENT" } }) };
    };
    inert(await scene.inside(["apply", "refused", "--log-file", "refused.log", ...agreed]));
    scene.ear.mischief = undefined;
    for (const args of [
      ["status", "refused"],
      ["report", "refused"],
      ["report", "refused", "--format", "md"],
      ["report", "refused", "--csv"],
      ["report", "refused", "--json"],
    ]) {
      inert(await scene.inside(args));
    }
    await logIsWhole("refused.log");
  });
});

describe("names that would lead elsewhere", () => {
  it.each(["../escape", "/tmp/../escape\u0000", "a\u001b[2Jb", "\u202eevil", "x\n--yes"])(
    "a run called %j is refused or stays where it says, and is shown harmlessly",
    async (name) => {
      const said = await scene.inside([
        "plan",
        "odd.csv",
        "-o",
        name === "../escape" ? "sub/../../escape\n" : name,
        ...fast,
      ]);
      expect(said.code).toBe(3);
      inert(said);
    },
  );

  it("a file of settings, keys or plans with such a name is shown harmlessly", async () => {
    for (const args of [
      ["plan", "no\u001b[31m.csv", "-o", "x"],
      ["plan", "odd.csv", "-o", "x", "--key", "k\u0007.json"],
      ["show", "s\u001b]0;owned\u0007"],
      ["evidence", "verify", "e\u202e"],
      ["evidence", "verify", "odd", "--head", "\u001b[2J"],
    ]) {
      const said = await scene.inside(args);
      expect(said.code, JSON.stringify(args)).toBe(3);
      inert(said);
    }
  });
});
