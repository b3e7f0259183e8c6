/** `handover emulator`: the stand-in for Google in a process of its own, until it is told to stop. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import type { TransferPace } from "../emulator/data-transfer.ts";
import { quotasFromText } from "../emulator/quota.ts";
import type { QuotaConfig } from "../emulator/quota.ts";
import { parseFaultRules } from "../emulator/fault-rules.ts";
import type { FaultRule } from "../emulator/fault-rules.ts";
import { allScopes } from "../emulator/front.ts";
import { startEmulator } from "../emulator/start.ts";
import type { World } from "../emulator/world.ts";
import { scopeName, scopeUses } from "../google/scopes.ts";
import { parseDomain } from "../model/email.ts";
import { UsageError } from "../model/errors.ts";
import { counted, printable } from "../model/text.ts";
import { shellWord } from "../report/words.ts";
import type { Context } from "./context.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { collect, count, countOrNone, duration, port } from "./flags.ts";
import type { CommonFlags } from "./flags.ts";
import { print } from "./output.ts";
import { stopOnSignals } from "./signals.ts";

export interface EmulatorFlags extends CommonFlags {
  readonly seed?: number;
  readonly users?: number;
  readonly assets?: number;
  readonly domain?: string;
  readonly port?: number;
  readonly readyFile?: string;
  readonly keyFile?: string;
  readonly oauthClientFile?: string;
  readonly adcFile?: string;
  readonly stateFile?: string;
  readonly snapshot?: string;
  readonly faults?: string;
  readonly switch?: readonly string[];
  readonly grant?: readonly string[];
  readonly quotas?: string;
  readonly transferDuration?: number;
  readonly latency?: number;
}

export interface EmulatorOptions {
  readonly seed: number;
  readonly users: number;
  readonly assets: number;
  readonly domain: string;
  /** 0: any free one. */
  readonly port: number;
  readonly readyFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly oauthClientFile: string | undefined;
  readonly adcFile: string | undefined;
  readonly stateFile: string | undefined;
  /** The tenant of a snapshot instead of a generated one. */
  readonly snapshot: string | undefined;
  readonly faultsFile: string | undefined;
  readonly switches: Readonly<Record<string, string>>;
  /** What stands in the delegation table for the key's client. */
  readonly scopes: readonly string[];
  readonly quotas: QuotaConfig;
  /** Undefined: the emulator's own pace. */
  readonly transferPace: TransferPace | undefined;
  readonly latencyMs: number;
}

export function define(command: Command): void {
  command
    .option("--seed <n>", "the tenant is the same for the same seed (default 1)", countOrNone)
    .option("--users <n>", "people in the tenant (default 200)", count)
    .option("--assets <n>", "reports and data sources (default 5000)", count)
    .option("--domain <name>", "primary domain (default acme.example)")
    .option("--port <n>", "port on 127.0.0.1; 0 takes a free one (default 0)", port)
    .option("--ready-file <file>", "write {url, keyFile, admin, domain, pid} there once it listens")
    .option("--key-file <file>", "where the service-account key is put (default: a temporary folder)")
    .option("--oauth-client-file <file>", "put an OAuth client there, to sign in to: handover auth login")
    .option("--adc-file <file>", "put credentials there as gcloud leaves them, to go without a key")
    .option("--state-file <file>", "load the tenant from there, and save it on leaving")
    .option("--snapshot <file>", "the tenant of this snapshot instead of a made-up one: to rehearse what was planned")
    .option("--faults <file>", "JSON list of fault rules")
    .option("--switch <name=position>", "how an undocumented behaviour goes; may be repeated", collect)
    .option(
      "--grant <scopes>",
      "scopes delegated to the key: by name, all or none (default: those the verbs use)",
      collect,
    )
    .option("--quotas <text>", "off (default), default, or such as project=600,user-writes=60,retry-after=seconds")
    .option(
      "--transfer-duration <time>",
      "until a transfer moves its first asset; each asset takes a hundredth of it",
      duration,
    )
    .option("--latency <ms>", "delay of every answer in milliseconds", countOrNone)
    .addHelpText(
      "after",
      `
Examples:
  handover emulator --seed 7 --users 200 --assets 5000 --port 8321
  handover emulator --snapshot october.snapshot
  handover emulator --grant datastudio.readonly,admin.directory.user.readonly
  handover emulator --port 0 --ready-file emulator.json --faults faults.json --switch etagMismatch=412

It answers only on this machine and speaks Google's paths, so that any client can be pointed at it.
Ctrl-C ends it. src/emulator/README.md lists switches, faults and what it does not imitate.`,
    );
}

export function parse(args: readonly string[], flags: EmulatorFlags): EmulatorOptions {
  if (args.length > 0)
    throw new UsageError("the emulator takes no arguments", "handover help emulator shows its options");
  return {
    seed: flags.seed ?? 1,
    users: flags.users ?? 200,
    assets: flags.assets ?? 5000,
    domain: domainOf(flags.domain ?? "acme.example"),
    port: flags.port ?? 0,
    readyFile: flags.readyFile,
    keyFile: flags.keyFile,
    oauthClientFile: flags.oauthClientFile,
    adcFile: flags.adcFile,
    stateFile: flags.stateFile,
    snapshot: snapshotAlone(flags),
    faultsFile: flags.faults,
    switches: switchPositions(flags.switch ?? []),
    scopes: delegated(flags.grant),
    quotas: quotasFromText(flags.quotas ?? "off"),
    transferPace: transferPace(flags.transferDuration),
    latencyMs: flags.latency ?? 0,
  };
}

