/** A journal behind TLS: which proofs each mode of libpq asks for, against a real server with real certificates. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "selfsigned";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommandLine } from "../../src/cli/program.ts";
import { asSuperuser, startPostgres } from "../support/postgres.ts";
import type { PostgresServer } from "../support/postgres.ts";
import { world } from "./world.ts";

interface Certificate {
  readonly cert: string;
  readonly key: string;
}

let server: PostgresServer;
let folder: string;
const files: Record<string, string> = {};

/** An authority of its own. */
async function authority(name: string): Promise<Certificate> {
  const { cert, private: key } = await generate([{ name: "commonName", value: name }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return { cert, key };
}

async function issued(name: string, ca: Certificate, altNames: readonly string[] = []): Promise<Certificate> {
  const { cert, private: key } = await generate([{ name: "commonName", value: name }], {
    keyType: "ec",
    algorithm: "sha256",
    ca,
    extensions: [
      { name: "basicConstraints", cA: false },
      { name: "keyUsage", digitalSignature: true },
      { name: "extKeyUsage", serverAuth: true, clientAuth: true },
      { name: "subjectAltName", altNames: [name, ...altNames].map((value) => ({ type: 2, value })) },
    ],
  });
  return { cert, key };
}

beforeAll(async () => {
  const ours = await authority("Acme database authority");
  const foreign = await authority("Somebody else");
  // The certificate names the host by name alone: 127.0.0.1 is the same server under a name it does not prove.
  const proof = await issued("localhost", ours);
  const person = await issued("carla", ours);
  const impostor = await issued("carla", foreign);
  server = await startPostgres(
    { ssl: "on", ssl_ca_file: "authority.crt" },
    {
      "server.crt": proof.cert,
      "server.key": proof.key,
      "authority.crt": ours.cert,
      "pg_hba.conf": [
        "hostssl all carla all cert",
        "hostssl all tilda all scram-sha-256",
        "hostnossl all tilda all reject",
        "host all postgres all scram-sha-256",
        "",
      ].join("\n"),
    },
  );
  await asSuperuser(server.url, "create role carla login");
  await asSuperuser(server.url, "create role tilda login password 'wire'");
  await asSuperuser(server.url, "create database journal");
  await asSuperuser(server.url, "grant create on database journal to carla, tilda");
  folder = await mkdtemp(join(tmpdir(), "handover-tls-"));
  const texts = {
    "ours.crt": ours.cert,
    "foreign.crt": foreign.cert,
    "carla.crt": person.cert,
    "carla.key": person.key,
    "impostor.crt": impostor.cert,
    "impostor.key": impostor.key,
  };
  for (const [name, text] of Object.entries(texts)) {
    files[name] = join(folder, name);
    await writeFile(join(folder, name), text, { mode: 0o600 });
  }
});

afterAll(async () => {
  await server.dispose();
  await rm(folder, { recursive: true, force: true });
});

async function listing(user: string, host: string, query: string, env: Record<string, string> = {}): Promise<string> {
  const home = await mkdtemp(join(folder, "home-"));
  await mkdir(join(home, "home"));
  const url = `postgres://${user}@${host}:${server.port}/journal?schema=${user}&${query}`;
  const made = await world({
    argv: ["run", "list", "--journal", url],
    folder: home,
    env: { PGPASSWORD: "wire", ...env },
  });
  const code = await runCommandLine(made.context);
  return `${code} ${(made.out() + made.err()).replaceAll(/\s+/g, " ")}`;
}

describe("a server that proves who it is", () => {
  const convinced = /^0 /;
  const unconvinced = /^3 .*the certificate of .* does not convince: .*sslrootcert=FILE/;

  it.each<readonly [string, string, string, RegExp]>([
    ["without a word, TLS where it is offered", "127.0.0.1", "", convinced],
    ["require, no authority at hand", "127.0.0.1", "sslmode=require", convinced],
    ["require, with its authority", "127.0.0.1", "sslmode=require&sslrootcert=ours.crt", convinced],
    ["require, with another authority", "localhost", "sslmode=require&sslrootcert=foreign.crt", unconvinced],
    ["verify-ca, under another name", "127.0.0.1", "sslmode=verify-ca&sslrootcert=ours.crt", convinced],
    ["verify-ca, with another authority", "localhost", "sslmode=verify-ca&sslrootcert=foreign.crt", unconvinced],
    ["verify-full, as it is named", "localhost", "sslmode=verify-full&sslrootcert=ours.crt", convinced],
    ["verify-full, under another name", "127.0.0.1", "sslmode=verify-full&sslrootcert=ours.crt", unconvinced],
    ["verify-full, with another authority", "localhost", "sslmode=verify-full&sslrootcert=foreign.crt", unconvinced],
    ["the authorities of the system, of which it has none", "localhost", "sslrootcert=system", unconvinced],
    ["no TLS, where the server takes none without", "127.0.0.1", "sslmode=disable", /^4 .*no encryption/],
  ])("is believed, or not: %s", async (_, host, query, outcome) => {
    const given = query.replace(/sslrootcert=(\w+\.crt)/, (_all, name: string) => `sslrootcert=${files[name] ?? ""}`);
    expect(await listing("tilda", host, given)).toMatch(outcome);
  });
});

describe("a person who proves who they are by a certificate", () => {
  const withPair = (name: string): string =>
    `sslmode=verify-full&sslrootcert=${files["ours.crt"] ?? ""}&sslcert=${files[`${name}.crt`] ?? ""}&sslkey=${files[`${name}.key`] ?? ""}`;

  it("needs no password", async () => {
    expect(await listing("carla", "localhost", withPair("carla"), { PGPASSWORD: "" })).toMatch(/^0 /);
  });

  it("is refused with one of another authority", async () => {
    expect(await listing("carla", "localhost", withPair("impostor"))).toMatch(
      /^4 .*does not take the certificate it was shown: unknown ca \(denied\).*sslcert=FILE/,
    );
  });

  it("is refused without any", async () => {
    const query = `sslmode=verify-full&sslrootcert=${files["ours.crt"] ?? ""}`;
    expect(await listing("carla", "localhost", query)).toMatch(/^4 .*certificate/);
  });
});
