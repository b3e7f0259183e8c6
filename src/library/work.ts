/** What a tenant's methods do: the same readers, guards and engine as the verbs, without streams, prompts and settings. */
import { dayMs } from "../model/clock.ts";
import { hazardsError, hazardsLeft, guardAge, guardTenant } from "../cli/guards.ts";
import { parsedOrNothing } from "../cli/carry-out.ts";
import { connectAs, isStandIn } from "../cli/connect.ts";
import type { Paced } from "../cli/connect.ts";
import { processContext } from "../cli/context.ts";
import type { Context } from "../cli/context.ts";
import { concurrencyDefault, engineOptions, perActorOf } from "../cli/engine-options.ts";
import type { PlanSource } from "../cli/files.ts";
import { ulid } from "../cli/ids.ts";
import { refuseTaken } from "../cli/making.ts";
import { readSources } from "../cli/plan-reading.ts";
import { auditHead, pacingName, runFacts } from "../cli/run-facts.ts";
import { packageVersion } from "../cli/version.ts";
import { applyRun } from "../engine/apply.ts";
import { planRun } from "../engine/plan.ts";
import { undoRun } from "../engine/undo.ts";
import { verifyRun } from "../engine/verify.ts";
import type { ApplySummary, PlanOutcome, Surroundings, VerifySummary } from "../engine/verbs.ts";
import { parseEndpoint } from "../google/route.ts";
import type { Access } from "../google/scopes.ts";
import type { RunWriter } from "../journal/journal.ts";
import { openStage } from "../journal/sqlite/stage.ts";
import type { Email } from "../model/email.ts";
import { pagesOf } from "../report/rows.ts";
import { runReportMarkdown, runReportText } from "../report/run-report.ts";
import { plainStyle } from "../report/style.ts";
import { openIdentity, readAddress } from "./identity.ts";
import { openSource } from "./plan-files.ts";
import type { PlanFile } from "./plan-files.ts";
import { storeOf } from "./runs.ts";
import type { Run } from "./runs.ts";
import type { ApplyOptions, CallOptions, PlanOptions, TenantOptions, UndoOptions, VerifyOptions } from "./options.ts";

const readsAtOnce = 8;
const driftsDescribed = 100;
const never = new AbortController().signal;

interface Connected {
  readonly surroundings: Surroundings;
  readonly admin: Email;
}

interface ConnectWish extends CallOptions {
  readonly access: Access;
  readonly concurrency: number;
  readonly pacing?: Parameters<typeof connectAs>[3]["pacing"];
}

function here(): Context {
  return processContext(packageVersion());
}

/** Whatever comes of `work`, the connection is closed after it. */
async function connected<T>(
  context: Context,
  options: TenantOptions,
  wish: ConnectWish,
  work: (connected: Connected) => Promise<T>,
): Promise<T> {
  const reach = reachOf(options);
  const { signal: stop = never, onEvent = () => undefined } = wish;
  const credentials = await openIdentity(context, options.identity, reach.endpoint);
  const paced: Paced = connectAs(context, reach, credentials, {
    access: wish.access,
    concurrency: wish.concurrency,
    stop,
    onEvent,
    onCall: () => undefined,
    onRetry: () => undefined,
    pacing: wish.pacing,
  });
  const { api } = paced;
  try {
    const { clock, random } = context;
    return await work({ surroundings: { api, clock, random, onEvent, stop }, admin: reach.admin });
  } finally {
    await api.close();
  }
}

function reachOf({ admin, endpoint, proxy, rate, actorRate }: TenantOptions): Parameters<typeof connectAs>[1] {
  return {
    admin: readAddress("admin", admin),
    endpoint: endpoint === undefined ? undefined : parseEndpoint(endpoint),
    proxy,
    rate,
    actorRate,
  };
}

export async function plan(
  options: TenantOptions,
  files: readonly PlanFile[],
  run: Run,
  wish: PlanOptions = {},
): Promise<PlanOutcome> {
  const context = here();
  const stage = await openStage();
  try {
    const wishes = await readSources(opened(context, files), stage);
    return await made(context, options, run, wish, (writer, { surroundings, admin }, common) =>
      planRun(surroundings, stage, writer, { ...wishes, ...common, admin, skipRefused: wish.skipRefused === true }),
    );
  } finally {
    await stage.close();
  }
}

