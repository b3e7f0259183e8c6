/** Known secrets through every verb and many failures: afterwards they are in nothing that was printed, logged or kept. */
import { generateKeyPairSync } from "node:crypto";
import { statSync } from "node:fs";
import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import type { ChildProcess } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSshText } from "../../src/model/signing/private-key.ts";
import { Canaries } from "./canaries.ts";
import type { Find } from "./canaries.ts";
import type { Heard, Mischief, Reply } from "./eavesdropper.ts";
import { Scene } from "./scene.ts";

let scene: Scene;
let privateKey = "";
const keyFiles: string[] = [];
const fast = ["--rate", "400/s", "--actor-rate", "400/s"];
const agreed = ["--yes", "--allow", "new-external", "--allow", "whole-user-transfer"];

beforeAll(async () => {
  scene = await Scene.start();
  privateKey = (await scene.key()).private_key;
  keyFiles.push(scene.google.keyFile);
  await writeSigningKey();
  await writeFile(scene.path("moves.csv"), "from,to\nanna@acme.example,heir@acme.example\n");
  const owned = [...scene.google.emulator.state.assets.values()].filter(
    (asset) => !asset.trashed && asset.roles.get("OWNER")?.includes("user:leaver@acme.example" as never),
  );
  const rows = owned.slice(0, 6).map((asset) => `grant,${asset.name},guest@partner.example,VIEWER`);
  await writeFile(scene.path("grants.csv"), ["action,asset,member,role", ...rows, ""].join("\n"));
});
afterAll(async () => {
  await scene.close();
});

/** A key to sign with, of which only the public half may be seen. */
async function writeSigningKey(): Promise<void> {
  const { privateKey: secret } = generateKeyPairSync("ed25519");
  const text = openSshText(secret, "auditor@acme.example", 7);
  await writeFile(scene.path("auditor.key"), text, { mode: 0o600 });
  keyFiles.push(scene.path("auditor.key"));
  addOnce("the seed of a signing key", text, secret.export({ format: "jwk" }).d ?? "");
  // The lines before it, and the one after, also hold the public half.
  addOnce("a line of a signing key", `${text} `, text.split("\n")[4] ?? "");
}

const seen = new Canaries();
const added = new Set<string>();

/** Everything secret that has been seen so far. */
function canaries(): Canaries {
  for (const line of privateKey.split("\n").slice(1, -2)) addOnce("a line of the private key", line, line);
  for (const secret of scene.ear.secrets) {
    const [, , signature] = secret.split(".");
    if (secret.startsWith("ey")) addOnce("the signature of an assertion", secret, (signature ?? "").slice(0, 80));
    else addOnce("an access token", secret, secret.replace(/^ya29\./, ""));
  }
  return seen;
}

function addOnce(name: string, secret: string, text: string): void {
  if (!added.has(secret)) seen.add(name, text);
  added.add(secret);
}

let checked = 0;
const known = new Map<string, number>();

/** In what was printed, and in the files that have changed, since it was asked before. */
async function finds(): Promise<readonly Find[]> {
  const all = canaries();
  const printed = scene.said
    .slice(checked)
    .flatMap(({ command, out, err }) => [
      ...all.search(`stdout of ${command}`, out),
      ...all.search(`stderr of ${command}`, err),
    ]);
  checked = scene.said.length;
  const unchanged = (path: string): boolean => {
    const { mtimeMs } = statSync(path);
    const same = known.get(path) === mtimeMs;
    known.set(path, mtimeMs);
    return same;
  };
  return [...printed, ...(await all.searchFolder(scene.folder, (path) => keyFiles.includes(path) || unchanged(path)))];
}

async function nothingFound(): Promise<void> {
  expect(canaries().size).toBeGreaterThan(100);
  expect(await finds()).toEqual([]);
}

