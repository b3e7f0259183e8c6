/** Whatever goes wrong while `handover doctor` looks: it changes nothing, uses no token that could, and ends with a report. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { wallClock } from "../../src/cli/context.ts";
import { diagnose, parse } from "../../src/cli/doctor.ts";
import type { FaultRule } from "../../src/emulator/fault-rules.ts";
import type { EmulatorRequest } from "../../src/emulator/exchange.ts";
import type { RunningEmulator } from "../../src/emulator/start.ts";
import type { Clock } from "../../src/model/clock.ts";
import { machine, startTenant } from "./patient.ts";
import type { Document } from "./patient.ts";
import { world } from "./world.ts";

/** Wall time as it is, and waiting twenty times as quick. */
const quick: Clock = {
  now: () => wallClock.now(),
  monotonic: () => wallClock.monotonic() * 20,
  sleep: (ms, signal) => wallClock.sleep(ms / 20, signal),
};

const faults: readonly FaultRule["fault"][] = [
  { kind: "status", status: 400 },
  { kind: "status", status: 401 },
  { kind: "status", status: 403, reason: "userRateLimitExceeded" },
  { kind: "status", status: 404 },
  { kind: "status", status: 409 },
  { kind: "status", status: 429, retryAfterS: 3600 },
  { kind: "status", status: 500 },
  { kind: "status", status: 503 },
  { kind: "html", status: 502 },
  { kind: "quotaText" },
  { kind: "nonsense" },
  { kind: "nonsense", body: "[]" },
  { kind: "reset" },
  { kind: "truncate" },
  { kind: "hang" },
  { kind: "oversize", bytes: 9_000_000 },
  { kind: "expireTokens" },
  { kind: "revokeDelegation" },
];
const places = ["token", "tokeninfo", "datastudio", "directory", "datatransfer", "/"];

describe("handover doctor only reads, and never throws,", () => {
  const cases = faults.flatMap((each) =>
    places.map((route) => [`${JSON.stringify(each)} at ${route}`, route, each] as const),
  );
  const seen: EmulatorRequest[] = [];
  let tenant: RunningEmulator;
  let folder: string;

  beforeAll(async () => {
    folder = (await world()).folder;
    tenant = await startTenant(folder);
    const handle = tenant.emulator.handle.bind(tenant.emulator);
    tenant.emulator.handle = (request) => {
      seen.push(request);
      return handle(request);
    };
  });

  afterAll(async () => {
    await tenant.close();
  });

  /** Examines, and answers the scopes of every token that was sent along: those that write are asked for, and sent nowhere. */
  async function scopesSent(clock: Clock): Promise<readonly string[]> {
    const { emulator } = tenant;
    emulator.tokens.delegationRevoked = false;
    seen.length = 0;
    const made = await world({ folder, clock });
    const flags = { endpoint: tenant.url, key: "key.json", admin: tenant.admin, color: false, json: true };
    const code = await diagnose(made.context, parse([], flags), machine);
    const { checks } = JSON.parse(made.out()) as Document;
    expect(checks).toHaveLength(42);
    expect(checks.map(({ evidence }) => evidence).join()).not.toContain("stumbled");
    expect([0, 4, 5]).toContain(code);
    // What changes nothing: reads, and asking for tokens and about them.
    const isAsking = ({ path }: EmulatorRequest): boolean => path === "/token" || path === "/tokeninfo";
    expect(seen.filter((request) => request.method !== "GET" && !isAsking(request))).toEqual([]);
    expect(emulator.log.writes).toBe(0);
    expect(emulator.history).toEqual([]);
    return seen.flatMap(({ headers }) => {
      const found = emulator.tokens.lookup((headers["authorization"] ?? "").replace("Bearer ", ""), 0);
      return found.kind === "unknown" ? [] : [...(found.grant?.scopes ?? [])];
    });
  }

  it("when nothing is wrong", async () => {
    tenant.emulator.setFaults([]);
    const sent = await scopesSent(wallClock);
    expect(sent).toHaveLength(6);
    expect(sent.filter((scope) => !scope.endsWith(".readonly"))).toEqual([]);
  });

  it.each(cases)("with %s", async (_name, route, each) => {
    tenant.emulator.setFaults([{ route, fault: each }]);
    expect((await scopesSent(quick)).filter((scope) => !scope.endsWith(".readonly"))).toEqual([]);
  });
});
