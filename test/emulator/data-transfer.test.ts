/** The Data Transfer API: applications, jobs, and assets that move one after another as time passes. */
import { describe, expect, it } from "vitest";
import { at, call, held, scopes, smallWorld, stage } from "./support.ts";
import type { Answer, Extra, Stage } from "./support.ts";

const base = "/admin/datatransfer/v1";
const studio = "810260081642";

function office(): Stage {
  const world = smallWorld();
  for (const name of ["t1", "t2", "t3", "t4"]) {
    world.addAsset({
      name,
      owner: "leaver",
      roles: { EDITOR: [`user:${at("heir")}`], VIEWER: [`user:${at("anna")}`] },
    });
  }
  world.addAsset({ name: "other", owner: "anna" });
  return stage({ world, transferPace: { startMs: 1000, perAssetMs: 100 } });
}

function body(on: Stage, from = "leaver", to = "heir", parts: readonly object[] = [{ applicationId: studio }]): object {
  const id = (name: string): string => on.emulator.state.directory.person(at(name))?.id ?? "0";
  return { oldOwnerUserId: id(from), newOwnerUserId: id(to), applicationDataTransfers: parts };
}

function insert(on: Stage, extra: Partial<Extra> = {}): Answer {
  return call(on.emulator, "admin", `POST ${base}/transfers`, { body: body(on), ...extra });
}

function status(on: Stage, id: string): string {
  return call(on.emulator, "admin", `GET ${base}/transfers/${id}`).json.overallTransferStatusCode;
}

function owners(on: Stage): readonly string[] {
  return ["t1", "t2", "t3", "t4"].map((name) => held(on.emulator, name)["OWNER"]?.[0]?.split(/[:@]/)[1] ?? "");
}

describe("applications", () => {
  it("are listed by id, Data Studio without parameters", () => {
    const { emulator } = office();
    const { applications } = call(emulator, "admin", `GET ${base}/applications?customerId=my_customer`).json;
    const own = applications.find((one: { id: string }) => one.id === studio);
    expect([own.name, own.transferParams]).toEqual(["Data Studio", undefined]);
    expect(call(emulator, "admin", `GET ${base}/applications/${studio}`).json.id).toBe(studio);
    expect(call(emulator, "admin", `GET ${base}/applications/1`).status).toBe(404);
  });
});

