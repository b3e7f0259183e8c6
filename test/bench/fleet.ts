/**
 * A run that worker processes carry out together, on a real PostgreSQL and against the emulator in a process of its own:
 * steps a second by one, two and four of them, and whether they keep to one quota between them.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startPostgres } from "../support/postgres.ts";
import type { PostgresServer } from "../support/postgres.ts";
import { Stage, until } from "../support/process.ts";
import type { Underway } from "../support/process.ts";
import { atLeast, atMost, brief, exactly, figure } from "./figure.ts";
import type { Figure } from "./figure.ts";
import { sized } from "./setting.ts";
import type { Setting } from "./setting.ts";

const patch = "assets.updatePermissions";
/** Calls a minute that the emulator lets in, and that the run is told. */
const quotaPerMinute = 600;
/** The first seconds are for coming up. */
const settledMs = 5000;
/** Where the middle of a run begins and ends, which coming up and the last steps have no part in. */
const middle = { from: 0.1, to: 0.9 };
const lookEveryMs = 50;

export async function fleet(setting: Setting): Promise<readonly Figure[]> {
  const server = await startPostgres();
  try {
    const figures: Figure[] = [];
    for (const workers of [1, 2, 4]) {
      const found = await throughput(server, workers, sized(setting, 600, 3000));
      figures.push(found);
      setting.say(`fleet: ${found.name}: ${brief(found.median)} ${found.unit}`);
    }
    return [...figures, ...(await quotaHeld(server, sized(setting, 25, 130)))];
  } finally {
    await server.dispose();
  }
}

/** Made-up people with assets, an own database, and workers that wait for a run. */
async function raised(
  server: PostgresServer,
  workers: number,
  assets: number,
  more: readonly string[],
): Promise<Raised> {
  const stage = await Stage.start(["--seed=11", "--users=40", `--assets=${assets}`, ...more]);
  stage.env["HANDOVER_JOURNAL"] = await server.database();
  const { assets: found } = await stage.tenant();
  const rows = found.filter(({ trashed }) => !trashed).map(({ name }) => `grant,${name},new@partner.example,VIEWER`);
  await writeFile(join(stage.folder, "moves.csv"), ["action,asset,member,role", ...rows, ""].join("\n"));
  const planned = await stage.handover("plan", "moves.csv", "-o", "moves", "--skip-refused");
  if (planned.code !== 0) throw new Error(`plan ended with ${planned.code}: ${planned.stderr}`);
  const working = Array.from({ length: workers }, () => stage.begin(["worker", "--concurrency=16"]));
  await Promise.all(working.map((each) => each.says("Worker  ")));
  return { stage, working };
}

interface Raised {
  readonly stage: Stage;
  readonly working: readonly Underway[];
}

async function lowered({ stage, working }: Raised): Promise<void> {
  for (const { child } of working) child.kill("SIGTERM");
  await Promise.all(working.map(({ ended }) => ended));
  await stage.close();
}

async function throughput(server: PostgresServer, workers: number, assets: number): Promise<Figure> {
  const up = await raised(server, workers, assets, []);
  const { stage } = up;
  try {
    const handed = stage.begin(["apply", "moves", "--yes", "--allow", "new-external"]);
    const seen = await writesWhile(stage, handed);
    const { code, stderr } = await handed.ended;
    if (code !== 0) throw new Error(`apply ended with ${code}: ${stderr}`);
    const steps = (await stage.history()).filter(({ via }) => via === patch).length;
    const name = `steps a second by ${workers === 1 ? "one worker" : `${workers} workers`}`;
    const rate =
      (steps * (middle.to - middle.from)) / (secondsAt(seen, steps * middle.to) - secondsAt(seen, steps * middle.from));
    return figure("fleet", name, "steps/s", [rate], undefined, `of ${steps} steps, from 10 % to 90 % of them`);
  } finally {
    await lowered(up);
  }
}

/** How many writes there were when, in seconds. */
interface Seen {
  readonly at: number;
  readonly writes: number;
}

async function writesWhile(stage: Stage, handed: Underway): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  while (!handed.hasEnded()) {
    const { writes } = await stage.counts();
    seen.push({ at: performance.now() / 1000, writes });
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
  return seen;
}

/** When there were so many, between two looks in proportion. */
function secondsAt(seen: readonly Seen[], writes: number): number {
  const index = seen.findIndex((each) => each.writes >= writes);
  const after = seen[index];
  const before = seen[index - 1];
  if (after === undefined || before === undefined) throw new Error(`${writes} writes were not seen`);
  return before.at + ((after.at - before.at) * (writes - before.writes)) / (after.writes - before.writes);
}

async function quotaHeld(server: PostgresServer, seconds: number): Promise<readonly Figure[]> {
  const quota = `project-writes=${quotaPerMinute}`;
  const up = await raised(server, 4, (quotaPerMinute / 60) * seconds * 2, [`--quotas=${quota}`]);
  const { stage } = up;
  try {
    const handed = stage.begin(["apply", "moves", "--yes", "--allow", "new-external", `--rate=${quotaPerMinute}/m`]);
    await stage.writesReach(1);
    await new Promise((resolve) => setTimeout(resolve, settledMs));
    const before = await writesOf(stage);
    const startedAt = performance.now();
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const after = await writesOf(stage);
    const tookMs = performance.now() - startedAt;
    handed.child.kill("SIGINT");
    await handed.ended;
    const sent = after.sent - before.sent;
    const used = (100 * sent) / ((quotaPerMinute * tookMs) / 60_000);
    const note = `${sent} writes in ${brief(tookMs / 1000)} s, 4 workers, ${quotaPerMinute} a minute`;
    return [
      figure("fleet", "quota used by four workers", "%", [used], atLeast(95), note),
      figure(
        "fleet",
        "refused of it",
        "%",
        [(100 * (after.refused - before.refused)) / Math.max(1, sent)],
        exactly(atMost(0)),
      ),
    ];
  } finally {
    await lowered(up);
  }
}

async function writesOf(stage: Stage): Promise<{ readonly sent: number; readonly refused: number }> {
  const entries = await until(async () => stage.requests(0, patch));
  return { sent: entries.length, refused: entries.filter(({ status }) => status === 429 || status === 403).length };
}
