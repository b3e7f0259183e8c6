/** Whoever listens to a run that workers carry out: a command, a file, figures and a page, told by the process that follows it. */
import { UsageError } from "../model/errors.ts";
import type { JournalDatabase } from "../journal/postgres/database.ts";
import { openPostgresReader } from "../journal/postgres/reader.ts";
import { endingText } from "../report/apply-text.ts";
import { versionJson } from "../report/json.ts";
import type { FleetRun } from "../report/fleet-text.ts";
import type { ApplySummary } from "../engine/verbs.ts";
import { Listeners } from "./apply-listeners.ts";
import type { ApplyLast, Listener } from "./apply-listeners.ts";
import { openOutlets } from "./apply-outlets.ts";
import type { OutletOptions } from "./apply-outlets.ts";
import type { Context } from "./context.ts";
import { exitCodes } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { FleetEvents, toldByWorkers } from "./fleet-events.ts";
import { FleetMetrics } from "./fleet-metrics.ts";
import { FleetSteering } from "./fleet-steering.ts";
import { hookTypesByDefault } from "./hook-types.ts";
import { databaseOf } from "./run-database.ts";
import type { RunPlace } from "./run-place.ts";
import { startDashboard } from "./start-dashboard.ts";

export interface ListeningOptions {
  readonly dashboardPort: number | undefined;
  readonly outlets: OutletOptions;
}

type Looked = (fleet: FleetRun) => void;

/** Undefined when nobody is to be told. Throws UsageError for what cannot be. */
export async function openListening(
  context: Context,
  options: ListeningOptions,
  place: RunPlace,
  database: JournalDatabase,
): Promise<FleetListening | undefined> {
  const { dashboardPort, outlets } = options;
  refuseUntold(outlets);
  const { onEvent, events, metricsPort } = outlets;
  if ([dashboardPort, onEvent, events, metricsPort].every((each) => each === undefined)) return undefined;
  const reader = await openPostgresReader(database, databaseOf(place).run);
  const { header, digest } = reader;
  const listeners = new Listeners(context.clock);
  const following = await FleetEvents.begin(reader, listeners.onEvent);
  const looked: Looked[] = [];
  const listening = new FleetListening(listeners, following, looked);
  const add = (listener: Listener): void => listeners.add(listener);
  try {
    if (dashboardPort !== undefined) {
      const steering = new FleetSteering(context, place);
      const { counts } = following;
      const shown = { runName: place.name, header, digest, counts, telemetry: undefined, steering };
      const dashboard = await startDashboard(context, { port: dashboardPort, ...shown });
      looked.push((fleet) => steering.look(fleet));
      add({ onEvent: (event) => dashboard.onEvent(event), close: ({ ending }) => dashboard.close(ending) });
    }
    const figures = async (): Promise<FleetMetrics> => {
      const metrics = new FleetMetrics(context.version, header.runId);
      looked.push((fleet) => metrics.look(fleet));
      return metrics;
    };
    const first = versionJson(context.version, header, digest, place.name);
    const say = (line: string): void => void context.stderr.write(`${line}\n`);
    await openOutlets(context, outlets, { runPath: place.full, runId: header.runId, first, figures, say, add });
  } catch (error) {
    await listening.close();
    throw error;
  }
  return listening;
}

/** Asked for by name, they would never come. */
function refuseUntold({ onEventTypes }: OutletOptions): void {
  const untold = [...onEventTypes].filter((type) => toldByWorkers.has(type));
  const isDefault =
    hookTypesByDefault.length === onEventTypes.size && hookTypesByDefault.every((type) => onEventTypes.has(type));
  const [first] = untold;
  if (first === undefined || isDefault) return;
  throw new UsageError(
    `--on-event-types ${first}: of a run in a database, only its workers know of that`,
    `leave ${untold.join(" and ")} out here, and give it to them: handover worker --on-event COMMAND --on-event-types ${untold.join(",")}`,
  );
}

export class FleetListening {
  readonly #listeners: Listeners;
  readonly #following: FleetEvents;
  readonly #looked: readonly Looked[];
  #last: ApplyLast = { code: exitCodes.stopped, ending: "Nobody follows it here any more.", line: undefined };

  constructor(listeners: Listeners, following: FleetEvents, looked: readonly Looked[]) {
    this.#listeners = listeners;
    this.#following = following;
    this.#looked = looked;
  }

  /** The run has been handed over, now or before. */
  started(): void {
    this.#following.started();
  }

  readonly look = async (fleet: FleetRun): Promise<void> => {
    for (const looked of this.#looked) looked(fleet);
    await this.#following.look(fleet);
  };

  ended(summary: ApplySummary, code: ExitCode, line: string): void {
    const isWhole = summary.end === "finished";
    this.#following.ended(isWhole ? undefined : (summary.reason ?? summary.end), summary.counts);
    this.#last = { code, ending: endingText(summary), line };
  }

  async close(): Promise<void> {
    await this.#listeners.close(this.#last);
  }
}
