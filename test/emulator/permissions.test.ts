/** Permissions of one asset: reading, replacing, adding, revoking, and who may. */
import { describe, expect, it } from "vitest";
import { etagText } from "../../src/emulator/state.ts";
import { at, call, held, patchBody, rolesJson, scopes, send, smallWorld, stage } from "./support.ts";
import type { Stage } from "./support.ts";

const owner = `user:${at("anna")}`;
const ben = `user:${at("ben")}`;
const carl = `user:${at("carl")}`;
const permissions = "/v1/assets/a1/permissions";

function desk(roles: Readonly<Record<string, readonly string[]>> = {}): Stage {
  const world = smallWorld();
  world.addAsset({ name: "a1", owner: "anna", title: "One", roles });
  return stage({ world });
}

describe("rights", () => {
  it.each([
    ["the owner", {}, "anna", 200],
    ["an editor", { EDITOR: [ben] }, "ben", 200],
    ["an editor by group", { EDITOR: [`group:${at("team")}`] }, "carl", 200],
    ["an editor by a group in a group", { EDITOR: [`group:${at("all-teams")}`] }, "carl", 200],
    ["an editor by domain", { EDITOR: ["domain:acme.example"] }, "ben", 200],
    ["an editor by alias", { EDITOR: [`user:${at("leaver.alias")}`] }, "leaver", 200],
    ["an editor under the alias domain", { EDITOR: ["user:ben@acme.test"] }, "ben", 200],
    ["an editor in other letters", { EDITOR: ["user:Ben@Acme.example"] }, "ben", 200],
    ["a viewer", { VIEWER: [ben] }, "ben", 403],
    ["somebody with the link only", { LINK_EDITOR: ["allUsers"] }, "ben", 403],
    ["an editor of another domain", { EDITOR: ["domain:acme.example"] }, "lab@acme-labs.example", 403],
    ["a stranger", {}, "ben", 403],
  ])("%s gets what the role allows", (_who, roles, who, status) => {
    const on = desk(roles);
    expect(call(on.emulator, who, `GET ${permissions}`).status).toBe(status);
    expect(
      call(on.emulator, who, `PATCH ${permissions}`, { body: patchBody({ OWNER: [owner], ...roles }) }).status,
    ).toBe(status);
  });

  it("keeps editors from permissions where the owner has switched that off", () => {
    const world = smallWorld();
    world.addAsset({ name: "a1", owner: "anna", roles: { EDITOR: [ben] }, editorsMayShare: false });
    const { emulator } = stage({ world });
    expect(call(emulator, "ben", `GET ${permissions}`).status).toBe(403);
    expect(call(emulator, "anna", `GET ${permissions}`).status).toBe(200);
  });

  it("lets viewers get the asset, and answers 404 for an id that is not there", () => {
    const on = desk({ VIEWER: [ben] });
    expect(call(on.emulator, "ben", "GET /v1/assets/a1").json.title).toBe("One");
    expect(call(on.emulator, "ben", "GET /v1/assets/nope").json.error.message).toBe("Requested entity was not found.");
    expect(call(on.emulator, "ben", "GET /v1/assets/nope/permissions").json.error.status).toBe("NOT_FOUND");
  });
});

describe("reading permissions", () => {
  it("answers roles that have members and an etag; the old `role` parameter has no effect", () => {
    const on = desk({ EDITOR: [ben], LINK_VIEWER: ["domain:acme.example"], VIEWER: [] });
    const answer = call(on.emulator, "anna", `GET ${permissions}?role=OWNER`).json;
    expect(answer.permissions).toEqual(
      rolesJson({ OWNER: [owner], EDITOR: [ben], LINK_VIEWER: ["domain:acme.example"] }),
    );
    expect(answer.etag).toMatch(/^[A-Za-z0-9+/]{11}=$/);
  });

  it("writes etags as Google's sample shows them", () => {
    expect(etagText(Date.UTC(2022, 4, 13, 3, 27, 20, 22) * 1000 + 621)).toBe("BwXe3ECCjl0=");
  });

  it("carries a role named __proto__ through reading and writing", () => {
    const world = smallWorld();
    const roles = new Map([
      ["__proto__", [ben]],
      ["FUTURE", [carl]],
    ]);
    world.addAsset({ name: "a1", owner: "anna", roles });
    const { emulator } = stage({ world });
    const read = call(emulator, "anna", `GET ${permissions}`).reply.body;
    expect(read).toContain(`"__proto__":{"members":["${ben}"]}`);
    const written = call(emulator, "anna", `PATCH ${permissions}`, { body: `{"permissions":${read}}` });
    expect(written.status).toBe(200);
    expect(emulator.state.assets.get("a1")?.roles.get("__proto__")).toEqual([ben]);
  });
});

