/** The Data Studio client: what goes out, what is read of the answers, and how often a call is made. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TokenSource } from "../../src/google/auth.ts";
import { NetworkError } from "../../src/google/exchange.ts";
import { Pacer, noRates } from "../../src/google/pacer.ts";
import type { CallRecord } from "../../src/google/send.ts";
import { assetNameOrUndefined } from "../../src/model/asset.ts";
import type { AssetName } from "../../src/model/asset.ts";
import { etag } from "../../src/model/brand.ts";
import { member } from "../../src/model/member.ts";
import type { Permissions } from "../../src/model/permissions.ts";
import { ManualClock, settle } from "../support/clock.ts";
import { anna, connection, inTurn, keyOfTest, scripted } from "./scripted.ts";
import type { Reply } from "./scripted.ts";

/** Nothing has to be written down first. */
const atOnce = async (): Promise<void> => undefined;

const name = assetNameOrUndefined("2b606487-42c2-416f-98d0-000000000001") as AssetName;
const url = `https://datastudio.googleapis.com/v1/assets/${name}/permissions`;
const permissions: Permissions = {
  roles: new Map([
    ["OWNER", [member("user:anna@acme.example")]],
    ["__proto__", [member("future:x")]],
  ]),
  etag: etag("BwXe3ECCjl0="),
};
const answer =
  '{"permissions":{"OWNER":{"members":["user:anna@acme.example"]},"__proto__":{"members":["future:x"]}},"etag":"BwXe3ECCjl0="}';
const unauthenticated: Reply = { status: 401, body: { error: { code: 401, status: "UNAUTHENTICATED", message: "x" } } };

describe("permissions", () => {
  it("are read with every role, a role named __proto__ too", async () => {
    const script = inTurn({ body: answer });
    expect(await connection(script.exchange).api.dataStudio.getPermissions(anna, name)).toEqual(permissions);
    expect(script.sent).toEqual([
      expect.objectContaining({
        method: "GET",
        url,
        body: undefined,
        headers: expect.objectContaining({ authorization: "Bearer token-of-anna@acme.example" }) as object,
      }),
    ]);
  });

  it("are written with Google's double nesting, the etag and every role, byte for byte", async () => {
    const script = inTurn({ body: answer });
    const { api } = connection(script.exchange);
    expect(await api.dataStudio.patchPermissions(anna, name, permissions, atOnce)).toEqual(permissions);
    expect(script.sent).toHaveLength(1);
    expect(script.sent[0]).toMatchObject({ method: "PATCH", url, headers: { "content-type": "application/json" } });
    expect(script.sent[0]?.body).toBe(`{"name":"${name}","permissions":${answer}}`);
  });

  it("come back as they were, whatever the roles and members are called", async () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("__proto__", "constructor", "toString", "1", "", "\ud800"),
    );
    const roleMap = fc.uniqueArray(fc.tuple(text, fc.array(text)), { selector: ([role]) => role, minLength: 1 });
    await fc.assert(
      fc.asyncProperty(roleMap, fc.option(text, { nil: undefined }), async (roles, version) => {
        const original: Permissions = {
          roles: new Map(roles.map(([role, members]) => [role, members.map(member)])),
          etag: version === undefined ? undefined : etag(version),
        };
        const script = scripted((request) => {
          const inner = /^\{"name":"[^"]*","permissions":(.*)\}$/s.exec(request.body ?? "")?.[1];
          return { body: inner ?? "" };
        });
        const held = await connection(script.exchange).api.dataStudio.patchPermissions(anna, name, original, atOnce);
        expect(held.etag).toBe(original.etag);
        expect(new Map(held.roles)).toEqual(original.roles);
      }),
      { numRuns: 300 },
    );
  });

  const wrong = [
    "",
    "<html>",
    "[]",
    "null",
    '"x"',
    "{}",
    '{"permissions":[],"etag":"x"}',
    '{"permissions":{"OWNER":["user:a"]},"etag":"x"}',
    '{"permissions":{"OWNER":{"members":"user:a"}},"etag":"x"}',
    '{"permissions":{"OWNER":{"members":[1]}},"etag":"x"}',
    '{"permissions":{"OWNER":{"members":[],"condition":["weekdays"]}},"etag":"x"}',
    '{"permissions":{},"etag":7}',
  ];
  it.each(wrong)("that read %j leave a write in doubt", async (body) => {
    const script = inTurn({ body });
    const { api } = connection(script.exchange);
    await expect(api.dataStudio.patchPermissions(anna, name, permissions, atOnce)).rejects.toMatchObject({
      disposition: "ambiguous",
      failure: "unreadable-answer",
      status: 200,
    });
    expect(script.sent).toHaveLength(1);
  });

  it.each(wrong)("that read %j are read again", async (body) => {
    const script = inTurn({ body }, { body: answer });
    const { api, clock } = connection(script.exchange);
    expect(await clock.drive(api.dataStudio.getPermissions(anna, name))).toEqual(permissions);
    expect(script.sent).toHaveLength(2);
  });

  it("without roles but with an etag are permissions", async () => {
    const { api } = connection(inTurn({ body: '{"etag":"x"}' }).exchange);
    expect((await api.dataStudio.getPermissions(anna, name)).roles.size).toBe(0);
  });
});

