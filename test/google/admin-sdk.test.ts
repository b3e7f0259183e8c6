/** The Directory and Data Transfer clients: Google's generated code, over our own exchange. */
import { describe, expect, it } from "vitest";
import { NetworkError } from "../../src/google/exchange.ts";
import { admin, anna, connection, inTurn, keyOfTest, scripted } from "./scripted.ts";
import type { Reply } from "./scripted.ts";

/** Nothing has to be written down first. */
const atOnce = async (): Promise<void> => undefined;

const person = { id: "1", primaryEmail: "Anna@acme.example", aliases: ["a@acme.example", "odd one"], suspended: true };
const notAuthorised: Reply = {
  status: 403,
  body: {
    error: { code: 403, message: "Not Authorized to access this resource/api", errors: [{ reason: "forbidden" }] },
  },
};
const notFound: Reply = { status: 404, body: { error: { code: 404, errors: [{ reason: "notFound" }], message: "x" } } };
const domains = {
  domains: [
    {
      domainName: "acme.example",
      isPrimary: true,
      verified: true,
      domainAliases: [{ domainAliasName: "acme.test", verified: true }],
    },
    { domainName: "other.example", verified: true },
    { domainName: "unproved.example", verified: false },
  ],
};

describe("the Directory", () => {
  it("tells a user, as the administrator and with read-only scopes", async () => {
    const script = scripted((request) =>
      request.url.includes("oauth2") ? { body: { access_token: "t", expires_in: 3600 } } : { body: person },
    );
    const { api } = connection(script.exchange, { key: keyOfTest });
    expect(await api.directory.user("anna+x@acme.example")).toEqual({
      id: "1",
      email: anna,
      aliases: ["a@acme.example"],
      suspended: true,
      archived: false,
      deletionTime: undefined,
    });
    const claims = new URLSearchParams(script.sent[0]?.body).get("assertion")?.split(".")[1] ?? "";
    const { sub, scope } = JSON.parse(Buffer.from(claims, "base64url").toString()) as Record<string, string>;
    expect(sub).toBe(admin);
    expect(scope?.split(" ").every((each) => each.endsWith(".readonly"))).toBe(true);
    const asked = new URL(script.sent[1]?.url ?? "");
    expect(asked.origin + asked.pathname).toBe(
      "https://admin.googleapis.com/admin/directory/v1/users/anna%2Bx%40acme.example",
    );
    expect(script.sent[1]?.headers["authorization"]).toBe("Bearer t");
  });

  it("does not know a user or group that is not found", async () => {
    const { api } = connection(inTurn(notFound).exchange);
    expect(await api.directory.user("x@acme.example")).toBeUndefined();
    expect(await api.directory.group("x@acme.example")).toBeUndefined();
  });

  it("does not know a user outside the tenant, once the administrator is known to be one", async () => {
    const script = scripted((request) => (request.url.includes("/domains") ? { body: domains } : notAuthorised));
    const { api } = connection(script.exchange);
    expect(await api.directory.user("x@elsewhere.example")).toBeUndefined();
    expect(await api.directory.user("y@elsewhere.example")).toBeUndefined();
    expect(script.sent).toHaveLength(3);
  });

  it("takes nobody for missing when the caller is no administrator", async () => {
    const { api } = connection(inTurn(notAuthorised).exchange);
    await expect(api.directory.user("anna@acme.example")).rejects.toMatchObject({ failure: "permission-denied" });
  });

  it("tells the verified domains and their aliases, and which is the primary one", async () => {
    const { api } = connection(inTurn({ body: domains }).exchange);
    expect(await api.directory.domains()).toEqual({
      primary: "acme.example",
      all: ["acme.example", "other.example", "acme.test"],
    });
  });

  it("tells a group", async () => {
    const { api } = connection(inTurn({ body: { id: "g1", email: "Sales@acme.example" } }).exchange);
    expect(await api.directory.group("sales@acme.example")).toEqual({ id: "g1", email: "sales@acme.example" });
  });

  it("lists users by the page, and deleted ones to the end", async () => {
    const script = scripted((request) => {
      const isSecond = new URL(request.url).searchParams.has("pageToken");
      return { body: isSecond ? { users: [{ ...person, id: "2" }] } : { users: [person], nextPageToken: "p2" } };
    });
    const { api } = connection(script.exchange);
    const first = await api.directory.users();
    expect(first.people.map(({ id }) => id)).toEqual(["1"]);
    expect(first.nextPageToken).toBe("p2");
    expect((await api.directory.users("p2")).nextPageToken).toBeUndefined();
    expect((await api.directory.deletedUsers()).map(({ id }) => id)).toEqual(["1", "2"]);
    const asked = script.sent.map(({ url }) => new URL(url).searchParams);
    expect(asked.map((each) => each.get("showDeleted"))).toEqual([null, null, "true", "true"]);
    expect(asked.every((each) => each.get("customer") === "my_customer")).toBe(true);
  });

  it("is not asked for pages without end", async () => {
    const { api } = connection(inTurn({ body: { users: [], nextPageToken: "again" } }).exchange);
    await expect(api.directory.deletedUsers()).rejects.toMatchObject({ failure: "endless-pages" });
  });

  it("is asked again after 503 and after an answer that is none, by our own waits alone", async () => {
    const script = inTurn({ status: 503 }, { body: "<html>" }, { body: "{}" }, { body: person });
    const { api, clock } = connection(script.exchange);
    await clock.drive(api.directory.user("anna@acme.example"));
    expect(script.sent).toHaveLength(4);
    expect(clock.monotonic()).toBe(250 + 500 + 1000);
  });
});

