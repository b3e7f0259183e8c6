/** `handover doctor`: looks at everything a run will rest on, before there is one. Writes nothing to Google. */
import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { contactedHosts, clockCheck, quotaCheck, reachChecks } from "../engine/doctor/network-checks.ts";
import { examine } from "../engine/doctor/examine.ts";
import { grantChecks } from "../engine/doctor/grant-checks.ts";
import { rightChecks } from "../engine/doctor/right-checks.ts";
import { once } from "../engine/doctor/side.ts";
import type { GoogleSide } from "../engine/doctor/side.ts";
import type { Access } from "../google/scopes.ts";
import type { Check, Checkup } from "../model/doctor.ts";
import { hindrances } from "../model/doctor.ts";
import { doctorJson } from "../report/doctor-json.ts";
import { doctorText } from "../report/doctor-text.ts";
import { resolveSettings } from "./config.ts";
import type { Settings } from "./config.ts";
import type { Context } from "./context.ts";
import { openCredentials } from "./credentials.ts";
import type { Credentials } from "./credentials.ts";
import { credentialChecks } from "./doctor-credentials.ts";
import type { Resolved } from "./doctor-credentials.ts";
import { folderChecks } from "./doctor-folder.ts";
import type { Folder } from "./doctor-folder.ts";
import { openGoogle } from "./doctor-google.ts";
import type { OpenGoogle } from "./doctor-google.ts";
import { machineChecks, namedProxy, thisMachine } from "./doctor-machine.ts";
import type { Machine } from "./doctor-machine.ts";
import { runChecks } from "./doctor-runs.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { existingRunPath, shownPath, typedCommand } from "./files.ts";
import { addGoogleOptions } from "./flags.ts";
import type { GoogleFlags } from "./flags.ts";
import { openLog } from "./logging.ts";
import { print, styleOf } from "./output.ts";
import { stopOnSignals } from "./signals.ts";

export interface DoctorFlags extends GoogleFlags {
  readonly json?: boolean;
  readonly readOnly?: boolean;
}

export interface DoctorOptions {
  readonly runs: readonly string[];
  readonly json: boolean;
  readonly access: Access;
  readonly color: boolean;
  readonly google: GoogleFlags;
}

/** For one check, and for all of them; and for one exchange, so that a check has room for a second attempt. */
const checkMs = 10_000;
const totalMs = 60_000;
const exchangeMs = 8000;

export function define(command: Command): void {
  addGoogleOptions(
    command
      .argument("[runs...]", "runs to look at as well: friday or friday.handover")
      .option("--json", "one JSON document")
      .option(
        "--read-only",
        "for credentials that only read (inventory, audit, plan, verify): grants to write are too wide",
      ),
  ).addHelpText(
    "after",
    `
Examples:
  handover doctor
  handover doctor friday.handover
  handover doctor --read-only --json | jq '.checks[] | select(.verdict != "pass")'

Looks at this machine, settings, credentials and the folder of runs, and asks Google: each scope alone, each API, each
right. It only reads, and asks for tokens: those that could write are never used. Some wider scopes are asked for too,
to see that they are not granted. A file is made in the folder of runs, to try locks, and taken away again.
A check ends as pass, fail or unknown. What rests on a check that did not pass is unknown because of it.

Exits 0 when nothing stands in the way: what is merely advised, and what is unknown and not needed, do not count.
Else, the first that applies: 4 signing in or a right is missing; 6 a run was changed, or is of another tenant;
3 a setting or a file of this machine is wrong; 5 anything else failed, or something needed could not be told.`,
  );
}

export function parse(args: readonly string[], flags: DoctorFlags): DoctorOptions {
  return {
    runs: [...new Set(args)],
    json: flags.json === true,
    access: flags.readOnly === true ? "read" : "write",
    color: flags.color,
    google: flags,
  };
}

export async function run(context: Context, options: DoctorOptions): Promise<ExitCode> {
  return diagnose(context, options, thisMachine);
}

