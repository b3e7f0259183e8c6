/** Taking an inventory into a file: what `inventory` and an audit of the live tenant have in common. */
import { resolveListed, takeInventory } from "../engine/inventory.ts";
import type { InventorySummary } from "../engine/inventory.ts";
import { tenantOf } from "../engine/people.ts";
import type { Surroundings } from "../engine/verbs.ts";
import type { SnapshotReader } from "../journal/snapshot.ts";
import { openSnapshot } from "../journal/sqlite/snapshot-reader.ts";
import { openSnapshotStore } from "../journal/sqlite/snapshot-store.ts";
import { PlanFileError, UsageError } from "../model/errors.ts";
import type { SnapshotHeader } from "../model/inventory.ts";
import type { Person } from "../model/tenant.ts";
import { printable } from "../model/text.ts";
import type { InventoryView } from "../report/inventory-text.ts";
import { resolveSettings } from "./config.ts";
import type { Settings } from "./config.ts";
import type { Context } from "./context.ts";
import { existingSnapshotPath, shownPath, typedCommand } from "./files.ts";
import type { GoogleFlags } from "./flags.ts";
import { ulid } from "./ids.ts";
import { peopleIn } from "./people-file.ts";
import { beginReading } from "./reading.ts";

export interface Taking {
  /** Whose command it is, for the log. */
  readonly verb: string;
  /** A file of addresses. */
  readonly users: string | undefined;
  readonly orgUnit: string | undefined;
  /** A snapshot to start from. */
  readonly refresh: string | undefined;
  readonly maxAgeMs: number;
  readonly concurrency: number;
  readonly color: boolean;
  readonly google: GoogleFlags;
}

/** Users tried for one asset before its permissions are called unreadable. */
const readersMax = 20;

export interface Taken {
  readonly end: InventorySummary["end"];
  readonly view: InventoryView;
}

/** Takes the inventory at `path`, or goes on with the one begun there. */
export async function takeSnapshot(context: Context, options: Taking, path: string): Promise<Taken> {
  const settings = await resolveSettings(context, options.google);
  refuseWholeTenant(settings, options);
  const refresh = options.refresh === undefined ? undefined : await openEarlier(context, options.refresh, path);
  const snapshotId = ulid(context.clock, context.random);
  const reading = await beginReading(context, {
    verb: options.verb,
    id: snapshotId,
    logFile: settings.logFile,
    color: options.color,
    again: typedCommand(context),
  });
  try {
    const api = await reading.connect(settings, options.concurrency);
    try {
      const surroundings = reading.surroundings(api);
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
          reading.view.say(`Going on with ${printable(shownPath(context, path))}.`);
        }
        const summary = await takeInventory(surroundings, store, {
          concurrency: options.concurrency,
          listed,
          refresh: refresh === undefined ? undefined : { from: refresh, maxAgeMs: options.maxAgeMs },
          readersMax,
        });
        const { header: begun, finished } = store;
        return { end: summary.end, view: { header: begun, finished, coverage: summary.coverage } };
      } finally {
        await store.close();
      }
    } finally {
      await api.close();
    }
  } finally {
    await reading.close();
    await refresh?.close();
  }
}

/** Everybody's assets are read as everybody: one person would see a part, and call it the whole. */
function refuseWholeTenant({ onlyActor, auth }: Settings, { users }: Taking): void {
  if (onlyActor === undefined || users !== undefined) return;
  throw new UsageError(
    `${auth.from}: these credentials are ${onlyActor}'s alone, and an inventory of the tenant is read as each of its users`,
    "name those to read with --users FILE, or authenticate by a service account: handover help auth",
  );
}

function scopeOf(options: Taking): SnapshotHeader["scope"] {
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
  const listed = await peopleIn(context, file, "give a CSV file with a column email");
  const { people, strange } = await resolveListed(
    surroundings,
    listed.map((person) => person.email),
  );
  if (strange.length === 0) return people;
  const kinds = new Map(strange.map(({ email, kind }) => [email, kind]));
  throw new PlanFileError(
    listed
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
