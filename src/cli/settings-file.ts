/** One settings file, `handover.yaml` or the user's own: what it sets, for everybody and in each profile, and where. */
import { readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type * as Yaml from "yaml";
import type { Document, YAMLMap } from "yaml";
import type { z } from "zod";
import { placeText } from "../model/diagnostic.ts";
import type { Place } from "../model/diagnostic.ts";
import { printable } from "../model/text.ts";
import { shellWord } from "../report/words.ts";
import type { Context } from "./context.ts";
import { guardKeys, guardSettingsShape, noGuards, readGuardSettings } from "./guard-settings.ts";
import type { GuardSettings } from "./guard-settings.ts";
import { trustedOwners } from "./key-file.ts";

/** Those that may also stand inside `auth:`. */
const authNames = ["key", "service_account", "credentials", "oauth_client", "token_command", "token_actor"] as const;

export type SettingName =
  | "endpoint"
  | "proxy"
  | "auth"
  | (typeof authNames)[number]
  | "admin"
  | "rate"
  | "actor_rate"
  | "log_file"
  | "journal"
  | "journal_schema"
  | "tenant";

export const settingNames: readonly SettingName[] = [
  "endpoint",
  "proxy",
  "auth",
  ...authNames,
  "admin",
  "rate",
  "actor_rate",
  "log_file",
  "journal",
  "journal_schema",
  "tenant",
];

/** A value with the place that set it, as people would look for it. */
export interface Found {
  readonly value: string;
  /** The words of a command that was given as a list; its `value` is them joined. */
  readonly words?: readonly string[] | undefined;
  readonly from: string;
  /** Paths in it are relative to this folder. */
  readonly folder: string;
}

/** What one place sets. */
export type Layer = ReadonlyMap<SettingName, Found>;

/** One mapping of a settings file: a profile, or what stands outside of all. */
export interface Part {
  readonly layer: Layer;
  readonly guards: GuardSettings;
}

export interface SettingsFile {
  /** The profile to use where nobody names one. */
  readonly profile: Found | undefined;
  readonly profiles: ReadonlyMap<string, Part>;
  /** What holds in every profile that does not say otherwise. */
  readonly common: Part;
}

export const emptyPart: Part = { layer: new Map(), guards: noGuards };
const emptyFile: SettingsFile = { profile: undefined, profiles: new Map(), common: emptyPart };

const fileBytesMax = 64 * 1024;
const profileName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** An empty one when there is no such file. A file that somebody else can write decides where keys are used: refused. */
export async function readSettingsFile(
  path: string,
  shown: string,
  context: Context,
  problems: string[],
): Promise<SettingsFile> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) return emptyFile;
  if (!stats.isFile() || stats.size > fileBytesMax) {
    problems.push(`${shown}: is not a settings file; remove it or write endpoint:, key: and admin: in it`);
    return emptyFile;
  }
  if (context.uid !== undefined && !trustedOwners(context).has(stats.uid)) {
    problems.push(`${shown}: belongs to another user, who could redirect your key; make a copy of your own`);
    return emptyFile;
  }
  if (context.uid !== undefined && (stats.mode & 0o002) !== 0) {
    problems.push(`${shown}: can be changed by everybody, who could redirect your key; chmod o-w ${shellWord(path)}`);
    return emptyFile;
  }
  const text = await readFile(path, "utf8");
  try {
    const file = await readYaml(text, shown, dirname(path), problems);
    if (context.uid !== undefined && (stats.mode & 0o020) !== 0) refuseSharedCommands(file, path, problems);
    return file;
  } catch (error) {
    // What the library throws instead of telling: an alias of nothing or of too much, and nesting beyond its stack.
    if (!(error instanceof ReferenceError || error instanceof RangeError)) throw error;
    problems.push(`${shown}: is not YAML as settings may use it: ${printable(error.message)}`);
    return emptyFile;
  }
}

/** Whoever can write a command into the file can have anything done by whoever uses it. */
function refuseSharedCommands(file: SettingsFile, path: string, problems: string[]): void {
  for (const { layer } of [file.common, ...file.profiles.values()]) {
    const command = layer.get("token_command");
    if (command === undefined) continue;
    problems.push(
      `${command.from}: names a command in a file that your group can change; chmod g-w ${shellWord(path)}`,
    );
  }
}

