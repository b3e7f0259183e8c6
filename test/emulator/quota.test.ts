/** Quotas: three ways to count, two dimensions, and each service's way to refuse. */
import { describe, expect, it } from "vitest";
import { quotasFromText } from "../../src/emulator/quota.ts";
import type { QuotaConfig, QuotaLimit } from "../../src/emulator/quota.ts";
import { at, call, smallWorld, stage } from "./support.ts";
import type { Stage } from "./support.ts";

const projectReads: QuotaLimit = { service: "datastudio", per: "project", kind: "read", perMinute: 6 };

function office(quotas: QuotaConfig): Stage {
  const world = smallWorld();
  world.addAsset({ name: "a1", owner: "anna", roles: { EDITOR: [`user:${at("ben")}`] } });
  const on = stage({ world, quotas });
  // Tests begin on a full minute, so that fixed windows are where they expect them.
  on.emulator.advance(60_000 - (on.emulator.now() % 60_000));
  return on;
}

function read(on: Stage, who = "anna"): number {
  return call(on.emulator, who, "GET /v1/assets/a1/permissions").status;
}

function write(on: Stage, who = "anna"): number {
  return call(on.emulator, who, "POST /v1/assets/a1/permissions:revokeAllPermissions", { body: { members: ["x"] } })
    .status;
}

function times(count: number, step: () => number): readonly number[] {
  return Array.from({ length: count }, step);
}

describe("counting", () => {
  it("in a bucket refills evenly", () => {
    const on = office({ model: "bucket", limits: [{ ...projectReads, burst: 2 }] });
    expect(times(3, () => read(on))).toEqual([200, 200, 429]);
    on.emulator.advance(9_999);
    expect(read(on)).toBe(429);
    on.emulator.advance(1);
    expect(times(2, () => read(on))).toEqual([200, 429]);
  });

  it("in fixed minutes starts afresh at the top of each", () => {
    const on = office({ model: "fixed", limits: [projectReads] });
    on.emulator.advance(59_999);
    expect(times(7, () => read(on))).toEqual([200, 200, 200, 200, 200, 200, 429]);
    on.emulator.advance(1);
    expect(times(7, () => read(on)).filter((status) => status === 200)).toHaveLength(6);
  });

  it("in a sliding minute never lets more than the limit into any 60 seconds", () => {
    const on = office({ model: "sliding", limits: [projectReads] });
    const allowed: number[] = [];
    for (let step = 0; step < 400; step += 1) {
      if (read(on) === 200) allowed.push(on.emulator.now());
      on.emulator.advance(777);
    }
    for (const start of allowed) {
      expect(allowed.filter((instant) => instant >= start && instant < start + 60_000).length).toBeLessThanOrEqual(6);
    }
    expect(allowed.length).toBeGreaterThan(28);
  });

  it("is apart for reads and writes, for users and for the project", () => {
    const on = office({
      model: "sliding",
      limits: [
        { service: "datastudio", per: "user", kind: "write", perMinute: 1 },
        { service: "datastudio", per: "project", kind: "write", perMinute: 2 },
      ],
    });
    expect([write(on), write(on), write(on, "ben"), write(on, "ben")]).toEqual([200, 429, 200, 429]);
    expect(times(5, () => read(on))).toEqual([200, 200, 200, 200, 200]);
  });

  it("splits a user's quota by quotaUser, and takes nothing for a refused call", () => {
    const on = office({ model: "sliding", limits: [{ ...projectReads, per: "user", perMinute: 1 }] });
    const as = (part: string): number =>
      call(on.emulator, "anna", `GET /v1/assets/a1/permissions?quotaUser=${part}`).status;
    expect([as("x"), as("x"), as("y")]).toEqual([200, 429, 200]);
    on.emulator.advance(60_000);
    expect(as("x")).toBe(200);
  });

  it("starts afresh with new limits", () => {
    const on = office({ model: "fixed", limits: [{ ...projectReads, perMinute: 1 }] });
    expect([read(on), read(on)]).toEqual([200, 429]);
    on.emulator.setQuotas({ model: "fixed", limits: [{ ...projectReads, perMinute: 2 }] });
    expect([read(on), read(on), read(on)]).toEqual([200, 200, 429]);
  });
});

describe("refusing", () => {
  function refused(quotas: Partial<QuotaConfig>): ReturnType<typeof call> {
    const on = office({ model: "fixed", limits: [{ ...projectReads, perMinute: 1 }], ...quotas });
    read(on);
    on.emulator.advance(30_500);
    return call(on.emulator, "anna", "GET /v1/assets/a1/permissions");
  }

  it("names the limit in ErrorInfo", () => {
    const answer = refused({});
    expect(answer.json.error.status).toBe("RESOURCE_EXHAUSTED");
    expect(answer.json.error.details[0]).toMatchObject({
      reason: "RATE_LIMIT_EXCEEDED",
      metadata: { quota_limit: "ReadRequestsPerMinutePerProject", quota_limit_value: "1" },
    });
    expect(answer.headers["retry-after"]).toBeUndefined();
  });

  it("can keep the limit to itself", () => {
    expect(refused({ showLimit: false }).json.error.details[0].metadata.quota_limit_value).toBeUndefined();
  });

  it("can say when to come back, in seconds or as a date", () => {
    expect(refused({ retryAfter: "seconds" }).headers["retry-after"]).toBe("30");
    const answer = refused({ retryAfter: "date" });
    expect(Date.parse(answer.headers["retry-after"] ?? "") - Date.parse(answer.headers["date"] ?? "")).toBe(30_000);
  });

  it.each([
    ["directory", "user", `GET /admin/directory/v1/users/${at("ben")}`, 403, "userRateLimitExceeded"],
    ["directory", "project", `GET /admin/directory/v1/users/${at("ben")}`, 403, "rateLimitExceeded"],
    ["datatransfer", "user", "GET /admin/datatransfer/v1/transfers", 503, "backendError"],
  ] as const)("speaks %s's language for a %s", (service, per, line, status, reason) => {
    const on = office({ model: "sliding", limits: [{ service, per, kind: "all", perMinute: 1 }] });
    expect(call(on.emulator, "admin", line).status).toBe(200);
    const answer = call(on.emulator, "admin", line);
    expect([answer.status, answer.json.error.errors[0].reason]).toEqual([status, reason]);
  });
});

describe("quotas as one line", () => {
  it("are read", () => {
    expect(quotasFromText("off").limits).toEqual([]);
    expect(quotasFromText("default").limits.length).toBeGreaterThan(0);
    expect(
      quotasFromText("model=bucket, project-reads=6,user-writes=3,burst=2,retry-after=date,show-limit=false"),
    ).toEqual({
      model: "bucket",
      retryAfter: "date",
      showLimit: false,
      limits: [
        { service: "datastudio", per: "project", kind: "read", perMinute: 6, burst: 2 },
        { service: "datastudio", per: "user", kind: "write", perMinute: 3, burst: 2 },
      ],
    });
  });

  it.each(["speed=3", "model=leaky", "project=0", "project=many", "project=3,burst=0", "retry-after=soon"])(
    "refuse %s",
    (text) => {
      expect(() => quotasFromText(text)).toThrow(/quota/);
    },
  );
});