describe("PATCH", () => {
  it("replaces the map: roles left out are cleared, the owner stays", () => {
    const on = desk({ EDITOR: [ben], VIEWER: [carl] });
    const answer = call(on.emulator, "anna", `PATCH ${permissions}`, {
      body: patchBody({ OWNER: [owner], VIEWER: [ben] }),
    });
    expect(answer.json.permissions).toEqual(rolesJson({ OWNER: [owner], VIEWER: [ben] }));
    expect(held(on.emulator, "a1")).toEqual({ OWNER: [owner], VIEWER: [ben] });
  });

  it("moves the etag with every write, and refuses an old one without writing", () => {
    const on = desk({ EDITOR: [ben] });
    const before = call(on.emulator, "anna", `GET ${permissions}`).json.etag;
    const first = call(on.emulator, "anna", `PATCH ${permissions}`, { body: patchBody({ OWNER: [owner] }, before) });
    expect(first.json.etag).not.toBe(before);
    const stale = call(on.emulator, "ben", `GET ${permissions}`);
    expect(stale.status).toBe(403);
    const second = call(on.emulator, "anna", `PATCH ${permissions}`, {
      body: patchBody({ OWNER: [owner], VIEWER: [ben] }, before),
    });
    expect([second.status, second.json.error.status]).toEqual([409, "ABORTED"]);
    expect(held(on.emulator, "a1")).toEqual({ OWNER: [owner] });
  });

  it("gives two writes of one instant, and one after the clock went back, different and rising etags", () => {
    const on = desk();
    const etag = (): string =>
      call(on.emulator, "anna", `PATCH ${permissions}`, { body: patchBody({ OWNER: [owner] }) }).json.etag;
    const seen = [etag(), etag()];
    on.emulator.advance(-60_000);
    seen.push(etag());
    const instants = seen.map((text) => Buffer.from(text, "base64").readBigUInt64BE());
    expect(instants[1]).toBe((instants[0] ?? 0n) + 1n);
    expect(instants[2]).toBe((instants[1] ?? 0n) + 1n);
  });

  it("takes an etag in any spelling of its bytes, and none at all", () => {
    const on = desk();
    const etag: string = call(on.emulator, "anna", `GET ${permissions}`).json.etag;
    const urlSafe = etag.replaceAll("+", "-").replaceAll("/", "_").replace(/=$/, "");
    expect(
      call(on.emulator, "anna", `PATCH ${permissions}`, { body: patchBody({ OWNER: [owner] }, urlSafe) }).status,
    ).toBe(200);
    expect(call(on.emulator, "anna", `PATCH ${permissions}`, { body: patchBody({ OWNER: [owner] }) }).status).toBe(200);
  });

  it("says exactly what Google says when the owner would change", () => {
    const on = desk();
    const answer = call(on.emulator, "anna", `PATCH ${permissions}`, { body: patchBody({ OWNER: [ben] }) });
    expect([answer.status, answer.json.error.message]).toEqual([400, "Owner is not allowed to be modified"]);
  });

  it.each([
    ["no permissions", {}],
    ["an unknown field", { permissions: { permissions: {} }, color: "red" }],
    ["roles nested once only", { permissions: { EDITOR: { members: [ben] } } }],
    ["a list instead of an object", { permissions: [] }],
    ["members that are no text", { permissions: { permissions: { EDITOR: { members: [7] } } } }],
    ["an etag that is no base64", { permissions: { permissions: {}, etag: "no!" } }],
    ["an unknown role", patchBody({ BOSS: [ben] })],
    ["a bare address", patchBody({ EDITOR: [at("ben")] })],
    ["an address that is none", patchBody({ EDITOR: ["user:ben"] })],
    ["everyone as editor", patchBody({ EDITOR: ["allUsers"] })],
    ["a person with the link", patchBody({ LINK_VIEWER: [ben] })],
    ["broken JSON", '{"permissions":'],
  ])("refuses %s", (_what, body) => {
    const on = desk({ VIEWER: [carl] });
    const answer = call(on.emulator, "anna", `PATCH ${permissions}`, { body });
    expect([answer.status, answer.json.error.status]).toEqual([400, "INVALID_ARGUMENT"]);
    expect(held(on.emulator, "a1")).toEqual({ OWNER: [owner], VIEWER: [carl] });
  });

  it("names the member whose prefix it does not know", () => {
    const answer = call(desk().emulator, "anna", `PATCH ${permissions}`, { body: patchBody({ EDITOR: [at("ben")] }) });
    expect(answer.json.error.message).toBe(`Policy contains invalid member prefix ${at("ben")}`);
  });

  it("stores each member once", () => {
    const on = desk();
    call(on.emulator, "anna", `PATCH ${permissions}`, { body: patchBody({ EDITOR: [ben, ben] }) });
    expect(held(on.emulator, "a1")["EDITOR"]).toEqual([ben]);
  });
});

