/** Hosts, the clock, the quota, and failures that say nothing of the thing they were met at. */
import { describe, expect, it } from "vitest";
import { contactedHosts } from "../../src/engine/doctor/network-checks.ts";
import { projectOf } from "../../src/engine/doctor/consoles.ts";
import { once } from "../../src/engine/doctor/side.ts";
import { NetworkError } from "../../src/google/exchange.ts";
import { failed } from "../../src/model/doctor.ts";
import { email } from "../google/scripted.ts";
import type { Reply } from "../google/scripted.ts";
import { examined, refusal, refused } from "./examination.ts";
import type { Broken } from "./examination.ts";

const refusedConnection = new NetworkError("ECONNREFUSED", false, "connect ECONNREFUSED");
const untrusted = new NetworkError("CERT_HAS_EXPIRED", false, "certificate has expired");
const studio = "reach:datastudio.googleapis.com";
const emulator = "http://127.0.0.1:8787";

function studioAnswers(reply: Reply, side: Broken["side"] = {}): Broken {
  return { side, answers: (url) => (url.startsWith("https://datastudio.") ? reply : undefined) };
}

describe("a host", () => {
  it.each([
    [
      "that is not reached is a matter of firewall or DNS",
      refusedConnection,
      {},
      "datastudio.googleapis.com:443 (firewall",
    ],
    [
      "that is not reached where a proxy is named and not used says so",
      refusedConnection,
      { unusedProxy: "HTTPS_PROXY" },
      "HTTPS_PROXY is set, which Handover does not read: name the proxy with HANDOVER_PROXY",
    ],
    [
      "that is not reached where an endpoint stands in for it is to be started, whatever proxy is named",
      refusedConnection,
      { endpoint: emulator, unusedProxy: "HTTPS_PROXY" },
      "start what --endpoint names",
    ],
    ["that cannot prove to be Google is behind an inspecting network", untrusted, {}, "NODE_EXTRA_CA_CERTS"],
    ["that stands in and does not speak TLS is named with http", untrusted, { endpoint: emulator }, "with http://"],
  ] as const)("%s", async (_name, error, side, says) => {
    const { wrong, of } = await examined(studioAnswers(error, side));
    expect(wrong).toMatchObject({ [studio]: "fail", "studio-api": studio });
    expect(
      of(studio)
        .fixes.map(({ action }) => action)
        .join(),
    ).toContain(says);
    expect(of(studio).evidence).toContain(error.message);
    expect(of(studio).evidence.includes(`at ${emulator}`)).toBe("endpoint" in side);
  });

  it.each([
    [404, "pass"],
    [499, "pass"],
    [500, "unknown"],
    [503, "unknown"],
  ] as const)("that answers with %s: %s", async (status, verdict) => {
    const { of } = await examined(studioAnswers({ status, body: "" }));
    expect(of(studio).verdict).toBe(verdict);
    if (verdict === "unknown") expect(of(studio).evidence).toContain(String(status));
  });

  it("that stands in for Google is named where it is ill", async () => {
    const { of } = await examined(studioAnswers({ status: 502, body: "" }, { endpoint: emulator }));
    expect(of(studio).evidence).toContain(emulator);
  });

  it("that signs is looked at where there is no key, and only there", async () => {
    const signing = "https://iamcredentials.googleapis.com/";
    expect((await examined({ mode: "keyless" })).sent).toContain(signing);
    expect((await examined({ mode: "key" })).sent).not.toContain(signing);
  });
});

describe("the hosts that are contacted", () => {
  it("are those of Google, or what stands in for them, and those that the credentials name", () => {
    const google = ["oauth2", "datastudio", "admin"].map((name) => `https://${name}.googleapis.com`);
    const hosts = contactedHosts("key", undefined, []);
    expect(hosts.map(({ origin }) => origin)).toEqual(google);
    expect(hosts.every(({ via, purpose }) => via === undefined && purpose !== "")).toBe(true);

    const standing = contactedHosts("keyless", emulator, ["https://tokens.example"]);
    expect(standing.map(({ origin, via }) => [origin, via])).toEqual([
      ...google.map((origin) => [origin, emulator]),
      ["https://iamcredentials.googleapis.com", emulator],
      ["https://tokens.example", undefined],
    ]);
    expect(standing.every(({ purpose }) => purpose !== "")).toBe(true);
  });
});

