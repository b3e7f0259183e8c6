/** Scripted faults over real sockets: what a client meets, and what the server did. */
import { beforeEach, describe, expect, it } from "vitest";
import { parseFaultRules } from "../../src/emulator/fault-rules.ts";
import type { Fault, FaultRule } from "../../src/emulator/fault-rules.ts";
import { startEmulator } from "../../src/emulator/start.ts";
import type { RunningEmulator } from "../../src/emulator/start.ts";
import { ManualClock } from "../support/clock.ts";
import { as, listening, wire } from "./http-stage.ts";
import type { WireAnswer } from "./http-stage.ts";
import { at, call, held, patchBody, smallWorld, stage } from "./support.ts";

const ben = `user:${at("ben")}`;
const owner = `user:${at("anna")}`;
const permissions = "/v1/assets/a1/permissions";

const server = listening(() => {
  const world = smallWorld();
  world.addAsset({ name: "a1", owner: "anna" });
  world.addAsset({ name: "a2", owner: "anna" });
  return { world };
});

beforeEach(() => {
  const { emulator } = server.running();
  emulator.setFaults([]);
  emulator.tokens.delegationRevoked = false;
  emulator.log.clear();
  const asset = emulator.state.assets.get("a1");
  if (asset !== undefined)
    emulator.state.setRoles(asset, new Map([["OWNER", [owner as never]]]), { at: 0, actor: "", via: "reset" });
});

function strikes(fault: Fault, rule: Partial<FaultRule> = {}): void {
  server.running().emulator.setFaults([{ route: "assets.updatePermissions", ...rule, fault }]);
}

async function patch(timeoutMs?: number): Promise<WireAnswer> {
  const on = server.running();
  const extra = { body: patchBody({ OWNER: [owner], EDITOR: [ben] }), headers: as(on, "anna") };
  return wire(on, `PATCH ${permissions}`, timeoutMs === undefined ? extra : { ...extra, timeoutMs });
}

/** An emulator whose time moves only when a test says so. */
async function standingStill(fault: Fault): Promise<{ readonly on: RunningEmulator; readonly clock: ManualClock }> {
  const clock = new ManualClock();
  const world = smallWorld();
  world.addAsset({ name: "a1", owner: "anna" });
  const keyFile = server.running().keyFile;
  return { on: await startEmulator({ clock, world, keyFile, faults: [{ route: "datastudio", fault }] }), clock };
}

function written(): boolean {
  return held(server.running().emulator, "a1")["EDITOR"] !== undefined;
}

describe("answers instead of the real one", () => {
  it.each<[string, Fault, number, string, boolean]>([
    ["a status in Google's words", { kind: "status", status: 503 }, 503, '"status":"UNAVAILABLE"', false],
    ["a status after the write took effect", { kind: "status", status: 500, applied: true }, 500, '"INTERNAL"', true],
    [
      "a status with a body of its own",
      { kind: "status", status: 409, body: { error: "mine" } },
      409,
      '{"error":"mine"}',
      false,
    ],
    ["a status with text", { kind: "status", status: 429, body: "slow down" }, 429, "slow down", false],
    ["an HTML page", { kind: "html" }, 502, "<!DOCTYPE html>", false],
    ["plain quota text", { kind: "quotaText" }, 403, "Request rate higher than configured", false],
    ["nonsense after the write took effect", { kind: "nonsense" }, 200, '{"unexpected":[', true],
    ["nonsense without a write", { kind: "nonsense", body: "[]", applied: false }, 200, "[]", false],
    [
      "a redirect",
      { kind: "status", status: 302, headers: { location: "http://elsewhere.example/" }, body: "" },
      302,
      "",
      false,
    ],
  ])("can be %s", async (_what, fault, status, part, applied) => {
    strikes(fault);
    const answer = await patch();
    expect(answer.status).toBe(status);
    expect(answer.body).toContain(part);
    expect(written()).toBe(applied);
  });

  it("carry Retry-After in seconds or as a date", async () => {
    strikes({ kind: "status", status: 429, retryAfterS: 7 });
    expect((await patch()).headers["retry-after"]).toBe("7");
    strikes({ kind: "status", status: 429, retryAfterS: 7, retryAfterAs: "date" });
    expect(Date.parse(String((await patch()).headers["retry-after"]))).toBeGreaterThan(0);
  });

  it("speak the Admin SDK's and the token endpoint's language", async () => {
    const on = server.running();
    on.emulator.setFaults([
      { route: "users.get", fault: { kind: "status", status: 403, reason: "quotaExceeded" } },
      {
        route: "token",
        fault: { kind: "status", status: 400, reason: "invalid_grant", message: "reauth related error (invalid_rapt)" },
      },
    ]);
    const user = await wire(on, `GET /admin/directory/v1/users/${at("ben")}`, { headers: as(on, "admin") });
    expect(JSON.parse(user.body).error.errors[0].reason).toBe("quotaExceeded");
    const token = await wire(on, "POST /token", { body: "grant_type=x" });
    expect(JSON.parse(token.body)).toEqual({
      error: "invalid_grant",
      error_description: "reauth related error (invalid_rapt)",
    });
  });
});

