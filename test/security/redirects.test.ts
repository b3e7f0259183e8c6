/** Nothing that a server, a key file, a setting or the environment says sends credentials anywhere else. */
import { readFile, writeFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Eavesdropper } from "./eavesdropper.ts";
import type { Heard } from "./eavesdropper.ts";
import { Scene } from "./scene.ts";

let scene: Scene;
/** Somebody else's server: whatever it hears is one word too many. */
let elsewhere: Eavesdropper;
const fast = ["--rate", "400/s", "--actor-rate", "400/s"];
const agreed = ["--yes", "--allow", "whole-user-transfer", ...fast];

beforeAll(async () => {
  scene = await Scene.start();
  elsewhere = await Eavesdropper.start(undefined);
  await writeFile(scene.path("moves.csv"), "from,to\nanna@acme.example,heir@acme.example\n");
  const planned = await scene.inside(["plan", "moves.csv", "-o", "moves", ...fast]);
  expect(planned.code, planned.err).toBe(0);
});
afterEach(() => {
  scene.ear.mischief = undefined;
  expect(elsewhere.heard).toEqual([]);
});
afterAll(async () => {
  await elsewhere.close();
  await scene.close();
});

it("the other server hears what is sent to it", async () => {
  await fetch(`${elsewhere.url}/heard`);
  expect(elsewhere.heard.splice(0).map(({ path }) => path)).toEqual(["/heard"]);
});

const isToken = ({ path }: Heard): boolean => path.startsWith("/token");
const isTransfer = ({ path }: Heard): boolean => path.startsWith("/admin/datatransfer");
const isDirectory = ({ path }: Heard): boolean => path.startsWith("/admin/directory");

describe("a redirect is not followed", () => {
  it.each<readonly [string, number, (heard: Heard) => boolean]>(
    [301, 302, 303, 307, 308].flatMap((status) => [
      ["the token endpoint", status, isToken] as const,
      ["the Directory", status, isDirectory] as const,
      ["the Data Studio API", status, (heard: Heard) => !isToken(heard) && !isDirectory(heard)] as const,
    ]),
  )("from %s with %i", async (_, status, fits) => {
    let redirected = 0;
    scene.ear.mischief = (heard) => {
      if (!fits(heard) || redirected > 0) return undefined;
      redirected += 1;
      const location = `${elsewhere.url}${heard.path}`;
      return { status, headers: { location, refresh: `0; url=${location}`, link: `<${location}>; rel=next` } };
    };
    const said = await scene.inside(["plan", "moves.csv", "-o", "again", "--replace", ...fast]);
    expect(said.code, said.err).toBe(0);
    expect(redirected).toBe(1);
  });

  it("from the Data Transfer API, nor from a write, whose token stays here", async () => {
    let redirected = 0;
    scene.ear.mischief = (heard) => {
      if ((!isTransfer(heard) && heard.method !== "PATCH") || redirected >= 3) return undefined;
      redirected += 1;
      return { status: 307, headers: { location: `${elsewhere.url}${heard.path}` } };
    };
    await writeFile(scene.path("everything.csv"), "action,from,to\ntransfer,leaver@acme.example,heir@acme.example\n");
    const planned = await scene.inside(["plan", "everything.csv", "-o", "everything", ...fast]);
    expect(planned.code, planned.err).toBe(0);
    // A write that was redirected is in doubt, and what is in doubt waits: the test does not.
    const budget = ["--max-duration", "1s"];
    await scene.handover(["apply", "everything", ...agreed, ...budget], {
      underway: async (child) => {
        while (redirected === 0 && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 20));
        child.kill("SIGTERM");
        child.kill("SIGTERM");
      },
    });
    expect(redirected).toBeGreaterThan(0);
  });
});

describe("the key file names no server", () => {
  it("and a token endpoint in it is not asked", async () => {
    const key = JSON.parse(await readFile(scene.google.keyFile, "utf8")) as Record<string, string>;
    for (const name of [
      "token_uri",
      "auth_uri",
      "auth_provider_x509_cert_url",
      "client_x509_cert_url",
      "universe_domain_url",
    ]) {
      key[name] = `${elsewhere.url}/${name}`;
    }
    await writeFile(scene.path("foreign.json"), JSON.stringify(key), { mode: 0o600 });
    const said = await scene.inside(["verify", "moves", "--key", "foreign.json", ...fast]);
    expect(said.code, said.err).toBeLessThanOrEqual(5);
    expect(scene.ear.heard.some(isToken)).toBe(true);
  });

  it("and the assertion is for Google's token endpoint alone", () => {
    const assertions = scene.ear.heard.filter(isToken).map(({ secret }) => secret.split(".")[1] ?? "");
    const audiences = assertions.map((claims) => {
      return (JSON.parse(Buffer.from(claims, "base64url").toString()) as { readonly aud: string }).aud;
    });
    expect(new Set(audiences)).toEqual(new Set(["https://oauth2.googleapis.com/token"]));
  });
});