describe("how often a call is made", () => {
  const reset = new NetworkError("ECONNRESET", true, "lost");
  const refused = new NetworkError("ECONNREFUSED", false, "refused");
  it.each<[string, Reply, string]>([
    ["a lost answer", reset, "ambiguous"],
    ["a connection refused", refused, "retry"],
    ["a 503", { status: 503 }, "ambiguous"],
    ["a 429", { status: 429 }, "throttle"],
    ["a 409", { status: 409 }, "conflict"],
    ["a 403", { status: 403 }, "refuse"],
  ])("a write that meets %s is one request", async (_name, reply, disposition) => {
    const script = inTurn(reply, { body: answer });
    const { api, clock } = connection(script.exchange);
    await expect(clock.drive(api.dataStudio.patchPermissions(anna, name, permissions, atOnce))).rejects.toMatchObject({
      disposition,
    });
    expect(script.sent).toHaveLength(1);
  });

  it.each<[string, Reply, number]>([
    ["lost answers", reset, 10],
    ["connections refused", refused, 10],
    ["nothing but 500", { status: 500 }, 10],
    ["nothing but 429", { status: 429 }, 10],
    ["a 404", { status: 404 }, 1],
    ["a 403", { status: 403 }, 1],
  ])("a read that meets %s ends in an error", async (_name, reply, attempts) => {
    const script = inTurn(reply);
    const { api, clock } = connection(script.exchange);
    await expect(clock.drive(api.dataStudio.getPermissions(anna, name))).rejects.toMatchObject({ name: "ApiError" });
    expect(script.sent).toHaveLength(attempts);
  });

  it("every attempt passes the pacer, tokens too", async () => {
    const script = scripted((request, index) => {
      if (request.url.includes("oauth2")) return { body: { access_token: "t", expires_in: 3600 } };
      return index < 4 ? { status: 500 } : { body: answer };
    });
    const clock = new ManualClock();
    const slow = { perMinute: 6, known: true };
    const pacer = new Pacer(clock, { ...noRates, project: { ...noRates.project, reads: slow, tokens: slow } });
    const times: number[] = [];
    const exchange: typeof script.exchange = (request) => {
      times.push(clock.monotonic());
      return script.exchange(request);
    };
    const { api } = connection(exchange, { key: keyOfTest, pacer, clock });
    await clock.drive(api.dataStudio.getPermissions(anna, name));
    expect(times).toHaveLength(5);
    const [token = 0, ...reads] = times;
    expect(token).toBeGreaterThan(10_000);
    for (const [index, time] of reads.slice(1).entries()) expect(time - (reads[index] ?? 0)).toBeGreaterThan(9500);
  });

  it("what is to be done before a write is done at its turn; what that throws is thrown on, and nothing is sent", async () => {
    const script = inTurn({ body: answer });
    const clock = new ManualClock();
    const pace = { perMinute: 60, known: true };
    const pacer = new Pacer(clock, { ...noRates, project: { ...noRates.project, writes: pace } });
    const { api } = connection(script.exchange, { pacer, clock });
    const seen: unknown[] = [];
    const note = async (): Promise<void> => {
      seen.push([clock.monotonic(), script.sent.length]);
    };
    await clock.drive(api.dataStudio.patchPermissions(anna, name, permissions, note));
    expect(seen).toEqual([[1011, 0]]);
    const fail = async (): Promise<void> => {
      throw new Error("disk full");
    };
    await expect(clock.drive(api.dataStudio.patchPermissions(anna, name, permissions, fail))).rejects.toThrow(
      "disk full",
    );
    expect(script.sent).toHaveLength(1);
  });

  it("a signal ends the waiting for the pacer, and nothing is sent", async () => {
    const script = inTurn({ body: answer });
    const clock = new ManualClock();
    const pacer = new Pacer(clock, {
      ...noRates,
      project: { ...noRates.project, writes: { perMinute: 1, known: true } },
    });
    const stop = new AbortController();
    const { api } = connection(script.exchange, { pacer, clock, signal: stop.signal });
    const written = api.dataStudio.patchPermissions(anna, name, permissions, atOnce);
    await settle();
    stop.abort();
    await expect(written).rejects.toMatchObject({ disposition: "retry", failure: "stopped" });
    expect(script.sent).toHaveLength(0);
  });
});

