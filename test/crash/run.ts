/** One run of the campaign, from one seed: plan, apply, verify, undo, each under kills and faults, and each judged. */
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Chance } from "../simulation/chance.ts";
import { Stage } from "../support/process.ts";
import type { Ended, HistoryChange } from "../support/process.ts";
import { attemptsOf, integrityOf, report } from "./evidence.ts";
import { judge, judgeRestored } from "./judge.ts";
import { live, sleep } from "./life.ts";
import { drawScene, header } from "./scene.ts";
import type { Scene } from "./scene.ts";
import { drawDoom, drawFaults, drawInsertDoom, lateMaxMs } from "./weather.ts";

export interface Verdict {
  readonly violations: readonly string[];
  /** What was done to processes, by signal. */
  readonly deeds: ReadonlyMap<string, number>;
  readonly starts: number;
  readonly requests: number;
  /** Changes made through the API, among all that happened. */
  readonly changes: number;
}

const run = "moves.handover";
const undoRun = "back.handover";
const hazards = ["whole-user-transfer", "moves-unnamed-assets", "new-external", "new-public"];
const agreed = ["--yes", ...hazards.flatMap((name) => ["--allow", name])];
/** Starts that a healthy world may need: one for what was blocked, one for what waited, one to spare. */
const healthyStartsMax = 4;
const attemptsMax = 30;

/** `note` is told of each life as it ends. */
export async function playSeed(seed: number, note: (text: string) => void): Promise<Verdict> {
  const scene = drawScene(new Chance(seed, "scene"));
  const stage = await Stage.start(scene.emulator, { state: scene.state });
  const play = new Play(stage, scene, seed, note);
  try {
    await play.run();
  } catch (error) {
    play.fault(error);
  }
  const verdict = await play.verdict();
  await stage.close();
  return verdict;
}

class Play {
  readonly #stage: Stage;
  readonly #scene: Scene;
  readonly #doom: Chance;
  readonly #weather: Chance;
  readonly #options: readonly string[];
  readonly #note: (text: string) => void;
  readonly #violations: string[] = [];
  readonly #deeds = new Map<string, number>();
  #starts = 0;

