/** What the address of a journal leaves out, found as libpq finds it: variables, a service file, a password file, certificates. */
import { userInfo } from "node:os";
import * as tls from "node:tls";
import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  defaultConnectMs,
  defaultPort,
  defaultSchema,
  defaultTenant,
  parseJournalUrl,
  schemaOf,
  shownAddress,
  sslModeOf,
  tenantOf,
} from "../journal/postgres/address.ts";
import type { JournalAddress, JournalUrl, SslMode, Tls, UrlParameter } from "../journal/postgres/address.ts";
import { UsageError } from "../model/errors.ts";
import { printable } from "../model/text.ts";
import { shellWord } from "../report/words.ts";
import type { Context } from "./context.ts";
import { passwordIn, serviceIn } from "./libpq-files.ts";

/** A setting with the place that set it. */
export interface Said {
  readonly value: string;
  readonly from: string;
}

export interface JournalSaid {
  readonly url: Said;
  readonly schema: Said | undefined;
  readonly tenant: Said | undefined;
}

/** Throws UsageError, which never holds a password. */
export async function completeAddress(context: Context, said: JournalSaid): Promise<JournalAddress> {
  const url = told(said.url.from, () => parseJournalUrl(said.url.value));
  if (url.password !== undefined && context.argv.some((word) => word.includes(said.url.value))) {
    throw new UsageError(
      `${said.url.from}: other users of this machine see what is typed, and it holds a password`,
      "put the password in PGPASSWORD or ~/.pgpass, and leave it out of the address",
    );
  }
  const finding = new Finding(context, url, await serviceOf(context, url));
  const host = finding.text("host", "PGHOST") ?? "localhost";
  if (host.startsWith("/")) {
    throw new UsageError(
      "a journal is reached by TCP, and the host is the path of a socket",
      "name the host, such as localhost",
    );
  }
  const port = finding.number("port", "PGPORT") ?? defaultPort;
  const user = finding.text("user", "PGUSER") ?? accountOf();
  const database = finding.text("dbname", "PGDATABASE") ?? user;
  const connectS = finding.number("connect_timeout", "PGCONNECT_TIMEOUT");
  const address = {
    host,
    port,
    user,
    database,
    tls: await tlsOf(context, finding),
    // As libpq: none, or nothing, waits as long as the system does; a second is read as two.
    connectMs: connectS === undefined ? defaultConnectMs : connectS <= 0 ? 0 : Math.max(2, connectS) * 1000,
    applicationName: finding.text("application_name", "PGAPPNAME") ?? "handover",
    schema: named(said.schema, url.query.get("schema"), schemaOf) ?? defaultSchema,
    tenant: named(said.tenant, url.query.get("tenant"), tenantOf) ?? defaultTenant,
  };
  const password =
    finding.text("password", "PGPASSWORD") ?? (await passwordIn(context, passfileOf(context, finding), address));
  return { ...address, password, shown: shownAddress({ ...address, password }) };
}

function named(said: Said | undefined, inUrl: string | undefined, read: (text: string) => string): string | undefined {
  if (said !== undefined) return told(said.from, () => read(said.value));
  return inUrl === undefined ? undefined : read(inUrl);
}

function told<T>(from: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${from}: ${error.message}`, error.remedy);
  }
}

/** As libpq calls it, in the service file and in URLs. */
type Name = "host" | "port" | "user" | "dbname" | "password" | UrlParameter;

/** A value from the address, then from the service it names, then from the environment. */
class Finding {
  readonly #context: Context;
  readonly #url: JournalUrl;
  readonly #service: ReadonlyMap<string, string>;

  constructor(context: Context, url: JournalUrl, service: ReadonlyMap<string, string>) {
    this.#context = context;
    this.#url = url;
    this.#service = service;
  }

  text(name: Name, variable: string): string | undefined {
    return this.#inUrl(name) ?? this.#service.get(name) ?? (this.#context.env[variable] || undefined);
  }

  number(name: Name, variable: string): number | undefined {
    const text = this.text(name, variable);
    if (text === undefined) return undefined;
    const value = /^-?\d{1,9}$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && (name !== "port" || (value > 0 && value < 65_536))) return value;
    throw new UsageError(
      `${JSON.stringify(printable(text, 60))} cannot be the ${name} of the journal's address`,
      `write a number, in the address or in ${variable}`,
    );
  }

  #inUrl(name: Name): string | undefined {
    switch (name) {
      case "host":
      case "user":
      case "password":
        return this.#url[name];
      case "port":
        return this.#url.port?.toString();
      case "dbname":
        return this.#url.database;
      default:
        return this.#url.query.get(name);
    }
  }
}

