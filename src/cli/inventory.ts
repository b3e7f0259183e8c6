/** `handover inventory`: everything the tenant has, and who may use it, into one file. Reads only. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { resolveListed, takeInventory } from "../engine/inventory.ts";
import type { InventorySummary } from "../engine/inventory.ts";
import { tenantOf } from "../engine/people.ts";
import type { Surroundings } from "../engine/verbs.ts";
import type { SnapshotReader, SnapshotStore } from "../journal/snapshot.ts";
import { openSnapshot } from "../journal/sqlite/snapshot-reader.ts";
import { openSnapshotStore } from "../journal/sqlite/snapshot-store.ts";
import { PlanFileError, UsageError } from "../model/errors.ts";
import type { EngineEvent } from "../model/event.ts";
import { isWhole } from "../model/inventory.ts";
import type { SnapshotHeader } from "../model/inventory.ts";
import type { Person } from "../model/tenant.ts";
import { printable } from "../model/text.ts";
import { readPeopleList } from "../plan/people-list.ts";
import { inventoryJson } from "../report/inventory-json.ts";
import { inventoryText } from "../report/inventory-text.ts";
import { resolveSettings } from "./config.ts";
import type { Context } from "./context.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { existingSnapshotPath, newSnapshotPath, shownPath, typedCommand } from "./files.ts";
import { addGoogleOptions, count, duration } from "./flags.ts";
import type { GoogleFlags } from "./flags.ts";
import { ulid } from "./ids.ts";
import { openLog } from "./logging.ts";
import { print, styleOf } from "./output.ts";
import { stopOnSignals } from "./signals.ts";
import { SurveyView } from "./survey-view.ts";
import { troubleNotes } from "./trouble.ts";

export interface InventoryFlags extends GoogleFlags {
  readonly output?: string;
  readonly users?: string;
  readonly orgUnit?: string;
  readonly refresh?: string;
  readonly maxAge?: number;
  readonly json?: boolean;
  readonly detailedExitcode?: boolean;
  readonly concurrency?: number;
}

export interface InventoryOptions {
  readonly output: string;
  /** A file of addresses. */
  readonly users: string | undefined;
  readonly orgUnit: string | undefined;
  readonly refresh: string | undefined;
  readonly maxAgeMs: number;
  readonly json: boolean;
  readonly detailed: boolean;
  readonly concurrency: number;
  readonly color: boolean;
  readonly google: GoogleFlags;
}

/** Users tried for one asset before its permissions are called unreadable. */
const readersMax = 20;
const weekMs = 7 * 86_400_000;

export function define(command: Command): void {
  command
    .option("-o, --output <snapshot>", "the snapshot to take, or to go on with (default inventory.snapshot)")
    .option("--users <file>", "read only as the users of this CSV file (a column email)")
    .option("--org-unit <path>", "read only as the users in this organisational unit and below, such as /Sales")
    .option("--refresh <snapshot>", "take over the permissions of assets that have not changed since this snapshot")
    .option("--max-age <time>", "with --refresh: read permissions older than this again (default 7d)", duration)
    .option("--json", "one JSON document")
    .option("--detailed-exitcode", "exit 2 when something could not be read")
    .option("--concurrency <n>", "calls under way at once (default 8)", count);
  addGoogleOptions(command).addHelpText(
    "after",
    `
Examples:
  handover inventory --key key.json --admin admin@acme.example
  handover inventory --org-unit /Sales -o sales
  handover inventory --refresh october.snapshot -o november

Reads only. Interrupted, the same command goes on where it stopped. What one user or asset makes impossible to read is
a line of the coverage, which every view of the snapshot shows.
--refresh trusts that an asset whose title, owner, trash and update time are the same has the same permissions; Google
does not promise that, so the coverage says how many were taken over and how old they are.`,
  );
}

export function parse(_args: readonly string[], flags: InventoryFlags): InventoryOptions {
  if (flags.users !== undefined && flags.orgUnit !== undefined) {
    throw new UsageError("--users and --org-unit both say whom to read as", "leave one of them");
  }
  if (flags.orgUnit !== undefined && !/^\/./.test(flags.orgUnit)) {
    throw new UsageError(
      `${JSON.stringify(printable(flags.orgUnit))} is no path of an organisational unit`,
      "write it as the Admin console does, such as /Sales or /Sales/EMEA",
    );
  }
  if (flags.maxAge !== undefined && flags.refresh === undefined) {
    throw new UsageError("--max-age says how old permissions may be that are taken over", "add --refresh SNAPSHOT");
  }
  return {
    output: flags.output ?? "inventory",
    users: flags.users,
    orgUnit: flags.orgUnit,
    refresh: flags.refresh,
    maxAgeMs: flags.maxAge ?? weekMs,
    json: flags.json === true,
    detailed: flags.detailedExitcode === true,
    concurrency: flags.concurrency ?? 8,
    color: flags.color,
    google: flags,
  };
}

