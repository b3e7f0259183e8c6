/** Every sample in migrations-plans, from plan to undo against the tenant it is written for; and that no secret gets out on the way. */
import { readFileSync } from "node:fs";
import { copyFile, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { wallClock } from "../../src/cli/context.ts";
import { runCommandLine } from "../../src/cli/program.ts";
import { startEmulator } from "../../src/emulator/start.ts";
import type { RunningEmulator } from "../../src/emulator/start.ts";
import { world } from "./world.ts";

const samples = new URL("../../migrations-plans/", import.meta.url);

/** What the README says comes of a sample. */
interface Told {
  readonly file: string;
  readonly transfers: number;
  readonly assetsTransferred: number;
  readonly edits: number;
  readonly assetsEdited: number;
  readonly byHand: number;
}

const readme = readFileSync(new URL("README.md", samples), "utf8");
const row = /^\| \d+\. .*?\| `([^`]+)`.*?\| +(\d+) +\| +(\d+) +\| +(\d+) +\| +(\d+) +\| +(\d+) +\|$/gm;
const table: readonly Told[] = [...readme.matchAll(row)].map(([, file = "", ...figures]) => {
  const [transfers = -1, assetsTransferred = -1, edits = -1, assetsEdited = -1, byHand = -1] = figures.map(Number);
  return { file, transfers, assetsTransferred, edits, assetsEdited, byHand };
});

let google: RunningEmulator;
let folder: string;
/** Everything that any verb has printed. */
const printed: string[] = [];
/** The lines of every private key. */
const secrets = new Set<string>();

async function handover(line: string): Promise<{ readonly code: number; readonly json: Record<string, unknown> }> {
  const made = await world({ argv: `${line} --json`.split(" "), folder });
  const code = await runCommandLine(made.context);
  printed.push(made.out(), made.err());
  // Of an apply the summary, which comes last; all other verbs print one document.
  const text = line.startsWith("apply ") ? made.out().trimEnd().split("\n").at(-1) : made.out();
  return { code, json: JSON.parse(text ?? "") as Record<string, unknown> };
}

beforeAll(async () => {
  folder = (await world()).folder;
});

it("the README tells of ten samples", () => {
  expect(table).toHaveLength(10);
});

describe.each(table)("$file", ({ file, ...told }) => {
  const { byHand } = told;
  const name = file.replace(/\..*$/, "");
  const log = `${name}.log`;
  let settings = "";

  beforeAll(async () => {
    google = await startEmulator({
      clock: wallClock,
      seed: 7,
      users: 30,
      assets: 400,
      keyFile: join(folder, `${name}-key.json`),
      transferPace: { startMs: 10, perAssetMs: 1 },
    });
    settings = `--endpoint ${google.url} --key ${name}-key.json --admin ${google.admin} --log-file ${log}`;
    for (const each of await readdir(samples)) await copyFile(new URL(each, samples), join(folder, each));
    const key = JSON.parse(await readFile(join(folder, `${name}-key.json`), "utf8")) as { private_key: string };
    for (const line of key.private_key.split("\n").slice(1, -2)) secrets.add(line);
  });

  afterAll(async () => {
    await google.close();
    await rm(join(folder, `${name}-key.json`));
  });

  it("compiles to what the README says", async () => {
    const { code, json } = await handover(`plan ${file} -o ${name} ${settings}`);
    expect(code).toBe(0);
    expect(json).toMatchObject({ verdict: "made", header: { totals: { ...told, refused: 0 } } });
    expect(google.emulator.log.writes).toBe(0);
  });

  it("is applied without a failure", async () => {
    const { code, json } = await handover(`apply ${name} --yes --allow whole-user-transfer ${settings}`);
    expect(json).toMatchObject({
      type: "summary",
      end: "finished",
      counts: { failed: 0, skipped: 0, "by-hand": byHand },
    });
    expect(code).toBe(0);
  });

  it("is verified, and reported with what is left to people", async () => {
    expect(await handover(`verify ${name} ${settings}`)).toMatchObject({ code: 0, json: { type: "verify" } });
    const { json } = await handover(`report ${name} --handover-sheet`);
    const people = json["people"] as readonly { readonly lines: readonly unknown[] }[];
    expect(people.reduce((sum, person) => sum + person.lines.length, 0)).toBe(byHand);
    expect((await handover(`report ${name}`)).json).toMatchObject({ counts: { failed: 0, "by-hand": byHand } });
  });

  it("is taken back as far as it can be", async () => {
    expect((await handover(`undo ${name} -o ${name}-undo ${settings}`)).code).toBe(0);
    const hazards = "--allow new-external --allow new-public";
    expect((await handover(`apply ${name}-undo --yes ${hazards} ${settings}`)).code).toBe(0);
    expect((await handover(`verify ${name}-undo ${settings}`)).code).toBe(0);
  });
});

describe("house-rules.yaml", () => {
  let settings = "";

  beforeAll(async () => {
    const keyFile = join(folder, "house-key.json");
    google = await startEmulator({ clock: wallClock, seed: 7, users: 30, assets: 400, keyFile });
    settings = `--endpoint ${google.url} --key house-key.json --admin ${google.admin}`;
  });

  afterAll(async () => {
    await google.close();
  });

  it("lets a plan pass that keeps to it", async () => {
    const { code, json } = await handover(`plan off-boarding.csv house-rules.yaml -o friday ${settings}`);
    expect(code).toBe(0);
    expect(json).toMatchObject({ verdict: "made", header: { limits: { changes: 2000, newPublic: 0 } } });
    await rm(join(folder, "friday.handover"));
  });

  it("has everything refused that it protects", async () => {
    await writeFile(join(folder, "cfo.csv"), "from,to\ncfo@acme.example,heir@acme.example\n");
    const { code, json } = await handover(`plan cfo.csv house-rules.yaml -o cfo ${settings}`);
    expect(code).toBe(6);
    const { header } = json as { readonly header: { readonly refusals: readonly { readonly rule: string }[] } };
    expect(new Set(header.refusals.map(({ rule }) => rule))).toEqual(new Set(["protected"]));
  });
});

describe("no secret", () => {
  it("is in what was printed, logged or kept in a run file", async () => {
    const kept = await readdir(folder);
    const files = kept.filter((name) => /\.(log|handover|handover-wal)$/.test(name));
    expect(files.filter((name) => name.endsWith(".log"))).toHaveLength(table.length);
    expect(files.filter((name) => name.endsWith(".handover"))).toHaveLength(table.length * 2);
    expect(secrets.size).toBeGreaterThan(table.length * 10);
    for (const text of [
      ...printed,
      ...(await Promise.all(files.map((name) => readFile(join(folder, name), "latin1")))),
    ]) {
      expect(text).not.toMatch(/ya29\.|Bearer |eyJ[\w-]{10}|PRIVATE KEY/);
      for (const secret of secrets) expect(text.includes(secret)).toBe(false);
    }
  });
});