describe("addMembers", () => {
  const path = `${permissions}:addMembers`;

  it("adds, needs no etag, and is idempotent", () => {
    const on = desk({ VIEWER: [carl] });
    const body = { name: "a1", role: "VIEWER", members: [ben] };
    call(on.emulator, "anna", `POST ${path}`, { body });
    const twice = call(on.emulator, "anna", `POST ${path}`, { body });
    expect(twice.json.permissions).toEqual(rolesJson({ OWNER: [owner], VIEWER: [carl, ben] }));
  });

  it.each([
    ["the owner role", { role: "OWNER", members: [ben] }, "Owner is not allowed to be modified"],
    ["a bare address", { role: "VIEWER", members: [at("ben")] }, `Policy contains invalid member prefix ${at("ben")}`],
    ["no members", { role: "VIEWER", members: [] }, "Request contains an invalid argument."],
    ["no role", { members: [ben] }, expect.stringContaining("Invalid value at 'role'")],
    [
      "a role that is none",
      { role: "ROLE_UNSPECIFIED", members: [ben] },
      expect.stringContaining("Invalid value at 'role'"),
    ],
  ])("refuses %s", (_what, body, message) => {
    const answer = call(desk().emulator, "anna", `POST ${path}`, { body });
    expect([answer.status, answer.json.error.message]).toEqual([400, message]);
  });

  it("is not for viewers", () => {
    const on = desk({ VIEWER: [ben] });
    expect(call(on.emulator, "ben", `POST ${path}`, { body: { role: "VIEWER", members: [carl] } }).status).toBe(403);
  });
});

describe("revokeAllPermissions", () => {
  const path = `${permissions}:revokeAllPermissions`;

  it("takes members out of every role, link roles too, and passes over those it does not know", () => {
    const on = desk({ EDITOR: [ben], VIEWER: [ben, carl], LINK_VIEWER: ["allUsers"] });
    const members = [ben, "allUsers", "user:nobody@acme.example", "nonsense"];
    const answer = call(on.emulator, "anna", `POST ${path}`, { body: { members } });
    expect(answer.status).toBe(200);
    expect(answer.json.permissions).toEqual(rolesJson({ OWNER: [owner], VIEWER: [carl] }));
  });

  it("keeps the owner and the caller, silently", () => {
    const on = desk({ EDITOR: [ben] });
    const answer = call(on.emulator, "ben", `POST ${path}`, { body: { members: [owner, ben] } });
    expect([answer.status, answer.json.permissions]).toEqual([200, rolesJson({ OWNER: [owner], EDITOR: [ben] })]);
  });
});

describe("trash and purge", () => {
  it("deletes, restores and purges, for the owner", () => {
    const on = desk({ EDITOR: [ben] });
    expect(call(on.emulator, "ben", "DELETE /v1/assets/a1").status).toBe(403);
    expect(call(on.emulator, "anna", "DELETE /v1/assets/a1").json.trashed).toBe(true);
    expect(call(on.emulator, "anna", "POST /v1/assets/a1:undelete").json.trashed).toBeUndefined();
    call(on.emulator, "anna", "DELETE /v1/assets/a1");
    const filter = 'name = "assets/a1"';
    const dry = call(on.emulator, "anna", "POST /v1/assets:purge", { body: { filter } }).json;
    expect([dry.done, dry.response.purgeCount, dry.response.purgeSample]).toEqual([true, 1, ["assets/a1"]]);
    expect(on.emulator.state.assets.has("a1")).toBe(true);
    expect(call(on.emulator, "anna", "POST /v1/assets:purge", { body: { filter, force: true } }).status).toBe(200);
    expect(on.emulator.state.assets.has("a1")).toBe(false);
    expect(call(on.emulator, "anna", "POST /v1/assets:purge", { body: { filter: "owner = me" } }).status).toBe(400);
  });
});

