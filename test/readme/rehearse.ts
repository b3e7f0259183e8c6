/** One guide, typed from its first line to its last: what went wrong, and where in the guide. */
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { difference } from "./alike.ts";
import { entriesOf } from "./guide.ts";
import type { Entry, Ground, TypedCommand } from "./guide.ts";
import type { Standing } from "./grounds.ts";
import { Session } from "./session.ts";

export interface Rehearsal {
  readonly guide: string;
  readonly ground: Ground;
  readonly commands: number;
  /** Of them, those whose output was compared. */
  readonly compared: number;
  readonly files: number;
  /** Left out because they are slow, or meant for the other ground. */
  readonly leftOut: number;
  readonly seconds: number;
  readonly problems: readonly string[];
}

export interface Rehearsing {
  readonly checkout: string;
  readonly guide: string;
  readonly ground: Ground;
  readonly standing: Standing;
  readonly scratch: string;
  readonly isSlowToo: boolean;
  readonly say: (text: string) => void;
}

const secondsMax = { quick: 120, slow: 1800, port: 300 } as const;

/** Ends at the first problem: what comes after rests on what came before. */
export async function rehearse(rehearsing: Rehearsing): Promise<Rehearsal> {
  const { checkout, guide, ground, standing, isSlowToo, say } = rehearsing;
  const entries = entriesOf(await readFile(join(checkout, guide), "utf8"));
  const wanted = entries.filter((entry) => (entry.ground ?? ground) === ground && (isSlowToo || !entry.isSlow));
  const folder = await standing.folder(guide);
  const scratch = join(rehearsing.scratch, `${ground}-typed-${guide.replaceAll("/", "-")}`);
  await mkdir(scratch);
  const session = new Session(folder, standing.env, scratch);
  const sums = { commands: 0, compared: 0, files: 0 };
  const problems: string[] = [];
  const startedAt = performance.now();
  try {
    for (const entry of wanted) {
      say(`${ground} ${guide}:${entry.line} ${entry.kind === "file" ? `file ${entry.name}` : entry.text}`);
      const problem = await play(session, entry).catch((error: unknown) => ({ line: entry.line, what: String(error) }));
      if (entry.kind === "file") sums.files += 1;
      else sums.commands += 1;
      if (entry.kind === "command" && entry.shown !== undefined) sums.compared += 1;
      if (problem === undefined) continue;
      problems.push(`${guide}:${problem.line}: ${problem.what}`);
      break;
    }
  } finally {
    await session.end();
  }
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  return { guide, ground, ...sums, leftOut: entries.length - wanted.length, seconds, problems };
}

interface Problem {
  readonly line: number;
  readonly what: string;
}

async function play(session: Session, entry: Entry): Promise<Problem | undefined> {
  const place = (await session.type("pwd", secondsMax.quick)).printed.trim();
  if (entry.kind === "file") {
    await mkdir(dirname(join(place, entry.name)), { recursive: true });
    await writeFile(join(place, entry.name), entry.text);
    return undefined;
  }
  await showFile(entry, place);
  const seconds = entry.isSlow ? secondsMax.slow : secondsMax.quick;
  if (entry.isBackground) {
    await freePort(entry.text);
    await session.stay(entry.text, seconds);
    return undefined;
  }
  const { code, printed } = await session.type(entry.text, seconds);
  if (code !== entry.exit) {
    return { line: entry.line, what: `ended with ${code} instead of ${entry.exit}; it printed:\n${printed.trim()}` };
  }
  if (entry.shown === undefined) return undefined;
  const found = difference(entry.shown.lines, printed);
  if (found === undefined) return undefined;
  const what = `shown ${JSON.stringify(found.shown)}, printed ${JSON.stringify(found.printed)}; in full:\n${printed.trimEnd()}`;
  return { line: entry.shown.line + found.at, what };
}

/** Who reads has the port of a guide to themselves; here another rehearsal may have it, and will be done with it. */
async function freePort(text: string): Promise<void> {
  const port = Number(/--port[ =](\d+)/.exec(text)?.[1] ?? 0);
  const deadline = performance.now() + secondsMax.port * 1000;
  while (port !== 0 && (await isTaken(port)) && performance.now() < deadline) await sleep(500);
}

async function isTaken(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** A guide shows an input file as `cat` would: a reader makes it. */
async function showFile({ text, shown }: TypedCommand, place: string): Promise<void> {
  const name = /^cat ([\w.-]+)$/.exec(text.trim())?.[1];
  if (name === undefined || shown === undefined || existsSync(join(place, name))) return;
  await writeFile(join(place, name), `${shown.lines.join("\n")}\n`);
}
