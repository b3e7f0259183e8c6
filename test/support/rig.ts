/**
 * The production engine on a hand-driven clock: the emulator's state machine in process, the real Google side and a real
 * SQLite run in memory. What happens is judged on the emulator's own history, never on what the engine says of itself.
 */
import { createHash, generateKeyPairSync } from "node:crypto";
import { applyRun } from "../../src/engine/apply.ts";
import { planRun } from "../../src/engine/plan.ts";
import { undoRun } from "../../src/engine/undo.ts";
import type { ApplyOptions, ApplySummary, PlanOutcome, Surroundings, VerifySummary } from "../../src/engine/verbs.ts";
import { verifyRun } from "../../src/engine/verify.ts";
import { Emulator } from "../../src/emulator/emulator.ts";
import type { EmulatorOptions } from "../../src/emulator/emulator.ts";
import type { FaultRule } from "../../src/emulator/fault-rules.ts";
import { seededRandom } from "../../src/emulator/random.ts";
import { emptyTenant } from "../../src/emulator/world.ts";
import type { World } from "../../src/emulator/world.ts";
import { connect } from "../../src/google/client.ts";
import { NetworkError } from "../../src/google/exchange.ts";
import type { Exchange } from "../../src/google/exchange.ts";
import { parseServiceAccountKey } from "../../src/google/key.ts";
import { Pacer, noRates } from "../../src/google/pacer.ts";
import type { Journal } from "../../src/journal/journal.ts";
import { createMemoryRun } from "../../src/journal/sqlite/memory.ts";
import type { MemoryRun } from "../../src/journal/sqlite/memory.ts";
import { openStage } from "../../src/journal/sqlite/stage.ts";
import type { Api } from "../../src/model/api.ts";
import { parseEmail } from "../../src/model/email.ts";
import type { Email } from "../../src/model/email.ts";
import type { EngineEvent } from "../../src/model/event.ts";
import type { Limits, PlanSettings, ProtectRule, Request } from "../../src/model/request.ts";
import { ManualClock } from "./clock.ts";

const allScopes: readonly string[] = [
  "https://www.googleapis.com/auth/datastudio",
  "https://www.googleapis.com/auth/datastudio.readonly",
  "https://www.googleapis.com/auth/admin.directory.user.readonly",
  "https://www.googleapis.com/auth/admin.directory.group.readonly",
  "https://www.googleapis.com/auth/admin.directory.group.member.readonly",
  "https://www.googleapis.com/auth/admin.directory.domain.readonly",
  "https://www.googleapis.com/auth/admin.directory.customer.readonly",
  "https://www.googleapis.com/auth/admin.datatransfer",
  "https://www.googleapis.com/auth/admin.datatransfer.readonly",
];

