/** What is said of a journal that cannot be used, with which exit code, and where its password may stand. */
import { createServer } from "node:http";
import type { Server } from "node:http";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { completeAddress } from "../../src/cli/journal-address.ts";
import { runCommandLine } from "../../src/cli/program.ts";
import { asSuperuser, startPostgres } from "../support/postgres.ts";
import type { PostgresServer } from "../support/postgres.ts";
import { world } from "./world.ts";

let server: PostgresServer;
let web: Server;
let password: string;

beforeAll(async () => {
  server = await startPostgres();
  password = new URL(server.url).password;
  await asSuperuser(server.url, "create role nobody_much login password 'little'");
  web = createServer((_, response) => response.end("hello")).listen(0, "127.0.0.1");
  await once(web, "listening");
});

afterAll(async () => {
  web.close();
  await server.dispose();
});

const at = (user: string, rest: string): string => `postgres://${user}@127.0.0.1:${server.port}/${rest}`;
const webAt = (): string => `127.0.0.1:${(web.address() as AddressInfo).port}`;

interface Case {
  readonly of: string;
  readonly url: () => string;
  readonly password?: () => string;
  readonly line?: string;
  readonly code: number;
  readonly says: string;
}

const cases: readonly Case[] = [
  {
    of: "a host that does not exist",
    url: () => "postgres://u@no-such-host.invalid/db",
    code: 3,
    says: "there is no host",
  },
  {
    of: "a port where nobody listens",
    url: () => "postgres://u@127.0.0.1:1/db",
    code: 1,
    says: "nobody listens there",
  },
  {
    of: "a wrong password",
    url: () => at("postgres", "postgres"),
    password: () => "wrong",
    code: 4,
    says: "does not let us in",
  },
  {
    of: "no password",
    url: () => at("postgres", "postgres"),
    password: () => "",
    code: 4,
    says: "PGPASSWORD or ~/.pgpass",
  },
  {
    of: "a database that does not exist",
    url: () => at("postgres", "nowhere"),
    code: 3,
    says: '"nowhere" does not exist',
  },
  {
    of: "something that is not PostgreSQL",
    url: () => `postgres://u@${webAt()}/db`,
    code: 3,
    says: "is not PostgreSQL",
  },
  {
    of: "a user without the right to make tables",
    url: () => at("nobody_much", "postgres"),
    password: () => "little",
    line: "run list --upgrade",
    code: 4,
    says: "grant the user what is missing",
  },
  {
    of: "TLS asked of a server without",
    url: () => at("postgres", "postgres?sslmode=require"),
    code: 3,
    says: "offers no TLS",
  },
  {
    of: "no authority to check with",
    url: () => at("postgres", "postgres?sslmode=verify-full"),
    code: 3,
    says: "sslrootcert=FILE",
  },
  {
    of: "a mode that is not offered",
    url: () => at("postgres", "postgres?sslmode=allow"),
    code: 3,
    says: "there is no sslmode",
  },
  { of: "a parameter nobody knows", url: () => at("postgres", "postgres?sslcrl=x"), code: 3, says: "does not know" },
  { of: "another kind of database", url: () => "mysql://u@127.0.0.1/db", code: 3, says: "cannot be kept at mysql:" },
  { of: "several hosts", url: () => "postgres://u@a,b/db", code: 3, says: "several hosts" },
  { of: "a service nobody has written", url: () => "postgres:///?service=work", code: 3, says: "there is no service" },
  {
    of: "a tenant that cannot be",
    url: () => at("postgres", "postgres?tenant=A%20B"),
    code: 3,
    says: "cannot be the name of a tenant",
  },
  {
    of: "a schema that cannot be",
    url: () => at("postgres", "postgres?schema=a-b"),
    code: 3,
    says: "cannot be the schema",
  },
];

describe("a journal that cannot be used", () => {
  it.each(cases)("is told with what to do: $of", async ({ url, password: given, line, code, says }) => {
    const argv = [...(line ?? "run list").split(" "), "--journal", url()];
    const made = await world({ argv, env: { PGPASSWORD: given?.() ?? password } });
    const ended = await runCommandLine(made.context);
    const said = (made.err() + made.out()).replaceAll(/\s+/g, " ");
    expect([ended, said]).toEqual([code, expect.stringContaining(says)]);
    expect(said).not.toContain(password);
  });

  it("is empty where there is none yet: a list of nothing, and no run to look at", async () => {
    const env = { PGPASSWORD: password, HANDOVER_JOURNAL: at("postgres", "postgres") };
    const list = await world({ argv: ["run", "list"], env });
    expect([await runCommandLine(list.context), list.out()]).toEqual([0, expect.stringContaining("No runs in")]);
    const status = await world({ argv: ["status", "friday"], env });
    expect([await runCommandLine(status.context), status.err()]).toEqual([3, expect.stringContaining("no runs")]);
  });

  it("is not given by an option with its password, and does not print one from elsewhere", async () => {
    const secret = "postgres://u:hunter2@127.0.0.1:1/db";
    for (const argv of [
      ["run", "list", "--journal", secret],
      ["status", `${secret}#friday`],
    ]) {
      const made = await world({ argv });
      expect(await runCommandLine(made.context)).toBe(3);
      expect(made.err()).not.toContain("hunter2");
      expect(made.err()).toContain("PGPASSWORD");
    }
    const made = await world({ argv: ["run", "list"], env: { HANDOVER_JOURNAL: secret } });
    expect(await runCommandLine(made.context)).toBe(1);
    expect(made.err()).not.toContain("hunter2");
  });

  it.each([
    ["status friday --tenant acme", "is for runs in a database"],
    ["status ./friday --journal postgres://u@h/d", "names a file, and --journal a database"],
    ["status postgres://u@h/d", "names no run"],
    ["plan x.csv -o a*b --journal postgres://u@h/d", "cannot stand in a database"],
    ["run copy a --journal postgres://u@h/d", "where to copy it"],
    ["run list friday", "takes no run"],
    ["run list --move", "--move is for run copy"],
    ["run purge --yes", "takes one run, or --older-than"],
    ["run purge friday.handover --yes", "there is no run"],
  ])("is not asked for amiss: %s", async (line, says) => {
    const made = await world({ argv: line.split(" ") });
    expect([await runCommandLine(made.context), made.err().replaceAll(/\s+/g, " ")]).toEqual([
      3,
      expect.stringContaining(says),
    ]);
  });
});

