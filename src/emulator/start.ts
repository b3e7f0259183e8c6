/** Starting an emulator: tenant, service-account key, state file and ready file. The only place here that touches the disk. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import type { Clock } from "../model/clock.ts";
import { UsageError } from "../model/errors.ts";
import { printable } from "../model/text.ts";
import type { TransferPace } from "./data-transfer.ts";
import { Emulator } from "./emulator.ts";
import type { FaultRule } from "./fault-rules.ts";
import { allScopes } from "./front.ts";
import { generateTenant } from "./generate.ts";
import { listen } from "./http.ts";
import type { QuotaConfig } from "./quota.ts";
import { seededRandom } from "./random.ts";
import { scopeRoot } from "./routes.ts";
import type { World } from "./world.ts";

export interface StartOptions {
  readonly clock: Clock;
  /** Seed of the tenant and of every choice of chance; 1 if absent. */
  readonly seed?: number | undefined;
  /** 200 if absent. */
  readonly users?: number | undefined;
  /** 5,000 if absent. */
  readonly assets?: number | undefined;
  /** `acme.example` if absent. */
  readonly domain?: string | undefined;
  /** A tenant made by hand, instead of a generated one. */
  readonly world?: World | undefined;
  /** On 127.0.0.1; 0, and if absent, any free one. */
  readonly port?: number | undefined;
  /** Gets `{url, keyFile, admin, domain, pid}` once it listens. */
  readonly readyFile?: string | undefined;
  /** Where the key is; made if it is not there. If absent, a temporary folder that goes on close. */
  readonly keyFile?: string | undefined;
  /** Gets an OAuth client of type "Desktop app", made if it is not there. If absent, there is none. */
  readonly oauthClientFile?: string | undefined;
  /** Gets Application Default Credentials of the administrator, as gcloud would leave them. If absent, there are none. */
  readonly adcFile?: string | undefined;
  /** Scopes in the delegation table; all the emulator knows if absent. */
  readonly scopes?: readonly string[] | undefined;
  readonly quotas?: QuotaConfig | undefined;
  readonly faults?: readonly FaultRule[] | undefined;
  readonly switches?: Readonly<Record<string, string>> | undefined;
  /** Loaded if it is there, written on close. */
  readonly stateFile?: string | undefined;
  readonly transferPace?: TransferPace | undefined;
  /** Delay of every answer, ms. */
  readonly latencyMs?: number | undefined;
  /** Requests the log keeps; 10,000 if absent. */
  readonly logMax?: number | undefined;
}

export interface RunningEmulator {
  readonly url: string;
  readonly keyFile: string;
  /** An administrator to act as. */
  readonly admin: string;
  readonly domain: string;
  readonly pid: number;
  readonly emulator: Emulator;
  close(): Promise<void>;
}

/** A service-account key file as Google hands it out. */
const keySchema = z.object({
  type: z.literal("service_account"),
  project_id: z.string(),
  private_key_id: z.string(),
  private_key: z.string(),
  client_email: z.string(),
  client_id: z.string(),
  token_uri: z.string(),
});

type KeyFile = z.infer<typeof keySchema>;

/** Starts an emulator on loopback; throws `UsageError` for options or files it cannot use. */
export async function startEmulator(options: StartOptions): Promise<RunningEmulator> {
  const seed = options.seed ?? 1;
  const world = options.world ?? generatedWorld(options, seed);
  const emulator = new Emulator({
    clock: options.clock,
    random: seededRandom(seed ^ 0x0dd5eed),
    world,
    switches: options.switches,
    quotas: options.quotas,
    faults: options.faults,
    transferPace: options.transferPace,
    logMax: options.logMax,
  });
  const saved = options.stateFile === undefined ? undefined : await readIfThere(options.stateFile);
  if (saved !== undefined) importState(emulator, saved, options.stateFile ?? "");
  const keyFolder = options.keyFile === undefined ? await mkdtemp(join(tmpdir(), "handover-emulator-")) : undefined;
  const keyFile = resolve(options.keyFile ?? join(keyFolder ?? "", "key.json"));
  const dropKeyFolder = async (): Promise<void> => {
    if (keyFolder !== undefined) await rm(keyFolder, { recursive: true, force: true });
  };
  try {
    return await begin(emulator, options, keyFile, dropKeyFolder);
  } catch (error) {
    await dropKeyFolder();
    throw error;
  }
}

/** From the key to the first request; `dropKeyFolder` is called once nobody needs the key any more. */
async function begin(
  emulator: Emulator,
  options: StartOptions,
  keyFile: string,
  dropKeyFolder: () => Promise<void>,
): Promise<RunningEmulator> {
  const key = await keyAt(keyFile);
  registerKey(emulator, key, options.scopes ?? allScopes);
  emulator.workloads.machine = {
    email: `machine@${key.project_id}.iam.gserviceaccount.com`,
    projectId: key.project_id,
  };
  await putClients(emulator, options);

  const front = await listen(emulator, {
    port: options.port ?? 0,
    clock: options.clock,
    latencyMs: options.latencyMs ?? 0,
  });
  const ready = { url: front.url, keyFile, admin: adminOf(emulator), domain: emulator.world.domain, pid: process.pid };
  if (options.readyFile !== undefined) await writeWhole(options.readyFile, `${JSON.stringify(ready)}\n`);
  return {
    ...ready,
    emulator,
    close: async () => {
      await front.close();
      if (options.stateFile !== undefined) await writeWhole(options.stateFile, emulator.exportState());
      await dropKeyFolder();
    },
  };
}