describe("the search", () => {
  const secret = "qL9vWb2TzX7mRk4NcY8dHs3JfP6gUe1AoQ5iVx0B";
  const spellings: readonly (readonly [string, string | Uint8Array])[] = [
    ["as it is", `token=${secret};`],
    ["cut in half", `x${secret.slice(0, 27)}…`],
    ["in base64", Buffer.from(secret).toString("base64")],
    ["in base64 after one letter", Buffer.from(`:${secret}`).toString("base64")],
    ["in base64 after two letters, with more behind", Buffer.from(`a:${secret}z`).toString("base64")],
    ["in base64url", Buffer.from(`Bearer ${secret}`).toString("base64url")],
    ["in hexadecimal", Buffer.from(secret).toString("hex")],
    [
      "between bytes that are no text",
      Buffer.concat([Buffer.from([0, 255, 254]), Buffer.from(secret), Buffer.from([128])]),
    ],
  ];
  it.each(spellings)("finds a planted secret %s", (_, content) => {
    const planted = new Canaries();
    planted.add("planted", secret);
    expect(planted.search("here", content)).not.toEqual([]);
  });

  it("finds one percent-encoded, and one escaped in JSON", () => {
    const planted = new Canaries();
    planted.add("planted", 'a+b/c="d"e&f g+h/i="j"k&l m');
    expect(planted.search("here", encodeURIComponent('a+b/c="d"e&f g+h/i="j"k&l m'))).not.toEqual([]);
    expect(planted.search("here", JSON.stringify('a+b/c="d"e&f g+h/i="j"k&l m'))).not.toEqual([]);
  });

  it("finds what is planted in a file of the scene, by its bytes and by its name", async () => {
    const line = privateKey.split("\n")[3] ?? "";
    await writeFile(scene.path("planted.bin"), Buffer.from(`\0${Buffer.from(line).toString("base64")}`));
    expect((await finds()).map(({ where }) => where)).toContain(scene.path("planted.bin"));
    await rm(scene.path("planted.bin"));
    expect(await finds()).toEqual([]);
  });
});

