/** The address of a journal: what a `postgres://` URL says, and what is left to say before a connection can be made. */
import { UsageError } from "../../model/errors.ts";
import { printable } from "../../model/text.ts";

/** As libpq knows them; `allow` is not offered. */
export type SslMode = "disable" | "prefer" | "require" | "verify-ca" | "verify-full";

const sslModes: readonly SslMode[] = ["disable", "prefer", "require", "verify-ca", "verify-full"];

/** PEM texts. Without `ca` the certificates are checked against the authorities that Node brings. */
export interface Tls {
  readonly mode: SslMode;
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** Everything a connection is made from. */
export interface JournalAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password: string | undefined;
  readonly tls: Tls;
  readonly connectMs: number;
  readonly applicationName: string;
  readonly schema: string;
  readonly tenant: string;
  /** A URL without the password. */
  readonly shown: string;
}

/** What one URL says. Paths are as written. */
export interface JournalUrl {
  readonly host?: string;
  readonly port?: number;
  readonly user?: string;
  readonly database?: string;
  readonly password?: string;
  /** Behind `#`. */
  readonly run?: string;
  readonly query: ReadonlyMap<UrlParameter, string>;
}

/** The names libpq uses, and two of our own. */
const parameters = [
  "sslmode",
  "sslrootcert",
  "sslcert",
  "sslkey",
  "connect_timeout",
  "application_name",
  "service",
  "passfile",
  "schema",
  "tenant",
] as const;

export type UrlParameter = (typeof parameters)[number];

export const defaultSchema = "handover";
export const defaultTenant = "default";
export const defaultPort = 5432;
export const defaultConnectMs = 10_000;

const example = "postgres://handover@db.acme.example/handover?sslmode=verify-full&sslrootcert=system";

/** The run that a URL names behind `#`. Throws UsageError. */
export function runOf({ run }: JournalUrl): string {
  if (run !== undefined) return runNameOf(run);
  throw new UsageError(
    "the address of the journal names no run",
    "write the run's name behind #, such as …/handover#friday",
  );
}

/** Throws `UsageError`, which never holds a password. */
export function parseJournalUrl(text: string): JournalUrl {
  const remedy = `write it such as ${example}`;
  if (!URL.canParse(text)) throw new UsageError("the address of the journal is not a URL", remedy);
  const url = new URL(text);
  if (url.protocol !== "postgres:" && url.protocol !== "postgresql:") {
    throw new UsageError(`a journal cannot be kept at ${printable(url.protocol)}`, remedy);
  }
  const path = decoded(url.pathname.replace(/^\//, ""));
  if (path.includes("/")) throw new UsageError("the path of the journal's address names one database", remedy);
  if (url.hostname.includes(",")) {
    throw new UsageError("the address of the journal names several hosts", "name one; let it move by DNS or a proxy");
  }
  const found: { -readonly [key in keyof JournalUrl]: JournalUrl[key] } = { query: queryOf(url) };
  if (url.hostname !== "") found.host = decoded(url.hostname).replace(/^\[(.*)\]$/, "$1");
  if (url.port !== "") found.port = Number(url.port);
  if (url.username !== "") found.user = decoded(url.username);
  if (url.password !== "") found.password = decoded(url.password);
  if (path !== "") found.database = path;
  if (url.hash.length > 1) found.run = decoded(url.hash.slice(1));
  return found;
}

function queryOf(url: URL): ReadonlyMap<UrlParameter, string> {
  const query = new Map<UrlParameter, string>();
  for (const [name, value] of url.searchParams) {
    const known = parameters.find((parameter) => parameter === name);
    if (known === undefined) {
      throw new UsageError(
        `the address of the journal has the parameter ${JSON.stringify(printable(name, 60))}, which handover does not know`,
        `leave it out; known are ${parameters.join(", ")}`,
      );
    }
    query.set(known, value);
  }
  return query;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UsageError("the address of the journal has a % that stands for no character", "write %25 for %");
  }
}

/** Throws UsageError. `from` says where it was set. */
export function sslModeOf(text: string, from: string): SslMode {
  const mode = sslModes.find((each) => each === text);
  if (mode !== undefined) return mode;
  throw new UsageError(
    `${from}: there is no sslmode ${JSON.stringify(printable(text, 60))} here`,
    `use one of ${sslModes.join(", ")}`,
  );
}

/** Throws UsageError. */
export function schemaOf(text: string): string {
  if (/^[a-z_][a-z0-9_]{0,62}$/.test(text) && !text.startsWith("pg_")) return text;
  throw new UsageError(
    `${JSON.stringify(printable(text, 80))} cannot be the schema of a journal`,
    "use lower-case letters, digits and _, such as handover",
  );
}

/** Throws UsageError. It is given to the server among its settings, and must be plain for that. */
export function tenantOf(text: string): string {
  if (/^[a-z0-9][a-z0-9._-]{0,62}$/.test(text)) return text;
  throw new UsageError(
    `${JSON.stringify(printable(text, 80))} cannot be the name of a tenant`,
    "use lower-case letters, digits, ., _ and -, such as acme.example",
  );
}

/** Throws UsageError. */
export function runNameOf(text: string): string {
  if (/^[\p{L}\p{N}][\p{L}\p{N}\p{M}._@+ -]{0,198}$/u.test(text) && !text.endsWith(" ")) return text.normalize("NFC");
  throw new UsageError(
    `the run name ${JSON.stringify(printable(text, 80))} cannot stand in a database`,
    "use letters, digits, ., _, @, +, - and spaces, such as -o friday",
  );
}

/** What is shown of an address: no password, and no more than it takes to say it again. */
export function shownAddress(address: Omit<JournalAddress, "shown">): string {
  const { host, port, user, database, tls, schema, tenant } = address;
  const shownHost = host.includes(":") ? `[${host}]` : encodeURIComponent(host);
  const query = [
    tls.mode === "prefer" ? "" : `sslmode=${tls.mode}`,
    schema === defaultSchema ? "" : `schema=${schema}`,
    tenant === defaultTenant ? "" : `tenant=${tenant}`,
  ].filter((part) => part !== "");
  const where = `postgres://${encodeURIComponent(user)}@${shownHost}${port === defaultPort ? "" : `:${port}`}`;
  return printable(`${where}/${encodeURIComponent(database)}${query.length === 0 ? "" : `?${query.join("&")}`}`, 500);
}

/** A URL alone, without what environment and files would add to it. Throws UsageError. */
export function parseJournalAddress(text: string): JournalAddress {
  const {
    host = "localhost",
    port = defaultPort,
    user = "handover",
    database = user,
    password,
    query,
  } = parseJournalUrl(text);
  const mode = sslModeOf(query.get("sslmode") ?? "prefer", "sslmode");
  const address = {
    host,
    port,
    user,
    database,
    password,
    tls: { mode, ca: undefined, cert: undefined, key: undefined },
    connectMs: defaultConnectMs,
    applicationName: query.get("application_name") ?? "handover",
    schema: schemaOf(query.get("schema") ?? defaultSchema),
    tenant: tenantOf(query.get("tenant") ?? defaultTenant),
  };
  return { ...address, shown: shownAddress(address) };
}
