/** The HTTP front: limits, control routes, start, files, and going down in good order. */
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { startEmulator } from "../../src/emulator/start.ts";
import { as, listening, scratch, wallClock, wire } from "./http-stage.ts";
import { at, smallWorld } from "./support.ts";

const permissions = "/v1/assets/a1/permissions";
const server = listening(() => {
  const world = smallWorld();
  world.addAsset({ name: "a1", owner: "anna", roles: new Map([["__proto__", [`user:${at("ben")}`]]]) });
  return { world };
});

async function control(line: string, body?: unknown): Promise<unknown> {
  const answer = await wire(server.running(), line, { body });
  return answer.body === "" ? answer.status : JSON.parse(answer.body);
}

describe("the front", () => {
  it("answers with type, length and date", async () => {
    const on = server.running();
    const answer = await wire(on, `GET ${permissions}`, { headers: as(on, "anna") });
    expect(answer.headers).toMatchObject({
      "content-type": "application/json; charset=UTF-8",
      "content-length": String(Buffer.byteLength(answer.body)),
    });
    expect(Date.parse(String(answer.headers["date"]))).toBeGreaterThan(0);
  });

  it("takes a body in chunks and refuses one over a mebibyte", async () => {
    const on = server.running();
    const big = JSON.stringify({ members: ["x".repeat(1_100_000)] });
    const answer = await wire(on, `POST ${permissions}:revokeAllPermissions`, { body: big, headers: as(on, "anna") });
    expect(answer.status).toBe(413);
    const chunked = await fetch(`${on.url}${permissions}:revokeAllPermissions`, {
      method: "POST",
      headers: as(on, "anna"),
      body: new Blob([JSON.stringify({ members: ["user:x@acme.example"] })]).stream(),
      duplex: "half",
    });
    expect(chunked.status).toBe(200);
  });

  it("keeps the control routes from pages that reach it under another name", async () => {
    const answer = await wire(server.running(), "GET /_emulator/log", { headers: { host: "attacker.example" } });
    expect(answer.status).toBe(403);
  });

  it("answers Google's routes under any host name", async () => {
    const on = server.running();
    const headers = { ...as(on, "anna"), host: "datastudio.googleapis.com" };
    expect((await wire(on, `GET ${permissions}`, { headers })).status).toBe(200);
  });
});