describe("after each verb", () => {
  it.each<readonly [string, number, readonly string[]]>([
    ["plan", 0, ["plan", "grants.csv", "-o", "grants", "--log-file", "plan.log", ...fast]],
    ["plan --sign-key", 0, ["plan", "grants.csv", "-o", "signed", "--sign-key", "auditor.key", ...fast]],
    ["key show", 0, ["key", "show", "auditor.key"]],
    ["plan --json", 0, ["plan", "moves.csv", "-o", "moves", "--json", "--log-file", "plan.log", ...fast]],
    ["approve", 0, ["approve", "moves", "--key", "auditor.key", "--yes"]],
    ["show", 0, ["show", "grants", "--all"]],
    ["show --json", 0, ["show", "moves", "--json"]],
    ["apply", 0, ["apply", "grants", "--log-file", "apply.log", ...agreed, ...fast]],
    ["apply --json", 0, ["apply", "moves", "--json", "--log-file", "apply.log", ...agreed, ...fast]],
    ["apply --sign-key", 0, ["apply", "signed", "--sign-key", "auditor.key", ...agreed, ...fast]],
    ["status", 0, ["status", "grants"]],
    ["status --json", 0, ["status", "grants", "--json"]],
    ["verify", 0, ["verify", "grants", "--log-file", "verify.log", ...fast]],
    ["verify --json", 0, ["verify", "grants", "--json", ...fast]],
    ["undo", 0, ["undo", "grants", "-o", "undo", "--log-file", "undo.log", ...fast]],
    ["apply of the undo", 0, ["apply", "undo", "--log-file", "apply.log", ...agreed, ...fast]],
    ["report", 0, ["report", "grants"]],
    ["report --format md", 0, ["report", "grants", "--format", "md", "-o", "report.md"]],
    ["report --csv", 0, ["report", "grants", "--csv", "-o", "report.csv"]],
    ["report --json", 0, ["report", "grants", "--json", "-o", "report.json"]],
    ["report --handover-sheet", 0, ["report", "moves", "--handover-sheet"]],
    ["evidence verify", 0, ["evidence", "verify", "grants"]],
    ["evidence verify --json", 0, ["evidence", "verify", "grants", "--json"]],
    ["report --evidence", 0, ["report", "signed", "--evidence", "signed.tar", "--sign-key", "auditor.key"]],
    ["evidence verify of a bundle", 0, ["evidence", "verify", "signed.tar"]],
    ["help settings", 0, ["help", "settings"]],
  ])("%s", async (_, code, args) => {
    const said = await scene.handover(args);
    expect(said.code, said.err).toBe(code);
    await nothingFound();
  });

  it("the emulator, whose key is in its key file and nowhere else", async () => {
    const own = scene.path("emulator-key.json");
    keyFiles.push(own);
    const args = ["emulator", "--users", "20", "--assets", "100", "--key-file", own, "--ready-file", "ready.json"];
    const said = await scene.handover([...args, "--state-file", "state.json"], {
      underway: async (child) => {
        await reached(child);
        child.kill("SIGTERM");
      },
    });
    expect(said.code).toBe(0);
    const its = new Canaries();
    const { private_key } = JSON.parse(await readFile(own, "utf8")) as { private_key: string };
    for (const line of private_key.split("\n").slice(1, -2)) its.add("a line of the emulator's key", line);
    expect([...its.search("stdout", said.out), ...its.search("stderr", said.err)]).toEqual([]);
    expect(await its.searchFolder(scene.folder, (path) => keyFiles.includes(path))).toEqual([]);
  });

  async function reached(child: ChildProcess): Promise<void> {
    for (;;) {
      const ready = await readFile(scene.path("ready.json"), "utf8").catch(() => "");
      if (ready !== "" || child.exitCode !== null) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
});

/** Everything a server can say that holds what it was sent. */
function echo({ secret, headers, body }: Heard): string {
  const base64 = Buffer.from(secret).toString("base64");
  return [
    secret,
    headers.authorization,
    encodeURIComponent(body),
    base64,
    Buffer.from(`x${secret}`).toString("base64url"),
  ].join(" ");
}

function googleError(status: number, heard: Heard, reason = "forbidden"): Reply {
  const said = echo(heard);
  const error = { code: status, message: said, status: said.slice(0, 90), errors: [{ reason, message: said }] };
  return {
    status,
    headers: { "content-type": "application/json", "www-authenticate": `Bearer error="${heard.secret}"` },
    body: JSON.stringify({ error }),
  };
}

/** The first requests of a kind; later ones pass, so that what is repeated comes to an end. */
function first(times: number, fits: (heard: Heard) => boolean, reply: (heard: Heard) => Reply): Mischief {
  let left = times;
  return (heard) => {
    if (left <= 0 || !fits(heard)) return undefined;
    left -= 1;
    return reply(heard);
  };
}

const isToken = ({ path }: Heard): boolean => path.startsWith("/token");
const isCall = (heard: Heard): boolean => !isToken(heard);
const isWrite = ({ method }: Heard): boolean => method === "PATCH";
const always = 1e9;

describe("after each failure", () => {
  const planning = ["plan", "grants.csv", "--replace", "-o", "again", "--log-file", "failed.log", ...fast];

  it.each<readonly [string, Mischief]>([
    ["401 that repeats the token", first(always, isCall, (heard) => googleError(401, heard))],
    ["403 that repeats the token", first(always, isCall, (heard) => googleError(403, heard))],
    ["403 whose reason is the token", first(always, isCall, (heard) => googleError(403, heard, heard.secret))],
    ["400 in plain text", first(always, isCall, (heard) => ({ status: 400, body: echo(heard) }))],
    ["404 as a web page", first(always, isCall, (heard) => ({ status: 404, body: `<html>${echo(heard)}</html>` }))],
    [
      "400 with the token at the edge of what is shown",
      first(always, isCall, (heard) => ({ status: 400, body: "x".repeat(290) + heard.secret })),
    ],
    [
      "400 with the token beyond what is read",
      first(always, isCall, (heard) => ({ status: 400, body: " .".repeat(1990) + heard.secret })),
    ],
    [
      "400 with the token broken by blanks",
      first(always, isCall, (heard) => ({ status: 400, body: `no\u200b${heard.secret}\u0007${heard.secret}` })),
    ],
    ["500 that repeats the token", first(1, isCall, (heard) => googleError(500, heard))],
    [
      "a redirect to an address with the token",
      first(1, isCall, (heard) => ({
        status: 302,
        headers: { location: `https://evil.example/?t=${heard.secret}` },
        body: echo(heard),
      })),
    ],
    ["200 with nothing but the token", first(1, isCall, (heard) => ({ status: 200, body: echo(heard) }))],
    [
      "200 with the token where a name belongs",
      first(1, isCall, (heard) => ({
        status: 200,
        body: JSON.stringify({ assets: [{ name: heard.secret, title: 7 }] }),
      })),
    ],
    [
      "a header that is none",
      first(1, isCall, (heard) => ({ status: 429, headers: { "retry-after": heard.secret }, body: echo(heard) })),
    ],
    [
      "a token refused with the assertion",
      first(always, isToken, (heard) => ({
        status: 400,
        body: JSON.stringify({ error: "invalid_grant", error_description: echo(heard) }),
      })),
    ],
    [
      "a token refused by the name of the assertion",
      first(always, isToken, (heard) => ({
        status: 400,
        body: JSON.stringify({ error: heard.secret, error_description: "" }),
      })),
    ],
    [
      "a token endpoint that answers with the assertion",
      first(1, isToken, (heard) => ({
        status: 200,
        body: JSON.stringify({ access_token: "", expires_in: heard.secret }),
      })),
    ],
    [
      "a token endpoint that redirects",
      first(1, isToken, (heard) => ({ status: 307, headers: { location: `https://evil.example/?${heard.body}` } })),
    ],
    ["a token endpoint out of order", first(1, isToken, (heard) => ({ status: 503, body: echo(heard) }))],
  ])("%s, while planning", async (_, mischief) => {
    scene.ear.mischief = mischief;
    const said = await scene.inside(planning);
    const asJson = await scene.inside([...planning, "--json"]);
    scene.ear.mischief = undefined;
    expect(said.code).not.toBeNull();
    expect(asJson.code).not.toBeNull();
    await nothingFound();
  });

  it.each<readonly [string, Mischief]>([
    ["refusals of every write", first(always, isWrite, (heard) => googleError(403, heard))],
    ["conflicts at every write", first(2, isWrite, (heard) => googleError(409, heard))],
    ["writes that answer nonsense", first(1, isWrite, (heard) => ({ status: 200, body: echo(heard) }))],
    ["401 at every write", first(always, isWrite, (heard) => googleError(401, heard))],
  ])("%s, kept in the run as the reason", async (name, mischief) => {
    const run = `writes-${name.length}`;
    const planned = await scene.inside(["plan", "grants.csv", "-o", run, ...fast]);
    expect(planned.code, planned.err).toBe(0);
    scene.ear.mischief = mischief;
    await scene.inside(["apply", run, "--json", "--log-file", "failed.log", ...agreed, ...fast]);
    await scene.inside(["apply", run, "--log-file", "failed.log", ...agreed, ...fast]);
    scene.ear.mischief = undefined;
    await scene.inside(["report", run, "--json", "-o", `${run}.json`]);
    await scene.inside(["report", run]);
    const undone = await scene.inside(["undo", run, "-o", `${run}-undo`, ...fast]);
    expect((await scene.inside(["apply", `${run}-undo`, ...agreed, ...fast])).code, undone.err).not.toBeNull();
    await nothingFound();
  });

  const { privateKey: foreign } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  it.each<readonly [string, (key: Record<string, unknown>) => string]>([
    ["a key of another account", (key) => JSON.stringify({ ...key, private_key: foreign })],
    ["a key cut short", (key) => JSON.stringify({ ...key, private_key: String(key["private_key"]).slice(0, 900) })],
    ["a key file cut short", (key) => JSON.stringify(key).slice(0, -40)],
    ["a key where the type belongs", (key) => JSON.stringify({ ...key, type: key["private_key"] })],
    ["a key where the address belongs", (key) => JSON.stringify({ ...key, client_email: key["private_key"] })],
    ["a key where the universe belongs", (key) => JSON.stringify({ ...key, universe_domain: key["private_key"] })],
    ["a key in place of the file", (key) => String(key["private_key"])],
    ["a key as another's credentials", (key) => JSON.stringify({ ...key, type: "authorized_user" })],
  ])("%s", async (_, make) => {
    const bad = scene.path("bad-key.json");
    if (!keyFiles.includes(bad)) keyFiles.push(bad);
    const key = JSON.parse(await readFile(scene.google.keyFile, "utf8")) as Record<string, unknown>;
    await writeFile(bad, make(key));
    await chmod(bad, 0o600);
    const said = await scene.inside([...planning, "--json", "--key", bad]);
    expect([3, 4]).toContain(said.code);
    const its = new Canaries();
    for (const line of foreign.split("\n").slice(1, -2)) its.add("a line of the other key", line);
    expect([...its.search("stdout", said.out), ...its.search("stderr", said.err)]).toEqual([]);
    await nothingFound();
  });

  it("the key in places where a path or an address belongs", async () => {
    const [, line = ""] = privateKey.split("\n");
    for (const env of [{ HANDOVER_LOG_FILE: scene.path("odd.log") }, { HANDOVER_KEY: "-" }]) {
      await scene.inside(planning, { env, stdin: privateKey });
    }
    expect((await scene.inside(planning, { env: { HANDOVER_KEY: "-" }, stdin: `{"private_key":"${line}` })).code).toBe(
      3,
    );
    await nothingFound();
  });

  it.each([
    ["a throw out of nowhere", "setTimeout(() => { throw new Error('injected'); }, 400);"],
    ["a rejection nobody handles", "setTimeout(() => Promise.reject(new Error('injected')), 400);"],
    [
      "a throw while a request is made",
      "const { createHash } = await import('node:crypto'); void createHash; const stringify = JSON.stringify; JSON.stringify = (...all) => { if (all[0]?.iss) { JSON.stringify = stringify; throw new TypeError('injected'); } return stringify(...all); };",
    ],
    [
      "a throw while an answer is read",
      "const parse = JSON.parse; JSON.parse = (...all) => { const read = parse(...all); if (read?.access_token) throw new RangeError('injected ' + Object.keys(read)); return read; };",
    ],
  ])("%s", async (_, code) => {
    const inject = `data:text/javascript,${encodeURIComponent(code)}`;
    const slow = ["--rate", "5/s", "--actor-rate", "5/s"];
    const args = ["plan", "moves.csv", "--replace", "-o", "crash", "--log-file", "crash.log", ...slow];
    const said = await scene.handover(args, { env: { NODE_OPTIONS: `--import=${inject}` } });
    expect(said.code).not.toBe(0);
    expect(said.err).toContain("injected");
    await nothingFound();
  });
});

describe("while it runs", () => {
  it.skipIf(process.platform !== "linux")("no secret is in its arguments or its environment", async () => {
    const read: string[] = [];
    scene.ear.mischief = (heard) => {
      if (isCall(heard)) called();
      return undefined;
    };
    let called = (): void => undefined;
    const calling = new Promise<void>((resolve) => (called = resolve));
    await scene.handover(["verify", "grants", "--rate", "5/s"], {
      underway: async (child) => {
        await calling;
        for (const file of ["cmdline", "environ"]) read.push(await readFile(`/proc/${child.pid}/${file}`, "latin1"));
        child.kill("SIGINT");
      },
    });
    scene.ear.mischief = undefined;
    expect(read.join("")).toContain("HANDOVER_KEY=");
    expect(canaries().search("/proc", read.join("\n"))).toEqual([]);
  });

  it("a debugging switch of somebody else's prints no secret", async () => {
    const env = {
      DEBUG: "*",
      NODE_DEBUG: "undici,http,https,net,tls,fetch,stream,module",
      NODE_DEBUG_NATIVE: "",
      PINO_LOG_LEVEL: "trace",
    };
    const said = await scene.handover(["verify", "grants", "--log-file", "debug.log", ...fast], { env });
    // What it did has been taken back meanwhile.
    expect(said.code, said.err.slice(-300)).toBe(5);
    expect(said.err).toMatch(/^(?:UNDICI|NET|STREAM) \d+/m);
    await nothingFound();
  });
});

it("nothing at all is found at the end, with every secret known", async () => {
  checked = 0;
  known.clear();
  expect(added.size).toBeGreaterThan(100);
  await nothingFound();
});