async function serviceOf(context: Context, url: JournalUrl): Promise<ReadonlyMap<string, string>> {
  const name = url.query.get("service") ?? (context.env["PGSERVICE"] || undefined);
  return name === undefined ? new Map() : serviceIn(context, name);
}

function passfileOf(context: Context, finding: Finding): string {
  const given = finding.text("passfile", "PGPASSFILE");
  return given === undefined ? join(context.home, ".pgpass") : resolve(context.cwd, given);
}

/** An explicit file must be there; one that lies where libpq looks is used. */
async function tlsOf(context: Context, finding: Finding): Promise<Tls> {
  const mode = sslModeOf(finding.text("sslmode", "PGSSLMODE") ?? "prefer", "sslmode");
  if (mode === "disable") return { mode, ca: undefined, cert: undefined, key: undefined };
  const root = finding.text("sslrootcert", "PGSSLROOTCERT");
  const own = join(context.home, ".postgresql");
  const cert = await pem(context, "sslcert", finding.text("sslcert", "PGSSLCERT"), join(own, "postgresql.crt"));
  const key = await pem(context, "sslkey", finding.text("sslkey", "PGSSLKEY"), join(own, "postgresql.key"));
  if (key !== undefined) await refuseOpenKey(context, key.path);
  const pair = { cert: cert?.text, key: cert === undefined ? undefined : key?.text };
  // The certificates the system trusts vouch for names only, so that libpq asks for the whole check with them.
  if (root === "system") return { mode: "verify-full", ca: trustedBySystem(), ...pair };
  const ca = await pem(context, "sslrootcert", root, join(own, "root.crt"));
  if (ca === undefined && needsAuthority(mode)) {
    throw new UsageError(
      `sslmode=${mode} asks for an authority to check the server's certificate with, and none is given`,
      "add sslrootcert=FILE, or sslrootcert=system for those the system trusts",
    );
  }
  return { mode, ca: ca?.text, ...pair };
}

/** Node brings authorities of its own, and those alone up to 22.14; later lines also tell which the system has. */
function trustedBySystem(): string | undefined {
  const { getCACertificates } = tls as { getCACertificates?: (type: "default" | "system") => readonly string[] };
  if (getCACertificates === undefined) return undefined;
  return [...new Set([...getCACertificates("default"), ...getCACertificates("system")])].join("\n");
}

function needsAuthority(mode: SslMode): boolean {
  return mode === "verify-ca" || mode === "verify-full";
}

async function pem(
  context: Context,
  name: string,
  given: string | undefined,
  usual: string,
): Promise<{ readonly path: string; readonly text: string } | undefined> {
  const path = given === undefined ? usual : resolve(context.cwd, given);
  try {
    return { path, text: await readFile(path, "utf8") };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (given === undefined && /^(?:ENOENT|ENOTDIR)$/.test(code)) return undefined;
    throw new UsageError(`${name}: ${printable(path)} cannot be read (${code})`, "check the path and its rights");
  }
}

/** As libpq: a key that others can read is none. */
async function refuseOpenKey(context: Context, path: string): Promise<void> {
  const stats = await stat(path);
  const allowed = stats.uid === 0 ? 0o037 : 0o077;
  if (context.uid === undefined || (stats.mode & allowed) === 0) return;
  throw new UsageError(`sslkey: ${printable(path)} can be read by others`, `chmod 600 ${shellWord(path)}`);
}

function accountOf(): string {
  try {
    return userInfo().username;
  } catch {
    return "handover";
  }
}
