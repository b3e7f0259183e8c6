/** `apply --metrics`: what an apply counts, for a program that collects figures. No name of a person or an asset is in it. */
import type { CallRecord } from "../google/send.ts";
import type { EngineEvent } from "../model/event.ts";
import { slownessKinds } from "../model/slowness.ts";
import { Distribution, metricsText } from "../report/metrics-text.ts";
import type { Family } from "../report/metrics-text.ts";
import type { Listener } from "./apply-listeners.ts";
import type { ApplyLive } from "./apply-live.ts";
import type { Commits } from "./commits.ts";
import { Counter, counter, gauge } from "./figures.ts";

export interface MetricsOptions {
  readonly version: string;
  readonly runId: string;
  readonly live: Pick<ApplyLive, "document">;
  readonly commits: Pick<Commits, "durations">;
}

const answerEndsSeconds: readonly number[] = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export class Metrics implements Listener {
  readonly #options: MetricsOptions;
  readonly #ended = new Counter("outcome", "failure");
  readonly #calls = new Counter("method", "class");
  readonly #answers = new Map<string, Distribution>();
  readonly #throttles = new Counter("gate");
  readonly #steered = new Counter("act", "via");
  #retries = 0;
  #conflicts = 0;

  constructor(options: MetricsOptions) {
    this.#options = options;
  }

  onEvent(event: EngineEvent): void {
    switch (event.type) {
      case "step":
        this.#ended.add(event.outcome, event.failure ?? "");
        return;
      case "retry":
        this.#retries += 1;
        return;
      case "conflict":
        this.#conflicts += 1;
        return;
      case "pace":
        if (event.untilMs !== undefined) this.#throttles.add(event.gate ?? "");
        return;
      case "steered":
        this.#steered.add(event.act, event.via);
        return;
      default:
    }
  }

  onCall({ route, failure, ms }: CallRecord): void {
    this.#calls.add(route, failure ?? "ok");
    let answers = this.#answers.get(route);
    if (answers === undefined) this.#answers.set(route, (answers = new Distribution(answerEndsSeconds)));
    answers.add(ms / 1000);
  }

  onRetry(): void {
    this.#retries += 1;
  }

  text(): string {
    return metricsText([...this.#counted(), ...this.#standing()]);
  }

  #counted(): readonly Family[] {
    const { version, runId, commits } = this.#options;
    const answers = [...this.#answers].flatMap(([method, each]) => each.samples({ method }));
    return [
      gauge("handover_info", "The program and the run.", [{ labels: { version, run_id: runId }, value: 1 }]),
      counter("handover_steps_ended_total", "Steps this process has ended.", this.#ended.samples()),
      counter("handover_calls_total", "Calls to Google by method and class of answer.", this.#calls.samples()),
      {
        name: "handover_call_duration_seconds",
        help: "How long calls took to be answered.",
        type: "histogram",
        samples: answers,
      },
      counter("handover_retries_total", "Calls and steps made again.", [{ value: this.#retries }]),
      counter("handover_conflicts_total", "Writes refused because the asset had changed.", [
        { value: this.#conflicts },
      ]),
      counter("handover_throttles_total", "Times Google asked to slow down.", this.#throttles.samples()),
      counter("handover_steered_total", "Acts of steering.", this.#steered.samples()),
      {
        name: "handover_commit_duration_seconds",
        help: "How long commits to the run file took.",
        type: "histogram",
        samples: commits.durations.samples(),
      },
    ];
  }

  #standing(): readonly Family[] {
    const { counts, underWay, concurrency, rates, standing, slowness } = this.#options.live.document();
    const states = Object.entries(counts).map(([state, value]) => ({ labels: { state }, value }));
    const paces = rates.map(({ calls, perSecond }) => ({ labels: { gate: calls }, value: perSecond ?? Infinity }));
    const queues = rates.map(({ calls, waiting }) => ({ labels: { gate: calls }, value: waiting }));
    const reasons = slownessKinds.map((reason) => ({ labels: { reason }, value: reason === slowness.kind ? 1 : 0 }));
    return [
      gauge("handover_steps", "Steps of the run by state.", states),
      gauge("handover_steps_under_way", "Steps under way.", [{ value: underWay.steps }]),
      gauge("handover_steps_waiting", "Steps taken that wait for a worker.", [{ value: underWay.waiting }]),
      gauge("handover_transfers_under_way", "Transfers waited for.", [{ value: underWay.transfers }]),
      gauge("handover_concurrency", "Steps that may be under way at once.", [{ value: concurrency }]),
      gauge("handover_rate_calls_per_second", "Calls permitted a second.", paces),
      gauge("handover_calls_waiting", "Calls that wait for their turn.", queues),
      gauge("handover_paused", "Whether somebody has paused the run.", [{ value: standing === "paused" ? 1 : 0 }]),
      gauge("handover_slowness", "What holds the run up: 1 for the reason that holds.", reasons),
    ];
  }
}