async function* opened(context: Context, files: readonly PlanFile[]): AsyncGenerator<PlanSource> {
  for (const file of files) yield await openSource(context, file);
}

export async function undo(options: TenantOptions, done: Run, run: Run, wish: UndoOptions = {}): Promise<PlanOutcome> {
  const context = here();
  const reader = await (await storeOf(context, done)).openReader();
  try {
    return await made(context, options, run, wish, (writer, { surroundings, admin }, common) =>
      undoRun(surroundings, reader, writer, { ...common, admin }),
    );
  } finally {
    await reader.close();
  }
}

interface Common {
  readonly runId: string;
  readonly toolVersion: string;
  readonly concurrency: number;
}

/** Whatever ends the making early leaves no run behind. */
async function made(
  context: Context,
  options: TenantOptions,
  run: Run,
  wish: UndoOptions,
  work: (writer: RunWriter, connected: Connected, common: Common) => Promise<PlanOutcome>,
): Promise<PlanOutcome> {
  const store = await storeOf(context, run);
  const replace = wish.replace === true;
  await refuseTaken(context, store, replace);
  const concurrency = wish.concurrency ?? readsAtOnce;
  const common = { runId: ulid(context.clock, context.random), toolVersion: context.version, concurrency };
  return connected(context, options, { ...wish, access: "read", concurrency }, async (connection) => {
    const writer = await store.create({ replace, signer: undefined });
    return work(writer, connection, common).catch(async (error: unknown) => {
      await writer.discard();
      throw error;
    });
  });
}

export async function apply(options: TenantOptions, run: Run, wish: ApplyOptions = {}): Promise<ApplySummary> {
  const context = here();
  const { clock } = context;
  const journal = await (await storeOf(context, run)).openJournal({ clock });
  try {
    const { header } = journal;
    const counts = await journal.counts();
    if (counts.planned + counts["in-flight"] > 0) {
      guardAge(header, counts, clock.now(), { value: wish.ageMaxMs ?? dayMs, from: "ageMaxMs" });
      const left = hazardsLeft(header, new Set(wish.allow));
      if (left.length > 0) throw hazardsError(header, left);
    }
    const isNear = isStandIn(reachOf(options));
    const concurrency = wish.concurrency ?? concurrencyDefault;
    const pacing = {
      recalled: parsedOrNothing(await journal.kept(pacingName)),
      keep: (memory: unknown) => journal.keep(pacingName, JSON.stringify(memory)),
    };
    const access = { ...wish, access: "write", concurrency, pacing } as const;
    return await connected(context, options, access, async ({ surroundings }) => {
      const { ready, waiting } = await journal.open();
      if (ready + waiting > 0) await guardTenant(surroundings.api, header);
      const perActor = perActorOf(wish.perActor, isNear) ?? concurrency;
      const { failuresMax, durationMaxMs: durationMs } = wish;
      return applyRun(surroundings, journal, engineOptions({ concurrency, perActor, failuresMax, durationMs }, isNear));
    });
  } finally {
    await journal.close();
  }
}

export async function verify(options: TenantOptions, run: Run, wish: VerifyOptions = {}): Promise<VerifySummary> {
  const context = here();
  const journal = await (await storeOf(context, run)).openJournal({ clock: context.clock });
  const concurrency = wish.concurrency ?? readsAtOnce;
  try {
    return await connected(context, options, { ...wish, access: "read", concurrency }, async ({ surroundings }) => {
      await guardTenant(surroundings.api, journal.header);
      const driftsMax = wish.driftsMax ?? driftsDescribed;
      return verifyRun(surroundings, journal, { concurrency, driftsMax, record: journal });
    });
  } finally {
    await journal.close();
  }
}

export async function* report(run: Run, format: "text" | "markdown"): AsyncGenerator<string> {
  const store = await storeOf(here(), run);
  const reader = await store.openReader();
  try {
    const facts = await runFacts(reader);
    const transfers = pagesOf(reader, { kinds: ["transfer"] });
    const head = await auditHead(reader);
    yield* format === "text"
      ? runReportText(facts, head, transfers, store.name, plainStyle)
      : runReportMarkdown(facts, head, transfers, store.name);
  } finally {
    await reader.close();
  }
}
