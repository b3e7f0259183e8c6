/** The demo: an inventory, a whole hand-over against the emulator, killed in the middle, told as it goes, judged at the end, and all reports. */
import { copyFile, mkdir, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openReader } from "../journal/sqlite/reader.ts";
import { RunFileError } from "../model/errors.ts";
import type { Counts } from "../model/run.ts";
import { namesToAllow, shellWord } from "../report/words.ts";
import { historyShape, judge } from "./demo-judge.ts";
import type { HistoryChange, Judgement } from "./demo-judge.ts";
import { exitCodes } from "./exit-code.ts";
import { begin, ended, mainFile, startEmulator, tell } from "./demo-process.ts";
import type { Ready, Stage } from "./demo-process.ts";
import { emulatorOptions, faults, leaversCsv, settings } from "./demo-tenant.ts";

/** One command of the demo, and how it ended. */
interface Told {
  readonly command: string;
  readonly exit: number | string;
  readonly seconds: number;
}

/** Everything the demo leaves behind, for programs. */
interface Summary {
  readonly type: "demo";
  readonly version: 1;
  readonly ok: boolean;
  readonly seconds: number;
  readonly folder: string;
  readonly kills: number;
  readonly commands: readonly Told[];
  readonly runs: Readonly<Record<string, Judgement & { readonly counts: Counts }>>;
  /** The pages, by file name. */
  readonly pages: readonly string[];
  readonly problems: readonly string[];
}

const samples = ["off-boarding.csv", "reorganisation.yaml"] as const;

/** What each page shows, and the command that writes it. */
const pages: readonly { readonly file: string; readonly about: string; readonly argv: string }[] = [
  { file: "audit.html", about: "the audit, compared with the tenant before", argv: "audit after --compare before" },
  { file: "readiness.html", about: "what must happen before people leave", argv: "audit before --leavers leavers.csv" },
  { file: "review.html", about: "a plan, for whoever approves it", argv: "show off-boarding --html" },
  { file: "run.html", about: "the run that came of it", argv: "report off-boarding" },
];

/** Shares of a run's steps after which its apply is killed. */
const killsAt = [0.2, 0.5, 0.8];

function runName(sample: string): string {
  return sample.replace(/\.[^.]*$/, "");
}

function secondsSince(startedAt: number): number {
  return Math.round((performance.now() - startedAt) / 100) / 10;
}

function endedSteps(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0) - counts.planned - counts["in-flight"];
}

class Demo {
  readonly #stage: Stage;
  readonly #told: Told[] = [];
  readonly #problems: string[] = [];
  readonly #judgements = new Map<string, Judgement & { readonly counts: Counts }>();
  #kills = 0;
  #ready: Ready | undefined;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  async run(): Promise<Summary> {
    const startedAt = performance.now();
    this.#chapter("A tenant to practise on: 200 users, 5,000 assets, quotas on, faults on");
    await this.#prepare();
    const emulator = await startEmulator(this.#stage, emulatorOptions);
    this.#ready = emulator.ready;
    try {
      await this.#writeSettings(emulator.ready);
      await this.#story();
    } catch (error) {
      if (!(error instanceof RunFileError)) throw error;
      this.#problems.push(`the story broke off: ${error.message}`);
    } finally {
      await emulator.stop();
    }
    return this.#close(secondsSince(startedAt));
  }

