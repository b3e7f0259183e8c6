/** A hundred changes on a server 200 ms away, over a tool that makes one call after the other, as most do. */
import { atLeast, brief, figure, median } from "./figure.ts";
import type { Figure } from "./figure.ts";
import { Instant } from "./instant.ts";
import { childFile, mainFile, measure } from "./measured.ts";
import { sized } from "./setting.ts";
import type { Setting } from "./setting.ts";

const changes = 100;
const latencyMs = 200;
/** What GAM7 7.48 took for as many on such a server, measured once on a machine of this class; it is not installed here. */
const peerMs = 24_000;

/** Both from the start of the process to its end; the limit does nothing but its calls. */
export async function latency(setting: Setting): Promise<readonly Figure[]> {
  const { workshop } = setting;
  const rounds = sized(setting, 1, 5);
  const ours: number[] = [];
  const single: number[] = [];
  const server = await Instant.start(latencyMs);
  const env = { ...workshop.env, HANDOVER_ENDPOINT: server.url };
  try {
    for (let round = 0; round < rounds; round += 1) {
      const oneByOne = [server.url, String(changes), "1", "1"];
      single.push((await measure({ file: childFile("bare"), args: oneByOne, cwd: workshop.folder })).wallMs);
      const run = await workshop.run(changes);
      const args = ["apply", run, "--yes", "--concurrency", String(changes)];
      ours.push((await measure({ file: mainFile, args, cwd: workshop.folder, env })).wallMs);
      await workshop.drop(run);
      setting.say(`latency: ${brief(ours.at(-1) ?? NaN)} ms beside ${brief(single.at(-1) ?? NaN)} ms`);
    }
  } finally {
    await server.close();
  }
  const what = `${changes} changes at ${latencyMs} ms, times as fast as`;
  const overPeer = ours.map((ms) => peerMs / ms);
  const overSingle = ours.map((ms, i) => (single[i] ?? NaN) / ms);
  const took = `${brief(median(ours) / 1000)} s beside`;
  const besideSingle = `${took} ${brief(median(single) / 1000)} s, ${changes} under way beside one`;
  return [
    figure("latency", `${what} GAM7's one command`, "x", overPeer, atLeast(15), `${took} ${peerMs / 1000} s`),
    figure("latency", `${what} one call after the other`, "x", overSingle, undefined, besideSingle),
  ];
}
