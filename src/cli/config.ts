/** Settings and where they come from: flag, then environment, then `handover.yaml` here, then the user's own file. */
import { readFile, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { z } from "zod";
import { parseEndpoint } from "../google/route.ts";
import type { Email } from "../model/email.ts";
import { parseEmail } from "../model/email.ts";
import { UsageError } from "../model/errors.ts";
import { printable } from "../model/text.ts";
import { shellWord } from "../report/words.ts";
import type { Context } from "./context.ts";
import type { GoogleFlags } from "./flags.ts";
import { trustedOwners } from "./key-file.ts";
import { parseRate } from "./units.ts";

/** What a verb that talks to Google needs. Rates are calls per second. */
export interface Settings {
  /** Undefined: Google itself. */
  readonly endpoint: string | undefined;
  readonly auth: AuthSettings;
  readonly admin: Email;
  readonly rate: number | undefined;
  /** For one user acted as. */
  readonly actorRate: number | undefined;
  readonly logFile: string | undefined;
}

/** How to prove who is calling. */
export interface AuthSettings {
  /** `key`: a service account's key file, with domain-wide delegation. */
  readonly mode: "key";
  /** A path, or `-` for stdin. */
  readonly keyFile: string;
}

type SettingName = "endpoint" | "key" | "admin" | "rate" | "actor_rate" | "log_file";

/** A value with the place that set it, as people would look for it. */
interface Found {
  readonly value: string;
  readonly from: string;
  /** Paths in it are relative to this folder. */
  readonly folder: string;
}

type FileSettings = { readonly [name in SettingName]?: string | number | undefined };

/** Loaded only when there is a settings file: the schema library takes longer to load than the rest of a verb. */
async function fileShape(): Promise<z.ZodType<FileSettings>> {
  const { z } = await import("zod");
  const text = z.string().min(1).optional();
  const rate = z.union([z.number().positive(), z.string().min(1)]).optional();
  return z.strictObject({ endpoint: text, key: text, admin: text, rate, actor_rate: rate, log_file: text });
}

const settingNames: readonly SettingName[] = ["endpoint", "key", "admin", "rate", "actor_rate", "log_file"];
const fileBytesMax = 64 * 1024;

/** All problems at once, as one `UsageError`. */
export async function resolveSettings(context: Context, flags: GoogleFlags): Promise<Settings> {
  const problems: string[] = [];
  const layers = [
    ofFlags(context, flags),
    ofEnvironment(context),
    await ofFile(join(context.cwd, "handover.yaml"), "handover.yaml", context, problems),
    await ofUserFile(context, problems),
  ];
  const find = (name: SettingName): Found | undefined => layers.find((layer) => layer.has(name))?.get(name);

  const endpoint = readEndpoint(find("endpoint"), problems);
  const admin = readAdmin(find("admin"), problems);
  const key = find("key");
  if (key === undefined) {
    problems.push("no service-account key is given: use --key FILE, HANDOVER_KEY, or key: in handover.yaml");
  }
  const rate = readRate(find("rate"), problems);
  const actorRate = readRate(find("actor_rate"), problems);
  if (problems.length > 0 || key === undefined || admin === undefined) throw configError(problems);
  return {
    endpoint,
    admin,
    rate,
    actorRate,
    auth: { mode: "key", keyFile: key.value === "-" ? "-" : resolve(key.folder, key.value) },
    logFile: pathOf(find("log_file")),
  };
}

function configError(problems: readonly string[]): UsageError {
  const [only] = problems;
  return new UsageError(
    problems.length === 1 && only !== undefined
      ? only
      : `${problems.length} settings are wrong or missing: ${problems.map((each, index) => `(${index + 1}) ${each}`).join("; ")}`,
    "handover help settings lists every setting and where it can stand",
  );
}

function ofFlags(context: Context, flags: GoogleFlags): ReadonlyMap<SettingName, Found> {
  const layer = new Map<SettingName, Found>();
  const put = (name: SettingName, flag: string, value: string | undefined): void => {
    if (value !== undefined) layer.set(name, { value, from: flag, folder: context.cwd });
  };
  put("endpoint", "--endpoint", flags.endpoint);
  put("key", "--key", flags.key);
  put("admin", "--admin", flags.admin);
  put("rate", "--rate", flags.rate?.toString());
  put("actor_rate", "--actor-rate", flags.actorRate?.toString());
  put("log_file", "--log-file", flags.logFile);
  return layer;
}

function ofEnvironment(context: Context): ReadonlyMap<SettingName, Found> {
  const layer = new Map<SettingName, Found>();
  const names: readonly (readonly [SettingName, string])[] = [
    ["endpoint", "HANDOVER_ENDPOINT"],
    ["key", "HANDOVER_KEY"],
    ["admin", "HANDOVER_ADMIN"],
    ["rate", "HANDOVER_RATE"],
    ["actor_rate", "HANDOVER_ACTOR_RATE"],
    ["log_file", "HANDOVER_LOG_FILE"],
  ];
  for (const [name, variable] of names) {
    const value = context.env[variable];
    if (value !== undefined && value !== "") layer.set(name, { value, from: variable, folder: context.cwd });
  }
  return layer;
}

async function ofUserFile(context: Context, problems: string[]): Promise<ReadonlyMap<SettingName, Found>> {
  const base = context.env["XDG_CONFIG_HOME"] || join(context.home, ".config");
  const path = join(base, "handover", "config.yaml");
  return ofFile(path, path, context, problems);
}

/** An empty layer when there is no such file. A file that somebody else can write decides where keys are used: refused. */
async function ofFile(
  path: string,
  shown: string,
  context: Context,
  problems: string[],
): Promise<ReadonlyMap<SettingName, Found>> {
  const layer = new Map<SettingName, Found>();
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) return layer;
  if (!stats.isFile() || stats.size > fileBytesMax) {
    problems.push(`${shown}: is not a settings file; remove it or write endpoint:, key: and admin: in it`);
    return layer;
  }
  if (context.uid !== undefined && !trustedOwners(context).has(stats.uid)) {
    problems.push(`${shown}: belongs to another user, who could redirect your key; make a copy of your own`);
    return layer;
  }
  if (context.uid !== undefined && (stats.mode & 0o002) !== 0) {
    problems.push(`${shown}: can be changed by everybody, who could redirect your key; chmod o-w ${shellWord(path)}`);
    return layer;
  }
  const text = await readFile(path, "utf8");
  try {
    await readYaml(text, shown, dirname(path), layer, problems);
  } catch (error) {
    // What the library throws instead of telling: an alias of nothing or of too much, and nesting beyond its stack.
    if (!(error instanceof ReferenceError || error instanceof RangeError)) throw error;
    problems.push(`${shown}: is not YAML as settings may use it: ${printable(error.message)}`);
  }
  return layer;
}