describe("the clock", () => {
  const seconds = 1000;
  it.each([
    ["agrees when it is a second off", 1 * seconds, undefined, "agrees"],
    ["may be half a minute ahead", 30 * seconds, undefined, "30 s ahead of"],
    ["may be half a minute behind", -30 * seconds, undefined, "behind"],
    ["is told to be set from a minute on", 65 * seconds, "advice", "ahead of"],
    ["is not told to be set before", 59 * seconds, undefined, "no harm"],
    ["is told to be set when it is two minutes behind", -120 * seconds, "advice", "behind"],
    ["stops everything from four minutes on", 245 * seconds, "fail", "ahead of"],
    ["stops nothing before", 235 * seconds, "advice", "ahead of"],
    ["stops everything when it is ten minutes behind", -600 * seconds, "fail", "10 min behind"],
  ] as const)("%s", async (_name, aheadMs, verdict, says) => {
    const { wrong, of } = await examined({ aheadMs });
    expect(wrong["clock"]).toBe(verdict);
    expect(of("clock").evidence).toContain(says);
    expect(of("clock").fixes.map(({ command }) => command)).toEqual(
      verdict === undefined ? [] : ["timedatectl set-ntp true"],
    );
  });

  it("is compared by hand where no answer bears a date", async () => {
    const { of } = await examined({ aheadMs: "undateable" });
    expect(of("clock").verdict).toBe("unknown");
    expect(of("clock").because).toBeUndefined();
    expect(of("clock").fixes).toHaveLength(1);
  });

  it("is not told where the host of the tokens is not reached and no other says what time it is", async () => {
    const { of } = await examined({ answers: (url) => (url.endsWith(".com/") ? refusedConnection : undefined) });
    expect(of("clock")).toMatchObject({ verdict: "unknown", because: "reach:oauth2.googleapis.com" });
  });

  it("is told by the other hosts where that of the tokens is not reached", async () => {
    const { of } = await examined({
      answers: (url) => (url.startsWith("https://oauth2.") ? refusedConnection : undefined),
    });
    expect(of("clock").verdict).toBe("pass");
  });

  it.each(["settings", "certificate-checks"])("is not looked at without the check of %s", async (id) => {
    const { wrong } = await examined({ given: { [id]: failed("none") } });
    expect(wrong).toMatchObject({ clock: id, quota: id, [studio]: id });
  });
});

const quotaPage = "https://console.cloud.google.com/apis/api/datastudio.googleapis.com/quotas?project=acme-movers";

describe("the quota", () => {
  it.each([
    [undefined, "starts at 5 calls a second"],
    [3, "at most 3 calls a second"],
  ])("is unknown where Google says nothing, with the rate in force (%s)", async (rate, says) => {
    const { of } = await examined({ side: { rate } });
    expect(of("quota").evidence).toContain("nothing refused in 9 answers");
    expect(of("quota").evidence).toContain(says);
    expect(of("quota").fixes.map(({ url }) => url)).toEqual([quotaPage]);
  });

  it("has headroom where answers say how much is left", async () => {
    const { wrong, of } = await examined({ headers: { "x-ratelimit-remaining": "99", "ratelimit-limit": "100" } });
    expect(wrong).toEqual({});
    expect(of("quota").evidence).toBe("nothing refused in 9 answers; x-ratelimit-remaining: 99, ratelimit-limit: 100");
  });

  it("is unknown where nothing answers", async () => {
    const { of } = await examined({ answers: () => refusedConnection });
    expect(of("quota")).toMatchObject({ verdict: "unknown", evidence: "no answer came that could tell", fixes: [] });
  });

  it("is unknown, and no fault, where nobody can say who is calling", async () => {
    const { of } = await examined({ side: { caller: () => Promise.reject(new Error("no key")) } });
    expect(of("quota").verdict).toBe("unknown");
    expect(of("quota").fixes.map(({ url }) => url)).toEqual([quotaPage.split("?")[0]]);
  });

  it.each([
    ["of a call too many", { status: 429, headers: { "retry-after": "90" }, body: "" }, "; it asks to wait 2 min"],
    ["that names no time", { status: 429, body: "" }, "429"],
    [
      "that names the limit",
      {
        status: 429,
        body: {
          error: {
            code: 429,
            status: "RESOURCE_EXHAUSTED",
            message: "slow",
            details: [{ metadata: { quota_limit: "ReadsPerMinutePerProject", quota_limit_value: "60.5" } }],
          },
        },
      },
      "429",
    ],
    ["of the day", refused(403, "dailyLimitExceeded"), "in Google's words"],
  ] as const)("is the matter of a refusal %s, wherever it is met", async (_name, reply, says) => {
    const { wrong, of } = await examined({ answers: (url) => (url.includes("assets:search") ? reply : undefined) });
    expect(wrong).toEqual({ "studio-api": "quota", quota: "fail" });
    expect(of("quota").evidence.startsWith("slowed down 1 time: ")).toBe(true);
    expect(of("quota").evidence).toContain(says);
    expect(of("quota").fixes.map(({ url }) => url)).toEqual([quotaPage]);
  });

  it("says how many calls a minute are permitted, where the refusal tells", async () => {
    const metadata = { quota_limit: "ReadsPerMinutePerProject", quota_limit_value: "60" };
    const body = { error: { code: 429, status: "RESOURCE_EXHAUSTED", message: "slow", details: [{ metadata }] } };
    const { of } = await examined({
      answers: (url) => (url.includes("assets:search") ? { status: 429, body } : undefined),
    });
    expect(of("quota").evidence).toContain("; it permits 60 calls a minute");
    expect(of("quota").evidence).not.toContain("asks to wait");
  });

  it("counts every refusal", async () => {
    const { of } = await examined({
      answers: (url) => (/assets:search|applications\?/.test(url) ? { status: 429, body: "" } : undefined),
    });
    expect(of("quota").evidence).toContain("slowed down 2 times");
  });
});