describe("the door", () => {
  it.each([
    ["no token", {}, 401, "CREDENTIALS_MISSING"],
    ["a token nobody issued", { authorization: "Bearer made-up" }, 401, "ACCESS_TOKEN_TYPE_UNSUPPORTED"],
  ])("turns away %s", (_what, headers, status, reason) => {
    const answer = send(desk().emulator, "GET", permissions, undefined, headers);
    expect([answer.status, answer.json.error.details[0].reason]).toEqual([status, reason]);
    expect(answer.headers["www-authenticate"]).toContain("Bearer");
  });

  it("turns away an expired token", () => {
    const { emulator } = desk();
    const token = emulator.mint(at("anna"), [scopes.studio]);
    emulator.advance(3_600_001);
    const answer = send(emulator, "GET", permissions, undefined, { authorization: `Bearer ${token}` });
    expect([answer.status, answer.json.error.details[0].reason]).toEqual([401, "ACCESS_TOKEN_EXPIRED"]);
  });

  it("takes a token in the query, and keeps it out of the log", () => {
    const { emulator } = desk();
    const token = emulator.mint(at("anna"), [scopes.studio]);
    expect(send(emulator, "GET", `${permissions}?access_token=${token}`).status).toBe(200);
    expect(JSON.stringify(emulator.log.entries())).not.toContain(token);
  });

  it.each([
    ["writing with a read-only scope", `PATCH ${permissions}`, [scopes.studioRead], 403],
    ["reading with a read-only scope", `GET ${permissions}`, [scopes.studioRead], 200],
    ["reading with a scope of another service", `GET ${permissions}`, [scopes.users], 403],
  ])("judges %s", (_what, line, scope, status) => {
    const answer = call(desk().emulator, "anna", line, { scopes: scope, body: patchBody({ OWNER: [owner] }) });
    expect(answer.status).toBe(status);
    if (status === 403) {
      expect(answer.headers["www-authenticate"]).toContain('error="insufficient_scope"');
      expect(answer.json.error.details[0].reason).toBe("ACCESS_TOKEN_SCOPE_INSUFFICIENT");
    }
  });

  it("answers 400 FAILED_PRECONDITION to people without the service, and 401 to people suspended since", () => {
    const on = desk();
    const token = on.emulator.mint(at("anna"), [scopes.studio]);
    const headers = { authorization: `Bearer ${token}` };
    on.world.changeUser("anna", { serviceOff: true });
    expect(send(on.emulator, "GET", permissions, undefined, headers).json.error.status).toBe("FAILED_PRECONDITION");
    on.world.changeUser("anna", { serviceOff: false, suspended: true });
    expect(send(on.emulator, "GET", permissions, undefined, headers).json.error.details[0].reason).toBe(
      "ACCOUNT_STATE_INVALID",
    );
  });

  it("answers 404 to paths Google does not have, broken ones included", () => {
    const { emulator } = desk();
    for (const path of ["/", "/v1/assets/%E0%A4%A/permissions", "/v1/assets/a/b/c", "/$discovery/rest?version=v1"]) {
      expect(send(emulator, "GET", path).status).toBe(404);
    }
    expect(send(emulator, "PUT", permissions).status).toBe(404);
  });

  it("writes errors in the older form when asked to", () => {
    const answer = call(desk().emulator, "ben", `GET ${permissions}?$.xgafv=1`);
    expect(answer.json.error.errors[0].reason).toBe("forbidden");
  });
});

describe("history", () => {
  it("keeps every change with actor, before, after and way", () => {
    const on = desk({ VIEWER: [carl] });
    call(on.emulator, "anna", `PATCH ${permissions}`, { body: patchBody({ OWNER: [owner], EDITOR: [ben] }) });
    call(on.emulator, "ben", `POST ${permissions}:addMembers`, { body: { role: "VIEWER", members: [carl] } });
    expect(on.emulator.history.map(({ seq, actor, asset, via }) => ({ seq, actor, asset, via }))).toEqual([
      { seq: 1, actor: at("anna"), asset: "a1", via: "assets.updatePermissions" },
      { seq: 2, actor: at("ben"), asset: "a1", via: "assets.permissions.addMembers" },
    ]);
    const [first] = on.emulator.history;
    expect(Object.fromEntries(first?.before ?? [])).toEqual({ OWNER: [owner], VIEWER: [carl] });
    expect(Object.fromEntries(first?.after ?? [])).toEqual({ OWNER: [owner], EDITOR: [ben] });
    expect(first?.etagAfter).not.toBe(first?.etagBefore);
  });
});