async function readYaml(
  text: string,
  shown: string,
  folder: string,
  layer: Map<SettingName, Found>,
  problems: string[],
): Promise<void> {
  const { LineCounter, parseDocument, isMap, isScalar } = await import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false, merge: false });
  const at = (offset: number | undefined): string => {
    const { line, col } = lines.linePos(offset ?? 0);
    return `${shown}:${line}:${col}`;
  };
  for (const error of document.errors.slice(0, 10)) problems.push(`${at(error.pos[0])}: ${printable(error.message)}`);
  if (document.errors.length > 0 || document.contents === null) return;
  const root = document.contents;
  if (!isMap(root)) {
    problems.push(`${at(root.range?.[0])}: write settings as "name: value", such as "admin: admin@acme.example"`);
    return;
  }
  const placeOf = (name: string): string => {
    const pair = root.items.find((item) => isScalar(item.key) && item.key.value === name);
    return at(isScalar(pair?.key) ? pair.key.range?.[0] : undefined);
  };
  const parsed = (await fileShape()).safeParse(document.toJS({ maxAliasCount: 10 }));
  if (parsed.success) {
    for (const name of settingNames) {
      const value = parsed.data[name];
      if (value !== undefined) layer.set(name, { value: String(value), from: placeOf(name), folder });
    }
    return;
  }
  for (const issue of parsed.error.issues) {
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) {
        problems.push(
          `${placeOf(key)}: there is no setting ${JSON.stringify(printable(key))}; known are ${settingNames.join(", ")}`,
        );
      }
    } else {
      const name = String(issue.path[0]);
      problems.push(
        `${placeOf(name)}: ${name} must be ${name.endsWith("rate") ? "a number above 0, or such as 480/m" : "text"}`,
      );
    }
  }
}

function readEndpoint(found: Found | undefined, problems: string[]): string | undefined {
  if (found === undefined) return undefined;
  try {
    parseEndpoint(found.value);
    return found.value;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    problems.push(`${found.from}: ${error.message}; ${error.remedy}`);
    return undefined;
  }
}

function readAdmin(found: Found | undefined, problems: string[]): Email | undefined {
  if (found === undefined) {
    problems.push("no administrator is given: use --admin EMAIL, HANDOVER_ADMIN, or admin: in handover.yaml");
    return undefined;
  }
  const parsed = parseEmail(found.value);
  if (parsed.ok) return parsed.value;
  problems.push(`${found.from}: ${parsed.problem}; ${parsed.remedy}`);
  return undefined;
}

function readRate(found: Found | undefined, problems: string[]): number | undefined {
  if (found === undefined) return undefined;
  const perSecond = parseRate(found.value);
  if (perSecond === undefined) {
    problems.push(
      `${found.from}: ${JSON.stringify(printable(found.value))} is not a rate; write such as 8, 8/s or 480/m`,
    );
  }
  return perSecond;
}

function pathOf(found: Found | undefined): string | undefined {
  return found === undefined ? undefined : resolve(found.folder, found.value);
}
