/** Where requests go: to a few hosts of Google or to a stand-in, and to nothing else. */
import { describe, expect, it } from "vitest";
import { parseEndpoint, routeOf } from "../../src/google/route.ts";
import { scopesOf } from "../../src/google/scopes.ts";
import { UsageError } from "../../src/model/errors.ts";

describe("an address of Google", () => {
  it.each([
    "https://datastudio.googleapis.com",
    "https://oauth2.googleapis.com",
    "https://admin.googleapis.com",
    "https://iamcredentials.googleapis.com",
  ])("may be contacted: %s", (origin) => {
    expect(routeOf(`${origin}/v1/assets?pageSize=1`, undefined)).toEqual({ origin, path: "/v1/assets?pageSize=1" });
    expect(routeOf(origin, undefined)).toEqual({ origin, path: "/" });
  });

  it("goes to the stand-in with the same path when there is one", () => {
    expect(routeOf("https://oauth2.googleapis.com/token", "http://127.0.0.1:8080")).toEqual({
      origin: "http://127.0.0.1:8080",
      path: "/token",
    });
  });

  it.each([
    "https://evil.example/v1/assets",
    "https://evil.example",
    "http://oauth2.googleapis.com/token",
    "https://oauth2.googleapis.com:8443/token",
    "https://oauth2.googleapis.com.evil.example/token",
    "https://user@oauth2.googleapis.com/token",
    "https:///oauth2.googleapis.com",
  ])("is refused when it is another host, stand-in or not: %s", (url) => {
    for (const endpoint of [undefined, "http://127.0.0.1:8080"]) {
      expect(() => routeOf(url, endpoint)).toThrow("refusing to contact");
    }
  });

  it("that is refused is shown in part only", () => {
    const host = `https://${"a".repeat(300)}`;
    expect(() => routeOf(host, undefined)).toThrow(JSON.stringify(host.slice(0, 100)));
  });
});

const refusalOf = (text: string): UsageError => {
  try {
    parseEndpoint(text);
  } catch (error) {
    if (error instanceof UsageError) return error;
  }
  throw new Error(`${text} is taken`);
};

describe("a stand-in for Google", () => {
  it.each([
    ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
    ["http://127.0.0.1:8080/", "http://127.0.0.1:8080"],
    ["http://127.255.10.200", "http://127.255.10.200"],
    ["http://localhost:1", "http://localhost:1"],
    ["http://[::1]:8080", "http://[::1]:8080"],
    ["https://stand-in.example:8443", "https://stand-in.example:8443"],
    ["HTTPS://Stand-In.Example", "https://stand-in.example"],
  ])("%s is taken", (text, origin) => expect(parseEndpoint(text)).toBe(origin));

  it.each([
    ["", "is not an http or https address"],
    ["127.0.0.1:8080", "is not an http or https address"],
    ["localhost:8080", "is not an http or https address"],
    ["ftp://127.0.0.1", "is not an http or https address"],
    ["http://", "is not an http or https address"],
    ["http://user@127.0.0.1", "has more to it than scheme, host and port"],
    ["http://:word@127.0.0.1", "has more to it than scheme, host and port"],
    ["http://127.0.0.1/v1", "has more to it than scheme, host and port"],
    ["http://127.0.0.1/?a=b", "has more to it than scheme, host and port"],
    ["http://127.0.0.1/#a", "has more to it than scheme, host and port"],
    ["http://stand-in.example", "would receive access tokens unencrypted"],
    ["http://127.0.0.1.evil.example", "would receive access tokens unencrypted"],
    ["http://evil.127.0.0.1.example", "would receive access tokens unencrypted"],
    ["http://localhost.evil.example", "would receive access tokens unencrypted"],
    ["http://128.0.0.1", "would receive access tokens unencrypted"],
    ["http://[::2]", "would receive access tokens unencrypted"],
  ])("%j is refused, because it %s", (text, problem) => expect(refusalOf(text).message).toContain(problem));

  it("is quoted with its credentials left out, and not for longer than a line or two", () => {
    expect(refusalOf("http://user:word@127.0.0.1:8080/v1").message).not.toContain("word");
    expect(refusalOf("http://user:word@127.0.0.1:8080/v1").remedy).toContain("write http://127.0.0.1:8080;");
    expect(refusalOf(`ftp${"a".repeat(1000)}`).message).toContain(JSON.stringify(`ftp${"a".repeat(197)}`));
  });
});

describe("the scopes asked for", () => {
  const base = "https://www.googleapis.com/auth/";
  const directory = ["user", "group", "domain"].map((kind) => `${base}admin.directory.${kind}.readonly`);

  it("let a verb that never writes write nothing", () => {
    expect(scopesOf("read")).toEqual([
      `${base}datastudio.readonly`,
      `${base}admin.datatransfer.readonly`,
      ...directory,
    ]);
  });

  it("let a verb that writes read the Directory only", () => {
    expect(scopesOf("write")).toEqual([`${base}datastudio`, `${base}admin.datatransfer`, ...directory]);
  });
});
