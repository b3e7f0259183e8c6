/** Every method of the client over real HTTP against the emulator, in good times and with its faults. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startEmulator } from "../../src/emulator/start.ts";
import type { RunningEmulator } from "../../src/emulator/start.ts";
import type { Fault } from "../../src/emulator/fault-rules.ts";
import { connect } from "../../src/google/client.ts";
import { parseServiceAccountKey } from "../../src/google/key.ts";
import { Pacer, noRates } from "../../src/google/pacer.ts";
import type { Rates } from "../../src/google/pacer.ts";
import type { Access } from "../../src/google/scopes.ts";
import { openWire } from "../../src/google/wire.ts";
import type { Api } from "../../src/model/api.ts";
import { assetNameOrUndefined } from "../../src/model/asset.ts";
import type { AssetName } from "../../src/model/asset.ts";
import type { Clock } from "../../src/model/clock.ts";
import { userMember } from "../../src/model/member.ts";
import { applyDelta, ownerOf } from "../../src/model/permissions.ts";
import type { Permissions } from "../../src/model/permissions.ts";
import { smallWorld } from "../emulator/support.ts";
import { ManualClock, startOfTest } from "../support/clock.ts";
import { admin, anna, email } from "./scripted.ts";

/** Nothing has to be written down first. */
const atOnce = async (): Promise<void> => undefined;