async function readYaml(text: string, shown: string, folder: string, problems: string[]): Promise<SettingsFile> {
  const yaml = await import("yaml");
  const { LineCounter, parseDocument, isMap } = yaml;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false, merge: false });
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file: shown, line, column: col };
  };
  const at = (offset: number | undefined): string => placeText(placeOf(offset ?? 0));
  for (const error of document.errors.slice(0, 10)) problems.push(`${at(error.pos[0])}: ${printable(error.message)}`);
  if (document.errors.length > 0 || document.contents === null) return emptyFile;
  const root = document.contents;
  if (!isMap(root)) {
    problems.push(`${at(root.range?.[0])}: write settings as "name: value", such as "admin: admin@acme.example"`);
    return emptyFile;
  }
  // Refuses what multiplies itself, before anything of it is looked at.
  document.toJS({ maxAliasCount: 10 });
  return new Reading({ yaml, document, placeOf, folder, problems, shapes: await shapes() }).file(root);
}

type Command = string | readonly string[];
type Text = string | number | undefined;
type AuthFields = { readonly [name in (typeof authNames)[number]]?: Command | undefined };
type Fields = {
  readonly [name in SettingName]?: Text | Command | (AuthFields & { readonly mode?: string | undefined });
};

interface Shapes {
  readonly common: z.ZodType<Fields & { readonly profile?: string | undefined }>;
  readonly profile: z.ZodType<Fields>;
}

/** Loaded only when there is a settings file: the schema library takes longer to load than the rest of a verb. */
async function shapes(): Promise<Shapes> {
  const { z } = await import("zod");
  const text = z.string({ error: "must be text" }).min(1, { error: "must be text" }).optional();
  const rateError = "must be a number above 0, or such as 480/m";
  const rate = z.union([z.number().positive(), z.string().min(1)], { error: rateError }).optional();
  const commandError = 'must be a command, such as [ "gcloud", "auth", "print-access-token" ]';
  const word = z.string({ error: commandError }).min(1, { error: commandError });
  const words = z.array(word, { error: commandError }).min(1, { error: commandError });
  const command = z.union([word, words], { error: commandError }).optional();
  const auth = {
    key: text,
    service_account: text,
    credentials: text,
    oauth_client: text,
    token_command: command,
    token_actor: text,
  };
  const kept = { journal: text, journal_schema: text, tenant: text };
  const fields = { endpoint: text, proxy: text, ...auth, admin: text, rate, actor_rate: rate, log_file: text, ...kept };
  const authMap = z.strictObject({ mode: text, ...auth });
  // Told apart here, so that a fault inside the mapping is told with its own place.
  const authShape = (value: unknown): unknown => (typeof value === "string" ? { mode: value } : value);
  const profile = { ...fields, auth: z.preprocess(authShape, authMap).optional(), ...(await guardSettingsShape()) };
  return {
    profile: z.strictObject(profile),
    common: z.strictObject({ ...profile, profile: text, profiles: z.unknown().optional() }),
  };
}

type Path = readonly (string | number)[];

interface Ground {
  readonly yaml: typeof Yaml;
  readonly document: Document;
  /** The place of an offset into the text. */
  readonly placeOf: (offset: number) => Place;
  readonly folder: string;
  readonly problems: string[];
  readonly shapes: Shapes;
}

class Reading {
  readonly #ground: Ground;
  readonly #problems: string[];

  constructor(ground: Ground) {
    this.#ground = ground;
    this.#problems = ground.problems;
  }

  async file(root: YAMLMap): Promise<SettingsFile> {
    const fields = this.#checked(root, this.#ground.shapes.common, "", [...settingsShown, "profile", "profiles"]);
    const common = await this.#part(root, fields);
    const profiles = await this.#profiles(root);
    const profile = fields?.profile;
    const chosen = profile === undefined ? undefined : this.#found(root, ["profile"], profile);
    return { profile: chosen, profiles, common };
  }

