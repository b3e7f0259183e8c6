/** The APIs and what the administrator may do with them: each refusal is put down to the API, the service, or the role. */
import { describe, expect, it } from "vitest";
import { NetworkError } from "../../src/google/exchange.ts";
import { failed } from "../../src/model/doctor.ts";
import type { Fix } from "../../src/model/doctor.ts";
import { admin } from "../google/scripted.ts";
import type { Reply } from "../google/scripted.ts";
import { examined, refusal, refused, scopesInUse } from "./examination.ts";
import type { Broken } from "./examination.ts";

const library = "https://console.cloud.google.com/apis/library";
const rolesPage = "https://admin.google.com/ac/roles";
const servicePage = "https://admin.google.com/ac/appslist/additional";

/** Requests whose address holds one of `parts` are answered so. */
function answering(reply: Reply, ...parts: readonly string[]): Broken {
  return { answers: (url) => (parts.some((part) => url.includes(part)) ? reply : undefined) };
}

const directory = ["/domains?", "/users?", "/groups?"] as const;
const disabled = refused(403, "accessNotConfigured");
const forbidden = refused(403, "forbidden");
const illness: Reply = { status: 500, body: "" };

function placeOf(fixes: readonly Fix[]): readonly (string | undefined)[] {
  return fixes.map(({ url }) => url);
}

describe("the Data Studio API", () => {
  it.each([
    [
      "that is disabled is enabled in the project of the account",
      disabled,
      "fail",
      "in Google's words",
      `${library}/datastudio.googleapis.com?project=acme-movers`,
    ],
    [
      "that is switched off for people is switched on in the Admin console",
      { status: 400, body: { error: { code: 400, status: "FAILED_PRECONDITION", message: "off" } } },
      "fail",
      `switched off for ${admin}`,
      servicePage,
    ],
    ["that refuses for another reason says which", forbidden, "fail", `a search as ${admin} is refused`, undefined],
    ["that fails is unknown, and not refused", illness, "unknown", "500", undefined],
  ] as const)("%s", async (_name, reply, verdict, says, place) => {
    const { wrong, of } = await examined(answering(reply, "/v1/assets:search"));
    expect(wrong).toEqual({ "studio-api": verdict, quota: "unknown" });
    expect(of("studio-api").evidence).toContain(says);
    expect(placeOf(of("studio-api").fixes)).toEqual([place]);
  });

  it("is enabled in the key's project, where the account does not tell which that is", async () => {
    const { of } = await examined({
      ...answering(disabled, "/v1/assets:search"),
      caller: { identity: undefined },
    });
    const [fix] = of("studio-api").fixes;
    expect(fix?.url).toBe(`${library}/datastudio.googleapis.com`);
    expect(fix?.action).toContain("the Data Studio API (Looker Studio API) in the key's Cloud project");
  });

  it("is called by its name, and so is its project", async () => {
    const { of } = await examined(answering(disabled, "/v1/assets:search"));
    expect(of("studio-api").fixes[0]?.action).toContain(
      "the Data Studio API (Looker Studio API) in the project acme-movers",
    );
  });

  it("is not asked without its scope", async () => {
    const { wrong, sent } = await examined(withoutScopes("datastudio.readonly"));
    expect(wrong).toMatchObject({ "studio-api": "scope:datastudio.readonly" });
    expect(sent.filter((url) => url.includes("assets:search"))).toEqual([]);
  });
});

it("domains of which none is the primary one are an answer of Google's, and no fault of ours", async () => {
  const { of } = await examined(answering({ status: 200, body: { domains: [] } }, "/domains?"));
  expect(of("right:domains")).toMatchObject({ verdict: "unknown" });
  expect(of("right:domains").evidence).not.toContain("stumbled");
});

function withoutScopes(...names: readonly string[]): Broken {
  const gone = names.map((name) => `https://www.googleapis.com/auth/${name}`);
  return {
    refuses: (actor, scope) =>
      (actor === admin && gone.includes(scope)) || !scopesInUse.includes(scope)
        ? refusal("unauthorized-client")
        : undefined,
  };
}

