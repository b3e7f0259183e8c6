/** Reading from a run file what the views show of it. */
import type { RunReader } from "../journal/journal.ts";
import { parseTelemetry } from "../model/telemetry-text.ts";
import type { TelemetryView } from "../model/telemetry.ts";
import { parseWaves, wavesName, wavesView } from "../model/waves.ts";
import type { WavesView } from "../model/waves.ts";
import type { AuditHead, RunFacts } from "../report/rows.ts";

/** Under this name a run keeps what its calls were like. */
export const telemetryName = "telemetry";
/** Under this name a run keeps what the pacer learned. */
export const pacingName = "pacer";
/** And what holds it up, and how its last apply ended. */
export const slownessName = "slowness";
export const endingName = "ending";
/** Groups of failures that are listed by name. */
const failureGroupsMax = 20;

export async function runFacts(run: RunReader): Promise<RunFacts> {
  return {
    header: run.header,
    digest: run.digest,
    counts: await run.counts(),
    failures: await run.failures(failureGroupsMax),
    verification: await run.verification(),
    waves: await wavesOf(run),
  };
}

async function wavesOf(run: RunReader): Promise<WavesView | undefined> {
  const waves = parseWaves((await run.kept(wavesName)) ?? "");
  return waves === undefined ? undefined : wavesView(waves);
}

/** What the run file keeps of the calls; undefined while there is nothing, or nothing that can be read. */
export async function telemetryOf(run: RunReader): Promise<TelemetryView | undefined> {
  return parseTelemetry(await run.kept(telemetryName))?.view();
}

/** The end of the audit chain, and whether the whole chain holds; undefined while nothing has been recorded. */
export async function auditHead(run: RunReader): Promise<AuditHead | undefined> {
  let last: AuditHead | undefined;
  for (let after = 0; ; after = last?.seq ?? 0) {
    const row = (await run.audit(after, 1000)).at(-1);
    if (row === undefined) break;
    last = { seq: row.seq, at: row.at, hash: row.hash, firstBad: undefined };
  }
  return last === undefined ? undefined : { ...last, firstBad: await run.firstBadAuditRow() };
}
