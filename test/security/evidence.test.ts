/** `handover evidence verify` as it is called: what it needs, what it says, what it exits with, and what it leaves alone. */
import { chmod, copyFile, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommandLine } from "../../src/cli/program.ts";
import { openJournal } from "../../src/journal/sqlite/journal.ts";
import { world } from "../cli/world.ts";
import { hostile, isActing } from "../report/hostile.ts";
import { ManualClock } from "../support/clock.ts";
import { makeFinishedRun, meddled, rewriteHashes, rows, steps } from "./finished-run.ts";

let folder: string;
let original: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "handover-evidence-"));
  original = join(folder, "run.handover");
  await makeFinishedRun(original);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

interface Document {
  readonly type: string;
  readonly version: number;
  readonly sound: boolean;
  readonly findings: readonly {
    readonly check: string;
    readonly verdict: string;
    readonly flaw?: { readonly row?: number };
  }[];
  readonly head?: { readonly row: number; readonly hash: string };
}

async function verified(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const made = await world({ argv: ["evidence", "verify", ...args], folder });
  return { code: await runCommandLine(made.context), out: made.out(), err: made.err() };
}

async function documentOf(...args: readonly string[]): Promise<{ code: number; document: Document }> {
  const { code, out } = await verified(...args, "--json");
  return { code, document: JSON.parse(out) as Document };
}

describe("a sound run", () => {
  it("exits 0 and says what was checked, the head to note, and what a chain cannot tell", async () => {
    const { code, out, err } = await verified("run");
    expect([code, err]).toEqual([0, ""]);
    for (const check of ["tables", "file", "header", "steps", "chain", "results", "order", "attempts", "scope"]) {
      expect(out).toMatch(new RegExp(`^  = ${check} `, "m"));
    }
    expect(out).toContain(`${rows} rows, each bound to the one before`);
    expect(out).toContain(`${steps} steps as planned`);
    expect(out).toMatch(/^Verdict {3}sound/m);
    expect(out.replace(/\s+/g, " ")).toContain("not signed: whoever holds the file can write all of it anew");
    expect(out).toMatch(/--head [0-9a-f]{64}/);
  });

  it("is one document for programs, with the head that is asked for later", async () => {
    const { code, document } = await documentOf("run");
    expect(code).toBe(0);
    expect(document).toMatchObject({ type: "evidence", version: 1, sound: true, head: { row: rows } });
    const again = await documentOf("run", "--head", document.head?.hash ?? "");
    expect([again.code, again.document.findings.at(-1)]).toEqual([
      0,
      { check: "head", verdict: "holds", covered: rows },
    ]);
  });

  it("needs no key and no address, and is left as it was, to the byte and the second", async () => {
    const before = [await readFile(original), (await stat(original)).mtimeMs, await readdir(folder)];
    expect((await verified("run")).code).toBe(0);
    expect([await readFile(original), (await stat(original)).mtimeMs, await readdir(folder)]).toEqual(before);
  });

  it("can be looked at in a folder that cannot be written to", async () => {
    const locked = join(folder, "locked");
    await mkdir(locked);
    await copyFile(original, join(locked, "run.handover"));
    await chmod(join(locked, "run.handover"), 0o400);
    await chmod(locked, 0o500);
    expect((await verified("locked/run")).code).toBe(0);
    await chmod(locked, 0o700);
  });

  it("can be looked at while another process carries it out, as it is at that moment", async () => {
    const path = await meddled(original, "select 1");
    const clock = new ManualClock();
    const journal = await openJournal(path, { clock });
    await clock.drive(journal.note("resumed", {}));
    const { code, document } = await documentOf(path);
    expect([code, document.head?.row]).toEqual([0, rows + 1]);
    await journal.close();
  });
});