describe("control routes", () => {
  it("set faults, show their hits, and clear them", async () => {
    const on = server.running();
    await control("PUT /_emulator/faults", [{ route: "assets.search", fault: { kind: "html" } }]);
    await control("POST /_emulator/faults", { faults: [{ nth: 9, fault: { kind: "reset" } }] });
    expect((await wire(on, "GET /v1/assets:search?assetTypes=REPORT", { headers: as(on, "anna") })).status).toBe(502);
    expect(await control("GET /_emulator/faults")).toMatchObject({
      faults: [
        { matched: 1, struck: 1 },
        { matched: 1, struck: 0 },
      ],
    });
    expect(await control("DELETE /_emulator/faults")).toBe(204);
    expect(await control("GET /_emulator/faults")).toEqual({ faults: [] });
  });

  it("show and set switches and quotas", async () => {
    await control("PATCH /_emulator/switches", { etagMismatch: "412", maxMembersPerCall: "10" });
    expect(await control("GET /_emulator/switches")).toMatchObject({
      etagMismatch: "412",
      maxMembersPerCall: "10",
      noAccess: "403",
    });
    const quotas = {
      model: "fixed",
      limits: [{ service: "datastudio", per: "user", kind: "read", perMinute: 100_000 }],
    };
    await control("PUT /_emulator/quotas", quotas);
    expect(await control("GET /_emulator/quotas")).toEqual(quotas);
  });

  it("count, log and clear requests; they themselves leave no trace", async () => {
    const on = server.running();
    await control("DELETE /_emulator/log");
    await wire(on, `GET ${permissions}`, { headers: { ...as(on, "anna"), "user-agent": "probe/1" } });
    await wire(on, `POST ${permissions}:revokeAllPermissions`, { body: { members: ["x"] }, headers: as(on, "anna") });
    expect(await control("GET /_emulator/counts")).toMatchObject({
      total: 2,
      writes: 1,
      routes: [
        { route: "assets.getPermissions", method: "GET", count: 1, byStatus: { 200: 1 } },
        { route: "assets.permissions.revokeAllPermissions", count: 1 },
      ],
    });
    expect(await control("GET /_emulator/log?route=assets.getPermissions")).toMatchObject({
      total: 2,
      dropped: 0,
      entries: [{ actor: at("anna"), asset: "a1", status: 200, userAgent: "probe/1" }],
    });
  });

  it("show history and assets, roles as pairs", async () => {
    const pairs = {
      asset: "a1",
      by: at("anna"),
      add: [{ role: "VIEWER", member: "allUsers" }],
      title: "New",
      trashed: true,
    };
    expect(await control("POST /_emulator/edit", pairs)).toMatchObject({ title: "New", trashed: true });
    expect(await control("GET /_emulator/assets/a1")).toMatchObject({
      roles: [
        ["OWNER", [`user:${at("anna")}`]],
        ["__proto__", [`user:${at("ben")}`]],
        ["VIEWER", ["allUsers"]],
      ],
    });
    const { changes } = (await control("GET /_emulator/history?asset=a1")) as {
      changes: readonly { via: string; after: unknown }[];
    };
    expect(changes.some((change) => change.via === "person")).toBe(true);
  });

  it("move time, change people and withdraw credentials", async () => {
    const on = server.running();
    const before = on.emulator.now();
    await control("POST /_emulator/advance", { ms: 3_600_000 });
    expect(on.emulator.now() - before).toBeGreaterThanOrEqual(3_600_000);
    await control("PATCH /_emulator/person", { email: at("carl"), suspended: true });
    expect(on.emulator.world.person("carl").suspended).toBe(true);
    await control("PATCH /_emulator/flags", { delegationRevoked: true, expireTokens: true });
    expect(() => as(on, "anna")).toThrow(/unauthorized/);
    await control("PATCH /_emulator/flags", { delegationRevoked: false });
    expect(await control("GET /_emulator/")).toMatchObject({ domain: "acme.example", assets: 1 });
  });

  it("take the whole state out and put it back", async () => {
    const on = server.running();
    const state = await control("GET /_emulator/state");
    on.emulator.state.edit(
      "a1",
      { add: [{ role: "EDITOR", member: "user:x@acme.example" as never }], remove: [] },
      { at: 0, actor: "", via: "person" },
    );
    expect(await control("PUT /_emulator/state", state)).toBe(204);
    expect(on.emulator.state.assets.get("a1")?.roles.has("EDITOR")).toBe(false);
    expect(on.emulator.state.assets.get("a1")?.roles.get("__proto__")).toEqual([`user:${at("ben")}`]);
  });

  it.each([
    ["GET /_emulator/nothing", undefined, 404],
    ["PUT /_emulator/faults", [{ fault: { kind: "flood" } }], 400],
    ["PATCH /_emulator/switches", { colour: "red" }, 400],
    ["PATCH /_emulator/switches", "{", 400],
    ["PUT /_emulator/quotas", { model: "leaky" }, 400],
    ["POST /_emulator/advance", { minutes: 1 }, 400],
    ["POST /_emulator/edit", { asset: "nope", by: "x" }, 400],
    ["PATCH /_emulator/person", { email: "nobody@acme.example" }, 400],
    ["PUT /_emulator/state", { format: "other" }, 400],
    ["GET /_emulator/assets/nope", undefined, 400],
  ])("answer %s with %j by a problem", async (line, body, status) => {
    const answer = await wire(server.running(), line, { body });
    expect([answer.status, typeof JSON.parse(answer.body).problem]).toEqual([status, "string"]);
  });
});