export async function run(context: Context, options: InventoryOptions): Promise<ExitCode> {
  const path = newSnapshotPath(context, options.output);
  const settings = await resolveSettings(context, options.google);
  const refresh = options.refresh === undefined ? undefined : await openEarlier(context, options.refresh, path);
  const snapshotId = ulid(context.clock, context.random);
  const log = openLog(context, settings.logFile, "inventory", snapshotId);
  const style = styleOf(context, context.stderr, options.color);
  const view = new SurveyView(context, style);
  const stopping = stopOnSignals(context, typedCommand(context));
  const onEvent = (event: EngineEvent): void => {
    log.event(event);
    view.onEvent(event);
  };
  try {
    // Loaded only now: the HTTP client takes longer to load than everything before it.
    const { connectApi } = await import("./connect.ts");
    const api = await connectApi(context, settings, {
      access: "read",
      concurrency: options.concurrency,
      stop: stopping.stop,
      onEvent,
      onCall: (call) => log.call(call),
      onRetry: troubleNotes(context.clock, style, (line) => view.say(line)),
    });
    try {
      const surroundings = { api, clock: context.clock, random: context.random, onEvent, stop: stopping.stop };
      const listed = options.users === undefined ? undefined : await readUsers(context, surroundings, options.users);
      const tenant = await tenantOf(api.directory);
      const header: SnapshotHeader = {
        snapshotId,
        toolVersion: context.version,
        tenant: tenant.primaryDomain,
        domains: [...tenant.domains],
        admin: settings.admin,
        scope: scopeOf(options),
        startedAt: context.clock.now(),
        refreshOf:
          refresh?.finished === undefined
            ? undefined
            : { snapshotId: refresh.header.snapshotId, digest: refresh.finished.digest },
      };
      const { store, resumed } = await openSnapshotStore(path, header);
      try {
        if (resumed) {
          refuseOther(store.header, header, shownPath(context, path));
          view.say(`Going on with ${printable(shownPath(context, path))}.`);
        }
        const summary = await takeInventory(surroundings, store, {
          concurrency: options.concurrency,
          listed,
          refresh: refresh === undefined ? undefined : { from: refresh, maxAgeMs: options.maxAgeMs },
          readersMax,
        });
        view.close();
        await show(context, options, store, summary, shownPath(context, path));
        if (summary.end === "stopped") return exitCode({ kind: "stopped" });
        return exitCode({ kind: "reading", whole: isWhole(summary.coverage), detailed: options.detailed });
      } finally {
        await store.close();
      }
    } finally {
      await api.close();
    }
  } finally {
    view.close();
    stopping.dispose();
    await log.close();
    await refresh?.close();
  }
}

function scopeOf(options: InventoryOptions): SnapshotHeader["scope"] {
  if (options.orgUnit !== undefined) return { kind: "org-unit", path: options.orgUnit };
  return options.users === undefined ? { kind: "everybody" } : { kind: "listed", name: options.users };
}

async function openEarlier(context: Context, name: string, path: string): Promise<SnapshotReader> {
  const earlier = await existingSnapshotPath(context, name);
  if (earlier === path) {
    throw new UsageError("a snapshot cannot refresh itself", "give the new one another name with -o NAME");
  }
  const reader = await openSnapshot(earlier);
  if (reader.finished !== undefined) return reader;
  await reader.close();
  throw new UsageError(`${printable(name)} was never finished`, "finish it first, by the command that began it");
}

/** The people of a list, who must all be users of the tenant: a mistyped address would be missed in silence. */
async function readUsers(context: Context, surroundings: Surroundings, file: string): Promise<readonly Person[]> {
  const path = resolve(context.cwd, file);
  if ((await stat(path).catch(() => undefined))?.isFile() !== true) {
    throw new UsageError(`there is no file ${printable(file)}`, "give a CSV file with a column email");
  }
  const list = await readPeopleList(file, createReadStream(path));
  if (list.diagnostics.length > 0) throw new PlanFileError(list.diagnostics, list.diagnosticsOmitted);
  const { people, strange } = await resolveListed(
    surroundings,
    list.people.map((person) => person.email),
  );
  if (strange.length === 0) return people;
  const kinds = new Map(strange.map(({ email, kind }) => [email, kind]));
  throw new PlanFileError(
    list.people
      .filter((person) => kinds.has(person.email))
      .map(({ email, place }) => ({
        place,
        problem: `${email} is ${strangeWords[kinds.get(email) ?? "missing"]}`,
        remedy: "name users of the tenant by their address or an alias",
      })),
  );
}

const strangeWords: Readonly<Record<string, string>> = {
  group: "a group",
  serviceAccount: "a service account",
  missing: "neither user nor group of the tenant",
  external: "outside the tenant",
};

/** An interrupted snapshot goes on only as it was begun. */
function refuseOther(begun: SnapshotHeader, wanted: SnapshotHeader, name: string): void {
  const differs =
    begun.tenant !== wanted.tenant
      ? `of the tenant ${begun.tenant}, and these credentials are for ${wanted.tenant}`
      : JSON.stringify(begun.scope) === JSON.stringify(wanted.scope) &&
          begun.refreshOf?.digest === wanted.refreshOf?.digest
        ? undefined
        : "of other users, or refreshes another snapshot";
  if (differs === undefined) return;
  throw new UsageError(
    `${printable(name)} holds an unfinished inventory ${differs}`,
    "choose another name with -o NAME, or give the command that began it",
  );
}

async function show(
  context: Context,
  options: InventoryOptions,
  store: SnapshotStore,
  summary: InventorySummary,
  name: string,
): Promise<void> {
  const view = { header: store.header, finished: store.finished, coverage: summary.coverage };
  await print(
    context.stdout,
    options.json
      ? [inventoryJson(view, name)]
      : inventoryText(view, name, styleOf(context, context.stdout, options.color)),
  );
}