describe("a run that was changed", () => {
  it("exits 6 and names the row, what was expected and what was found", async () => {
    const path = await meddled(original, "update audit set body = replace(body, 'not-found', 'xxx-xxxxx')");
    const { code, out } = await verified(path);
    expect(code).toBe(6);
    expect(out).toMatch(/^ {2}x chain {5}row 5: its hash does not follow/m);
    expect(out).toMatch(/^ {14}expected {2}[0-9a-f]{64}$/m);
    expect(out).toMatch(/^ {14}found {5}[0-9a-f]{64}$/m);
    expect(out).toMatch(/^Verdict {3}not as it was written/m);
    const { document } = await documentOf(path);
    expect(document.sound).toBe(false);
    expect(document.findings.find(({ verdict }) => verdict === "broken")?.flaw?.row).toBe(5);
  });

  it("is told from one that is whole and was never signed, where signatures are asked for", async () => {
    const signers = join(folder, "signers");
    const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO9fgVZW+j4KyV6Cg9j0RpIzwz94HixrwKw7IlASVQ8V";
    await writeFile(signers, `anna@acme.example ${key}\n`);
    const { code, out } = await verified(original, "--signers", signers);
    expect(code).toBe(6);
    expect(out).toMatch(/^ {2}x signed {4}nothing of the chain is signed/m);
    expect(out).toMatch(/^Verdict {3}nothing contradicts anything else, but it is not signed/m);
    expect(out).not.toContain("who changed it");
    const changed = await meddled(original, "update audit set body = replace(body, 'not-found', 'xxx-xxxxx')");
    expect((await verified(changed, "--signers", signers)).out).toMatch(/^Verdict {3}not as it was written/m);
  });

  it("is quoted harmlessly, whatever was written into it", async () => {
    for (const [, text] of hostile.filter(([, each]) => each !== "")) {
      const path = await meddled(original, (db) => {
        const change = "update audit set body = json_set(body, '$.asset', ?) where json_extract(body, '$.step') = 5";
        db.prepare(change).run(text);
        rewriteHashes(db);
      });
      for (const format of [[], ["--json"]]) {
        const { code, out } = await verified(path, ...format);
        expect(code).toBe(6);
        expect(isActing(out)).toBe(false);
      }
    }
  });

  it("exits 6 when the noted head is gone, although nothing else is wrong", async () => {
    const head = "ab".repeat(32);
    const { code, out } = await verified("run", "--head", head.toUpperCase());
    expect(code).toBe(6);
    expect(out).toContain("the noted head is not found");
    expect(out).not.toMatch(/^ {2}x (?!head)/m);
  });

  it("whose tables are somebody else's is not asked any further", async () => {
    const path = await meddled(original, "drop table verdicts; create view verdicts as select 1 as seq");
    const { code, out } = await verified(path);
    expect(code).toBe(6);
    expect(out).toMatch(/^ {2}x tables/m);
    expect(out).toMatch(/^ {2}\? chain {5}not checked/m);
  });
});

describe("what is no run of this format exits 3", () => {
  it.each<readonly [string, (path: string) => Promise<void>, RegExp]>([
    ["text", (path) => writeFile(path, "no run\n".repeat(1000), { mode: 0o600 }), /not a run file/],
    ["nothing", (path) => writeFile(path, "", { mode: 0o600 }), /not a run file/],
    [
      "somebody else's database",
      async (path) => void new Database(path).exec("create table t (x)").close(),
      /not a run file/,
    ],
    [
      "a run of a version to come",
      async (path) => {
        await copyFile(original, path);
        const db = new Database(path);
        db.pragma("user_version = 99");
        db.close();
      },
      /format 99/,
    ],
  ])("%s", async (name, make, problem) => {
    const path = join(folder, `${name.replaceAll(/\W/g, "-")}.bin`);
    await make(path);
    await chmod(path, 0o600);
    const { code, err } = await verified(path);
    expect(code).toBe(3);
    expect(err.replace(/\s+/g, " ")).toMatch(problem);
  });

  it.each([
    ["a missing run", ["none"]],
    ["half a head", ["run", "--head", "abc"]],
    ["no run at all", []],
  ])("%s", async (_, args) => {
    expect((await verified(...args)).code).toBe(3);
  });

  it("nor is anything else done with evidence", async () => {
    const made = await world({ argv: ["evidence", "forge", "run"], folder });
    expect(await runCommandLine(made.context)).toBe(3);
    expect(made.err()).toContain("verify");
  });
});
