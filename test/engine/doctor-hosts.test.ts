/** One host that does not answer: what rests on it is unknown because of it, and everything else is looked at. */
import { describe, expect, it } from "vitest";
import { examine } from "../../src/engine/doctor/examine.ts";
import { grantChecks } from "../../src/engine/doctor/grant-checks.ts";
import { clockCheck, reachChecks } from "../../src/engine/doctor/network-checks.ts";
import { rightChecks } from "../../src/engine/doctor/right-checks.ts";
import type { GoogleSide } from "../../src/engine/doctor/side.ts";
import { NetworkError } from "../../src/google/exchange.ts";
import { observed } from "../../src/google/observed.ts";
import { Pacer, noRates } from "../../src/google/pacer.ts";
import { Probe } from "../../src/google/probe.ts";
import { scopeUses } from "../../src/google/scopes.ts";
import type { Check } from "../../src/model/doctor.ts";
import { passed } from "../../src/model/doctor.ts";
import { ApiError } from "../../src/model/errors.ts";
import { admin, scripted } from "../google/scripted.ts";
import { ManualClock } from "../support/clock.ts";

const date = new Date(Date.UTC(2026, 10, 21, 9)).toUTCString();

const bodies: readonly (readonly [part: string, body: object])[] = [
  ["/tokeninfo", { azp: "1" }],
  ["/domains?", { domains: [{ domainName: "acme.example", isPrimary: true }] }],
  ["/applications?", { applications: [{ id: "810260081642" }] }],
];

/** Google in a few words: everything is permitted, but a token only for what the verbs use. */
async function examinedWithout(host: string, error: NetworkError): Promise<Record<string, string | undefined>> {
  const clock = new ManualClock();
  const answers = scripted(({ url }) => {
    if (url.startsWith(`https://${host}/`)) return error;
    const known = bodies.find(([part]) => url.includes(part));
    return { headers: { date }, body: known?.[1] ?? {} };
  });
  const observations = observed(answers.exchange, clock);
  const probe = new Probe({
    exchange: observations.exchange,
    asking: () => async (_actor, scopes) => {
      if (!scopeUses.some(({ scope }) => scope === scopes)) {
        throw new ApiError("401 unauthorized_client: no", { disposition: "halt-run", failure: "unauthorized-client" });
      }
      return { token: "token", lifetimeMs: Infinity, askedAt: 0 };
    },
    admin,
    pacer: new Pacer(clock, noRates),
    clock,
    random: () => 0.5,
    timeoutMs: 8000,
    stop: new AbortController().signal,
    onCall: () => undefined,
  });
  const side: GoogleSide = {
    probe,
    observations,
    caller: async () => ({ mode: "key", identity: undefined, clientId: "1", onlyActor: undefined }),
    admin,
    access: "write",
    rate: undefined,
    endpoint: undefined,
    unusedProxy: "HTTPS_PROXY",
    throttles: [],
  };
  const given = (id: string): Check => {
    const common = { group: "machine", area: "setup", isNeeded: true, needs: [] } as const;
    return { ...common, id, title: id, look: async () => passed("given") };
  };
  const look = (): GoogleSide => side;
  const checks = [
    ...["settings", "certificate-checks", "credentials"].map(given),
    ...reachChecks(look, "key"),
    clockCheck(look),
    ...grantChecks(look, "write", "key").checks,
    ...rightChecks(look).checks,
  ];
  const results = await clock.drive(examine(checks, { clock, checkMs: 10_000, totalMs: 60_000 }));
  const wrong = results.filter(({ verdict }) => verdict !== "pass");
  const fixes = wrong.flatMap((result) => result.fixes.map(({ action }) => action));
  expect(fixes.join()).toContain(host);
  return Object.fromEntries(wrong.map(({ id, verdict, because }) => [id, because ?? verdict]));
}

const refused = new NetworkError("ECONNREFUSED", false, "connect ECONNREFUSED");

describe("a host that does not answer", () => {
  it("keeps the Directory and Data Transfer in the dark, where it is theirs", async () => {
    const host = "admin.googleapis.com";
    const root = `reach:${host}`;
    expect(await examinedWithout(host, refused)).toEqual({
      [root]: "fail",
      "admin-api": root,
      "admin-role": root,
      "right:domains": root,
      "right:users": root,
      "right:groups": root,
      "right:transfers": root,
      "transfer-application": root,
    });
  });

  it("keeps the Data Studio API in the dark, where it is that one's", async () => {
    const host = "datastudio.googleapis.com";
    expect(await examinedWithout(host, new NetworkError("ENOTFOUND", false, "getaddrinfo ENOTFOUND"))).toEqual({
      [`reach:${host}`]: "fail",
      "studio-api": `reach:${host}`,
    });
  });
});