describe("broken connections", () => {
  it.each<[string, Fault, boolean, RegExp]>([
    ["reset before the write", { kind: "reset" }, false, /reset|closed|terminated/i],
    ["reset after the write", { kind: "reset", applied: true }, true, /reset|closed|terminated/i],
    ["cut in the middle of the body", { kind: "truncate" }, true, /closed|terminated|aborted/i],
    ["cut after a few bytes", { kind: "truncate", bytes: 3 }, true, /closed|terminated|aborted/i],
  ])("can be %s", async (_what, fault, applied, message) => {
    strikes(fault);
    await expect(patch()).rejects.toThrow(message);
    expect(written()).toBe(applied);
  });

  it("can hang for ever, before or after the write", async () => {
    strikes({ kind: "hang" });
    await expect(patch(150)).rejects.toThrow(/timeout/i);
    expect(written()).toBe(false);
    strikes({ kind: "hang", applied: true });
    await expect(patch(150)).rejects.toThrow(/timeout/i);
    expect(written()).toBe(true);
  });

  it("can carry a write out after the client gave up", async () => {
    const { on, clock } = await standingStill({ kind: "hang", lateMs: 120_000 });
    const body = patchBody({ OWNER: [owner], EDITOR: [ben] });
    const request = { body, headers: as(on, "anna"), timeoutMs: 100 };
    await expect(wire(on, `PATCH ${permissions}`, request)).rejects.toThrow(/timeout/i);
    expect(held(on.emulator, "a1")["EDITOR"]).toBeUndefined();
    await clock.advance(120_000);
    expect(held(on.emulator, "a1")["EDITOR"]).toEqual([ben]);
    await on.close();
  });

  it("can delay the real answer", async () => {
    const { on, clock } = await standingStill({ kind: "delay", ms: 5000 });
    let answered = false;
    const answer = wire(on, `GET ${permissions}`, { headers: as(on, "anna") }).then((got) => {
      answered = true;
      return got;
    });
    await expect.poll(() => clock.sleeping).toBe(1);
    await clock.advance(4999);
    expect(answered).toBe(false);
    await clock.advance(1);
    expect((await answer).status).toBe(200);
    await on.close();
  });

  it("can send more than a client will take", async () => {
    strikes({ kind: "oversize", bytes: 2_000_000 });
    const answer = await patch();
    expect(answer.body).toHaveLength(2_000_000);
    expect(JSON.parse(answer.body).etag).toBeDefined();
  });

  it("are logged with status 0, the fault, and whether it was a write", async () => {
    strikes({ kind: "reset" });
    await patch().catch(() => undefined);
    const { log } = server.running().emulator;
    expect(log.entries()[0]).toMatchObject({
      route: "assets.updatePermissions",
      status: 0,
      fault: "reset",
      write: true,
      asset: "a1",
      actor: at("anna"),
    });
    expect([log.total, log.writes]).toEqual([1, 1]);
  });
});