describe("a transfer", () => {
  it("answers at once as in progress and moves one asset after another", () => {
    const on = office();
    const job = insert(on).json;
    expect(job.id).toMatch(/^AKrEtIY[\w-]{93}$/);
    expect(job.requestTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect([job.overallTransferStatusCode, job.applicationDataTransfers[0].applicationTransferStatus]).toEqual([
      "inProgress",
      "pending",
    ]);
    expect(owners(on)).toEqual(["leaver", "leaver", "leaver", "leaver"]);
    on.emulator.advance(1199);
    expect(owners(on)).toEqual(["heir", "leaver", "leaver", "leaver"]);
    on.emulator.advance(101);
    expect(owners(on)).toEqual(["heir", "heir", "heir", "leaver"]);
    expect(status(on, job.id)).toBe("inProgress");
    on.emulator.advance(100);
    expect(status(on, job.id)).toBe("completed");
    expect(held(on.emulator, "t4")).toEqual({
      OWNER: [`user:${at("heir")}`],
      VIEWER: [`user:${at("anna")}`],
      EDITOR: [`user:${at("leaver")}`],
    });
    expect(held(on.emulator, "other")["OWNER"]).toEqual([`user:${at("anna")}`]);
  });

  it("moves each asset at its own instant, however seldom anybody looks", () => {
    const on = office();
    insert(on);
    const began = on.emulator.now();
    on.emulator.advance(86_400_000);
    expect(on.emulator.history.map((change) => [change.at - began, change.via])).toEqual([
      [1100, "transfer"],
      [1200, "transfer"],
      [1300, "transfer"],
      [1400, "transfer"],
    ]);
  });

  it("moves the etag, so that a client's older one is stale", () => {
    const on = office();
    const etag = call(on.emulator, "leaver", "GET /v1/assets/t1/permissions").json.etag;
    insert(on);
    on.emulator.advance(10_000);
    expect(call(on.emulator, "leaver", "GET /v1/assets/t1/permissions").json.etag).not.toBe(etag);
  });

  it.each([
    ["no parts", [], 400],
    ["an unknown application", [{ applicationId: "1" }], 400],
    [
      "a parameter that is not offered",
      [{ applicationId: studio, applicationTransferParams: [{ key: "PRIVACY_LEVEL", value: ["SHARED"] }] }],
      400,
    ],
    ["a part with an unknown field", [{ applicationId: studio, color: "red" }], 400],
    [
      "Drive with its own parameter",
      [{ applicationId: "55656082996", applicationTransferParams: [{ key: "PRIVACY_LEVEL", value: ["SHARED"] }] }],
      200,
    ],
  ])("with %s is judged", (_what, parts, expected) => {
    const on = office();
    expect(insert(on, { body: body(on, "leaver", "heir", parts) }).status).toBe(expected);
  });

  it("of another application moves no assets", () => {
    const on = office();
    const job = insert(on, { body: body(on, "leaver", "heir", [{ applicationId: "435070579839" }]) }).json;
    on.emulator.advance(60_000);
    expect([status(on, job.id), owners(on)[0]]).toEqual(["completed", "leaver"]);
  });

  it("is an administrator's, needs the writing scope, and takes ids, not addresses", () => {
    const on = office();
    expect(call(on.emulator, "anna", `POST ${base}/transfers`, { body: body(on) }).status).toBe(403);
    expect(insert(on, { scopes: [scopes.transferRead] }).status).toBe(403);
    expect(insert(on, { body: { ...body(on), newOwnerUserId: at("heir") } }).status).toBe(403);
    on.world.deleteUser("leaver", on.emulator.now());
    expect(insert(on, { body: { ...body(on), oldOwnerUserId: "100" } }).status).toBe(403);
  });

  it("that is not there is 404", () => {
    expect(call(office().emulator, "admin", `GET ${base}/transfers/nope`).status).toBe(404);
  });
});

describe("the list of transfers", () => {
  it("is newest first, filtered, and paged by the last id", () => {
    const on = office();
    const first = insert(on).json.id;
    on.emulator.advance(60_000);
    const second = insert(on, { body: body(on, "anna", "ben") }).json.id;
    const third = insert(on, { body: body(on, "heir", "ben") }).json.id;
    const ids = (query: string): readonly string[] =>
      (call(on.emulator, "admin", `GET ${base}/transfers?${query}`).json.dataTransfers ?? []).map(
        (job: { id: string }) => job.id,
      );
    expect(ids("")).toEqual([third, second, first]);
    expect(ids("status=completed")).toEqual([first]);
    expect(ids(`oldOwnerUserId=${on.world.person("anna").id}`)).toEqual([second]);
    expect(ids(`newOwnerUserId=${on.world.person("ben").id}&status=inProgress`)).toEqual([third, second]);
    const page = call(on.emulator, "admin", `GET ${base}/transfers?maxResults=2`).json;
    expect(page.nextPageToken).toBe(second);
    expect(ids(`maxResults=2&pageToken=${page.nextPageToken}`)).toEqual([first]);
  });

  it.each(["status=pending", "maxResults=0", "maxResults=501", "pageToken=nope"])("refuses %s", (query) => {
    expect(call(office().emulator, "admin", `GET ${base}/transfers?${query}`).status).toBe(400);
  });
});

describe("scripted transfers", () => {
  it.each([
    ["stuck", 0.5, "inProgress", ["leaver", "leaver", "leaver", "leaver"]],
    ["failed", 0.5, "failed", ["heir", "heir", "leaver", "leaver"]],
    ["partial", 0.75, "completed", ["heir", "heir", "heir", "leaver"]],
  ] as const)("can be %s", (outcome, share, overall, expected) => {
    const on = office();
    on.emulator.setFaults([{ route: "transfers.insert", fault: { kind: "transfer", outcome, share } }]);
    const job = insert(on).json;
    on.emulator.advance(86_400_000);
    expect([status(on, job.id), owners(on)]).toEqual([overall, expected]);
  });
});
