/** The options several verbs share, and how their values are read. */
import { InvalidArgumentError } from "commander";
import type { Command } from "commander";
import { concurrencyMax } from "./control-words.ts";
import { parseDuration, parseRate } from "./units.ts";

export interface CommonFlags {
  readonly color: boolean;
}

export interface GoogleFlags extends CommonFlags {
  readonly profile?: string;
  readonly endpoint?: string;
  readonly proxy?: string;
  readonly auth?: string;
  readonly key?: string;
  readonly serviceAccount?: string;
  readonly oauthClient?: string;
  readonly tokenCommand?: string;
  readonly admin?: string;
  readonly rate?: number;
  readonly actorRate?: number;
  readonly logFile?: string;
}

/** Where runs are kept when not in files. */
export interface JournalFlags {
  readonly journal?: string;
  readonly journalSchema?: string;
  readonly tenant?: string;
}

export function addJournalOptions(command: Command): Command {
  return command
    .option("--journal <url>", "runs are kept in this PostgreSQL: postgres://user@host/database [HANDOVER_JOURNAL]")
    .option("--journal-schema <name>", "the schema of its tables there (default handover) [HANDOVER_JOURNAL_SCHEMA]")
    .option("--tenant <name>", 'whose runs, where several share it (default "default") [HANDOVER_TENANT]');
}

export function addGoogleOptions(command: Command): Command {
  return command
    .option("--key <file>", "service-account key with domain-wide delegation; - reads it from stdin [HANDOVER_KEY]")
    .option(
      "--service-account <email>",
      "without a key: your own credentials have this account sign [HANDOVER_SERVICE_ACCOUNT]",
    )
    .option("--oauth-client <file>", "as the person who signed in: handover help auth [HANDOVER_OAUTH_CLIENT]")
    .option("--token-command <command>", "ask this command for access tokens [HANDOVER_TOKEN_COMMAND]")
    .option("--auth <mode>", "key, keyless, oauth or token, where several are set [HANDOVER_AUTH]")
    .option("--profile <name>", "the settings of this profile in handover.yaml [HANDOVER_PROFILE]")
    .option("--admin <email>", "administrator to act as for Directory and Data Transfer [HANDOVER_ADMIN]")
    .option("--endpoint <url>", "talk to this address instead of Google: an emulator [HANDOVER_ENDPOINT]")
    .option("--proxy <url>", "reach Google through this HTTP proxy [HANDOVER_PROXY]")
    .option("--rate <n>", "calls per second at most, such as 8, 8/s or 480/m [HANDOVER_RATE]", rate)
    .option("--actor-rate <n>", "calls per second as one user at most [HANDOVER_ACTOR_RATE]", rate)
    .option("--log-file <file>", "append one JSON line per call and event to this file [HANDOVER_LOG_FILE]");
}

/** A whole number of at least 1. */
export function count(text: string): number {
  return whole(text, 1);
}

/** A whole number of at least 0. */
export function countOrNone(text: string): number {
  return whole(text, 0);
}

/** How many at once; as many as ctl permits. */
export function atOnce(text: string): number {
  const value = whole(text, 1);
  if (value > concurrencyMax) throw new InvalidArgumentError(`write a whole number from 1 to ${concurrencyMax}`);
  return value;
}

function whole(text: string, min: number): number {
  const value = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min)) throw new InvalidArgumentError(`write a whole number of at least ${min}, in 12 digits at most`);
  return value;
}

/** A TCP port; 0 takes a free one. */
export function port(text: string): number {
  const value = whole(text, 0);
  if (value > 65_535) throw new InvalidArgumentError("write a port from 0 to 65535");
  return value;
}

/** Calls per second. */
export function rate(text: string): number {
  const perSecond = parseRate(text);
  if (perSecond === undefined) throw new InvalidArgumentError("write calls per second, such as 8, 8/s or 480/m");
  return perSecond;
}

/** Milliseconds. */
export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError("write a duration with its unit, such as 90s, 15m or 1h30m");
  return ms;
}

/** For options that may be given several times, or once with commas. */
export function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), ...text.split(",").filter((part) => part !== "")];
}

/** For options that may be given several times, and whose values may hold commas. */
export function collectWhole(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}