  constructor(stage: Stage, scene: Scene, seed: number, note: (text: string) => void) {
    this.#stage = stage;
    this.#scene = scene;
    this.#note = note;
    this.#doom = new Chance(seed, "doom");
    this.#weather = new Chance(seed, "weather");
    const setting = new Chance(seed, "setting");
    this.#options = [
      `--concurrency=${setting.pick([1, 2, 4, 16])}`,
      ...(setting.hits(0.3) ? [`--rate=${setting.pick(["20/s", "60/s", "200/s"])}`] : []),
    ];
  }

  async run(): Promise<void> {
    if (!(await this.#plan())) return;
    const applied = await this.#apply(run);
    if (this.#violations.length > 0) return;
    await this.#readers(run);
    if (this.#violations.length > 0) return;
    await this.#make(["undo", run, "-o", undoRun], undoRun);
    if (this.#violations.length > 0) return;
    const undo = await report(this.#stage, undoRun);
    const since = undo.steps.length === 0 ? [] : await this.#apply(undoRun);
    const refused = undo.header.refusals.map((refusal) => refusal.problem);
    const isRefused = (asset: string): boolean => refused.some((problem) => problem.includes(asset));
    this.#say(judgeRestored(applied, since, await this.#stage.tenant(), isRefused));
  }

  fault(error: unknown): void {
    this.#violations.push(`threw: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }

  async verdict(): Promise<Verdict> {
    const changes = await this.#stage.history();
    return {
      violations: this.#violations,
      deeds: this.#deeds,
      starts: this.#starts,
      requests: (await this.#stage.counts()).total,
      changes: changes.filter((change) => change.via === "assets.updatePermissions").length,
    };
  }

  #say(violations: readonly string[]): void {
    this.#violations.push(...violations);
  }

  /** Fewer rows at each refusal: what contradicts itself is the planner's to refuse. False when no row makes a run. */
  async #plan(): Promise<boolean> {
    for (let part = 1; part <= 4; part += 1) {
      const rows = this.#scene.rows.slice(0, Math.ceil(this.#scene.rows.length / part));
      await writeFile(join(this.#stage.folder, "moves.csv"), [header, ...rows, ""].join("\n"));
      const made = await this.#make(["plan", "moves.csv", "-o", run, "--skip-refused"], run, [0, 3, 6, 9]);
      if (made) return (await report(this.#stage, run)).steps.length > 0;
    }
    return false;
  }

  /** Makes a run, killed on the way now and then: there is none, or a whole one. */
  async #make(args: readonly string[], name: string, codes: readonly number[] = [0]): Promise<boolean> {
    for (let kills = this.#doom.whole(0, 2); kills > 0; kills -= 1) {
      const doom = drawDoom(this.#doom);
      await this.#live([...args, "--replace", ...this.#options], doom, codes);
      if (await this.#isThere(name)) {
        const shown = await this.#stage.handover("show", name);
        if (shown.code !== 0) this.#say([`a killed ${args[0] ?? ""} left half a run: ${shown.stderr}`]);
      }
    }
    const { code, stderr } = await this.#inPeace([...args, "--replace", ...this.#options]);
    if (!codes.includes(code ?? -1)) this.#say([`${args[0] ?? ""} ended with ${code}: ${stderr}`]);
    return code === 0;
  }

  async #isThere(name: string): Promise<boolean> {
    return (await stat(join(this.#stage.folder, name)).catch(() => undefined)) !== undefined;
  }

  /** Through the weather, in as many lives as it takes, then in good weather to its end. Answers what happened. */
  async #apply(name: string): Promise<readonly HistoryChange[]> {
    const before = (await this.#stage.history()).at(-1)?.seq ?? 0;
    const requestsBefore = (await this.#stage.requests(0)).at(-1)?.seq ?? 0;
    const jobsBefore = (await this.#stage.tenant()).transfers.length;
    const args = ["apply", name, ...agreed, ...this.#options, ...(this.#weather.hits(0.5) ? ["--json"] : [])];
    const { steps } = await report(this.#stage, name);
    let movesUsers = steps.some((step) => step.kind === "transfer") && this.#doom.hits(0.5);
    let mayLandLate = false;
    for (let lives = this.#doom.whole(2, 6); lives > 0; lives -= 1) {
      const doom = movesUsers ? drawInsertDoom(this.#doom) : drawDoom(this.#doom);
      movesUsers = false;
      mayLandLate ||= doom.moment.kind === "held" && doom.moment.effect === "after";
      const ended = await this.#live(args, doom);
      await this.#judgeDurable(name, requestsBefore);
      if (ended === 0) break;
      await sleep(doom.pauseMs);
    }
    await this.#inGoodWeather(args);
    if (mayLandLate) await sleep(lateMaxMs);
    const changes = await this.#stage.history(before);
    const facts = { report: await report(this.#stage, name), changes, tenant: await this.#stage.tenant(), jobsBefore };
    this.#say(judge(facts));
    await this.#judgeDurable(name, requestsBefore);
    const integrity = await integrityOf(this.#stage, name);
    if (integrity !== "ok") this.#say([`the run file is not sound: ${integrity}`]);
    return changes;
  }

  async #live(
    args: readonly string[],
    doom: ReturnType<typeof drawDoom>,
    codes: readonly number[] = [0, 5],
  ): Promise<number | null> {
    this.#starts += 1;
    const begun = performance.now();
    const faults = drawFaults(this.#weather);
    const life = await live(this.#stage, args, faults, doom, this.#weather);
    const { deed } = life;
    const { code, signal } = life.ended;
    const took = Math.round(performance.now() - begun);
    this.#note(`${args[0]} ${JSON.stringify(doom)} ${JSON.stringify(faults)}: ${code ?? signal}, ${took} ms`);
    if (deed !== undefined) this.#deeds.set(deed, (this.#deeds.get(deed) ?? 0) + 1);
    if (!codes.includes(life.ended.code ?? -1)) this.#say(life.violations);
    return life.ended.code;
  }

  /** A life without a doom and without a fault. */
  async #inPeace(args: readonly string[]): Promise<Ended> {
    this.#starts += 1;
    const begun = performance.now();
    await this.#stage.control("DELETE", "faults");
    const ended = await this.#stage.handover(...args);
    this.#note(`${args[0]} in peace: ${ended.code ?? ended.signal}, ${Math.round(performance.now() - begun)} ms`);
    return ended;
  }

  /** Liveness: in a healthy world the same command ends the run. */
  async #inGoodWeather(args: readonly string[]): Promise<void> {
    for (let start = 1; start <= healthyStartsMax; start += 1) {
      const { code, stdout, stderr } = await this.#inPeace(args);
      if (code === 0) return;
      if (code !== 5) this.#say([`apply in good weather ended with ${code}: ${stderr}${stdout.slice(-500)}`]);
    }
  }

  /** I4 and I10: nobody has sent a write that is not on disk, and not too many of them. */
  async #judgeDurable(name: string, after: number): Promise<void> {
    const attempts = await attemptsOf(this.#stage, name);
    const sent = new Map<string, number>();
    for (const { asset } of await this.#stage.requests(after, "assets.updatePermissions")) {
      sent.set(asset, (sent.get(asset) ?? 0) + 1);
    }
    for (const [asset, count] of sent) {
      const known = attempts.get(asset) ?? 0;
      if (count > known) this.#say([`I4: ${count} writes of ${asset} were sent, and ${known} are on disk`]);
      if (count > attemptsMax) this.#say([`I10: ${count} writes of ${asset} were sent`]);
    }
    const inserts = (await this.#stage.requests(after, "transfers.insert")).length;
    const known = [...attempts].filter(([key]) => key.startsWith("#")).reduce((sum, [, count]) => sum + count, 0);
    if (inserts > known) this.#say([`I4: ${inserts} transfers were asked for, and ${known} are on disk`]);
  }

  /** Verify, killed once, then to its end: everything is as the run left it. */
  async #readers(name: string): Promise<void> {
    await this.#live(["verify", name], drawDoom(this.#doom));
    const { code, stdout, stderr } = await this.#inPeace(["verify", name]);
    if (code !== 0) this.#say([`verify ended with ${code}: ${stderr}${stdout.slice(0, 500)}`]);
  }
}