function generatedWorld(options: StartOptions, seed: number): World {
  return generateTenant({
    seed,
    users: options.users ?? 200,
    assets: options.assets ?? 5000,
    domain: options.domain,
    now: options.clock.now(),
  });
}

function adminOf(emulator: Emulator): string {
  for (const person of emulator.state.directory.people.values()) {
    if (person.isAdmin && person.deletedAt === undefined && !person.suspended) return person.email;
  }
  return "";
}

async function keyAt(path: string): Promise<KeyFile> {
  const found = await readIfThere(path);
  if (found !== undefined) return parsedFile(path, found, keySchema, "a service-account key");
  const key = newKey();
  await writeWhole(path, `${JSON.stringify(key, null, 2)}\n`);
  return key;
}

function parsedFile<T>(path: string, text: string, schema: z.ZodType<T>, what: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    if (!(cause instanceof z.ZodError || cause instanceof SyntaxError)) throw cause;
    throw new UsageError(`${path} is not ${what}`, "name another file, or one that does not exist yet");
  }
}

function newKey(): KeyFile & Readonly<Record<string, string>> {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const project = "handover-emulator";
  const email = `handover@${project}.iam.gserviceaccount.com`;
  return {
    type: "service_account",
    project_id: project,
    private_key_id: randomBytes(20).toString("hex"),
    private_key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    client_email: email,
    client_id: "104000000000000000001",
    auth_uri: "https://accounts.google.com/o/oauth2/auth",
    token_uri: "https://oauth2.googleapis.com/token",
    auth_provider_x509_cert_url: "https://www.googleapis.com/oauth2/v1/certs",
    client_x509_cert_url: `https://www.googleapis.com/robot/v1/metadata/x509/${encodeURIComponent(email)}`,
    universe_domain: "googleapis.com",
  };
}

function registerKey(emulator: Emulator, key: KeyFile, scopes: readonly string[]): void {
  const privateKey = createPrivateKey(key.private_key);
  emulator.tokens.register({
    clientEmail: key.client_email,
    clientId: key.client_id,
    projectId: key.project_id,
    keyId: key.private_key_id,
    publicKey: createPublicKey(privateKey),
    privateKey,
  });
  emulator.tokens.delegate(key.client_id, scopes);
}

const clientSchema = z.object({
  installed: z.object({ client_id: z.string(), client_secret: z.string(), project_id: z.string() }),
});

/** The client people sign in to, and the one that gcloud brings, each in the file where a program looks for it. */
async function putClients(emulator: Emulator, options: StartOptions): Promise<void> {
  const { oauthClientFile, adcFile } = options;
  if (oauthClientFile !== undefined) {
    const found = await readIfThere(oauthClientFile);
    const { installed } =
      found === undefined ? newClient() : parsedFile(oauthClientFile, found, clientSchema, "a desktop OAuth client");
    const { client_id: clientId, client_secret: clientSecret, project_id: projectId } = installed;
    emulator.oauth.register({ clientId, clientSecret, projectId });
    emulator.tokens.delegate(clientId, options.scopes ?? allScopes);
    if (found === undefined) await writeWhole(oauthClientFile, `${JSON.stringify({ installed }, null, 2)}\n`);
  }
  if (adcFile === undefined) return;
  const clientId = "104000000000-gcloud.apps.googleusercontent.com";
  const clientSecret = `GOCSPX-${randomBytes(21).toString("base64url")}`;
  emulator.oauth.register({ clientId, clientSecret, projectId: "handover-emulator" });
  const refreshToken = emulator.oauth.grant(clientId, adminOf(emulator), [`${scopeRoot}cloud-platform`]);
  const credentials = {
    type: "authorized_user",
    client_id: clientId,
    client_secret: clientSecret,
    refresh_token: refreshToken,
    universe_domain: "googleapis.com",
  };
  await writeWhole(adcFile, `${JSON.stringify(credentials, null, 2)}\n`);
}

function newClient(): z.infer<typeof clientSchema> & { readonly installed: Readonly<Record<string, unknown>> } {
  return {
    installed: {
      client_id: "104000000000-handover.apps.googleusercontent.com",
      project_id: "handover-emulator",
      auth_uri: "https://accounts.google.com/o/oauth2/auth",
      token_uri: "https://oauth2.googleapis.com/token",
      client_secret: `GOCSPX-${randomBytes(21).toString("base64url")}`,
      redirect_uris: ["http://localhost"],
    },
  };
}

/** Throws UsageError, which names the file. */
function importState(emulator: Emulator, saved: string, path: string): void {
  try {
    emulator.importState(saved);
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`${printable(path)}: ${error.message}`, error.remedy) : error;
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw ofFile(error, path, "read");
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

/** What the system says of a file, as a fault of whoever named it. */
function ofFile(error: unknown, path: string, verb: "read" | "written"): unknown {
  const code = codeOf(error);
  return code === undefined
    ? error
    : new UsageError(
        `${printable(path)} cannot be ${verb} (${code})`,
        "name a file of your own, in a folder of your own",
      );
}

/** Puts a file in place at once, readable by its owner only: whoever sees it sees all of it. */
async function writeWhole(path: string, content: string): Promise<void> {
  const target = resolve(path);
  const draft = `${target}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(target), { recursive: true });
    await writeFile(draft, content, { mode: 0o600 });
    await chmod(draft, 0o600);
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw ofFile(error, path, "written");
  }
}
