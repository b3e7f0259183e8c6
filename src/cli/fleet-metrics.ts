/** `apply --metrics` of a run that workers carry out: how it stands over all of them. Their calls are in the figures of each. */
import type { EngineEvent } from "../model/event.ts";
import { metricsText } from "../report/metrics-text.ts";
import type { FleetRun } from "../report/fleet-text.ts";
import type { Listener } from "./apply-listeners.ts";
import { Counter, counter, gauge } from "./figures.ts";

export class FleetMetrics implements Listener {
  readonly #about: { readonly version: string; readonly run_id: string };
  readonly #ended = new Counter("outcome", "failure");
  readonly #steered = new Counter("act", "via");
  #fleet: FleetRun | undefined;

  constructor(version: string, runId: string) {
    this.#about = { version, run_id: runId };
  }

  look(fleet: FleetRun): void {
    this.#fleet = fleet;
  }

  onEvent(event: EngineEvent): void {
    if (event.type === "step") this.#ended.add(event.outcome, event.failure ?? "");
    if (event.type === "steered") this.#steered.add(event.act, event.via);
  }

  text(): string {
    const fleet = this.#fleet;
    return metricsText([
      gauge("handover_info", "The program and the run.", [{ labels: this.#about, value: 1 }]),
      counter("handover_steps_ended_total", "Steps ended while this process follows.", this.#ended.samples()),
      counter("handover_steered_total", "Acts of steering.", this.#steered.samples()),
      ...(fleet === undefined ? [] : standing(fleet)),
    ]);
  }
}

function standing({ counts, workers, crews, state }: FleetRun): ReturnType<typeof gauge>[] {
  const states = Object.entries(counts).map(([name, value]) => ({ labels: { state: name }, value }));
  const underWay = workers.reduce((sum, { steps }) => sum + steps, 0);
  return [
    gauge("handover_steps", "Steps of the run by state.", states),
    gauge("handover_steps_under_way", "Steps under way, over all workers.", [{ value: underWay }]),
    gauge("handover_workers", "Workers that carry the run out.", [{ value: workers.length }]),
    gauge("handover_worker_processes", "Worker processes that would take it, at work or not.", [{ value: crews }]),
    gauge("handover_paused", "Whether somebody has paused the run.", [{ value: state === "paused" ? 1 : 0 }]),
  ];
}
