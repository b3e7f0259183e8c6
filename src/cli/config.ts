/** Settings and where they come from: flag, then environment, then profile, then `handover.yaml` here, then the user's own file. */
import { join, resolve } from "node:path";
import { parseEndpoint } from "../google/route.ts";
import type { Email } from "../model/email.ts";
import { parseEmail } from "../model/email.ts";
import { UsageError } from "../model/errors.ts";
import { printable } from "../model/text.ts";
import { readAuth } from "./auth-settings.ts";
import type { AuthSettings } from "./auth-settings.ts";
import type { Context } from "./context.ts";
import type { GoogleFlags, JournalFlags } from "./flags.ts";
import { strictestGuards } from "./guard-settings.ts";
import type { GuardSettings } from "./guard-settings.ts";
import { emptyPart, readSettingsFile, settingNames } from "./settings-file.ts";
import type { Found, Layer, Part, SettingName, SettingsFile } from "./settings-file.ts";
import { parseRate } from "./units.ts";

/** What a verb that talks to Google needs. Rates are calls per second. */
export interface Settings {
  /** Undefined: Google itself. */
  readonly endpoint: string | undefined;
  /** The address of an HTTP proxy; undefined: none. It may hold a password, and is never shown. */
  readonly proxy: string | undefined;
  readonly auth: AuthSettings;
  /** Acted as for Directory and Data Transfer. */
  readonly admin: Email;
  /** The one user who can be acted as, where the credentials are a person's; undefined: any of the tenant. */
  readonly onlyActor: Email | undefined;
  readonly rate: number | undefined;
  /** For one user acted as. */
  readonly actorRate: number | undefined;
  readonly logFile: string | undefined;
  /** The profile in use, where there is one. */
  readonly profile: Chosen | undefined;
  /** The strictest of what the profile and its file say. */
  readonly guards: GuardSettings;
  /** Where each setting that has been given comes from: a flag, a variable, or `file:line:column`. */
  readonly from: ReadonlyMap<SettingName, string>;
}

/** Settings of a verb that does without an administrator, or finds out who that is. */
export interface AccessSettings extends Omit<Settings, "admin" | "onlyActor"> {
  readonly admin: Email | undefined;
}

interface Chosen {
  readonly name: string;
  readonly from: string;
}

/** All problems at once, as one `UsageError`; where nobody has signed in yet, an `ApiError`. */
export async function resolveSettings(context: Context, flags: GoogleFlags): Promise<Settings> {
  const settings = await resolveAccess(context, flags, "needs-admin");
  const onlyActor = await onlyPerson(context, settings);
  const admin = settings.admin ?? onlyActor;
  if (admin === undefined) throw configError([noAdmin]);
  if (onlyActor === undefined || admin === onlyActor) return { ...settings, admin, onlyActor };
  throw new UsageError(
    `${settings.from.get("admin") ?? "admin"}: ${admin} cannot be acted as: these credentials are ${onlyActor}'s, and nobody else's`,
    "leave the administrator out, or authenticate by a service account that may act as others",
  );
}

/** The same for a verb that is about authentication itself, where an administrator may be missing. */
export async function resolveAccess(
  context: Context,
  flags: GoogleFlags,
  need: "needs-admin" | "" = "",
): Promise<AccessSettings> {
  const problems: string[] = [];
  const { layers, profile, guards } = await layersOf(context, flags, problems);
  const find = (name: SettingName): Found | undefined => layers.find((layer) => layer.has(name))?.get(name);
  const ofAuth: string[] = [];
  const auth = readAuth(layers, profile?.name, ofAuth);

  const endpoint = readEndpoint(find("endpoint"), problems);
  const proxy = readProxy(find("proxy"), problems);
  const admin = readAdmin(find("admin"), problems);
  const isPersonal = auth?.mode === "oauth" || (auth?.mode === "token" && auth.actor !== undefined);
  if (need !== "" && !isPersonal && find("admin") === undefined) problems.push(noAdmin);
  problems.push(...ofAuth);
  const rate = readRate(find("rate"), problems);
  const actorRate = readRate(find("actor_rate"), problems);
  if (problems.length > 0 || auth === undefined) throw configError(problems);
  const logFile = pathOf(find("log_file"));
  const given = settingNames.flatMap((name) => {
    const found = find(name);
    return found === undefined ? [] : [[name, found.from] as const];
  });
  return { endpoint, proxy, auth, admin, rate, actorRate, logFile, profile, guards, from: new Map(given) };
}

const noAdmin = "no administrator is given: use --admin EMAIL, HANDOVER_ADMIN, or admin: in handover.yaml";

/** The one person whom these credentials are, where they are a person's. */
async function onlyPerson(context: Context, { auth, endpoint }: AccessSettings): Promise<Email | undefined> {
  if (auth.mode === "token") return auth.actor;
  if (auth.mode !== "oauth") return undefined;
  const { signedInPerson } = await import("./sign-in-store.ts");
  return signedInPerson(context, auth, endpoint);
}

/** Only what settings say of guards, for a verb that needs no credentials. */
export async function resolveGuards(context: Context, flags: GoogleFlags): Promise<GuardSettings> {
  const problems: string[] = [];
  const { guards } = await layersOf(context, flags, problems);
  if (problems.length > 0) throw configError(problems);
  return guards;
}

/** Only what settings say of where runs are kept. */
export async function resolveJournal(
  context: Context,
  flags: JournalFlags & Pick<GoogleFlags, "profile">,
): Promise<
  { readonly url: Found; readonly schema: Found | undefined; readonly tenant: Found | undefined } | undefined
