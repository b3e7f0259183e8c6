/** Clients that other people wrote: what GAM sends, and Google's own Node clients, against the emulator over HTTP. */
import { readFile } from "node:fs/promises";
import { admin as adminApi, auth as google } from "googleapis/build/src/apis/admin/index.js";
import { describe, expect, it } from "vitest";
import { generateTenant } from "../../src/emulator/generate.ts";
import { startOfTest } from "../support/clock.ts";
import { as, listening, wire } from "./http-stage.ts";
import type { WireAnswer } from "./http-stage.ts";
import { at } from "./support.ts";

const server = listening(() => ({
  world: generateTenant({ seed: 4, users: 20, assets: 100, now: startOfTest }),
  transferPace: { startMs: 0, perAssetMs: 0 },
}));

describe("requests as GAM sends them", () => {
  const gamHeaders = { "accept-encoding": "gzip, deflate", accept: "application/json", "user-agent": "GAM 7.48" };

  async function gam(who: string, line: string, body?: unknown): Promise<WireAnswer> {
    const on = server.running();
    const length = body === undefined && line.startsWith("GET ") ? { "content-length": "0" } : {};
    return wire(on, line, { body, headers: { ...gamHeaders, ...length, ...as(on, who) } });
  }

  async function firstReport(): Promise<string> {
    const answer = await gam(
      "leaver",
      "GET /v1/assets:search?assetTypes=REPORT&title=&owner=&orderBy=&includeTrashed=false&fields=nextPageToken%2Cassets%28name%2Ctitle%29&prettyPrint=false&alt=json",
    );
    expect(answer.status).toBe(200);
    const { assets } = JSON.parse(answer.body);
    const mine = assets.find((asset: { title: string }) => asset.title === "Leaver report 1");
    expect(Object.keys(mine)).toEqual(["name", "title"]);
    return mine.name;
  }

  it("search, get, read, add and revoke with the extra name in the body", async () => {
    const name = await firstReport();
    expect((await gam("leaver", `GET /v1/assets/${name}?alt=json`)).status).toBe(200);
    expect((await gam("leaver", `GET /v1/assets/${name}/permissions?role=EDITOR&alt=json`)).status).toBe(200);
    const body = { name, role: "EDITOR", members: [`user:${at("heir")}`] };
    const added = await gam("leaver", `POST /v1/assets/${name}/permissions:addMembers?alt=json`, body);
    expect(JSON.parse(added.body).permissions.EDITOR.members).toEqual([`user:${at("heir")}`]);
    const revoked = await gam("leaver", `POST /v1/assets/${name}/permissions%3ArevokeAllPermissions?alt=json`, {
      name,
      members: body.members,
    });
    expect(JSON.parse(revoked.body).permissions.EDITOR).toBeUndefined();
  });

  it("transfer: applications, both users, insert and look", async () => {
    const applications = await gam(
      "admin",
      "GET /admin/datatransfer/v1/applications?customerId=my_customer&fields=nextPageToken%2Capplications%28id%2Cname%2CtransferParams%29&alt=json",
    );
    expect(JSON.parse(applications.body).applications).toHaveLength(3);
    const id = async (who: string): Promise<string> =>
      JSON.parse(
        (await gam("admin", `GET /admin/directory/v1/users/${encodeURIComponent(at(who))}?fields=id&alt=json`)).body,
      ).id;
    const body = {
      oldOwnerUserId: await id("ben"),
      newOwnerUserId: await id("heir"),
      applicationDataTransfers: [{ applicationId: "810260081642" }],
    };
    const inserted = JSON.parse(
      (await gam("admin", "POST /admin/datatransfer/v1/transfers?fields=id&alt=json", body)).body,
    );
    expect(Object.keys(inserted)).toEqual(["id"]);
    const looked = await gam(
      "admin",
      `GET /admin/datatransfer/v1/transfers/${inserted.id}?fields=overallTransferStatusCode&alt=json`,
    );
    expect(JSON.parse(looked.body)).toEqual({ overallTransferStatusCode: "completed" });
  });

  it("ask for discovery documents and are told there are none", async () => {
    expect((await gam("admin", "GET /$discovery/rest?version=directory_v1")).status).toBe(404);
  });
});

describe("Google's Node clients", () => {
  type Signed = InstanceType<typeof google.JWT>;

  /** The token address is a constant in Google's library, so the request is turned round on its way. */
  async function signedIn(subject: string, scopes: readonly string[]): Promise<Signed> {
    const on = server.running();
    const key = JSON.parse(await readFile(on.keyFile, "utf8"));
    const client = new google.JWT({ email: key.client_email, key: key.private_key, subject, scopes: [...scopes] });
    client.transporter.interceptors.request.add({
      resolved: async (config) => {
        if (config.url.hostname === "oauth2.googleapis.com") config.url = new URL("/token", on.url);
        return config;
      },
    });
    return client;
  }

  const root = "https://www.googleapis.com/auth/";

  it("read users, groups and domains", async () => {
    const auth = await signedIn(
      at("admin"),
      ["user", "group", "domain"].map((noun) => `${root}admin.directory.${noun}.readonly`),
    );
    const directory = adminApi({
      version: "directory_v1",
      auth,
      rootUrl: `${server.running().url}/`,
    });
    const user = await directory.users.get({ userKey: at("leaver.alias") });
    expect(user.data.primaryEmail).toBe(at("leaver"));
    const deleted = await directory.users.list({ customer: "my_customer", showDeleted: "true" });
    expect(deleted.data.users?.map((one) => one.primaryEmail)).toContain(at("deleted.dora"));
    const groups = await directory.groups.list({ customer: "my_customer" });
    expect(groups.data.groups?.map((group) => group.email)).toContain(at("bi-team"));
    const domains = await directory.domains.list({ customer: "my_customer" });
    expect(domains.data.domains).toHaveLength(2);
    await expect(directory.users.get({ userKey: at("nobody") })).rejects.toMatchObject({ status: 404 });
  });

  it("start and follow a transfer", async () => {
    const scopes = [`${root}admin.datatransfer`, `${root}admin.directory.user.readonly`];
    const options = { auth: await signedIn(at("admin"), scopes), rootUrl: `${server.running().url}/` };
    const transfers = adminApi({ version: "datatransfer_v1", ...options });
    const directory = adminApi({ version: "directory_v1", ...options });
    const ids = await Promise.all(
      ["leaver", "heir"].map(async (who) => (await directory.users.get({ userKey: at(who) })).data.id ?? ""),
    );
    const started = await transfers.transfers.insert({
      requestBody: {
        oldOwnerUserId: ids[0] ?? "",
        newOwnerUserId: ids[1] ?? "",
        applicationDataTransfers: [{ applicationId: "810260081642" }],
      },
    });
    const done = await transfers.transfers.get({ dataTransferId: started.data.id ?? "" });
    expect(done.data.overallTransferStatusCode).toBe("completed");
    const { state } = server.running().emulator;
    expect(state.ownedBy(at("leaver"))).toHaveLength(0);
    expect(state.ownedBy(at("heir")).length).toBeGreaterThanOrEqual(37);
  });

  it("are told when the delegation lacks a scope", async () => {
    const auth = await signedIn(at("admin"), ["https://www.googleapis.com/auth/drive"]);
    await expect(auth.authorize()).rejects.toMatchObject({
      status: 401,
      message: expect.stringContaining("unauthorized_client"),
    });
  });
});