describe("disturbances", () => {
  it("a person edits between the client's read and its PATCH, so that the etag is stale", async () => {
    const on = server.running();
    strikes({ kind: "concurrentEditor" }, { times: 1 });
    const read = JSON.parse((await wire(on, `GET ${permissions}`, { headers: as(on, "anna") })).body);
    const body = patchBody({ OWNER: [owner], EDITOR: [ben] }, read.etag);
    const first = await wire(on, `PATCH ${permissions}`, { body, headers: as(on, "anna") });
    expect(first.status).toBe(409);
    expect(held(on.emulator, "a1")["VIEWER"]).toHaveLength(1);
    expect(on.emulator.history.at(-1)).toMatchObject({ via: "fault", actor: at("anna") });
  });

  it("the person's edit can be spelt out", async () => {
    strikes({ kind: "concurrentEditor", by: "x@acme.example", add: [{ role: "EDITOR", member: ben }], remove: [] });
    await patch();
    const edits = server.running().emulator.history.filter((change) => change.via === "fault");
    expect(edits.at(-1)?.actor).toBe("x@acme.example");
    expect(edits.at(-1)?.after.get("EDITOR")).toEqual([ben]);
  });

  it("a person puts the asset in the trash", async () => {
    strikes({ kind: "concurrentTrash" });
    await patch();
    expect(server.running().emulator.state.assets.get("a1")?.trashed).toBe(true);
  });

  it("every token issued so far expires, newer ones work", async () => {
    strikes({ kind: "expireTokens" }, { times: 1 });
    const first = await patch();
    expect(JSON.parse(first.body).error.details[0].reason).toBe("ACCESS_TOKEN_EXPIRED");
    expect((await patch()).status).toBe(200);
  });

  it("the delegation is revoked from the n-th request on", async () => {
    const on = server.running();
    on.emulator.setFaults([{ route: "assets.getPermissions", from: 2, fault: { kind: "revokeDelegation" } }]);
    const headers = as(on, "anna");
    expect((await wire(on, `GET ${permissions}`, { headers })).status).toBe(200);
    expect((await wire(on, `GET ${permissions}`, { headers })).status).toBe(401);
    expect(() => on.emulator.mint(at("anna"), ["https://www.googleapis.com/auth/datastudio"])).toThrow(/unauthorized/);
  });
});