describe("a failure that says nothing of the thing it was met at", () => {
  const signInFails = (error: Error): Broken => ({ refuses: () => error });

  it.each([
    ["a throttled token is a matter of the quota", refusal("throttled", "throttle"), "quota"],
    ["a day's limit is a matter of the quota", refusal("daily-limit"), "quota"],
    ["a clock that is not trusted is a matter of the clock", refusal("clock-skew"), "clock"],
  ] as const)("%s", async (_name, error, root) => {
    const { wrong, of } = await examined(signInFails(error));
    expect(wrong).toMatchObject({ "sign-in": root, delegation: root });
    expect(of("sign-in").evidence).toContain("not told");
  });

  it.each([
    ["being stopped", refusal("stopped", "retry"), "stopped on request", 0],
    ["a server that fails", refusal("server-error", "retry"), "server-error: in Google's words", 1],
  ] as const)("%s leaves it unknown", async (_name, error, says, fixes) => {
    const { of } = await examined(signInFails(error));
    expect(of("sign-in").verdict).toBe("unknown");
    expect(of("sign-in").because).toBeUndefined();
    expect(of("sign-in").evidence).toContain(says);
    expect(of("sign-in").fixes).toHaveLength(fixes);
  });

  it("is told as a fault of ours where it is no answer of Google's", async () => {
    const { of } = await examined(signInFails(new TypeError("no such thing")));
    expect(of("sign-in").evidence).toContain("the check itself stumbled: no such thing");
  });

  it("says how long to wait and how much is permitted", async () => {
    const more = { retryAfterMs: 90_000, quotaPerMinute: 60.7 };
    const { of } = await examined(signInFails(refusal("throttled", "throttle", more)));
    expect(of("quota").evidence).toContain("; it permits 60 calls a minute; it asks to wait 2 min");
  });
});

describe("the project of a service account", () => {
  it.each([
    ["robot@acme-movers.iam.gserviceaccount.com", "acme-movers"],
    ["robot@a23456.iam.gserviceaccount.com", "a23456"],
    ["robot@acme-movers.iam.gserviceaccount.com.example.org", undefined],
    ["robot@9acme.iam.gserviceaccount.com", undefined],
    ["robot@abcd.iam.gserviceaccount.com", undefined],
    ["123-compute@developer.gserviceaccount.com", undefined],
  ])("of %s is %s", (address, project) => {
    expect(projectOf(email(address))).toBe(project);
  });

  it("of nobody is not known", () => {
    expect(projectOf(undefined)).toBeUndefined();
  });
});

it("what is done once is done by whoever comes first, and told to all", async () => {
  let done = 0;
  const work = once(async () => (done += 1));
  expect(await Promise.all([work(), work(), work()])).toEqual([1, 1, 1]);
});
