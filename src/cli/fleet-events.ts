/** What happens to a run that workers carry out, as the events of an apply: read from the audit chain that all of them write. */
import type { AuditRow, RunReader } from "../journal/journal.ts";
import type { EngineEvent, SteeringAct } from "../model/event.ts";
import type { Counts } from "../model/run.ts";
import { outcomes } from "../model/step.ts";
import { openOf } from "../report/counts-text.ts";
import type { FleetRun } from "../report/fleet-text.ts";
import type { HookType } from "./hook-types.ts";

/** What the chain does not hold: each worker knows it of its own calls. */
export const toldByWorkers: ReadonlySet<HookType> = new Set(["throttled", "slow"]);

const pageSize = 1000;
const acts: readonly SteeringAct[] = ["pause", "resume", "rate", "concurrency", "drain", "abort"];

type Reader = Pick<RunReader, "audit" | "counts" | "header"> & { head(): Promise<{ readonly row: number }> };
type Tell = (event: EngineEvent, at?: number) => void;

export class FleetEvents {
  readonly #reader: Reader;
  readonly #tell: Tell;
  /** As the run stood at row `#row` of the chain. */
  readonly counts: Counts;
  #row: number;
  #isStopping = false;

  private constructor(reader: Reader, tell: Tell, counts: Counts, row: number) {
    this.#reader = reader;
    this.#tell = tell;
    this.counts = counts;
    this.#row = row;
  }

  /** What has happened before is told in one: how many steps are open. */
  static async begin(reader: Reader, tell: Tell): Promise<FleetEvents> {
    let { row } = await reader.head();
    for (let look = 0; ; look += 1) {
      const counts = await reader.counts();
      const { row: after } = await reader.head();
      // Both of one moment, unless the workers are too quick for that.
      if (after === row || look === looksMax) return new FleetEvents(reader, tell, counts, after);
      row = after;
    }
  }

  /** To whoever listens by now. */
  started(): void {
    const { runId, totals } = this.#reader.header;
    const open = openOf(this.counts);
    const resumed = open < totals.steps || this.counts["in-flight"] > 0;
    this.#tell({ type: "apply-started", runId, steps: totals.steps, open, resumed });
  }

  /** Tells what is new since the last look. */
  async look(fleet: Pick<FleetRun, "state" | "why">): Promise<void> {
    if (fleet.state === "stopping") this.#stopping(`as asked by ${fleet.why ?? "somebody"}`);
    for (;;) {
      const rows = await this.#reader.audit(this.#row, pageSize);
      for (const row of rows) {
        this.#row = row.seq;
        const event = eventIn(row);
        if (event !== undefined) this.#tell(event, row.at);
      }
      if (rows.length < pageSize) return;
    }
  }

  /** `why`: what ended it before its time. */
  ended(why: string | undefined, counts: Counts): void {
    if (why !== undefined) this.#stopping(why);
    this.#tell({ type: "apply-ended", counts });
  }

  #stopping(why: string): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#tell({ type: "stopping", why });
  }
}

const looksMax = 5;

/** Undefined for a row that tells of something else, or that cannot be read: whether the chain holds is examined elsewhere. */
function eventIn({ body }: AuditRow): EngineEvent | undefined {
  const read = fieldsIn(body);
  const details = fieldsOf(read["details"]);
  switch (read["kind"]) {
    case "ended":
      return stepIn(read);
    case "note:steered":
      return steeredIn(details);
    case "note:gate":
      return waveIn(details);
    default:
      return undefined;
  }
}

function stepIn(read: Fields): EngineEvent | undefined {
  const seq = numberOf(read["step"]);
  const outcome = outcomes.find((each) => each === read["outcome"]);
  if (seq === undefined || outcome === undefined) return undefined;
  return {
    type: "step",
    seq,
    outcome,
    failure: textOf(read["failure"]),
    reason: textOf(read["reason"]),
    asset: textOf(read["asset"]),
    calls: numberOf(read["calls"]),
  };
}

function steeredIn({ what, from, value, uid }: Fields): EngineEvent | undefined {
  const act = acts.find((each) => each === what);
  if (act === undefined) return undefined;
  const via = from === "dashboard" ? "dashboard" : "ctl";
  return { type: "steered", act, via, uid: numberOf(uid), value: numberOf(value) };
}

function waveIn(details: Fields): EngineEvent | undefined {
  const [wave, of, steps] = [details["wave"], details["of"], details["steps"]].map(numberOf);
  if (wave === undefined || of === undefined || steps === undefined) return undefined;
  const why = textOf(details["why"]) ?? "";
  if (details["open"] === true) return { type: "wave", wave, of, steps, state: "passed" };
  return { type: "wave", wave, of, steps, state: "refused", problems: why === "" ? [] : [why] };
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsIn(text: string): Fields {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    return {};
  }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
