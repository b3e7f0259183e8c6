/** Scenarios of run files that are not what they were: damaged, cut off, changed for something else, or newer than this version. */
import assert from "node:assert/strict";
import { copyFile, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { Chance } from "../../simulation/chance.ts";
import type { Stage } from "../../support/process.ts";
import { Grants, fresh } from "../grants.ts";
import type { Scenario } from "../grants.ts";

type Spoil = (whole: Buffer) => Buffer;

const cut =
  (share: number): Spoil =>
  (whole) =>
    whole.subarray(0, Math.floor(whole.length * share));

/** Bits of `count` bytes from `from` on are turned. */
const flip =
  (from: number, count: number): Spoil =>
  (whole) => {
    const spoilt = Buffer.from(whole);
    for (let at = from; at < Math.min(from + count, spoilt.length); at += 1) spoilt[at] = ~(spoilt[at] ?? 0) & 0xff;
    return spoilt;
  };

/** What a run file may have become, and what is said of it. */
const spoilt: readonly (readonly [name: string, spoil: Spoil, words: readonly string[]])[] = [
  ["empty", (): Buffer => Buffer.alloc(0), ["is not a run file"]],
  ["one byte long", cut(0.00001), ["is not a run file"]],
  ["cut within its header", (whole): Buffer => whole.subarray(0, 60), ["is not a run file"]],
  ["cut after its header", (whole): Buffer => whole.subarray(0, 100), []],
  ["cut after its first page", (whole): Buffer => whole.subarray(0, 4096), ["is damaged"]],
  ["cut in the middle", cut(0.5), ["is damaged"]],
  ["cut in the middle of a page", (whole): Buffer => whole.subarray(0, 4096 * 3 + 1000), ["is damaged"]],
  ["spoilt in its first bytes", flip(0, 8), ["is not a run file"]],
  ["spoilt in its header", flip(16, 40), []],
  ["spoilt in its list of tables", flip(100, 300), ["is damaged"]],
  ["spoilt in a page", flip(4096 * 4, 2000), ["is damaged"]],
  ["nothing but zeros", (whole): Buffer => Buffer.alloc(whole.length), ["is not a run file"]],
  ["a text", (): Buffer => Buffer.from("from,to\na@acme.example,b@acme.example\n".repeat(300)), ["is not a run file"]],
  ["noise", (whole): Buffer => noise(whole.length), ["is not a run file"]],
];

function noise(length: number): Buffer {
  const chance = new Chance(7, "noise");
  return Buffer.from(Array.from({ length }, () => chance.whole(0, 255)));
}

async function refusesAll(grants: Grants, words: readonly string[]): Promise<void> {
  const before = await readFile(grants.path);
  await grants.refused(await grants.stage.handover(...grants.applying()), 3, ...words);
  await grants.refused(await grants.stage.handover("verify", grants.run), 3, ...words);
  // A reader looks at what it needs, and is told of damage when it meets it.
  const shown = await grants.stage.handover("status", grants.run);
  if (shown.code !== 0) await grants.refused(shown, 3);
  assert.deepEqual(await readFile(grants.path), before, "the file was changed");
  const beside = (await readdir(dirname(grants.path))).filter((name) => name.startsWith(`${grants.run}-`));
  assert.deepEqual(
    [...beside, ...(await readdir(dirname(grants.path))).filter((name) => name === `${grants.run}.lock`)],
    [],
  );
}

function meddle(path: string, sql: string): void {
  const db = new Database(path);
  db.exec(sql);
  db.close();
}

const damaged: readonly Scenario[] = spoilt.map(([name, spoil, words]) => ({
  name: `a run file ${name} is refused with 3, its remedy, and every byte it has`,
  play: async (stage) => {
    const grants = await Grants.plan(stage, fresh());
    await writeFile(grants.path, spoil(await readFile(grants.path)));
    await refusesAll(grants, words);
  },
}));

const foreign: readonly Scenario[] = [
  {
    name: "a run file from a newer version is refused with 3 and names both",
    play: async (stage) => {
      const grants = await Grants.plan(stage, fresh());
      meddle(grants.path, "pragma user_version = 99");
      await refusesAll(grants, ["99", "newer version of handover", "reads up to"]);
    },
  },
  {
    name: "a database of another program is refused with 3",
    play: async (stage) => {
      const grants = await Grants.plan(stage, fresh());
      meddle(grants.path, "pragma application_id = 7");
      await refusesAll(grants, ["is not a run file"]);
    },
  },
];

/** An apply killed in the middle: the run file lies there with its log. */
async function killed(stage: Stage): Promise<Grants> {
  const grants = await Grants.plan(stage, fresh(), 24);
  await stage.control("PUT", "faults", [
    { route: "assets.updatePermissions", from: 13, fault: { kind: "hang", applied: true } },
  ]);
  const apply = stage.begin(grants.applying());
  await stage.strikesReach(1);
  apply.child.kill("SIGKILL");
  await apply.ended;
  assert.ok((await stat(`${grants.path}-wal`)).size > 0);
  return grants;
}

/** What the log held is lost with it, but the etag keeps every change from being made twice. */
const logs: readonly Scenario[] = [
  ["spoilt in its first frame", flip(32, 200)],
  ["spoilt in the middle", (whole: Buffer): Buffer => flip(Math.floor(whole.length / 2), 300)(whole)],
  ["cut in the middle", cut(0.5)],
  ["cut within its header", (whole: Buffer): Buffer => whole.subarray(0, 20)],
  ["empty", (): Buffer => Buffer.alloc(0)],
  ["noise", (whole: Buffer): Buffer => noise(whole.length)],
  ["missing", undefined],
].map(([name, spoil]) => ({
  name: `a run whose log is ${String(name)} makes no change twice and comes to its end`,
  play: async (stage: Stage): Promise<void> => {
    const grants = await killed(stage);
    const log = `${grants.path}-wal`;
    await copyFile(log, `${log}.kept`);
    if (spoil === undefined) await rm(log);
    else await writeFile(log, (spoil as Spoil)(await readFile(log)));
    await grants.finishedOnce();
  },
}));

/** What SQLite may take for whole: it is refused and nothing sent, or ends as it should. */
const perhaps: readonly Scenario[] = [
  ["cut short by a byte", (whole: Buffer): Buffer => whole.subarray(0, -1)] as const,
  ...[1, 2, 3, 4].map((seed) => [`with a few bits turned anywhere (${seed})`, turned(seed)] as const),
].map(([name, spoil]) => ({
  name: `a run file ${name} is refused, or ends as it should`,
  play: async (stage) => {
    const grants = await Grants.plan(stage, fresh());
    await writeFile(grants.path, spoil(await readFile(grants.path)));
    const ended = await stage.handover(...grants.applying());
    if (ended.code === 0) await grants.finishedOnce();
    else await grants.refused(ended, ended.code === 6 ? 6 : 3);
  },
}));

function turned(seed: number): Spoil {
  return (whole) => {
    const chance = new Chance(seed, "bits");
    const changed = Buffer.from(whole);
    for (let turns = chance.whole(1, 4); turns > 0; turns -= 1) {
      const at = chance.whole(0, changed.length - 1);
      changed[at] = (changed[at] ?? 0) ^ (1 << chance.whole(0, 7));
    }
    return changed;
  };
}

export const files: readonly Scenario[] = [...damaged, ...foreign, ...logs, ...perhaps];
