/** assets.search: visibility, parameters, operators, order and pages. */
import { describe, expect, it } from "vitest";
import { at, call, smallWorld, stage } from "./support.ts";
import type { Stage } from "./support.ts";

function shelf(switches: Readonly<Record<string, string>> = {}): Stage {
  const world = smallWorld();
  const add = world.addAsset.bind(world);
  add({ name: "r-alpha", owner: "anna", title: "Alpha revenue", createdAt: 3000, accessedAt: 9000 });
  add({ name: "r-beta", owner: "anna", title: "beta", description: "about Revenue", createdAt: 1000 });
  add({ name: "r-gamma", owner: "ben", title: "Gamma", createdAt: 2000, roles: { VIEWER: [`user:${at("anna")}`] } });
  add({ name: "r-trash", owner: "anna", title: "Old", trashed: true });
  add({ name: "d-source", owner: "anna", title: "Source", type: "DATA_SOURCE", description: "hidden" });
  add({ name: "r-group", owner: "ben", title: "For the teams", roles: { EDITOR: [`group:${at("all-teams")}`] } });
  add({ name: "r-domain", owner: "ben", title: "For the domain", roles: { VIEWER: ["domain:acme.example"] } });
  add({ name: "r-link", owner: "ben", title: "Link only", roles: { LINK_VIEWER: ["allUsers"] }, workspace: "ws-1" });
  return stage({ world, switches });
}

function names(on: Stage, who: string, query: string): readonly string[] {
  const answer = call(on.emulator, who, `GET /v1/assets:search?${query}`);
  expect(answer.status).toBe(200);
  return (answer.json.assets ?? []).map((asset: { name: string }) => asset.name);
}