  async #story(): Promise<void> {
    this.#chapter("See everything: who has what, and who may use it");
    await this.#verb(["inventory", "-o", "before"], [0]);
    await this.#verb(["audit", "before", "--rules", "public-link-edit,external-editor,owner-deleted"], [0]);
    for (const sample of samples) {
      const name = runName(sample);
      this.#chapter(`${sample}: plan it, look at it`);
      await this.#plan(sample, name);
      await this.#verb(["show", name], [0]);
      this.#chapter(`${sample}: carry it out, and be killed while doing so`);
      await this.#apply(name, killsAt);
      this.#chapter(`${sample}: prove it`);
      await this.#verb(["status", name], [0]);
      await this.#verb(["verify", name], [0]);
      await this.#verb(["report", name], [0]);
      await this.#verb(["report", name, "--handover-sheet"], [0]);
    }
    for (const sample of samples.toReversed()) {
      const name = runName(sample);
      this.#chapter(`${sample}: take back what can be taken back`);
      await this.#verb(["undo", name, "-o", `${name}-undo`], [0]);
      await this.#apply(`${name}-undo`, []);
      await this.#verb(["verify", `${name}-undo`], [0]);
    }
    this.#chapter("Look at it: four pages, each one file, to open in any browser");
    await this.#verb(["inventory", "--refresh", "before", "-o", "after"], [0]);
    for (const { file, argv } of pages) {
      const how = argv.endsWith("--html") ? [] : ["--format", "html", "-o"];
      await this.#verb([...argv.split(" "), ...how, file], [0]);
    }
  }

  /** What cannot be done is refused with its reason, and nothing is planned until that is accepted. */
  async #plan(sample: string, name: string): Promise<void> {
    const argv = ["plan", sample, "-o", name];
    const exit = await this.#verb(argv, [0, exitCodes.guard]);
    if (exit !== exitCodes.guard) return;
    tell(this.#stage, "-- what is refused above is left out, as the plan suggests:");
    await this.#verb([...argv, "--skip-refused"], [0]);
  }

  async #verb(argv: readonly string[], expected: readonly number[]): Promise<number | string> {
    const startedAt = performance.now();
    const exit = await ended(begin(this.#stage, argv));
    this.#note(argv, exit, startedAt);
    if (typeof exit !== "number" || !expected.includes(exit)) {
      this.#problems.push(`handover ${argv.join(" ")} ended with ${exit}`);
    }
    return exit;
  }

  /** Applies a run, killing the process at each of `shares` of its steps, and judges what the server saw of it. */
  async #apply(name: string, shares: readonly number[]): Promise<void> {
    const { header } = await this.#look(name);
    const argv = ["apply", name, "--yes", ...namesToAllow(header).flatMap((hazard) => ["--allow", hazard])];
    const seen = (await this.#history(0)).at(-1)?.seq ?? 0;
    for (const share of shares) await this.#killAt(name, argv, share * header.totals.steps);
    await this.#verb(argv, [0]);
    await this.#judge(name, seen);
  }

  async #killAt(name: string, argv: readonly string[], steps: number): Promise<void> {
    const startedAt = performance.now();
    const child = begin(this.#stage, argv);
    while (child.exitCode === null && child.signalCode === null) {
      const { counts } = await this.#look(name);
      if (endedSteps(counts) >= steps) {
        child.kill("SIGKILL");
        this.#kills += 1;
        break;
      }
      await sleep(10);
    }
    const exit = await ended(child);
    this.#note(argv, exit, startedAt);
    const { counts } = await this.#look(name);
    if (exit === "SIGKILL") {
      tell(
        this.#stage,
        `\n-- killed with SIGKILL: ${endedSteps(counts)} steps ended, ${counts["in-flight"]} under way. Again:`,
      );
    }
  }

  async #look(name: string): Promise<{ header: Awaited<ReturnType<typeof openReader>>["header"]; counts: Counts }> {
    const reader = await openReader(join(this.#stage.folder, `${name}.handover`));
    try {
      return { header: reader.header, counts: await reader.counts() };
    } finally {
      await reader.close();
    }
  }

  async #judge(name: string, afterSeq: number): Promise<void> {
    const history = await this.#history(afterSeq);
    const reader = await openReader(join(this.#stage.folder, `${name}.handover`));
    try {
      const judgement = await judge(reader, history);
      this.#judgements.set(name, { ...judgement, counts: await reader.counts() });
      const { effects, wrong, lost, doubled } = judgement;
      tell(
        this.#stage,
        `-- the server's own history: ${effects} effects, ${wrong} wrong, ${lost} lost, ${doubled} doubled`,
      );
      if (wrong + lost + doubled > 0) this.#problems.push(`${name}: ${wrong} wrong, ${lost} lost, ${doubled} doubled`);
    } finally {
      await reader.close();
    }
  }

  /** The server's history from `afterSeq` on. */
  async #history(afterSeq: number): Promise<readonly HistoryChange[]> {
    const changes: HistoryChange[] = [];
    for (let after = afterSeq; ; after = changes.at(-1)?.seq ?? after) {
      const answer = await fetch(`${this.#ready?.url ?? ""}/_emulator/history?after=${after}`);
      const page = historyShape.parse(await answer.json()).changes;
      if (page.length === 0) return changes;
      changes.push(...page);
    }
  }

  #note(argv: readonly string[], exit: number | string, startedAt: number): void {
    this.#told.push({ command: `handover ${argv.join(" ")}`, exit, seconds: secondsSince(startedAt) });
    if (exit !== 0 && exit !== "SIGKILL") tell(this.#stage, `-- exit ${exit}`);
  }

  #chapter(title: string): void {
    tell(this.#stage, `\n${"=".repeat(80)}\n${title}\n${"=".repeat(80)}`);
  }

  async #prepare(): Promise<void> {
    const plans = fileURLToPath(new URL("../../migrations-plans/", import.meta.url));
    for (const name of await readdir(plans)) {
      if (!name.endsWith(".md")) await copyFile(join(plans, name), join(this.#stage.folder, name));
    }
    await this.#write("leavers.csv", leaversCsv(Date.now()));
    await this.#write("faults.json", `${JSON.stringify(faults, null, 2)}\n`);
    const main = shellWord(relative(process.cwd(), mainFile));
    tell(this.#stage, `Everything happens in ${this.#stage.folder}. "handover" stands for: node ${main}`);
  }

  async #writeSettings(ready: Ready): Promise<void> {
    const { url, keyFile, admin } = ready;
    const text = `endpoint: ${url}\nkey: ${relative(this.#stage.folder, keyFile)}\nadmin: ${admin}\n${settings}`;
    await this.#write("handover.yaml", text);
    tell(this.#stage, `\n$ cat handover.yaml\n${text.trimEnd()}`);
  }

  async #write(name: string, text: string): Promise<void> {
    await writeFile(join(this.#stage.folder, name), text, { mode: 0o600 });
  }

  #close(seconds: number): Summary {
    const summary: Summary = {
      type: "demo",
      version: 1,
      ok: this.#problems.length === 0,
      seconds,
      folder: this.#stage.folder,
      kills: this.#kills,
      commands: this.#told,
      runs: Object.fromEntries(this.#judgements),
      pages: pages.map((page) => page.file),
      problems: this.#problems,
    };
    tell(this.#stage, this.#farewell(summary));
    return summary;
  }

  #farewell(summary: Summary): string {
    const runs = [...this.#judgements].map(
      ([name, { effects, wrong, lost, doubled }]) =>
        `  ${name.padEnd(24)}${String(effects).padStart(5)} effects   ${wrong} wrong   ${lost} lost   ${doubled} doubled`,
    );
    const here = shellWord(relative(process.cwd(), this.#stage.folder));
    const handover = `node ${shellWord(relative(this.#stage.folder, mainFile))}`;
    return [
      "",
      "=".repeat(80),
      `${summary.commands.length} commands, ${summary.kills} kills, ${summary.seconds} s. By the server's own history:`,
      ...runs,
      "",
      `The files are in ${here}: the plan files, one .handover file per run, two snapshots, handover.yaml, faults.json,`,
      "and the pages, to open in a browser:",
      ...pages.map(({ file, about }) => `  ${file.padEnd(16)}${about}`),
      "What to try next:",
      `  cd ${here}`,
      `  ${handover} report off-boarding --handover-sheet --format md -o sheet.md`,
      `  ${handover} report off-boarding --csv -o off-boarding-report.csv`,
      `  ${handover} emulator --seed 7 --port 8321      (and plan a file of your own against it)`,
      "",
      ...(summary.ok
        ? ["Everything was as it should be."]
        : ["Not as it should be:", ...summary.problems.map((each) => `  ${each}`)]),
    ].join("\n");
  }
}

/** A folder of the demo's own, empty; one that somebody else made, or that another demo is using, is left alone. */
async function newFolder(): Promise<string> {
  const folder = join(process.cwd(), "handover-demo");
  const mark = join(folder, ".handover-demo");
  const exists = (await stat(folder).catch(() => undefined)) !== undefined;
  if (exists) {
    const pid = await readFile(mark, "utf8").catch(() => undefined);
    if (pid === undefined) throw new Error(`${folder} exists and is not the demo's own: move it away`);
    if (isRunning(Number(pid))) throw new Error(`another demo (process ${pid}) is using ${folder}: wait for it to end`);
    await rm(folder, { recursive: true, force: true });
  }
  await mkdir(folder, { mode: 0o700 });
  await writeFile(mark, String(process.pid));
  return folder;
}

function isRunning(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

const json = process.argv.includes("--json");
const folder = await newFolder();
const summary = await new Demo({ folder, quiet: json }).run();
await writeFile(join(folder, ".handover-demo"), "0");
if (json) process.stdout.write(`${JSON.stringify(summary)}\n`);
process.exitCode = summary.ok ? 0 : 1;