/** Sleepers wake as soon as the event loop has turned, and time has passed all the same. */
class SkippingClock implements Clock {
  #ms = 0;
  now(): number {
    return startOfTest + this.#ms;
  }
  monotonic(): number {
    return this.#ms;
  }
  async sleep(ms: number): Promise<void> {
    this.#ms += ms;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const leaver = email("leaver@acme.example");
const heir = email("heir@acme.example");
const report = assetNameOrUndefined("report-1") as AssetName;
let google: RunningEmulator;
let keyText: string;
const open: Api[] = [];

beforeAll(async () => {
  google = await startEmulator({ clock: new ManualClock(), world: smallWorld() });
  keyText = await readFile(google.keyFile, "utf8");
});

beforeEach(() => {
  const { world } = google.emulator;
  google.emulator.setFaults([]);
  google.emulator.setQuotas({ model: "sliding", limits: [] });
  for (const asset of google.emulator.state.assets.values()) {
    google.emulator.state.remove(asset, { at: 0, actor: "", via: "test" });
  }
  world.addAsset({ name: "report-1", owner: "leaver", roles: { EDITOR: ["user:anna@acme.example"] }, title: "One" });
  for (let index = 0; index < 5; index += 1) {
    world.addAsset({ name: `source-${index}`, owner: "leaver", type: "DATA_SOURCE", trashed: index > 2 });
  }
  google.emulator.log.clear();
});

afterAll(async () => {
  for (const api of open) await api.close();
  await google.close();
});

function client(access: Access = "write", rates: Rates = noRates): Api {
  const wireClock = new ManualClock();
  const wire = openWire({ clock: wireClock, endpoint: google.url, responseBytesMax: 200_000 });
  const clock = new SkippingClock();
  const api = connect({
    exchange: wire.exchange,
    closeExchange: () => wire.close(),
    key: parseServiceAccountKey(keyText),
    admin,
    access,
    pacer: new Pacer(clock, rates),
    clock,
    random: () => 0.5,
  });
  open.push(api);
  return api;
}

async function withAnna(api: Api): Promise<Permissions> {
  const held = await api.dataStudio.getPermissions(leaver, report);
  const delta = { add: [{ role: "VIEWER", member: userMember(email("ben@acme.example")) }], remove: [] };
  return { ...held, roles: applyDelta(held.roles, delta) };
}

const requests = (route: string): number =>
  google.emulator.log.entries().filter((entry) => entry.route === route).length;

describe("Data Studio", () => {
  it("is searched by type, owner and trash, page by page", async () => {
    const api = client("read");
    const found = async (assetType: "REPORT" | "DATA_SOURCE", trashed: boolean): Promise<readonly string[]> => {
      const { assets } = await api.dataStudio.search(leaver, { assetType, owner: leaver, trashed });
      return assets.map(({ name }) => name);
    };
    expect(await found("REPORT", false)).toEqual(["report-1"]);
    expect(await found("DATA_SOURCE", false)).toEqual(["source-0", "source-1", "source-2"]);
    expect(await found("DATA_SOURCE", true)).toEqual(["source-3", "source-4"]);
  });

  it("is read and written, guarded by the etag", async () => {
    const api = client();
    const wanted = await withAnna(api);
    const written = await api.dataStudio.patchPermissions(leaver, report, wanted, atOnce);
    expect(written.roles.get("VIEWER")).toEqual(["user:ben@acme.example"]);
    expect(written.etag).not.toBe(wanted.etag);
    expect(ownerOf(written.roles)).toBe(leaver);
    await expect(api.dataStudio.patchPermissions(leaver, report, wanted, atOnce)).rejects.toMatchObject({
      disposition: "conflict",
    });
  });

  it.each([
    ["an owner that changed", 400, "owner-not-modifiable"],
    ["somebody without access", 403, "permission-denied"],
    ["an asset that is not there", 404, "not-found"],
  ])("refuses %s", async (name, status, failure) => {
    const api = client();
    const held = await api.dataStudio.getPermissions(leaver, report);
    const roles = new Map([...held.roles, ["OWNER", [userMember(heir)]] as const]);
    const gone = assetNameOrUndefined("no-such-asset") as AssetName;
    const calls = {
      "an owner that changed": () => api.dataStudio.patchPermissions(leaver, report, { ...held, roles }, atOnce),
      "somebody without access": () => api.dataStudio.getPermissions(heir, report),
      "an asset that is not there": () => api.dataStudio.getPermissions(leaver, gone),
    };
    await expect(calls[name as keyof typeof calls]()).rejects.toMatchObject({ status, failure, disposition: "refuse" });
  });

  it("is not written to with read-only scopes", async () => {
    const api = client("read");
    const wanted = await withAnna(api);
    await expect(api.dataStudio.patchPermissions(leaver, report, wanted, atOnce)).rejects.toMatchObject({
      disposition: "halt-run",
      failure: "insufficient-scope",
    });
  });
});

describe("the Directory", () => {
  it("tells domains, users by any address, groups, and nobody else", async () => {
    const { directory } = client("read");
    const domains = await directory.domains();
    expect(domains.primary).toBe("acme.example");
    expect(domains.all.toSorted()).toEqual(["acme-labs.example", "acme.example", "acme.test"]);
    const person = await directory.user("leaver.alias@acme.example");
    expect(person?.email).toBe(leaver);
    expect((await directory.user(person?.id ?? ""))?.email).toBe(leaver);
    expect((await directory.user("sam@acme.example"))?.suspended).toBe(true);
    expect(await directory.user("nobody@acme.example")).toBeUndefined();
    expect(await directory.user("someone@elsewhere.example")).toBeUndefined();
    expect((await directory.group("team@acme.example"))?.email).toBe("team@acme.example");
    expect(await directory.group("leaver@acme.example")).toBeUndefined();
    const { people } = await directory.users();
    expect(people.map((each) => each.email)).toContain("dora@acme.example");
    expect(await directory.deletedUsers()).toEqual([]);
  });
});

describe("Data Transfer", () => {
  it("moves what a user owns, with a job that can be found again", async () => {
    const { directory, dataTransfer } = client();
    expect(await dataTransfer.offersDataStudio()).toBe(true);
    const [from, to] = [await directory.user(leaver), await directory.user(heir)];
    const job = await dataTransfer.insert(from?.id ?? "", to?.id ?? "", atOnce);
    expect(job).toMatchObject({ status: "inProgress", applicationIds: ["810260081642"], oldOwnerUserId: from?.id });
    google.emulator.advance(600_000);
    expect(await dataTransfer.get(job.id)).toMatchObject({ id: job.id, status: "completed" });
    expect((await dataTransfer.list(from?.id ?? "")).map(({ id }) => id)).toContain(job.id);
    expect(await dataTransfer.get("no-such-job")).toBeUndefined();
    google.emulator.advance(-600_000);
  });
});

describe("acting as somebody", () => {
  it("works for who exists, and halts for who does not or is suspended", async () => {
    const api = client();
    await api.authenticate(anna);
    for (const text of ["nobody@acme.example", "sam@acme.example"]) {
      await expect(api.authenticate(email(text))).rejects.toMatchObject({ disposition: "halt-actor" });
    }
  });

  it("goes on when every token expires at once", async () => {
    const api = client();
    await api.dataStudio.getPermissions(leaver, report);
    google.emulator.setFaults([{ route: "assets.*", nth: 1, fault: { kind: "expireTokens" } }]);
    await Promise.all(Array.from({ length: 10 }, () => api.dataStudio.getPermissions(leaver, report)));
    expect(requests("token")).toBe(2);
  });
});

describe("faults", () => {
  it.each<[Fault, string, string]>([
    [{ kind: "status", status: 500, applied: true }, "ambiguous", "server-error"],
    [{ kind: "status", status: 429, retryAfterS: 7 }, "throttle", "throttled"],
    [{ kind: "quotaText" }, "throttle", "throttled"],
    [{ kind: "html" }, "ambiguous", "server-error"],
    [{ kind: "reset", applied: true }, "ambiguous", "no-answer"],
    [{ kind: "reset" }, "ambiguous", "no-answer"],
    [{ kind: "truncate" }, "ambiguous", "no-answer"],
    [{ kind: "nonsense" }, "ambiguous", "unreadable-answer"],
    [{ kind: "oversize", bytes: 300_000 }, "ambiguous", "unreadable-answer"],
    [{ kind: "concurrentEditor" }, "conflict", "stale-etag"],
  ])("%j: a write is one request (%s)", async (fault, disposition, failure) => {
    const api = client();
    const wanted = await withAnna(api);
    google.emulator.setFaults([{ route: "assets.updatePermissions", fault }]);
    await expect(api.dataStudio.patchPermissions(leaver, report, wanted, atOnce)).rejects.toMatchObject({
      disposition,
      failure,
    });
    expect(requests("assets.updatePermissions")).toBe(1);
  });

  it.each<Fault>([
    { kind: "status", status: 500 },
    { kind: "status", status: 503, retryAfterS: 20, retryAfterAs: "date" },
    { kind: "status", status: 429, retryAfterS: 7 },
    { kind: "quotaText" },
    { kind: "html" },
    { kind: "reset" },
    { kind: "truncate" },
    { kind: "nonsense" },
    { kind: "oversize", bytes: 300_000 },
  ])("%j: reads of all three services are repeated until they succeed", async (fault) => {
    const api = client();
    google.emulator.setFaults([
      { route: "assets.*", times: 3, fault },
      { route: "directory", times: 3, fault },
      { route: "datatransfer", times: 3, fault },
      { route: "token", times: 2, fault },
    ]);
    expect((await api.dataStudio.getPermissions(leaver, report)).roles.size).toBe(2);
    expect((await api.directory.user(leaver))?.email).toBe(leaver);
    expect(await api.dataTransfer.offersDataStudio()).toBe(true);
    expect(requests("assets.getPermissions")).toBe(4);
  });
});
