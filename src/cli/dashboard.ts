/** `apply --dashboard`: follows an apply for pages on this machine, and never keeps it waiting. */
import { liveStepsMax, liveTroublesMax } from "../report/page/live-limits.ts";
import { randomBytes } from "node:crypto";
import type { EngineEvent } from "../model/event.ts";
import type { Counts, RunHeader } from "../model/run.ts";
import type { Telemetry } from "../model/telemetry.ts";
import { livePage } from "../report/page/live-page.ts";
import { liveCalls, liveProgress, liveStep, troubleOf } from "../report/page/live-words.ts";
import type { LiveEnd, LiveNews, LiveStart, LiveStep, LiveTrouble } from "../report/page/live-words.ts";
import { contentPolicy, pageHtml } from "../report/page/page.ts";
import type { PageAssets } from "../report/page/page.ts";
import { ProgressFold, beginProgress } from "../report/progress.ts";
import type { Steering } from "./apply-steering.ts";
import type { Context } from "./context.ts";
import { Feed } from "./dashboard-feed.ts";
import { serveDashboard } from "./dashboard-server.ts";
import type { DashboardServer } from "./dashboard-server.ts";

const newsEveryMs = 1000;

export interface DashboardOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly runName: string;
  readonly header: RunHeader;
  readonly digest: string;
  readonly counts: Counts;
  /** Of the calls of this process; undefined where others make them. */
  readonly telemetry: Telemetry | undefined;
  readonly steering: Pick<Steering, "pausedBy" | "isStopping" | "wish">;
  readonly assets: PageAssets;
  /** How long the head of a request may take, ms. */
  readonly patienceMs?: number;
}

/** Throws `UsageError` when the port cannot be had. */
export async function openDashboard(context: Context, options: DashboardOptions): Promise<Dashboard> {
  const secret = (): string => randomBytes(32).toString("base64url");
  const secrets = { token: secret(), cookie: secret(), control: secret() };
  const following = new Following(context, options);
  const feed = new Feed(randomBytes(6).toString("hex"), () => following.whole());
  const server = await serveDashboard({
    port: options.port,
    ...(options.patienceMs === undefined ? {} : { patienceMs: options.patienceMs }),
    page: pageHtml(livePage(context.version), options.assets),
    policy: contentPolicy(options.assets, true),
    secrets,
    feed,
    onWish: async (wish) => {
      const answer = await options.steering.wish(wish, { via: "dashboard", uid: undefined });
      // What was asked shows at once.
      feed.publish("news", following.news());
      return answer.kind === "refused" ? answer.problem : undefined;
    },
  });
  return new Dashboard(following, feed, server, secrets);
}

export class Dashboard {
  readonly address: string;
  readonly port: number;
  readonly controlToken: string;
  readonly #following: Following;
  readonly #feed: Feed;
  readonly #server: DashboardServer;
  readonly #timer: NodeJS.Timeout;

  constructor(
    following: Following,
    feed: Feed,
    server: DashboardServer,
    secrets: { readonly token: string; readonly control: string },
  ) {
    this.#following = following;
    this.#feed = feed;
    this.#server = server;
    this.port = server.port;
    this.address = `http://127.0.0.1:${server.port}/#${secrets.token}`;
    this.controlToken = secrets.control;
    this.#timer = setInterval(() => feed.publish("news", following.news()), newsEveryMs);
    this.#timer.unref();
  }

  onEvent(event: EngineEvent): void {
    this.#following.onEvent(event);
  }

  /** Tells the pages how it ended, and lets them go. */
  async close(ending: string): Promise<void> {
    clearInterval(this.#timer);
    await this.#feed.end("end", this.#following.end(ending));
    this.#server.close();
  }
}

/** The run as the pages see it, folded from its events. */
class Following {
  readonly #context: Context;
  readonly #options: DashboardOptions;
  readonly #fold: ProgressFold;
  /** Shown to pages that come later. */
  #steps: LiveStep[] = [];
  #troubles: LiveTrouble[] = [];
  /** Not told yet. */
  #newSteps: LiveStep[] = [];
  #newTroubles: LiveTrouble[] = [];
  /** What the last news told of the calls: until when, in buckets of which width. */
  #toldUntil: number | undefined;
  #toldWidthMs = 0;

  constructor(context: Context, options: DashboardOptions) {
    this.#context = context;
    this.#options = options;
    this.#fold = new ProgressFold(beginProgress(options.counts, context.clock.monotonic()));
  }

  onEvent(event: EngineEvent): void {
    const { clock } = this.#context;
    this.#fold.add(event, clock.monotonic());
    if (event.type === "step") push(this.#newSteps, liveStep(event), liveStepsMax);
    const trouble = troubleOf(event);
    if (trouble !== undefined) push(this.#newTroubles, { at: clock.now(), text: trouble }, liveTroublesMax);
  }

  /** What has happened since it was asked last. */
  news(): LiveNews {
    const { clock } = this.#context;
    const { telemetry } = this.#options;
    const since = telemetry?.widthMs === this.#toldWidthMs ? this.#toldUntil : undefined;
    this.#toldUntil = clock.now();
    this.#toldWidthMs = telemetry?.widthMs ?? 0;
    const [steps, troubles] = [this.#newSteps, this.#newTroubles];
    this.#steps = [...this.#steps, ...steps].slice(-liveStepsMax);
    this.#troubles = [...this.#troubles, ...troubles].slice(-liveTroublesMax);
    this.#newSteps = [];
    this.#newTroubles = [];
    return { progress: this.#now(), steps, troubles, calls: callsOf(telemetry, since) };
  }

  /** The last news. How fast it went, and what is left, is of no use any more. */
  end(ending: string): LiveEnd {
    const news = this.news();
    return { ...news, progress: { ...news.progress, facts: [] }, ending };
  }

  /** Everything that the news so far have told: what is newer comes with the next ones. */
  whole(): LiveStart {
    const { runName, header, digest, telemetry } = this.#options;
    return {
      title: `Run ${runName}`,
      foot: `Run ${header.runId} of ${header.tenant} · digest ${digest} · handover ${this.#context.version}`,
      progress: this.#now(),
      steps: this.#steps,
      troubles: this.#troubles,
      calls: callsOf(telemetry, undefined),
    };
  }

  #now(): ReturnType<typeof liveProgress> {
    const { clock } = this.#context;
    const { steering } = this.#options;
    return liveProgress(this.#fold.progress, {
      isPaused: steering.pausedBy !== undefined,
      isStopping: steering.isStopping,
      now: clock.monotonic(),
    });
  }
}

function callsOf(telemetry: Telemetry | undefined, since: number | undefined): LiveNews["calls"] {
  if (telemetry !== undefined) return liveCalls(telemetry.view(), since);
  const text = "The workers make the calls; each tells of its own: handover worker --health.";
  return { text, bucketMs: 1000, isWhole: true, buckets: [], held: [] };
}

/** The newest stay. */
function push<T>(list: T[], item: T, max: number): void {
  list.push(item);
  if (list.length > max) list.shift();
}