function domainOf(text: string): string {
  const parsed = parseDomain(text);
  if (parsed.ok) return parsed.value;
  throw new UsageError(`--domain: ${parsed.problem}`, parsed.remedy);
}

/** `datastudio.readonly` and the whole address of that scope are the same. */
function delegated(given: readonly string[] | undefined): readonly string[] {
  if (given === undefined) return scopeUses.map(({ scope }) => scope);
  if (given.includes("all")) return allScopes;
  const named = given.filter((name) => name !== "none");
  const unknown = named.find((name) => !allScopes.some((scope) => isNamed(scope, name)));
  if (unknown === undefined) return allScopes.filter((scope) => named.some((name) => isNamed(scope, name)));
  throw new UsageError(
    `the emulator knows no scope ${JSON.stringify(printable(unknown))}`,
    `use all, none, or some of: ${allScopes.map(scopeName).join(", ")}`,
  );
}

function isNamed(scope: string, name: string): boolean {
  return scope === name || scopeName(scope) === name;
}

function snapshotAlone(flags: EmulatorFlags): string | undefined {
  const idle = (["users", "assets", "domain"] as const).filter((name) => flags[name] !== undefined);
  if (flags.snapshot === undefined || idle.length === 0) return flags.snapshot;
  throw new UsageError(
    `${idle.map((name) => `--${name}`).join(", ")} would do nothing beside --snapshot`,
    "a snapshot brings its own people and assets: leave one of them out",
  );
}

function transferPace(startMs: number | undefined): TransferPace | undefined {
  return startMs === undefined ? undefined : { startMs, perAssetMs: startMs / 100 };
}

/** Names and positions are judged by the emulator itself. */
function switchPositions(given: readonly string[]): Readonly<Record<string, string>> {
  const positions = new Map<string, string>();
  for (const text of given) {
    const equals = text.indexOf("=");
    if (equals < 1) {
      throw new UsageError(`${JSON.stringify(printable(text))} sets no switch`, "write --switch name=position");
    }
    positions.set(text.slice(0, equals), text.slice(equals + 1));
  }
  return Object.fromEntries(positions);
}

export async function run(context: Context, options: EmulatorOptions): Promise<ExitCode> {
  const at = (file: string | undefined): string | undefined =>
    file === undefined ? undefined : resolve(context.cwd, file);
  const world = options.snapshot === undefined ? undefined : await worldFrom(context, options.snapshot, options.seed);
  const stopping = stopOnSignals(context, undefined);
  const running = await startEmulator({
    clock: context.clock,
    world,
    seed: options.seed,
    users: options.users,
    assets: options.assets,
    domain: options.domain,
    port: options.port,
    readyFile: at(options.readyFile),
    keyFile: at(options.keyFile),
    oauthClientFile: at(options.oauthClientFile),
    adcFile: at(options.adcFile),
    stateFile: at(options.stateFile),
    quotas: options.quotas,
    faults: options.faultsFile === undefined ? [] : await faultRules(resolve(context.cwd, options.faultsFile)),
    switches: options.switches,
    scopes: options.scopes,
    transferPace: options.transferPace,
    latencyMs: options.latencyMs,
  });
  const { directory, assets } = running.emulator.state;
  await print(context.stdout, [
    `Emulator  ${running.url}   tenant ${running.domain}   ${counted(directory.people.size, "user")}, ${counted(assets.size, "asset")}`,
    "",
    "To use it from another shell:",
    `  export HANDOVER_ENDPOINT=${shellWord(running.url)}`,
    `  export HANDOVER_KEY=${shellWord(running.keyFile)}`,
    `  export HANDOVER_ADMIN=${shellWord(running.admin)}`,
    "",
    "Ctrl-C ends it.",
  ]);
  if (!stopping.stop.aborted) {
    await new Promise((resolveStop) => stopping.stop.addEventListener("abort", resolveStop, { once: true }));
  }
  await running.close();
  stopping.dispose();
  return exitCode({ kind: "done" });
}

/** Loaded only where one is given: a made-up tenant needs no database. */
async function worldFrom(context: Context, name: string, seed: number): Promise<World> {
  const { openFinished } = await import("./snapshots.ts");
  const { worldOf } = await import("./emulator-world.ts");
  const { reader, finishedAt } = await openFinished(context, name);
  try {
    return await worldOf(reader, finishedAt, seed);
  } finally {
    await reader.close();
  }
}

async function faultRules(path: string): Promise<readonly FaultRule[]> {
  const shown = printable(path);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "error";
    throw new UsageError(`the fault file ${shown} cannot be read (${code})`, "check --faults");
  }
  try {
    return parseFaultRules(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(`${shown} is not JSON`, "write a list of fault rules");
    throw error;
  }
}