  async #part(map: YAMLMap, fields: Fields | undefined): Promise<Part> {
    const { placeOf, folder } = this.#ground;
    const guards = await readGuardSettings(map, placeOf, folder, this.#problems);
    return { layer: fields === undefined ? new Map() : this.#layer(map, fields), guards };
  }

  async #profiles(root: YAMLMap): Promise<ReadonlyMap<string, Part>> {
    const profiles = new Map<string, Part>();
    const map = this.#mapIn(root, "profiles");
    if (map === undefined) {
      if (root.has("profiles")) {
        this.#problems.push(
          `${this.#placeOf(root, ["profiles"])}: profiles must be names with settings under them, such as acme: { admin: admin@acme.example }`,
        );
      }
      return profiles;
    }
    for (const { key } of map.items) {
      const name = this.#nameOf(key);
      const place = this.#placeOf(map, [name]);
      const fields = this.#mapIn(map, name);
      if (!profileName.test(name)) {
        this.#problems.push(
          `${place}: ${JSON.stringify(printable(name))} is not a name for a profile; write letters, digits, ".", "_" and "-"`,
        );
      } else if (fields === undefined) {
        this.#problems.push(`${place}: the profile ${name} must hold settings, such as { admin: admin@acme.example }`);
      } else {
        const { profile } = this.#ground.shapes;
        profiles.set(
          name,
          await this.#part(fields, this.#checked(fields, profile, ` in the profile ${name}`, settingsShown)),
        );
      }
    }
    return profiles;
  }

  #layer(map: YAMLMap, fields: Fields): Layer {
    const layer = new Map<SettingName, Found>();
    const put = (name: SettingName, path: Path, value: Text | Command): void => {
      if (value === undefined) return;
      const found = this.#found(map, path, value);
      const earlier = layer.get(name);
      if (earlier === undefined) layer.set(name, found);
      else this.#problems.push(`${found.from}: ${name} is given already at ${earlier.from}; leave one of them out`);
    };
    for (const name of settingNames) {
      const value = fields[name];
      if (typeof value !== "object" || Array.isArray(value)) put(name, [name], value as Text | Command);
    }
    const { auth } = fields;
    if (typeof auth !== "object" || Array.isArray(auth)) return layer;
    const inside = auth as Exclude<typeof auth, readonly string[]>;
    put("auth", ["auth", "mode"], inside.mode);
    for (const name of authNames) put(name, ["auth", name], inside[name]);
    return layer;
  }

  #found(map: YAMLMap, path: Path, value: NonNullable<Text | Command>): Found {
    const words = typeof value === "object" ? value : undefined;
    return {
      value: typeof value === "object" ? value.join(" ") : String(value),
      words,
      from: this.#placeOf(map, path),
      folder: this.#ground.folder,
    };
  }

  #checked<T>(map: YAMLMap, shape: z.ZodType<T>, where: string, known: readonly string[]): T | undefined {
    const parsed = shape.safeParse(this.#plain(map));
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues) {
      const path = issue.path.filter((step) => typeof step !== "symbol");
      const inAuth = path.length > 0;
      if (issue.code === "unrecognized_keys") {
        for (const key of issue.keys) {
          const names = inAuth ? ["mode", ...authNames] : known;
          const place = this.#placeOf(map, [...path, key]);
          const inside = inAuth ? `${where} under ${path.join(".")}` : where;
          this.#problems.push(
            `${place}: there is no setting ${JSON.stringify(printable(key))}${inside}; known are ${names.join(", ")}`,
          );
        }
      } else {
        const wanted = issue.path.length === 1 && path[0] === "auth" ? authWanted : issue.message;
        this.#problems.push(`${this.#placeOf(map, path)}: ${path.join(".")} ${wanted}`);
      }
    }
    return undefined;
  }

  #plain(map: YAMLMap): unknown {
    return map.toJS(this.#ground.document, { maxAliasCount: 10 });
  }

  #mapIn(map: YAMLMap, name: string): YAMLMap | undefined {
    const { isAlias, isMap } = this.#ground.yaml;
    const value = map.items.find(({ key }) => this.#nameOf(key) === name)?.value;
    const node = isAlias(value) ? value.resolve(this.#ground.document) : value;
    return isMap(node) ? node : undefined;
  }

  /** Of the name that `path` leads to, or of the nearest one that is there. */
  #placeOf(map: YAMLMap, path: Path): string {
    const { isNode } = this.#ground.yaml;
    const [name, ...rest] = path.map(String);
    const key = map.items.find((item) => this.#nameOf(item.key) === name)?.key;
    const inside = name === undefined || rest.length === 0 ? undefined : this.#mapIn(map, name);
    if (inside?.items.some((item) => this.#nameOf(item.key) === rest[0]) === true) return this.#placeOf(inside, rest);
    return placeText(this.#ground.placeOf((isNode(key) ? key : map).range?.[0] ?? 0));
  }

  #nameOf(key: unknown): string {
    return this.#ground.yaml.isScalar(key) ? String(key.value) : "";
  }
}

const authWanted = "must be key, keyless, oauth or token, or settings such as { mode: keyless }";
const settingsShown = [...settingNames, ...guardKeys];