describe("starting", () => {
  it("writes a private key file and a whole ready file, and uses a key that is there", async () => {
    const folder = await scratch();
    const files = { keyFile: join(folder, "deep", "key.json"), readyFile: join(folder, "ready.json") };
    const options = { clock: wallClock, seed: 7, users: 20, assets: 100, ...files };
    const first = await startEmulator(options);
    const ready = JSON.parse(await readFile(files.readyFile, "utf8"));
    expect(ready).toEqual({
      url: first.url,
      keyFile: files.keyFile,
      admin: at("admin"),
      domain: "acme.example",
      pid: process.pid,
    });
    expect((await stat(files.keyFile)).mode & 0o777).toBe(0o600);
    const key = await readFile(files.keyFile, "utf8");
    expect(Object.keys(JSON.parse(key))).toEqual(
      expect.arrayContaining([
        "type",
        "project_id",
        "private_key_id",
        "private_key",
        "client_email",
        "client_id",
        "token_uri",
      ]),
    );
    await first.close();
    const second = await startEmulator(options);
    expect(await readFile(files.keyFile, "utf8")).toBe(key);
    await second.close();
  });

  it("keeps a key nobody asked for in a temporary folder, and takes it along on closing", async () => {
    const on = await startEmulator({ clock: wallClock, world: smallWorld() });
    expect((await stat(on.keyFile)).mode & 0o777).toBe(0o600);
    await on.close();
    await expect(stat(on.keyFile)).rejects.toThrow(/ENOENT/);
  });

  it("takes that folder along when it cannot start", async () => {
    const folder = await scratch();
    vi.stubEnv("TMPDIR", folder);
    const port = Number(new URL(server.running().url).port);
    await expect(startEmulator({ clock: wallClock, world: smallWorld(), port })).rejects.toThrow(/EADDRINUSE|in use/);
    vi.unstubAllEnvs();
    expect(await readdir(folder)).toEqual([]);
  });

  it("gives nobody an id twice after loading a state whose ids are no numbers", async () => {
    const stateFile = join(await scratch(), "state.json");
    const { keyFile } = server.running();
    const first = await startEmulator({ clock: wallClock, world: smallWorld(), stateFile, keyFile });
    const known = [...first.emulator.state.directory.people.keys()][0] ?? "";
    await first.close();
    await writeFile(stateFile, (await readFile(stateFile, "utf8")).replaceAll(known, "somebody"));
    const second = await startEmulator({ clock: wallClock, stateFile, keyFile });
    const made = ["one", "two"].map((email) => second.emulator.world.addUser({ email }).id);
    expect(made.every((id) => /^\d+$/.test(id)) && new Set(made).size === 2).toBe(true);
    await second.close();
  });

  it("loads the tenant from a state file and saves it on closing", async () => {
    const stateFile = join(await scratch(), "state.json");
    const world = smallWorld();
    world.addAsset({ name: "kept", owner: "anna", title: "Kept" });
    const { keyFile } = server.running();
    const first = await startEmulator({ clock: wallClock, world, stateFile, keyFile });
    const etag = first.emulator.state.assets.get("kept")?.etagMicros;
    await first.close();
    const second = await startEmulator({ clock: wallClock, users: 20, assets: 100, stateFile, keyFile });
    expect(second.emulator.state.assets.size).toBe(1);
    expect(second.emulator.state.assets.get("kept")?.etagMicros).toBe(etag);
    expect(second.emulator.world.addUser({ email: "newcomer" }).email).toBe(at("newcomer"));
    await second.close();
  });

  it.each([
    ["a state file that is none", "state.json", "{}", "stateFile"],
    ["a state file that is no JSON", "state.json", "oops", "stateFile"],
    ["a key file that is none", "key.json", '{"type":"user"}', "keyFile"],
    ["an OAuth client that is of another type", "client.json", '{"web":{}}', "oauthClientFile"],
    ["an OAuth client that is no JSON", "no-client.json", "{", "oauthClientFile"],
  ])("refuses %s", async (_what, name, content, option) => {
    const file = join(await scratch(), name);
    await writeFile(file, content);
    const { keyFile } = server.running();
    const start = startEmulator({ clock: wallClock, world: smallWorld(), keyFile, [option]: file });
    await expect(start).rejects.toThrow(/not an emulator state|not a service-account key|not a desktop OAuth client/);
  });

  it("refuses a state whose people share an id, and keeps the one it has", () => {
    const { emulator } = server.running();
    const before = emulator.exportState();
    const state = JSON.parse(before) as { people: unknown[] };
    const twins = JSON.stringify({ ...state, people: [...state.people, ...state.people] });
    expect(() => emulator.importState(twins)).toThrow(/share an id/);
    expect(emulator.exportState()).toBe(before);
  });

  it("refuses a port that is taken", async () => {
    const { url, keyFile } = server.running();
    const port = Number(new URL(url).port);
    await expect(startEmulator({ clock: wallClock, world: smallWorld(), keyFile, port })).rejects.toThrow(/EADDRINUSE/);
  });

  it("closes although a client hangs, and leaves nobody connected", async () => {
    const { keyFile } = server.running();
    const on = await startEmulator({
      clock: wallClock,
      world: smallWorld(),
      keyFile,
      faults: [{ fault: { kind: "hang" } }],
    });
    const hanging = wire(on, "GET /anything").catch((error: unknown) => String(error));
    const idle = connect(Number(new URL(on.url).port), "127.0.0.1");
    const ended = new Promise((resolve) => idle.on("close", resolve));
    await expect.poll(() => on.emulator.log.total).toBe(1);
    await on.close();
    await ended;
    expect(await hanging).toMatch(/closed|terminated|reset/i);
  });
});
