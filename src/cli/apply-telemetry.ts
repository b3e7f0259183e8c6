/** Recording what the calls of an apply are like, and keeping it in the run file so that a resumed run adds to it. */
import type { CallRecord } from "../google/send.ts";
import type { Journal } from "../journal/journal.ts";
import type { Clock } from "../model/clock.ts";
import type { EngineEvent } from "../model/event.ts";
import { parseTelemetry, telemetryText } from "../model/telemetry-text.ts";
import { Telemetry } from "../model/telemetry.ts";
import { telemetryName } from "./run-facts.ts";

const keepEveryMs = 5_000;

export class CallTelemetry {
  readonly recorded: Telemetry;
  readonly #clock: Clock;
  readonly #journal: Pick<Journal, "keep">;
  #timer: NodeJS.Timeout | undefined;
  #isNews = false;

  constructor(clock: Clock, journal: Pick<Journal, "keep">, earlier: string | undefined) {
    this.#clock = clock;
    this.#journal = journal;
    this.recorded = parseTelemetry(earlier) ?? new Telemetry();
  }

  onCall(call: CallRecord): void {
    this.#isNews = true;
    this.recorded.called(this.#clock.now(), call.ms, call.isWrite, call.failure === "throttled");
  }

  /** A read or a request for a token is made again. */
  onRetry(): void {
    this.#isNews = true;
    this.recorded.retried(this.#clock.now());
  }

  /** Writes a second permitted from the beginning. */
  begin(writesPerSecond: number): void {
    this.recorded.expects(writesPerSecond);
    this.#timer = setInterval(() => this.#keep(), keepEveryMs);
    this.#timer.unref();
  }

  onEvent(event: EngineEvent): void {
    const now = this.#clock.now();
    switch (event.type) {
      case "retry":
        // Nothing was sent, and nothing will be.
        if (event.failure !== "stopped") this.onRetry();
        return;
      case "conflict":
        this.onRetry();
        return;
      case "pace":
        this.#isNews = true;
        if (event.gate === "writes" && event.actor === undefined) this.recorded.permits(now, event.perSecond);
        if (event.untilMs !== undefined) this.recorded.held(now, event.untilMs, event.reason);
        return;
      case "step":
        this.#isNews = true;
        if (event.ms !== undefined) {
          this.recorded.ended({ seq: event.seq, asset: event.asset, ms: event.ms, calls: event.calls ?? 0 });
        }
        return;
      default:
    }
  }

  /** Keeps the last of it. */
  close(): void {
    clearInterval(this.#timer);
    this.#keep();
  }

  #keep(): void {
    if (!this.#isNews) return;
    this.#isNews = false;
    this.#journal.keep(telemetryName, telemetryText(this.recorded));
  }
}
