/** Signing in, looking at it, and ending it: by a browser that is the test itself, against the emulator. */
import { chmod, lstat, mkdir, readFile, readdir, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { listenForAnswer } from "../../src/cli/loopback.ts";
import { runCommandLine } from "../../src/cli/program.ts";
import type { Clock } from "../../src/model/clock.ts";
import { Scene } from "./scene.ts";
import type { Ran } from "./scene.ts";
import { world } from "./world.ts";

let scene: Scene;
const state = "home/.local/state/handover";

beforeAll(async () => {
  const { folder } = await world();
  scene = await Scene.start({ users: 20, assets: 100, oauthClientFile: join(folder, "client.json") });
  await writeFile(scene.path("client.json"), await readFile(join(folder, "client.json")), { mode: 0o600 });
  await scene.write(
    "handover.yaml",
    `endpoint: ${scene.google.url}\noauth_client: client.json\nrate: 5000/s\nactor_rate: 5000/s\n`,
  );
});
beforeEach(async () => {
  await rm(scene.path("home"), { recursive: true, force: true });
  scene.google.emulator.setSwitches({ oauthConsent: "invalid_scope" });
  scene.google.emulator.setFaults([]);
});
afterAll(() => scene.close());

interface Visit {
  readonly status: number;
  readonly location: string;
  readonly body: string;
}

function visit(address: string, headers: Readonly<Record<string, string>> = {}, method = "GET"): Promise<Visit> {
  return new Promise((resolve, reject) => {
    request(address, { method, headers, agent: false }, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (text: string) => (body += text));
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 0, location: answer.headers.location ?? "", body }),
      );
    })
      .on("error", reject)
      .end();
  });
}

/** What the person at the browser does with the address they are shown. */
type Browser = (address: string) => Promise<unknown>;

/** Goes where the emulator's page sends it. */
const agree: Browser = async (address) => visit((await visit(address)).location);