// parseEndpoint has a table of its own: test/google/wire.test.ts.
describe("an endpoint", () => {
  it.each([
    "http://10.0.0.1:8080",
    "http://0.0.0.0:8080",
    "http://127.0.0.1.evil.example",
    "http://localhost.evil.example",
    "http://[::ffff:10.0.0.1]:80",
    "http://user:pass@127.0.0.1:1",
    "http://127.0.0.1:1/v1?x",
    "http://127.0.0.1@evil.example",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "//evil.example",
    "evil.example",
    "http://",
  ])("%s is refused wherever it stands, and nothing is sent", async (endpoint) => {
    const before = scene.ear.heard.length;
    const byFlag = await scene.inside(["verify", "moves", "--endpoint", endpoint]);
    const byEnvironment = await scene.inside(["verify", "moves"], { env: { HANDOVER_ENDPOINT: endpoint } });
    expect([byFlag.code, byEnvironment.code]).toEqual([3, 3]);
    expect(scene.ear.heard).toHaveLength(before);
  });
});

describe("names and page tokens from a server", () => {
  const odd = [
    "../../evil",
    "x?alt=media#",
    "x&pageSize=1&q=",
    "%2e%2e%2f",
    "a b\r\nhost: evil.example",
    "http://evil.example/",
    "\u202e",
    "x".repeat(3000),
  ];

  it.each(odd)("do not bend the path: page token %j", async (token) => {
    const asked: Heard[] = [];
    scene.ear.mischief = (heard) => {
      if (!heard.path.startsWith("/v1/assets:search")) return undefined;
      asked.push(heard);
      return {
        status: 200,
        body: JSON.stringify(asked.length === 1 ? { assets: [], nextPageToken: token } : { assets: [] }),
      };
    };
    await scene.inside(["plan", "moves.csv", "-o", "never", "--replace", ...fast]);
    expect(asked.length).toBeGreaterThan(1);
    const [first, second] = asked.map(({ path }) => new URL(path, "http://here"));
    expect(second?.pathname).toBe(first?.pathname);
    expect(second?.searchParams.get("pageToken")).toBe(token);
    const more = [...(second?.searchParams.keys() ?? [])].filter((name) => name !== "pageToken");
    expect(more.toSorted()).toEqual([...(first?.searchParams.keys() ?? [])].toSorted());
  });

  it.each(odd)("do not bend the path: asset %j", async (name) => {
    const asked: Heard[] = [];
    let searched = 0;
    scene.ear.mischief = (heard) => {
      asked.push(heard);
      if (!heard.path.startsWith("/v1/assets:search") || (searched += 1) > 1) return undefined;
      const asset = {
        name,
        assetType: "REPORT",
        title: "T",
        owner: "anna@acme.example",
        createTime: "2020-01-01T00:00:00Z",
      };
      return { status: 200, body: JSON.stringify({ assets: [asset] }) };
    };
    await scene.inside(["plan", "moves.csv", "-o", "never", "--replace", ...fast]);
    expect(searched).toBeGreaterThan(0);
    for (const { path, method, headers } of asked) {
      expect(path).toMatch(
        /^\/(?:token$|admin\/(?:directory|datatransfer)\/|v1\/assets(?::search\?|\/[A-Za-z0-9_-]{1,128}\/permissions(?:\?|$)))/,
      );
      expect([method, headers.host]).not.toContain("evil.example");
    }
  });
});

describe("the environment", () => {
  it("does not put a proxy in between unless it is asked to", async () => {
    const proxy = elsewhere.url;
    const names = [
      "http_proxy",
      "https_proxy",
      "all_proxy",
      "npm_config_proxy",
      "npm_config_https_proxy",
      "GLOBAL_AGENT_HTTP_PROXY",
    ];
    const env = Object.fromEntries(
      names.flatMap((name) => [
        [name, proxy],
        [name.toUpperCase(), proxy],
      ]),
    );
    const said = await scene.handover(["verify", "moves", ...fast], {
      env: { ...env, NODE_USE_ENV_PROXY: "1", NO_PROXY: "" },
    });
    expect(said.code, said.err).toBeLessThanOrEqual(5);
    expect(said.err).not.toContain("proxy");
  });
});