const account = "handover@demo-project.iam.gserviceaccount.com";
const { privateKey, publicKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
const key = parseServiceAccountKey(
  JSON.stringify({ type: "service_account", client_email: account, private_key: privateKey, private_key_id: "k1" }),
);

export function address(text: string): Email {
  const parsed = parseEmail(text.includes("@") ? text : `${text}@acme.example`);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

/** The people most tests need; assets are added by each test. */
export function smallTenant(): World {
  const world = emptyTenant("acme.example");
  world.addUser({ email: "admin", isAdmin: true });
  for (const name of ["leaver", "heir", "other", "ana"]) world.addUser({ email: name });
  world.addUser({ email: "sam", suspended: true });
  return world;
}

export const applyDefaults: ApplyOptions = {
  concurrency: 4,
  perActor: 4,
  failuresMax: undefined,
  attemptsMax: 30,
  conflictsMax: 8,
  settleMs: 120_000,
  transferPollMs: 1000,
  transferPollMaxMs: 30_000,
  transferWaitMs: 3_600_000,
  durationMs: undefined,
};

/** What a test may put between the engine and the world, to cut a run off at an exact point. */
export interface Wiring {
  readonly exchange?: (inner: Exchange) => Exchange;
  readonly journal?: (inner: Journal) => Journal;
}

export class Rig {
  readonly clock: ManualClock = new ManualClock();
  readonly emulator: Emulator;
  readonly events: EngineEvent[] = [];
  /** Faults that begin with the first apply: planning reads the same routes. */
  onceApplied: readonly FaultRule[] = [];
  readonly #random = seededRandom(7);
  #runs = 0;

  constructor(world: World, options: Partial<Omit<EmulatorOptions, "clock" | "world">> = {}) {
    this.emulator = new Emulator({ clock: this.clock, random: seededRandom(3), world, ...options });
    this.emulator.tokens.register({
      clientEmail: account,
      clientId: "1001",
      keyId: "k1",
      publicKey,
      projectId: "demo-project",
    });
    this.emulator.tokens.delegate("1001", allScopes);
  }

  /** Requests over the in-process transport, faults of delivery included. */
  readonly exchange: Exchange = async (request) => {
    const url = new URL(request.url);
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    const path = `${url.pathname}${url.search}`;
    const reply = this.emulator.handle({ method: request.method, path, headers, body: request.body ?? "" });
    switch (reply.delivery?.kind) {
      case undefined:
        break;
      case "delay":
        if (reply.delivery.ms >= request.timeoutMs) {
          await this.clock.sleep(request.timeoutMs);
          throw new NetworkError("TIMEOUT", true, "no answer in time");
        }
        await this.clock.sleep(reply.delivery.ms);
        break;
      case "hang": {
        const { late } = reply.delivery;
        if (late !== undefined) void this.clock.sleep(late.ms).then(late.apply);
        await this.clock.sleep(request.timeoutMs);
        throw new NetworkError("TIMEOUT", true, "no answer in time");
      }
      case "reset":
      case "truncate":
        throw new NetworkError("ECONNRESET", true, "the connection broke");
    }
    return { status: reply.status, headers: reply.headers, body: reply.body };
  };

  api(wiring: Wiring = {}, access: "read" | "write" = "write", stop?: AbortSignal): Api {
    const exchange = wiring.exchange?.(this.exchange) ?? this.exchange;
    return connect({
      key,
      exchange,
      admin: address("admin"),
      access,
      pacer: new Pacer(this.clock, noRates),
      clock: this.clock,
      random: this.#random,
      ...(stop === undefined ? {} : { signal: stop }),
    });
  }

  surroundings(api: Api, stop: AbortSignal = new AbortController().signal): Surroundings {
    return { api, clock: this.clock, random: this.#random, onEvent: (event) => this.events.push(event), stop };
  }

  async plan(
    requests: readonly Request[],
    more: {
      readonly protect?: readonly ProtectRule[];
      readonly limits?: Limits;
      readonly skipRefused?: boolean;
      readonly tenant?: PlanSettings["tenant"];
    } = {},
  ): Promise<{ readonly outcome: PlanOutcome; readonly run: MemoryRun }> {
    const stage = await openStage({ memory: true });
    const run = createMemoryRun();
    try {
      await stage.addRequests(requests);
      const settings: PlanSettings = { tenant: more.tenant, protect: more.protect ?? [], limits: more.limits ?? {} };
      const outcome = await this.clock.drive(
        planRun(this.surroundings(this.api({}, "read")), stage, run.writer, {
          runId: this.#runId(),
          toolVersion: "0.0.0",
          admin: address("admin"),
          settings,
          planFiles: [],
          rows: requests.length,
          duplicateRows: 0,
          skipRefused: more.skipRefused ?? false,
          concurrency: 4,
        }),
      );
      return { outcome, run };
    } finally {
      await stage.close();
    }
  }

  /** Plans and expects a run. */
  async made(requests: readonly Request[], more: Parameters<Rig["plan"]>[1] = {}): Promise<MemoryRun> {
    const { outcome, run } = await this.plan(requests, more);
    if (outcome.kind !== "made") throw new Error(`no run was made: ${JSON.stringify(outcome.header.refusals)}`);
    return run;
  }

  async apply(
    run: MemoryRun,
    options: Partial<ApplyOptions> = {},
    wiring: Wiring = {},
    stop?: AbortSignal,
  ): Promise<ApplySummary> {
    if (this.onceApplied.length > 0) this.emulator.setFaults(this.onceApplied);
    this.onceApplied = [];
    const opened = await run.openJournal({ clock: this.clock });
    const journal = wiring.journal?.(opened) ?? opened;
    const surroundings = this.surroundings(this.api(wiring, "write", stop), stop);
    const summary = await this.clock.drive(applyRun(surroundings, journal, { ...applyDefaults, ...options }), 1e9);
    await opened.close();
    return summary;
  }

  async verify(run: MemoryRun): Promise<VerifySummary> {
    const reader = await run.openReader();
    const surroundings = this.surroundings(this.api({}, "read"));
    return this.clock.drive(verifyRun(surroundings, reader, { concurrency: 4, driftsMax: 100, record: undefined }));
  }

  async undo(run: MemoryRun): Promise<{ readonly outcome: PlanOutcome; readonly run: MemoryRun }> {
    const undo = createMemoryRun();
    const input = { runId: this.#runId(), toolVersion: "0.0.0", admin: address("admin"), concurrency: 4 };
    const reader = await run.openReader();
    const outcome = await this.clock.drive(
      undoRun(this.surroundings(this.api({}, "read")), reader, undo.writer, input),
    );
    return { outcome, run: undo };
  }

  /** Ends of all steps as `seq outcome failure`. */
  async outcomes(run: MemoryRun): Promise<readonly string[]> {
    const rows = await (await run.openReader()).page({}, 0, 10_000);
    return rows.map(
      ({ step, state, result }) => `${step.seq} ${state}${result?.failure === undefined ? "" : ` ${result.failure}`}`,
    );
  }

  /** Roles of an asset on the server as `ROLE member`, sorted. */
  roles(name: string): readonly string[] {
    const asset = this.emulator.state.assets.get(name);
    return [...(asset?.roles ?? [])].flatMap(([role, members]) => members.map((m) => `${role} ${m}`)).toSorted();
  }

  /** Everything on the server that matters, as one hash. */
  fingerprint(): string {
    const state = [...this.emulator.state.assets.keys()].toSorted().map((name) => [name, this.roles(name)]);
    return createHash("sha256").update(JSON.stringify(state)).digest("hex");
  }

  count(route: string): number {
    return this.emulator.log.counts
      .filter((tally) => tally.route === route)
      .reduce((sum, tally) => sum + tally.count, 0);
  }

  #runId(): string {
    this.#runs += 1;
    return `01TESTRUN${String(this.#runs).padStart(17, "0")}`;
  }
}