const rightsAfter = (root: string): Record<string, string> => ({
  "right:domains": root,
  "right:users": root,
  "right:groups": root,
  "right:transfers": root,
  "transfer-application": root,
});

describe("the Admin SDK API", () => {
  it("that is disabled is enabled in the project of the account, and nothing is said of the role", async () => {
    const { wrong, tenant, of } = await examined(answering(disabled, ...directory));
    expect(wrong).toEqual({
      "admin-api": "fail",
      "admin-role": "admin-api",
      ...rightsAfter("admin-api"),
      quota: "unknown",
    });
    expect(placeOf(of("admin-api").fixes)).toEqual([`${library}/admin.googleapis.com?project=acme-movers`]);
    expect(of("admin-api").fixes[0]?.action).toContain("the Admin SDK API in the project acme-movers");
    expect(tenant).toBeUndefined();
  });

  it("that is disabled says so, whichever of its calls is told first", async () => {
    const { of } = await examined({
      answers: (url) => (url.includes("/groups?") ? disabled : url.includes("/users?") ? forbidden : undefined),
    });
    expect(of("admin-api").verdict).toBe("fail");
  });

  it.each([
    ["may not", forbidden],
    ["finds nothing", refused(404, "notFound")],
  ] as const)("is there when it says that the administrator %s", async (_what, reply) => {
    const { wrong } = await examined(answering(reply, ...directory));
    expect(wrong).toMatchObject({ "admin-role": "fail", ...rightsAfter("admin-role") });
    expect(wrong).not.toHaveProperty("admin-api");
  });

  it("that refuses everything is told by its words", async () => {
    const { wrong, of } = await examined(answering(refused(400, "badRequest"), ...directory));
    expect(wrong).toMatchObject({ "admin-api": "fail", "admin-role": "admin-api" });
    expect(of("admin-api").evidence).toContain("the Directory refuses: ");
    expect(placeOf(of("admin-api").fixes)).toEqual([undefined]);
  });

  it("that fails in passing is unknown", async () => {
    const { wrong } = await examined(answering(illness, ...directory));
    expect(wrong).toMatchObject({ "admin-api": "unknown", "admin-role": "admin-api" });
  });

  it("is not asked where none of its scopes is granted", async () => {
    const { wrong, sent } = await examined(
      withoutScopes(
        "admin.directory.user.readonly",
        "admin.directory.group.readonly",
        "admin.directory.domain.readonly",
      ),
    );
    expect(wrong).toMatchObject({ "admin-api": "scope:admin.directory.domain.readonly" });
    expect(wrong).toMatchObject({ "admin-role": "scope:admin.directory.domain.readonly" });
    expect(sent.filter((url) => url.includes("/directory/"))).toEqual([]);
  });

  it("is asked with the scopes that are granted, and no others", async () => {
    const { wrong, sent } = await examined(withoutScopes("admin.directory.user.readonly"));
    expect(wrong).toEqual({
      "scope:admin.directory.user.readonly": "fail",
      "right:users": "scope:admin.directory.user.readonly",
      quota: "unknown",
    });
    expect(sent.filter((url) => url.includes("/users?"))).toEqual([]);
  });

  it("is asked each thing once, however many checks rest on it", async () => {
    const { sent } = await examined();
    for (const part of [...directory, "/applications?"])
      expect(sent.filter((url) => url.includes(part))).toHaveLength(1);
  });
});