describe("what the address leaves out", () => {
  async function home(files: Readonly<Record<string, string>>): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "handover-libpq-"));
    await mkdir(join(folder, "home", ".postgresql"), { recursive: true });
    for (const [name, text] of Object.entries(files))
      await writeFile(join(folder, "home", name), text, { mode: 0o600 });
    return folder;
  }
  const completed = async (
    url: string,
    given: { readonly env?: Readonly<Record<string, string>>; readonly files?: Readonly<Record<string, string>> } = {},
  ): ReturnType<typeof completeAddress> => {
    const { context } = await world({ folder: await home(given.files ?? {}), env: given.env ?? {} });
    return completeAddress(context, {
      url: { value: url, from: "HANDOVER_JOURNAL" },
      schema: undefined,
      tenant: undefined,
    });
  };

  it.each<readonly [string, string, string | undefined]>([
    ["the first line that fits", "h:5432:d:u:first\nh:5432:d:u:second\n", "first"],
    ["a line of stars", "# h:5432:d:u:no\n*:*:*:u:starred\n", "starred"],
    ["colons and backslashes in it", "h:5432:d:u:a\\:b\\\\c:d\n", "a:b\\c:d"],
    ["nothing for somebody else", "h:5432:d:v:no\nh:5433:d:u:no\n", undefined],
    ["nothing for a star that is meant", "h:5432:d:\\*:no\n", undefined],
  ])("is found in ~/.pgpass: %s", async (_, text, found) => {
    expect((await completed("postgres://u@h/d", { files: { ".pgpass": text } })).password).toBe(found);
  });

  it("is not taken from a password file that others can read", async () => {
    const folder = await home({ ".pgpass": "*:*:*:*:no\n" });
    await chmod(join(folder, "home", ".pgpass"), 0o644);
    const { context } = await world({ folder });
    const said = { url: { value: "postgres://u@h/d", from: "x" }, schema: undefined, tenant: undefined };
    await expect(completeAddress(context, said)).rejects.toThrow("can be read by others");
  });

  it("is found in variables, behind what the address and a service say", async () => {
    const env = {
      PGHOST: "eh",
      PGPORT: "6000",
      PGUSER: "eu",
      PGDATABASE: "ed",
      PGPASSWORD: "ep",
      PGCONNECT_TIMEOUT: "7",
    };
    expect(await completed("postgres://", { env })).toMatchObject({
      host: "eh",
      port: 6000,
      user: "eu",
      database: "ed",
      password: "ep",
      connectMs: 7000,
    });
    const files = {
      ".pg_service.conf": "[other]\nhost=no\n[work]\n# ours\nhost = sh\nuser=su\npassword=sp\n[last]\nhost=no\n",
    };
    expect(await completed("postgres:///ud?service=work", { env, files })).toMatchObject({
      host: "sh",
      user: "su",
      database: "ud",
      port: 6000,
      password: "sp",
    });
  });

  it.each<readonly [string, string, Readonly<Record<string, string>>, object]>([
    ["nothing said", "", {}, { mode: "prefer", ca: undefined }],
    ["the usual authority", "?sslmode=require", { ".postgresql/root.crt": "CA" }, { mode: "require", ca: "CA" }],
    ["the system's authorities", "?sslmode=require&sslrootcert=system", {}, { mode: "verify-full" }],
    [
      "a certificate of one's own",
      "?sslmode=verify-ca",
      { ".postgresql/root.crt": "CA", ".postgresql/postgresql.crt": "C", ".postgresql/postgresql.key": "K" },
      { mode: "verify-ca", ca: "CA", cert: "C", key: "K" },
    ],
    ["no TLS", "?sslmode=disable", { ".postgresql/root.crt": "CA" }, { mode: "disable", ca: undefined }],
  ])("makes TLS as libpq does: %s", async (_, query, files, tls) => {
    expect((await completed(`postgres://u@h/d${query}`, { files })).tls).toMatchObject(tls);
  });
});