describe("choosing requests", () => {
  const fault: Fault = { kind: "status", status: 500 };
  const get = (on: ReturnType<typeof stage>, name: string, who = "anna"): number =>
    call(on.emulator, who, `GET /v1/assets/${name}/permissions`).status;

  function small(rules: readonly FaultRule[]): ReturnType<typeof stage> {
    const world = smallWorld();
    for (const name of ["a1", "a2"]) world.addAsset({ name, owner: "anna", roles: { EDITOR: [ben] } });
    return stage({ world, faults: rules });
  }

  it.each<[string, Omit<FaultRule, "fault">, readonly number[]]>([
    ["always", {}, [500, 500, 500, 500, 500, 500]],
    ["the n-th", { nth: 2 }, [200, 500, 200, 200, 200, 200]],
    ["from the n-th on", { from: 5 }, [200, 200, 200, 200, 500, 500]],
    ["every n-th", { every: 2 }, [200, 500, 200, 500, 200, 500]],
    ["so many times", { times: 2 }, [500, 500, 200, 200, 200, 200]],
    ["never by chance", { probability: 0 }, [200, 200, 200, 200, 200, 200]],
    ["surely by chance", { probability: 1 }, [500, 500, 500, 500, 500, 500]],
    ["one asset", { asset: "a2", nth: 1 }, [200, 500, 200, 200, 200, 200]],
    ["one actor", { actor: at("ben") }, [200, 200, 500, 200, 200, 500]],
    ["a route by its start", { route: "assets.*", nth: 1 }, [500, 200, 200, 200, 200, 200]],
    ["a service", { route: "datastudio", nth: 1 }, [500, 200, 200, 200, 200, 200]],
    ["a path", { route: "/v1/assets/a2/", nth: 1 }, [200, 500, 200, 200, 200, 200]],
    ["another route", { route: "assets.search" }, [200, 200, 200, 200, 200, 200]],
    ["another method", { method: "PATCH" }, [200, 200, 200, 200, 200, 200]],
  ])("can hit %s", (_what, rule, expected) => {
    const on = small([{ ...rule, fault }]);
    const seen = [
      get(on, "a1"),
      get(on, "a2"),
      get(on, "a1", "ben"),
      get(on, "a1"),
      get(on, "a2"),
      get(on, "a2", "ben"),
    ];
    expect(seen).toEqual(expected);
  });

  it("can stick to the user first hit", () => {
    const on = small([{ route: "assets.getPermissions", nth: 2, fault: { kind: "sticky" } }]);
    expect([get(on, "a1", "ben"), get(on, "a1"), get(on, "a1", "ben"), get(on, "a2"), get(on, "a1")]).toEqual([
      200, 500, 200, 500, 500,
    ]);
  });

  it("knows the user of a token request", () => {
    const on = small([{ route: "token", actor: at("anna"), fault }]);
    const form = (sub: string): string => {
      const claims = Buffer.from(JSON.stringify({ sub })).toString("base64url");
      return `grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=e30.${claims}.x`;
    };
    const ask = (sub: string): number =>
      on.emulator.handle({ method: "POST", path: "/token", headers: {}, body: form(sub) }).status;
    expect([ask(at("anna")), ask(at("ben"))]).toEqual([500, 400]);
  });

  it("strikes by chance the same way for the same seed", () => {
    const pattern = (): readonly number[] => {
      const on = small([{ probability: 0.5, fault }]);
      return Array.from({ length: 40 }, () => get(on, "a1"));
    };
    expect(pattern()).toEqual(pattern());
    expect(new Set(pattern()).size).toBe(2);
  });

  it("adds delays and disturbances up, and takes the first answer", () => {
    const on = small([
      { fault: { kind: "delay", ms: 5 } },
      { fault: { kind: "concurrentEditor" } },
      { fault: { kind: "status", status: 500 } },
      { fault: { kind: "html" } },
      { fault: { kind: "delay", ms: 6 } },
    ]);
    const answer = call(on.emulator, "anna", "GET /v1/assets/a1/permissions");
    expect([answer.status, answer.reply.delivery]).toEqual([500, { kind: "delay", ms: 11 }]);
    expect(on.emulator.history).toHaveLength(1);
  });

  it("can make one search lag", () => {
    const on = small([{ route: "assets.search", nth: 1, fault: { kind: "searchLag", ms: 1000 } }]);
    on.emulator.state.edit(
      "a1",
      { add: [{ role: "VIEWER", member: `user:${at("heir")}` as never }], remove: [] },
      { at: on.emulator.now(), actor: at("anna"), via: "person" },
    );
    const seen = (): number =>
      (call(on.emulator, "heir", "GET /v1/assets:search?assetTypes=REPORT").json.assets ?? []).length;
    expect([seen(), seen()]).toEqual([0, 1]);
  });
});

describe("rules in a file", () => {
  it("are read as a list or under `faults`", () => {
    const rules = [{ route: "token", fault: { kind: "html" } }];
    expect(parseFaultRules(rules)).toEqual(rules);
    expect(parseFaultRules({ faults: rules })).toEqual(rules);
  });

  it.each([
    ["no list", 7],
    ["no fault", [{ route: "token" }]],
    ["an unknown kind", [{ fault: { kind: "flood" } }]],
    ["an unknown selector", [{ colour: "red", fault: { kind: "html" } }]],
    ["a count below one", [{ nth: 0, fault: { kind: "html" } }]],
    ["a chance above one", [{ probability: 2, fault: { kind: "html" } }]],
  ])("refuse %s", (_what, value) => {
    expect(() => parseFaultRules(value)).toThrow(/fault rule/);
  });
});