/** The verb, on a machine that is handed in. */
export async function diagnose(context: Context, options: DoctorOptions, machine: Machine): Promise<ExitCode> {
  const resolved = await resolvedSettings(context, options.google);
  const stopping = stopOnSignals(context, undefined);
  const log = await openLog(context, resolved.ok ? resolved.settings.logFile : undefined, "doctor", "");
  const credentials = once(async () => {
    const { auth, endpoint } = settingsOf(resolved);
    return openCredentials(context, auth, endpoint);
  });
  const google = resolved.ok
    ? openGoogle(context, {
        settings: resolved.settings,
        credentials,
        access: options.access,
        unusedProxy: resolved.settings.proxy === undefined ? namedProxy(context) : undefined,
        exchangeMs,
        stop: stopping.stop,
        onCall: (call) => log.call(call),
      })
    : undefined;
  try {
    const checkup = await examined(context, options, machine, { resolved, credentials, google, stop: stopping.stop });
    await print(
      context.stdout,
      options.json
        ? [doctorJson(checkup)]
        : doctorText(checkup, typedCommand(context), styleOf(context, context.stdout, options.color)),
    );
    if (stopping.stop.aborted) return exitCode({ kind: "stopped" });
    return exitCode({ kind: "checkup", hindrances: hindrances(checkup.checks) });
  } finally {
    await google?.close();
    stopping.dispose();
    await log.close();
  }
}

interface Examined {
  readonly resolved: Resolved;
  readonly credentials: () => Promise<Credentials>;
  readonly google: OpenGoogle | undefined;
  readonly stop: AbortSignal;
}

async function examined(
  context: Context,
  options: DoctorOptions,
  machine: Machine,
  { resolved, credentials, google, stop }: Examined,
): Promise<Checkup> {
  // Only checks that rest on the settings ask for it, and without settings they are not made.
  const side = (): GoogleSide => {
    if (google === undefined) throw new Error("Google was looked at without settings");
    return google.side;
  };
  const mode = resolved.ok ? resolved.settings.auth.mode : "key";
  const grants = grantChecks(side, options.access, mode);
  const rights = rightChecks(side);
  const asking: readonly Check[] = [...reachChecks(side, mode), clockCheck(side), ...grants.checks, ...rights.checks];
  const folders = await foldersOf(context, options.runs);
  const checks = await examine(
    [
      ...machineChecks(context, machine),
      ...credentialChecks(context, resolved, credentials),
      ...folders.flatMap((folder) => folderChecks(context, machine, folder)),
      ...asking,
      quotaCheck(
        side,
        asking.map(({ id }) => id),
      ),
      ...options.runs.flatMap((name) => runChecks(context, name, rights.tenant)),
    ],
    { clock: context.clock, checkMs, totalMs, stop },
  );
  return {
    checks,
    hosts: contactedHosts(
      mode,
      resolved.ok ? resolved.settings.endpoint : undefined,
      await credentials().then(
        ({ besides }) => besides,
        () => [],
      ),
    ),
    scopes: grants.needs(),
    admin: resolved.ok ? resolved.settings.admin : undefined,
    tenant: rights.tenant(),
    toolVersion: context.version,
    at: context.clock.now(),
  };
}

async function resolvedSettings(context: Context, flags: GoogleFlags): Promise<Resolved> {
  try {
    return { ok: true, settings: await resolveSettings(context, flags) };
  } catch (error) {
    // Settings that are wrong, or of somebody who has not signed in: a finding like any other.
    return { ok: false, error };
  }
}

function settingsOf(resolved: Resolved): Settings {
  if (resolved.ok) return resolved.settings;
  throw resolved.error instanceof Error ? resolved.error : new Error("there are no settings");
}

/** Where the runs lie that are named, or else where one would be made. */
async function foldersOf(context: Context, runs: readonly string[]): Promise<readonly Folder[]> {
  const bytes = new Map<string, number>();
  for (const name of runs) {
    const path = await existingRunPath(context, name).catch(() => resolve(context.cwd, name));
    const size = await stat(path).then(
      (stats) => stats.size,
      () => 0,
    );
    bytes.set(dirname(path), (bytes.get(dirname(path)) ?? 0) + size);
  }
  if (bytes.size === 0) bytes.set(context.cwd, 0);
  return [...bytes].map(([path, runBytes], index) => ({
    path,
    suffix: index === 0 ? "" : `:${shownPath(context, path)}`,
    runBytes,
  }));
}
