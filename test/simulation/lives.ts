/** Carries a run out in as many lives of the command as it takes: killed, stopped and replaced, then left in peace. */
import type { ApplyOptions, ApplySummary } from "../../src/engine/verbs.ts";
import type { Play } from "./play.ts";
import type { Doom, Ended, Process } from "./process.ts";
import { patienceMs as remotePatienceMs } from "./remote-database.ts";
import type { Sky } from "./sky.ts";
import { drawDoom, drawPause } from "./weather.ts";

/** Starts of the command that a healthy world may need: one for what was blocked, one for what waited, one to spare. */
const healthyStartsMax = 4;

/** Through the weather, and then in good weather until the run has finished. */
export async function carryOut(play: Play, sky: Sky): Promise<void> {
  const { sim } = play;
  await play.guard();
  const hasFinished = await underWeather(play, sky);
  if (play.isHalf) return;
  if (!hasFinished) await sky.cleared;
  // Once more now and then: a run that has finished is left alone. The sky may not have cleared yet then.
  if (!hasFinished || sim.chances.doom.hits(0.1)) await inGoodWeather(play, hasFinished);
}

/** Answers whether the run has finished. */
async function underWeather(play: Play, { weather, clearsAt }: Sky): Promise<boolean> {
  const { time, chances, setting } = play.sim;
  const { doom: chance } = chances;
  if (weather.lastsMs === 0) return false;
  let { crashes, stops } = weather;
  // Two processes that do not know of each other cannot keep one quota.
  let replacements = setting.perMinuteMax === undefined ? weather.replacements + play.workersToCome() : 0;
  let lastsUntil = clearsAt;
  while (crashes + stops + replacements > 0 && time.monotonic < lastsUntil) {
    let doom: Doom;
    if (replacements > 0 && (crashes + stops === 0 || chance.hits(0.5))) {
      doom = { replacedAfterMs: chance.hits(0.7) ? chance.between(0, 3000) : chance.between(0, weather.lastsMs) };
      replacements -= 1;
    } else if (stops > 0 && (crashes === 0 || chance.hits(0.5))) {
      doom = { stopAfterMs: chance.between(0, weather.lastsMs / 2) };
      stops -= 1;
    } else {
      doom = drawDoom(chance, weather);
      crashes -= 1;
    }
    if (isFinished(await live(play, doom, setting.hurried))) return true;
    const pause = doom.replacedAfterMs === undefined ? drawPause(chance, weather) : 0;
    if (chance.hits(0.5)) lastsUntil += pause;
    await time.sleep(pause);
  }
  return play.isHalf ? false : isFinished(await live(play, {}, setting.hurried));
}

/** Liveness: in a healthy world the command ends the run. With `mayDie` a power cut may still come, and what it ends is done. */
async function inGoodWeather(play: Play, mayDie: boolean): Promise<void> {
  const { sim } = play;
  for (let start = 1; start <= healthyStartsMax; start += 1) {
    const end = await live(play, {}, sim.setting.options);
    if (typeof end === "string" && mayDie) return;
    if (typeof end === "string") throw new Error(`${end} in good weather`);
    if (end.end === "finished") return;
    if (sim.setting.isCalm) sim.wrong(`${play.label}: calm: the run ended ${end.end}: ${end.reason ?? ""}`);
  }
  // What is left open is judged step by step.
}

function isFinished(end: ApplySummary | Ended): boolean {
  return typeof end !== "string" && end.end === "finished";
}

/** One life of the command. */
async function live(play: Play, doom: Doom, options: ApplyOptions): Promise<ApplySummary | Ended> {
  const { sim } = play;
  const process = sim.process(play, false, doom);
  const work = play.apply(process, options);
  const end = await Promise.race([work, process.gone]);
  if (end === "killed") {
    sim.kills += 1;
    play.kills += 1;
    sim.saw(process.hasNoPower ? "apply without power" : "apply killed");
  } else if (end === "replaced") {
    play.replaced += 1;
    sim.saw("apply replaced while it lives");
    void work.catch((error: unknown) => sim.afterReplaced(play, error));
  } else {
    process.ended();
    sim.saw(`apply ends ${end.end}`);
    if (process.stoppedAt !== undefined) judgeStop(play, process, process.stoppedAt);
  }
  sim.note(`${process.who.id} ends ${typeof end === "string" ? end : `${end.end} ${end.reason ?? ""}`}`);
  return end;
}

/** After a request to stop, what is under way is finished and nothing is begun. */
function judgeStop({ sim, label }: Play, process: Process, stoppedAt: number): void {
  sim.saw("apply asked to stop");
  const late = sim.wire.sent.find(
    (sent) => sent.process === process.who.id && sent.kind === "patch" && sent.sentAt > stoppedAt + 100,
  );
  if (late !== undefined) sim.wrong(`${label}: stop: a write was sent ${late.sentAt - stoppedAt} ms after the stop`);
  const took = sim.time.monotonic - stoppedAt;
  // What is under way may wait for a database as long as its adapter has patience, and the look at how it ended once more.
  const longestMs = 130_000 + (sim.storeKind === "remote" ? 2 * remotePatienceMs + 10_000 : 0);
  if (took > longestMs && !process.hasSleptSince(stoppedAt)) sim.wrong(`${label}: stop: it took ${took} ms to end`);
}