describe("a rejected token", () => {
  /** Numbers its tokens; those in `bad` are rejected by the API. */
  function withTokens(bad: ReadonlySet<string>): { script: ReturnType<typeof scripted>; asked: () => number } {
    let count = 0;
    const script = scripted((request) => {
      if (request.url.includes("oauth2")) {
        count += 1;
        return { body: { access_token: `token-${count}`, expires_in: 3600 } };
      }
      return bad.has(request.headers["authorization"] ?? "") ? unauthenticated : { body: answer };
    });
    return { script, asked: () => count };
  }

  it.each(["getPermissions", "patchPermissions"] as const)(
    "is replaced once by %s, for a whole burst of calls",
    async (method) => {
      const { script, asked } = withTokens(new Set(["Bearer token-1"]));
      const { api } = connection(script.exchange, { key: keyOfTest });
      const calls = Array.from({ length: 20 }, () => api.dataStudio[method](anna, name, permissions, atOnce));
      await expect(Promise.all(calls)).resolves.toHaveLength(20);
      expect(asked()).toBe(2);
      expect(script.sent.filter(({ url: to }) => to === url)).toHaveLength(40);
    },
  );

  it.each(["getPermissions", "patchPermissions"] as const)(
    "halts the user when the fresh one is rejected as well (%s)",
    async (method) => {
      const { script, asked } = withTokens(new Set(["Bearer token-1", "Bearer token-2"]));
      const { api } = connection(script.exchange, { key: keyOfTest });
      await expect(api.dataStudio[method](anna, name, permissions, atOnce)).rejects.toMatchObject({
        disposition: "halt-actor",
        failure: "unauthenticated",
      });
      expect(asked()).toBe(2);
      expect(script.sent.filter(({ url: to }) => to === url)).toHaveLength(2);
    },
  );

  it("that cannot be replaced for the moment is asked for again before a write, which is still one request", async () => {
    let asked = 0;
    const script = scripted((request) => {
      if (!request.url.includes("oauth2")) return { body: answer };
      asked += 1;
      return asked < 3 ? { status: 503 } : { body: { access_token: "t", expires_in: 3600 } };
    });
    const { api, clock } = connection(script.exchange, { key: keyOfTest });
    await clock.drive(api.dataStudio.patchPermissions(anna, name, permissions, atOnce));
    expect(script.sent.map(({ method }) => method)).toEqual(["POST", "POST", "POST", "PATCH"]);
  });

  it("is in no error and no record of a call, even when the server repeats it", async () => {
    const tokens: TokenSource = { token: async () => "s3cr3t", drop: () => undefined };
    const records: CallRecord[] = [];
    const script = inTurn({ status: 400, body: "the token s3cr3t is odd" });
    const { api } = connection(script.exchange, { tokens, onCall: (record) => records.push(record) });
    const error: unknown = await api.dataStudio.getPermissions(anna, name).catch((reason: unknown) => reason);
    expect(String(error)).toContain("the token [hidden] is odd");
    expect(JSON.stringify([error, records])).not.toContain("s3cr3t");
    expect(records).toEqual([
      {
        service: "data-studio",
        route: "assets.getPermissions",
        actor: anna,
        isWrite: false,
        status: 400,
        ms: 0,
        failure: "invalid-argument",
      },
    ]);
  });
});