describe("Data Transfer", () => {
  const job = {
    kind: "admin#datatransfer#DataTransfer",
    id: "AKrEtIY",
    oldOwnerUserId: "1",
    newOwnerUserId: "2",
    requestTime: "2020-09-22T07:44:44.473Z",
    overallTransferStatusCode: "inProgress",
    applicationDataTransfers: [{ applicationId: "810260081642", applicationTransferStatus: "pending" }],
  };
  const read = {
    id: "AKrEtIY",
    oldOwnerUserId: "1",
    newOwnerUserId: "2",
    status: "inProgress",
    applicationIds: ["810260081642"],
    requestTime: "2020-09-22T07:44:44.473Z",
  };

  it.each([
    ["810260081642", "Looker Studio", true],
    ["55656082996", "Data Studio", false],
  ])("is offered by id, never by name (%s %s)", async (id, name, isOffered) => {
    const { api } = connection(inTurn({ body: { applications: [{ id, name }] } }).exchange);
    expect(await api.dataTransfer.offersDataStudio()).toBe(isOffered);
  });

  it("begins a job with one request, without parameters", async () => {
    const script = inTurn({ body: job });
    expect(await connection(script.exchange).api.dataTransfer.insert("1", "2", atOnce)).toEqual(read);
    expect(script.sent).toHaveLength(1);
    expect(script.sent[0]).toMatchObject({
      method: "POST",
      url: "https://admin.googleapis.com/admin/datatransfer/v1/transfers",
    });
    expect(JSON.parse(script.sent[0]?.body ?? "")).toEqual({
      oldOwnerUserId: "1",
      newOwnerUserId: "2",
      applicationDataTransfers: [{ applicationId: "810260081642" }],
    });
  });

  it.each<[string, Reply, string]>([
    ["lost answer", new NetworkError("ECONNRESET", true, "lost"), "ambiguous"],
    ["503", { status: 503 }, "ambiguous"],
    ["answer that is none", { body: "<html>" }, "ambiguous"],
    ["answer without an id", { body: { ...job, id: "" } }, "ambiguous"],
    ["409", { status: 409 }, "conflict"],
    ["429", { status: 429 }, "throttle"],
  ])("does not repeat a job's beginning after a %s", async (_name, reply, disposition) => {
    const script = inTurn(reply, { body: job });
    const { api, clock } = connection(script.exchange);
    await expect(clock.drive(api.dataTransfer.insert("1", "2", atOnce))).rejects.toMatchObject({ disposition });
    expect(script.sent).toHaveLength(1);
  });

  it("tells a job, or that there is none", async () => {
    const script = inTurn({ body: { ...job, overallTransferStatusCode: "newStatus" } }, notFound);
    const { api } = connection(script.exchange);
    expect(await api.dataTransfer.get("AKrEtIY")).toEqual({ ...read, status: "newStatus" });
    expect(await api.dataTransfer.get("AKrEtIY")).toBeUndefined();
  });

  it("lists the jobs of one owner, to the end", async () => {
    const script = inTurn({ body: { dataTransfers: [job], nextPageToken: job.id } }, { body: {} });
    expect(await connection(script.exchange).api.dataTransfer.list("1")).toEqual([read]);
    expect(new URL(script.sent[1]?.url ?? "").searchParams.get("pageToken")).toBe(job.id);
    expect(new URL(script.sent[0]?.url ?? "").searchParams.get("oldOwnerUserId")).toBe("1");
  });

  it("reads with the read-only scope when nothing is to be written", async () => {
    const asked: string[] = [];
    const tokens = {
      token: async (_actor: string, scopes: string) => {
        asked.push(scopes);
        return "t";
      },
      drop: () => undefined,
    };
    const script = inTurn({ body: {} });
    await connection(script.exchange, { tokens, access: "read" }).api.dataTransfer.list("1");
    await connection(script.exchange, { tokens, access: "write" }).api.dataTransfer.list("1");
    expect(asked).toEqual([
      "https://www.googleapis.com/auth/admin.datatransfer.readonly",
      "https://www.googleapis.com/auth/admin.datatransfer",
    ]);
  });
});