async function login(
  browser: Browser,
  line = "auth login",
  given: { readonly clock?: Clock; readonly signal?: boolean; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Ran> {
  const made = await world({
    argv: line.split(" "),
    folder: scene.folder,
    env: given.env ?? {},
    ...(given.clock === undefined ? {} : { clock: given.clock }),
  });
  const ended = runCommandLine(made.context);
  const address = await vi.waitFor(() => {
    const found = /^ {2}(http\S+)$/m.exec(made.err())?.[1];
    if (found === undefined) throw new Error(made.err());
    return found;
  }, 20_000);
  await browser(address);
  if (given.signal === true) made.signal("SIGINT");
  return { code: await ended, out: made.out(), err: made.err() };
}

async function keptFile(): Promise<string> {
  const [name = "none"] = await readdir(scene.path(state)).catch(() => []);
  return scene.path(join(state, name));
}

async function kept(): Promise<Record<string, unknown> | undefined> {
  const text = await readFile(await keptFile(), "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Record<string, unknown>);
}

const isKept = async (): Promise<boolean> => (await kept()) !== undefined;

describe("login", () => {
  it("keeps what was agreed to where nobody else can read it, and verbs work as that person", async () => {
    const said = await login(agree);
    expect(said).toMatchObject({
      code: 0,
      out: expect.stringContaining("as admin@acme.example, to read only") as string,
    });
    expect((await stat(scene.path(state))).mode & 0o777).toBe(0o700);
    expect((await stat(await keptFile())).mode & 0o777).toBe(0o600);
    expect(await kept()).toMatchObject({ email: "admin@acme.example", server: scene.google.url });
    expect(await readdir(scene.path(state))).toHaveLength(1);
    await scene.write("me.csv", "email\nadmin@acme.example\n");
    const inventory = await scene.handover("inventory --users me.csv -o mine");
    expect(inventory.code, inventory.err).toBe(0);
  });

  it("asks with PKCE and a state of its own each time, for what the verbs need and no more", async () => {
    const seen: URLSearchParams[] = [];
    const look: Browser = async (address) => {
      seen.push(new URL(address).searchParams);
      return agree(address);
    };
    await login(look);
    await login(look, "auth login --write --admin anna@acme.example");
    const [first, second] = seen;
    expect(first?.get("code_challenge_method")).toBe("S256");
    for (const name of ["state", "code_challenge"]) {
      expect(first?.get(name)).toMatch(/^[\w-]{43}$/);
      expect(second?.get(name)).not.toBe(first?.get(name));
    }
    expect(first?.get("redirect_uri")).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    expect(first?.get("scope")).toContain("auth/datastudio.readonly ");
    expect(first?.get("scope")).not.toMatch(/auth\/datastudio( |$)/);
    expect(second?.get("scope")).toMatch(/auth\/datastudio /);
    expect(second?.get("login_hint")).toBe("anna@acme.example");
    expect(await kept()).toMatchObject({ email: "anna@acme.example" });
  });

  it("turns away whoever is not the browser it waits for, and goes on waiting", async () => {
    const answers: number[] = [];
    const said = await login(async (address) => {
      const { searchParams } = new URL(address);
      const redirect = searchParams.get("redirect_uri") ?? "";
      const asked = searchParams.get("state") ?? "";
      const own = new URL(redirect).host;
      const tries: readonly (readonly [string, Readonly<Record<string, string>>?, string?])[] = [
        [`${redirect}?code=stolen&state=${"x".repeat(43)}`],
        [`${redirect}?code=stolen`],
        [`${redirect}?error=access_denied&state=`],
        [`${redirect}?code=a&code=b&state=${asked}`],
        [`${redirect}?code=a&error=b&state=${asked}`],
        [`${redirect}?code=a&state=${asked}&state=${asked}`],
        [`${redirect}?state=${asked}`],
        [`${redirect}?code=a&state=${asked}`, { host: `evil.example:${own.split(":")[1]}` }],
        [`${redirect}?code=a&state=${asked}`, {}, "POST"],
        [`${redirect}favicon.ico?code=a&state=${asked}`],
      ];
      for (const [url, headers, method] of tries) answers.push((await visit(url, headers, method)).status);
      await agree(address);
    });
    expect(answers).toEqual([400, 400, 400, 400, 400, 400, 400, 403, 405, 404]);
    expect(said.code, said.err).toBe(0);
    expect(said.err).toContain("Somebody else came to the address of this sign-in and was turned away.");
  });

  it("takes the first answer and no second one, and repeats nothing of it", async () => {
    const loopback = await listenForAnswer("the-state", () => undefined);
    const [first, second] = [
      await visit(`${loopback.redirect}?state=the-state&code=first-code`),
      await visit(`${loopback.redirect}?state=the-state&code=second-code`),
    ];
    expect([first.status, second.status]).toEqual([200, 410]);
    expect(first.body + second.body).not.toMatch(/-code|the-state/);
    expect(await loopback.brought).toEqual({ code: "first-code" });
    await loopback.close();
    await expect(visit(loopback.redirect)).rejects.toThrow("ECONNREFUSED");
  });

  it("lives through an address that is none", async () => {
    const loopback = await listenForAnswer("the-state", () => undefined);
    const { port } = new URL(loopback.redirect);
    const asked = { host: "127.0.0.1", port, path: "//?state=the-state&code=x", agent: false };
    const status = new Promise((resolve, reject) => {
      request(asked, (answer) => resolve(answer.resume().statusCode))
        .on("error", reject)
        .end();
    });
    expect(await status).toBe(404);
    await loopback.close();
  });

  it.each<[string, Browser, number, RegExp]>([
    [
      "declined",
      async (address) => visit((await visit(`${address}&consent=deny`)).location),
      4,
      /access_denied: the sign-in was declined \(sign-in-declined\).*auth login again, and allow/s,
    ],
    [
      "refused with words that are somebody's",
      async (address) => {
        const { searchParams } = new URL(address);
        const evil = encodeURIComponent("\u001b[31mya29.stolen-token-of-somebody <script>");
        return visit(`${searchParams.get("redirect_uri")}?error=${evil}&state=${searchParams.get("state")}`);
      },
      4,
      /^Failed {4}Google sent the browser back with: (?!.*ya29)/m,
    ],
    [
      "answered with a code of somebody else",
      async (address) => {
        // Made for another question: its challenge is not the one whose verifier is here.
        const other = new URL(address);
        other.searchParams.set("code_challenge", "x".repeat(43));
        return visit((await visit(other.href)).location);
      },
      4,
      /invalid_grant: Invalid code verifier\./,
    ],
    [
      "answered with a code that Google does not know",
      async (address) => {
        const { searchParams } = new URL(address);
        return visit(`${searchParams.get("redirect_uri")}?code=4/0made-up&state=${searchParams.get("state")}`);
      },
      4,
      /sign-in as sign-in: 400 invalid_grant: Malformed auth code\. \(sign-in-refused\)/,
    ],
    [
      "agreed to in part",
      async (address) => {
        const less = new URL(address);
        less.searchParams.set("scope", "openid https://www.googleapis.com/auth/datastudio.readonly");
        return visit((await visit(less.href)).location);
      },
      4,
      /the sign-in was not given https:\/\/www\.googleapis\.com\/auth\/admin\.datatransfer\.readonly .*Domain-wide/s,
    ],
  ])("that is %s keeps nothing", async (_name, browser, code, problem) => {
    const said = await login(browser);
    expect(said.code).toBe(code);
    expect(said.err.replace(/\s*\n {10}/g, " ")).toMatch(problem);
    expect(said.err).not.toContain("\u001b[31m");
    expect(await isKept()).toBe(false);
  });

  it("by another than the settings name is given back", async () => {
    const said = await login(async (address) => {
      const other = new URL(address);
      other.searchParams.set("login_hint", "anna@acme.example");
      return visit((await visit(other.href)).location);
    }, "auth login --admin admin@acme.example");
    expect(said.code).toBe(4);
    expect(said.err).toContain("anna@acme.example signed in, and the settings name admin@acme.example");
    expect(await isKept()).toBe(false);
    expect(scene.google.emulator.log.entries().at(-1)).toMatchObject({ route: "revoke", status: 200 });
  });

  it("that nobody answers ends in time, and at a signal", async () => {
    const late = await login(async () => undefined, "auth login --timeout 1s");
    expect(late).toMatchObject({
      code: 4,
      err: expect.stringContaining("nobody came back from the browser") as string,
    });
    const stopped = await login(async () => undefined, "auth login", { signal: true });
    expect(stopped.code).toBe(7);
    expect(await isKept()).toBe(false);
  });

  it.each([
    [
      "a key in the place of a sign-in",
      "auth login --key key.json",
      /--key: the settings authenticate by key, where there is nothing to sign in/,
    ],
    ["a client that is none", "auth login --oauth-client key.json", /is a service account's key, not an OAuth client/],
    ["a client that is not there", "auth login --oauth-client none.json", /no OAuth client file .*none\.json/],
    ["an option of another action", "auth login --check", /auth login does not know --check/],
  ])("is refused for %s", async (_name, line, problem) => {
    const said = await scene.handover(line);
    expect(said.code).toBe(3);
    expect(said.err.replace(/\s*\n {10}/g, " ")).toMatch(problem);
  });

  it("goes where XDG_STATE_HOME says, apart for each profile", async () => {
    const env = { XDG_STATE_HOME: scene.path("elsewhere") };
    const text = await scene.read("handover.yaml");
    await scene.write("handover.yaml", `${text}profiles: { a: {}, b: { admin: anna@acme.example } }\n`);
    await login(agree, "auth login --profile a", { env });
    await login(agree, "auth login --profile b", { env });
    await scene.write("handover.yaml", text);
    expect(await readdir(scene.path("elsewhere/handover"))).toHaveLength(2);
    expect(await isKept()).toBe(false);
  });
});

describe("what is kept", () => {
  it.each<[string, (file: string, folder: string) => Promise<void>, RegExp]>([
    [
      "readable by others",
      async (file) => chmod(file, 0o644),
      /sign-in file .* can be read or changed by others \(mode 644\)/,
    ],
    [
      "a link",
      async (file) => {
        await rename(file, `${file}.real`);
        await symlink(`${file}.real`, file);
      },
      /sign-in file .* is a symbolic link/,
    ],
    [
      "in a folder open to others",
      async (_file, folder) => chmod(folder, 0o755),
      /folder of sign-ins .* is open to others/,
    ],
    [
      "in a folder that is a link",
      async (_file, folder) => {
        await rename(folder, `${folder}-real`);
        await symlink(`${folder}-real`, folder);
      },
      /folder of sign-ins .* is a symbolic link/,
    ],
    ["cut short", async (file) => writeFile(file, (await readFile(file, "utf8")).slice(0, -40)), /is damaged/],
    [
      "of another server",
      async (file) =>
        writeFile(file, (await readFile(file, "utf8")).replace(/"server": "[^"]*"/, '"server": "google"')),
      /damaged, or belongs to another client or server/,
    ],
  ])("is refused when it is %s, and not sent anywhere", async (_name, spoil, problem) => {
    await login(agree);
    await spoil(await keptFile(), scene.path(state));
    const before = scene.requests();
    for (const line of ["auth status --check", "auth revoke", "inventory --users me.csv -o other"]) {
      const said = await scene.handover(line);
      expect(said.code, line).toBe(3);
      expect(said.err.replace(/\s*\n {10}/g, " ")).toMatch(problem);
    }
    expect(scene.requests()).toBe(before);
    await chmod(scene.path(state), 0o700);
    await rm(scene.path(`${state}-real`), { recursive: true, force: true });
  });

  it("does not take a folder's place, and is not written through a link", async () => {
    await mkdir(scene.path("home/.local/state"), { recursive: true });
    await mkdir(scene.path("trap"), { recursive: true });
    await symlink(scene.path("trap"), scene.path(state));
    const said = await login(agree);
    expect(said.code).toBe(3);
    expect(await readdir(scene.path("trap"))).toEqual([]);
    expect((await lstat(scene.path(state))).isSymbolicLink()).toBe(true);
  });
});

describe("status", () => {
  it("shows who is signed in, for what, since when and where it is kept, and asks nobody", async () => {
    await login(agree, "auth login --write");
    const before = scene.requests();
    const said = await scene.prints("auth status");
    expect(said).toMatch(/^Identity {2}admin@acme\.example, since /m);
    expect(said).toContain("Acts as   admin@acme.example alone");
    expect(said).toContain("  https://www.googleapis.com/auth/datastudio\n");
    expect(await scene.json("auth status --json")).toMatchObject({
      type: "auth",
      mode: "oauth",
      identity: "admin@acme.example",
      onlyActor: "admin@acme.example",
      kept: { at: await keptFile(), mode: "0600" },
      scopes: { held: expect.arrayContaining(["openid", "https://www.googleapis.com/auth/datastudio"]) as string[] },
      check: null,
    });
    expect(scene.requests()).toBe(before);
  });

  it("asks Google where it is told to", async () => {
    expect((await scene.handover("auth status")).out).toContain("nobody has signed in");
    expect((await scene.handover("auth status --check")).code).toBe(4);
    await login(agree);
    expect(await scene.json("auth status --check --json")).toMatchObject({
      check: { ok: true, actor: "admin@acme.example", expiresInSeconds: 3599 },
    });
    const { refresh_token: token } = (await kept()) ?? {};
    scene.google.emulator.oauth.revoke(new URLSearchParams({ token: String(token) }));
    const said = await scene.handover("auth status --check --json");
    expect(said.code).toBe(4);
    expect(JSON.parse(said.out)).toMatchObject({
      check: { ok: false, failure: "sign-in-ended", remedy: "type handover auth login" },
    });
  });
});

describe("revoke", () => {
  it("ends the sign-in at Google and removes the file, also when Google has ended it before", async () => {
    await login(agree);
    const token = String((await kept())?.["refresh_token"]);
    const said = await scene.handover("auth revoke");
    expect(said).toMatchObject({ code: 0, out: expect.stringContaining("Google has ended it") as string });
    expect(await isKept()).toBe(false);
    expect(() => scene.google.emulator.oauth.revoke(new URLSearchParams({ token }))).toThrow("expired or revoked");

    await login(agree);
    scene.google.emulator.oauth.revoke(new URLSearchParams({ token: String((await kept())?.["refresh_token"]) }));
    const again = await scene.handover("auth revoke");
    expect(again).toMatchObject({ code: 0, out: expect.stringContaining("did not know it any more") as string });
    expect(await isKept()).toBe(false);
    expect((await scene.handover("auth revoke")).code).toBe(4);
  });

  it("keeps the file while Google cannot be asked", async () => {
    await login(agree);
    scene.google.emulator.setFaults([{ route: "revoke", fault: { kind: "status", status: 503 } }]);
    expect((await scene.handover("auth revoke")).code).toBe(1);
    expect(await isKept()).toBe(true);
  });
});

describe("signed in as one person", () => {
  it.each([
    [
      "the whole tenant",
      "inventory -o all",
      3,
      /credentials are admin@acme\.example's alone, and an inventory of the tenant is read as each/,
    ],
    ["another administrator", "inventory --admin anna@acme.example -o all", 3, /anna@acme\.example cannot be acted as/],
  ])("%s is refused before anything is asked", async (_name, line, code, problem) => {
    await login(agree);
    const before = scene.requests();
    const said = await scene.handover(line);
    expect(said.code).toBe(code);
    expect(said.err.replace(/\s*\n {10}/g, " ")).toMatch(problem);
    expect(scene.requests()).toBe(before);
  });

  it("everything somebody owns is not planned to be moved, as nobody has looked at it", async () => {
    await login(agree);
    await scene.write("whole.csv", "from,to\nanna@acme.example,heir@acme.example\n");
    const said = await scene.handover("plan whole.csv -o whole");
    expect(said.code).toBe(4);
    expect(said.err.replace(/\s*\n {10}/g, " ")).toMatch(
      /a whole-user transfer is looked at .* these credentials are admin@acme\.example's alone \(one-person\)\s+Remedy +authenticate by a service account/,
    );
    expect(scene.google.emulator.log.writes).toBe(0);
  });

  it("others cannot be acted as, and that is said", async () => {
    await login(agree);
    await scene.write("both.csv", "email\nadmin@acme.example\nanna@acme.example\n");
    const said = await scene.handover("inventory --users both.csv -o both");
    expect(said.out + said.err).toContain("nobody else can be acted as");
  });

  it("a sign-in to read does not carry out", async () => {
    await login(agree);
    const [asset] = [...scene.google.emulator.state.assets.values()].filter(
      (each) => !each.trashed && each.roles.get("OWNER")?.includes("user:admin@acme.example" as never),
    );
    if (asset === undefined) {
      scene.google.emulator.world.addAsset({ name: "mine-1", owner: "admin@acme.example", title: "Mine" });
    }
    const name = asset?.name ?? "mine-1";
    await scene.write("grant.csv", `action,asset,member,role\ngrant,${name},anna@acme.example,VIEWER\n`);
    const planned = await scene.handover("plan grant.csv -o grant --replace");
    expect(planned.code, planned.err + planned.out).toBe(0);
    const refused = await scene.handover("apply grant --yes");
    expect(refused.code).toBe(4);
    expect((refused.out + refused.err).replace(/\s*\n {10}/g, " ")).toContain("(handover auth login --write)");
    await login(agree, "auth login --write");
    const applied = await scene.handover("apply grant --yes");
    expect(applied.code, applied.err + applied.out).toBe(0);
  });
});
