/** Patients for the doctor: a tenant on loopback, a folder of files, a machine, each broken in its own way. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { wallClock } from "../../src/cli/context.ts";
import { diagnose, parse } from "../../src/cli/doctor.ts";
import type { DoctorFlags } from "../../src/cli/doctor.ts";
import type { Machine } from "../../src/cli/doctor-machine.ts";
import { startEmulator } from "../../src/emulator/start.ts";
import type { RunningEmulator, StartOptions } from "../../src/emulator/start.ts";
import { scopeUses } from "../../src/google/scopes.ts";
import type { CheckResult, CheckSums } from "../../src/model/doctor.ts";
import type { Clock } from "../../src/model/clock.ts";
import { world } from "./world.ts";

/** The fields of the JSON document that tests look at. */
export interface Document {
  readonly type: string;
  readonly version: number;
  readonly tenant?: string;
  readonly admin?: string;
  readonly sums: CheckSums;
  readonly hindrances: readonly string[];
  readonly hosts: readonly { readonly origin: string }[];
  readonly scopes: readonly { readonly scope: string; readonly isGranted?: boolean }[];
  readonly checks: readonly CheckResult[];
}

export const granted: readonly string[] = scopeUses.map(({ scope }) => scope);
/** A disk like any other, whatever the tests themselves run on. */
export const machine: Machine = {
  nodeVersion: "20.20.2",
  nodeOptions: [],
  sqliteVersion: () => "3.53.2",
  platform: "linux",
  statfs: async () => ({ type: 0xef53, bavail: 1e9, bsize: 4096 }),
};
const tenantSize = { clock: wallClock, users: 20, assets: 100 } as const;

/** A key of its own for each file of tests: making one takes longer than using it. */
let keyText: string | undefined;

/** Puts the key into a folder, and starts a tenant that knows it and grants what the verbs use. */
export async function startTenant(folder: string, tenant: Partial<StartOptions> = {}): Promise<RunningEmulator> {
  const keyFile = join(folder, "key.json");
  if (keyText !== undefined) await writeFile(keyFile, keyText, { mode: 0o600 });
  const running = await startEmulator({ ...tenantSize, keyFile, scopes: granted, ...tenant });
  keyText ??= await readFile(keyFile, "utf8");
  return running;
}

export interface Patient {
  readonly tenant?: Partial<StartOptions>;
  /** What is done to the running tenant. */
  readonly breaks?: (tenant: RunningEmulator, folder: string) => void | Promise<void>;
  readonly admin?: string;
  readonly endpoint?: (url: string) => string;
  /** Undefined takes one of the usual flags away. */
  readonly flags?: { readonly [name in keyof DoctorFlags]?: DoctorFlags[name] | undefined };
  readonly runs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  readonly machine?: Partial<Machine>;
  /** Where the command is given, below its folder. */
  readonly cwd?: string;
}

export interface Told {
  readonly code: number;
  readonly document: Document;
  readonly check: (id: string) => CheckResult;
}

/** Examines one patient from beginning to end. */
export async function examined(patient: Patient): Promise<Told> {
  const { folder } = await world();
  const google = await startTenant(folder, patient.tenant);
  try {
    return await examineIn(folder, google, patient);
  } finally {
    await google.close();
  }
}

async function examineIn(folder: string, google: RunningEmulator, patient: Patient): Promise<Told> {
  await patient.breaks?.(google, folder);
  const cwd = join(folder, patient.cwd ?? "");
  await mkdir(cwd, { recursive: true });
  const made = await world({
    folder: cwd,
    ...(patient.env === undefined ? {} : { env: patient.env }),
    ...(patient.clock === undefined ? {} : { clock: patient.clock }),
  });
  const usual = {
    endpoint: patient.endpoint?.(google.url) ?? google.url,
    key: join(folder, "key.json"),
    admin: patient.admin ?? google.admin,
    color: false,
    json: true,
  };
  const given = Object.entries({ ...usual, ...patient.flags }).filter(([, value]) => value !== undefined);
  const flags = Object.fromEntries(given) as unknown as DoctorFlags;
  const code = await diagnose(made.context, parse(patient.runs ?? [], flags), { ...machine, ...patient.machine });
  const document = JSON.parse(made.out()) as Document;
  const check = (id: string): CheckResult => {
    const found = document.checks.find((each) => each.id === id);
    if (found === undefined) throw new Error(`no check ${id} in ${document.checks.map((each) => each.id).join(", ")}`);
    return found;
  };
  return { code, document, check };
}
