/** The two files in which libpq's users keep connections: `~/.pgpass` with passwords, and `~/.pg_service.conf` with services. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "../model/errors.ts";
import { printable } from "../model/text.ts";
import { shellWord } from "../report/words.ts";
import type { Context } from "./context.ts";

interface Place {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

const word = String.raw`((?:\\.|[^:\\])*):`;
const passwordLine = new RegExp(`^${word}${word}${word}${word}(.*)$`);

/** The first line that fits: `host:port:database:user:password`, each a word or `*`; `\` before `:` and `\`. */
export async function passwordIn(context: Context, path: string, place: Place): Promise<string | undefined> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isFile() !== true) return undefined;
  // libpq passes over such a file with a warning, and then asks in vain.
  if (context.uid !== undefined && (stats.mode & 0o077) !== 0) {
    throw new UsageError(
      `${printable(path)} can be read by others, and passwords in it are not used`,
      `chmod 600 ${shellWord(path)}`,
    );
  }
  const wanted = [place.host, String(place.port), place.database, place.user];
  for (const line of (await readFile(path, "utf8")).split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    // Fields stay escaped until they are compared, so that `*` and `\*` can be told apart. The password is all the rest.
    const [, ...fields] = passwordLine.exec(line) ?? [];
    const password = fields.pop();
    const fits = (value: string, index: number): boolean => fields[index] === "*" || unescape(fields[index]) === value;
    if (password !== undefined && wanted.every(fits)) return unescape(password);
  }
  return undefined;
}

function unescape(field = ""): string {
  return field.replaceAll(/\\(.)/g, "$1");
}

/** The settings of a service, from the user's file or else the system's. Throws UsageError when no file has it. */
export async function serviceIn(context: Context, name: string): Promise<ReadonlyMap<string, string>> {
  const { env } = context;
  const own = env["PGSERVICEFILE"] || join(context.home, ".pg_service.conf");
  const shared = join(env["PGSYSCONFDIR"] || "/etc/postgresql-common", "pg_service.conf");
  for (const path of [own, shared]) {
    const text = await readFile(path, "utf8").catch(() => undefined);
    const found = text === undefined ? undefined : sectionOf(text, name);
    if (found !== undefined) return found;
  }
  throw new UsageError(
    `there is no service ${JSON.stringify(printable(name, 80))} for the journal`,
    `write [${printable(name, 80)}] with host=, dbname= and user= into ${printable(own)}`,
  );
}

function sectionOf(text: string, name: string): ReadonlyMap<string, string> | undefined {
  let found: Map<string, string> | undefined;
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const section = /^\[(.*)\]$/.exec(line)?.[1];
    if (section !== undefined) {
      if (found !== undefined) return found;
      if (section === name) found = new Map();
      continue;
    }
    const setting = /^([a-z_]+)\s*=\s*(.*)$/.exec(line);
    if (found !== undefined && setting?.[1] !== undefined) found.set(setting[1], setting[2] ?? "");
  }
  return found;
}