> {
  const problems: string[] = [];
  const { layers } = await layersOf(context, { color: true, ...flags }, problems);
  if (problems.length > 0) throw configError(problems);
  const find = (name: SettingName): Found | undefined => layers.find((layer) => layer.has(name))?.get(name);
  const url = find("journal");
  return url === undefined ? undefined : { url, schema: find("journal_schema"), tenant: find("tenant") };
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

/** Every place that can set something, in the order in which they count. */
async function layersOf(
  context: Context,
  flags: GoogleFlags & JournalFlags,
  problems: string[],
): Promise<{
  readonly layers: readonly Layer[];
  readonly profile: Chosen | undefined;
  readonly guards: GuardSettings;
}> {
  const base = context.env["XDG_CONFIG_HOME"] || join(context.home, ".config");
  const userPath = join(base, "handover", "config.yaml");
  const here = await readSettingsFile(join(context.cwd, "handover.yaml"), "handover.yaml", context, problems);
  const user = await readSettingsFile(userPath, userPath, context, problems);
  const profile = chosenProfile(context, flags, here, user);
  const profileOf = (file: SettingsFile): Part => file.profiles.get(profile?.name ?? "") ?? emptyPart;
  if (profile !== undefined && !here.profiles.has(profile.name) && !user.profiles.has(profile.name)) {
    const known = [...new Set([...here.profiles.keys(), ...user.profiles.keys()])];
    const exist = known.length === 0 ? "none is written in handover.yaml" : `there are ${known.join(", ")}`;
    problems.push(`${profile.from}: there is no profile ${JSON.stringify(printable(profile.name))}; ${exist}`);
    // What else is missing is perhaps in the profile that was meant.
    throw configError(problems);
  }
  const parts = [profileOf(here), here.common, profileOf(user), user.common];
  return {
    profile,
    layers: [ofFlags(context, flags), ofEnvironment(context), ...parts.map(({ layer }) => layer)],
    guards: parts.map((part) => part.guards).reduce(strictestGuards),
  };
}

function chosenProfile(
  context: Context,
  flags: GoogleFlags,
  here: SettingsFile,
  user: SettingsFile,
): Chosen | undefined {
  if (flags.profile !== undefined) return { name: flags.profile, from: "--profile" };
  const named = context.env["HANDOVER_PROFILE"];
  if (named !== undefined && named !== "") return { name: named, from: "HANDOVER_PROFILE" };
  const found = here.profile ?? user.profile;
  return found === undefined ? undefined : { name: found.value, from: found.from };
}

function ofFlags(context: Context, flags: GoogleFlags & JournalFlags): Layer {
  const layer = new Map<SettingName, Found>();
  const put = (name: SettingName, flag: string, value: string | undefined): void => {
    if (value !== undefined) layer.set(name, { value, from: flag, folder: context.cwd });
  };
  put("endpoint", "--endpoint", flags.endpoint);
  put("proxy", "--proxy", flags.proxy);
  put("auth", "--auth", flags.auth);
  put("key", "--key", flags.key);
  put("service_account", "--service-account", flags.serviceAccount);
  put("oauth_client", "--oauth-client", flags.oauthClient);
  put("token_command", "--token-command", flags.tokenCommand);
  put("admin", "--admin", flags.admin);
  put("rate", "--rate", flags.rate?.toString());
  put("actor_rate", "--actor-rate", flags.actorRate?.toString());
  put("log_file", "--log-file", flags.logFile);
  put("journal", "--journal", flags.journal);
  put("journal_schema", "--journal-schema", flags.journalSchema);
  put("tenant", "--tenant", flags.tenant);
  return layer;
}

const variables: readonly (readonly [SettingName, string])[] = [
  ["endpoint", "HANDOVER_ENDPOINT"],
  ["proxy", "HANDOVER_PROXY"],
  ["auth", "HANDOVER_AUTH"],
  ["key", "HANDOVER_KEY"],
  ["service_account", "HANDOVER_SERVICE_ACCOUNT"],
  ["oauth_client", "HANDOVER_OAUTH_CLIENT"],
  ["token_command", "HANDOVER_TOKEN_COMMAND"],
  ["token_actor", "HANDOVER_TOKEN_ACTOR"],
  ["admin", "HANDOVER_ADMIN"],
  ["rate", "HANDOVER_RATE"],
  ["actor_rate", "HANDOVER_ACTOR_RATE"],
  ["log_file", "HANDOVER_LOG_FILE"],
  ["journal", "HANDOVER_JOURNAL"],
  ["journal_schema", "HANDOVER_JOURNAL_SCHEMA"],
  ["tenant", "HANDOVER_TENANT"],
];

function ofEnvironment(context: Context): Layer {
  const layer = new Map<SettingName, Found>();
  for (const [name, variable] of variables) {
    const value = context.env[variable];
    if (value !== undefined && value !== "") layer.set(name, { value, from: variable, folder: context.cwd });
  }
  return layer;
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

/** Proxies of the environment at large are not used: whoever sets one may not mean this. */
function readProxy(found: Found | undefined, problems: string[]): string | undefined {
  if (found === undefined) return undefined;
  const { value, from } = found;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.pathname !== "/" || url.search + url.hash !== "") {
    problems.push(`${from}: this is not the address of an HTTP proxy; write such as http://proxy.acme.example:3128`);
    return undefined;
  }
  if (from === "--proxy" && url.username + url.password !== "") {
    problems.push("--proxy: other users of this machine see what an option holds; put the password in HANDOVER_PROXY");
    return undefined;
  }
  return value;
}

function readAdmin(found: Found | undefined, problems: string[]): Email | undefined {
  if (found === undefined) return undefined;
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
