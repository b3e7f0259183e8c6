/** Everything known of one run once it is over and everything late has landed: what the judges judge by. */
import type { TransferRecord } from "../../src/emulator/data-transfer.ts";
import type { Change, TenantState } from "../../src/emulator/state.ts";
import type { Switches } from "../../src/emulator/switches.ts";
import type { StepRow } from "../../src/journal/journal.ts";
import type { Play } from "./play.ts";
import { allRows } from "./planning.ts";
import type { Setting } from "./setting.ts";
import type { Sent } from "./wire.ts";

/** Times are virtual ms, except those of changes, which are the server's. */
export interface Evidence {
  readonly rows: readonly StepRow[];
  /** Changes on the server since the run was planned, whoever made them. */
  readonly changes: readonly Change[];
  /** Whether a request of this run made the change. */
  readonly isOurs: (change: Change) => boolean;
  /** Whether a request of another run did. */
  readonly isRivals: (change: Change) => boolean;
  /** Requests of the processes that applied the run. */
  readonly sent: readonly Sent[];
  /** Requests of its planners. */
  readonly sentPlanning: readonly Sent[];
  /** Jobs that requests of this run started, and all there are. */
  readonly jobs: readonly TransferRecord[];
  readonly allJobs: readonly TransferRecord[];
  /** When the result of a step was handed over last; undefined when it ended with another one. */
  readonly endOf: (row: StepRow) => number | undefined;
  /** Server's ms at virtual time 0. */
  readonly wallStart: number;
  readonly setting: Setting;
  readonly switches: Switches;
  readonly state: TenantState;
  /** A process of the run was killed or replaced, or could write no more, so that what it had learned may be lost. */
  readonly hasGaps: boolean;
  /** Some step may have been given back or lost before it ended, and claimed anew. */
  readonly isTakenUpAgain: boolean;
  /** Steps may be open: nobody tried to finish it. */
  readonly isHalf: boolean;
  /** Two processes have shared the run for a while. */
  readonly isShared: boolean;
}

export async function evidenceOf(play: Play): Promise<Evidence> {
  const { sim } = play;
  const { wire, emulator } = sim;
  const own = wire.sent.filter((each) => each.run === play.id);
  const applying = own.filter((each) => !each.isPlanning);
  const jobs = [...emulator.transfers.jobs.values()];
  const runOf = (change: Change): number | undefined => wire.makers.get(change)?.run;
  return {
    rows: await allRows(await play.made.openReader()),
    changes: emulator.history.slice(play.changesFrom),
    isOurs: (change) => runOf(change) === play.id,
    isRivals: (change) => runOf(change) !== undefined && runOf(change) !== play.id,
    sent: applying,
    sentPlanning: own.filter((each) => each.isPlanning),
    jobs: jobs.filter((job) => wire.jobs.get(job.id)?.run === play.id),
    allJobs: jobs,
    endOf: (row) => play.ends.get(row.step.seq),
    wallStart: sim.wallStart,
    setting: sim.setting,
    switches: emulator.switches,
    state: emulator.state,
    hasGaps: play.kills + play.replaced + play.refused > 0,
    isTakenUpAgain: new Set(applying.map((each) => each.process)).size > 1 || sim.seen.has("store lost"),
    isHalf: play.isHalf,
    isShared: play.replaced > 0,
  };
}

export const good: ReadonlySet<string> = new Set(["applied", "confirmed", "unchanged"]);