describe("search", () => {
  it.each([
    ["own, shared and domain assets", "anna", "assetTypes=REPORT", ["r-alpha", "r-beta", "r-domain", "r-gamma"]],
    ["only trashed assets when asked for the trash", "anna", "assetTypes=REPORT&includeTrashed=true", ["r-trash"]],
    ["data sources apart from reports", "anna", "assetTypes=DATA_SOURCE", ["d-source"]],
    ["what a nested group is given", "carl", "assetTypes=REPORT", ["r-domain", "r-group"]],
    ["nothing of another domain's people", "lab@acme-labs.example", "assetTypes=REPORT", []],
    ["assets of one owner", "anna", `assetTypes=REPORT&owner=${at("ben")}`, ["r-domain", "r-gamma"]],
    ["words in title or description", "anna", "assetTypes=REPORT&title=revenue", ["r-alpha", "r-beta"]],
    ["the creator operator", "anna", "assetTypes=REPORT&title=creator:me", ["r-alpha", "r-beta"]],
    ["the owner operator", "anna", `assetTypes=REPORT&title=owner:${at("ben")}%20gamma`, ["r-gamma"]],
    ["the from operator", "anna", `assetTypes=REPORT&title=from:${at("ben")}`, ["r-domain", "r-gamma"]],
    ["the to operator", "ben", `assetTypes=REPORT&title=to:${at("anna")}`, ["r-gamma"]],
    ["the parentWorkspace operator", "ben", "assetTypes=REPORT&title=parentWorkspace:ws-1", ["r-link"]],
    ["no project", "ben", "assetTypes=REPORT&title=projectNumber:12", []],
    ["quoted words as one", "anna", "assetTypes=REPORT&title=%22Alpha%20rev%22", ["r-alpha"]],
    [
      "ascending titles for an empty order",
      "anna",
      "assetTypes=REPORT&orderBy=",
      ["r-alpha", "r-beta", "r-domain", "r-gamma"],
    ],
    [
      "descending titles for a bare title",
      "anna",
      "assetTypes=REPORT&orderBy=title",
      ["r-gamma", "r-domain", "r-beta", "r-alpha"],
    ],
    [
      "ascending titles when said",
      "anna",
      "assetTypes=REPORT&orderBy=title%20ascending",
      ["r-alpha", "r-beta", "r-domain", "r-gamma"],
    ],
    ["creation times", "anna", `assetTypes=REPORT&orderBy=create_time&owner=${at("anna")}`, ["r-beta", "r-alpha"]],
    [
      "last accesses, newest first",
      "anna",
      `assetTypes=REPORT&orderBy=last_accessed_time%20desc&owner=${at("anna")}`,
      ["r-alpha", "r-beta"],
    ],
    [
      "what the caller viewed last",
      "anna",
      `assetTypes=REPORT&orderBy=last_viewed_by_me%20descending&owner=${at("anna")}`,
      ["r-alpha", "r-beta"],
    ],
    ["ids", "anna", "assetTypes=REPORT&orderBy=id", ["r-alpha", "r-beta", "r-domain", "r-gamma"]],
  ])("shows %s", (_what, who, query, expected) => {
    expect(names(shelf(), who, query)).toEqual(expected);
  });

  it.each([
    ["no type", ""],
    ["two types", "assetTypes=REPORT&assetTypes=DATA_SOURCE"],
    ["an unknown type", "assetTypes=EXPLORER"],
    ["an unknown order", "assetTypes=REPORT&orderBy=owner"],
    ["an unknown direction", "assetTypes=REPORT&orderBy=title%20sideways"],
    ["a page size that is no number", "assetTypes=REPORT&pageSize=many"],
    ["a trash flag that is no flag", "assetTypes=REPORT&includeTrashed=maybe"],
    ["an unknown parameter", "assetTypes=REPORT&color=red"],
    ["an unknown format", "assetTypes=REPORT&alt=xml"],
    ["a broken field mask", "assetTypes=REPORT&fields=assets("],
    ["a made-up page token", "assetTypes=REPORT&pageToken=abc"],
  ])("refuses %s with 400 INVALID_ARGUMENT", (_what, query) => {
    const answer = call(shelf().emulator, "anna", `GET /v1/assets:search?${query}`);
    expect([answer.status, answer.json.error.status]).toEqual([400, "INVALID_ARGUMENT"]);
  });

  it("walks pages without gap or repeat, forwards and back", () => {
    const on = shelf();
    const base = "/v1/assets:search?assetTypes=REPORT&pageSize=2";
    const first = call(on.emulator, "anna", `GET ${base}`).json;
    expect(first.assets.map((asset: { name: string }) => asset.name)).toEqual(["r-alpha", "r-beta"]);
    expect(first.previousPageToken).toBeUndefined();
    const second = call(on.emulator, "anna", `GET ${base}&pageToken=${first.nextPageToken}`).json;
    expect(second.assets.map((asset: { name: string }) => asset.name)).toEqual(["r-domain", "r-gamma"]);
    expect(second.nextPageToken).toBeUndefined();
    const back = call(on.emulator, "anna", `GET ${base}&pageToken=${second.previousPageToken}`).json;
    expect(back.assets).toEqual(first.assets);
  });

  it("refuses a page token with another query or another caller", () => {
    const on = shelf();
    const token = call(on.emulator, "anna", "GET /v1/assets:search?assetTypes=REPORT&pageSize=2").json.nextPageToken;
    const other = `GET /v1/assets:search?assetTypes=DATA_SOURCE&pageSize=2&pageToken=${token}`;
    expect(call(on.emulator, "anna", other).status).toBe(400);
    const same = `GET /v1/assets:search?assetTypes=REPORT&pageSize=2&pageToken=${token}`;
    expect(call(on.emulator, "ben", same).status).toBe(400);
    expect(call(on.emulator, "anna", same).status).toBe(200);
  });

  it("leaves empty and false fields out, and writes times without fraction", () => {
    const [asset] = call(shelf().emulator, "anna", "GET /v1/assets:search?assetTypes=REPORT&title=beta").json.assets;
    expect(asset).toEqual({
      name: "r-beta",
      assetType: "REPORT",
      title: "beta",
      description: "about Revenue",
      owner: at("anna"),
      creator: at("anna"),
      createTime: "1970-01-01T00:00:01Z",
      updateTime: "1970-01-01T00:00:01Z",
      updateByMeTime: "1970-01-01T00:00:01Z",
    });
    const [source] = call(shelf().emulator, "anna", "GET /v1/assets:search?assetTypes=DATA_SOURCE").json.assets;
    expect(source.description).toBeUndefined();
  });

  it("leaves `assets` out when there are none", () => {
    expect(call(shelf().emulator, "heir", "GET /v1/assets:search?assetTypes=DATA_SOURCE").json).toEqual({});
  });

  it.each([
    ["names and titles", "nextPageToken,assets(name,title)", { assets: [{ name: "d-source", title: "Source" }] }],
    ["a path", "assets/name", { assets: [{ name: "d-source" }] }],
    ["nothing that is there", "nextPageToken", {}],
  ])("answers in part when asked for %s", (_what, fields, expected) => {
    const line = `GET /v1/assets:search?assetTypes=DATA_SOURCE&fields=${encodeURIComponent(fields)}`;
    expect(call(shelf().emulator, "anna", line).json).toEqual(expected);
  });

  it("sees changes of people, groups and policies at once", () => {
    const on = shelf();
    expect(names(on, "heir", "assetTypes=REPORT&title=gamma")).toEqual([]);
    on.emulator.state.edit(
      "r-gamma",
      { add: [{ role: "VIEWER", member: `group:${at("all-teams")}` as never }], remove: [] },
      { at: 1, actor: at("ben"), via: "person" },
    );
    expect(names(on, "heir", "assetTypes=REPORT&title=gamma")).toEqual([]);
    const { directory } = on.emulator.state;
    const team = directory.group(at("team"));
    if (team === undefined) throw new Error("no team");
    directory.changeGroup(team, [...team.members, { kind: "USER", email: at("heir"), role: "MEMBER" }]);
    expect(names(on, "heir", "assetTypes=REPORT&title=gamma")).toEqual(["r-gamma"]);
  });
});