describe("search", () => {
  const asset = {
    name,
    assetType: "REPORT",
    title: "T",
    owner: "anna@acme.example",
    createTime: "2020-11-09T14:24:38Z",
  };
  const query = { assetType: "REPORT", owner: anna, trashed: false } as const;

  it("asks for one type, one owner and one page, in an order that edits do not change", async () => {
    const script = inTurn({ body: { assets: [asset], nextPageToken: "next" } });
    const { api } = connection(script.exchange);
    const found = await api.dataStudio.search(anna, query, "this page");
    expect(found).toEqual({
      assets: [{ ...asset, trashed: false, updateTime: undefined }],
      nextPageToken: "next",
    });
    const asked = new URL(script.sent[0]?.url ?? "");
    expect(asked.pathname).toBe("/v1/assets:search");
    expect(Object.fromEntries(asked.searchParams)).toMatchObject({
      assetTypes: "REPORT",
      owner: "anna@acme.example",
      orderBy: "id",
      pageSize: "1000",
      pageToken: "this page",
    });
    expect(asked.searchParams.has("includeTrashed")).toBe(false);
  });

  it.each([
    [false, ["live"]],
    [true, ["trashed"]],
  ])(
    "for trashed=%s answers only such assets, whatever the server takes includeTrashed to mean",
    async (trashed, names) => {
      const assets = [
        { ...asset, title: "live" },
        { ...asset, title: "trashed", trashed: true },
      ];
      const script = inTurn({ body: { assets } });
      const found = await connection(script.exchange).api.dataStudio.search(anna, { ...query, trashed });
      expect(found.assets.map(({ title }) => title)).toEqual(names);
      expect(new URL(script.sent[0]?.url ?? "").searchParams.get("includeTrashed")).toBe(trashed ? "true" : null);
    },
  );

  it.each([
    ["an empty answer", {}, 0],
    ["an end marked by an empty token", { assets: [asset], nextPageToken: "" }, 1],
    ["an owner that is no address", { assets: [{ ...asset, owner: "Sales team" }] }, 1],
    ["a title that is missing, and fields nobody knows", { assets: [{ name, assetType: "NEW", folder: "/x" }] }, 1],
    ["a nasty title", { assets: [{ ...asset, title: "a\r\n\u0000b" }] }, 1],
  ])("takes %s", async (_name, body, count) => {
    const found = await connection(inTurn({ body }).exchange).api.dataStudio.search(anna, query);
    expect(found.assets).toHaveLength(count);
    expect(found.nextPageToken).toBeUndefined();
  });

  it.each([
    ["an asset without a name", { assets: [{ assetType: "REPORT" }] }],
    ["an asset whose name would bend a path", { assets: [{ ...asset, name: "../../x" }] }],
    ["assets that are no list", { assets: {} }],
    ["a page that follows itself", { assets: [], nextPageToken: "again" }],
  ])("refuses %s", async (_name, body) => {
    const { api, clock } = connection(inTurn({ body }).exchange);
    await expect(clock.drive(api.dataStudio.search(anna, query, "again"))).rejects.toMatchObject({
      failure: "unreadable-answer",
    });
  });
});