describe("the administrator's role", () => {
  it("is none where nothing of the Directory may be read", async () => {
    const { of } = await examined(answering(forbidden, ...directory));
    expect(of("admin-role").evidence).toContain(`${admin} may read nothing in the Directory`);
    expect(placeOf(of("admin-role").fixes)).toEqual([rolesPage]);
  });

  it("is one where anything may be read", async () => {
    const { wrong } = await examined(answering(forbidden, "/domains?", "/users?"));
    expect(wrong).toEqual({ "right:domains": "fail", "right:users": "fail", quota: "unknown" });
  });

  it("is not told by what failed in passing, though the rest was refused", async () => {
    const { wrong } = await examined({
      answers: (url) => (url.includes("/users?") ? illness : url.includes("/directory/") ? forbidden : undefined),
    });
    expect(wrong).toMatchObject({ "admin-role": "unknown" });
    expect(wrong).not.toHaveProperty("admin-api");
  });

  it.each([
    ["users", "Users > Read"],
    ["groups", "Groups > Read"],
    ["domains", "Domain management"],
  ])("that may not read %s is given that privilege", async (what, privilege) => {
    const { wrong, of } = await examined(answering(forbidden, `/${what}?`));
    expect(wrong).toEqual({ [`right:${what}`]: "fail", quota: "unknown" });
    expect(of(`right:${what}`).evidence).toContain(`${admin} may not read ${what}`);
    expect(of(`right:${what}`).fixes[0]?.action).toContain(privilege);
    expect(placeOf(of(`right:${what}`).fixes)).toEqual([rolesPage]);
    expect(of(`right:${what}`).title).toBe(`read ${what}`);
  });

  it("is not blamed when the list of groups fails in passing", async () => {
    expect((await examined(answering(illness, "/groups?"))).wrong).toEqual({
      "right:groups": "unknown",
      quota: "unknown",
    });
  });
});

describe("data transfers", () => {
  it.each([
    ["that are not permitted take a privilege", forbidden, `${admin} may not transfer data`, rolesPage],
    [
      "of an API that is disabled take the API",
      disabled,
      "in Google's words",
      `${library}/admin.googleapis.com?project=acme-movers`,
    ],
  ] as const)("%s", async (_name, reply, says, place) => {
    const { wrong, of } = await examined(answering(reply, "/applications?"));
    expect(wrong).toEqual({ "right:transfers": "fail", "transfer-application": "right:transfers", quota: "unknown" });
    expect(of("right:transfers").evidence).toContain(says);
    expect(placeOf(of("right:transfers").fixes)).toEqual([place]);
  });

  it("are not asked for without their scope", async () => {
    const { wrong } = await examined(withoutScopes("admin.datatransfer.readonly"));
    expect(wrong).toMatchObject({
      "right:transfers": "scope:admin.datatransfer.readonly",
      "transfer-application": "scope:admin.datatransfer.readonly",
    });
  });

  it("cannot be made where Data Studio is not among the applications", async () => {
    const { wrong, of } = await examined(answering({ body: { applications: [{ id: "1" }] } }, "/applications?"));
    expect(wrong).toEqual({ "transfer-application": "fail", quota: "unknown" });
    expect(of("transfer-application").evidence).toContain("810260081642");
    expect(placeOf(of("transfer-application").fixes)).toEqual([servicePage]);
  });
});

describe("what stands in the way", () => {
  const away = new NetworkError("ECONNREFUSED", false, "connect ECONNREFUSED");

  it("is a host of theirs that is not reached: the Directory and Data Transfer are not looked at", async () => {
    const { wrong, of } = await examined({ answers: (url) => (url.includes("//admin.") ? away : undefined) });
    const root = "reach:admin.googleapis.com";
    expect(wrong).toEqual({
      [root]: "fail",
      "admin-api": root,
      "admin-role": root,
      ...rightsAfter(root),
      quota: "unknown",
    });
    expect(of(root).fixes[0]?.action).toContain("admin.googleapis.com");
  });

  it("is the host of the Data Studio API for that one, and for nothing else", async () => {
    const { wrong } = await examined({ answers: (url) => (url.includes("//datastudio.") ? away : undefined) });
    const root = "reach:datastudio.googleapis.com";
    expect(wrong).toEqual({ [root]: "fail", "studio-api": root, quota: "unknown" });
  });

  it("is the settings, before anything is sent", async () => {
    const { wrong, sent } = await examined({ given: { settings: failed("none") } });
    expect(sent).toEqual([]);
    expect(new Set(Object.values(wrong))).toEqual(new Set(["fail", "settings"]));
  });
});
