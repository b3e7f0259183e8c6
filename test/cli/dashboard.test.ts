/** The dashboard of an apply over a real socket: who gets in, what may change something, and that nobody is waited for. */
import { readFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { openDashboard } from "../../src/cli/dashboard.ts";
import type { Dashboard, DashboardOptions } from "../../src/cli/dashboard.ts";
import type { EngineEvent } from "../../src/model/event.ts";
import { Telemetry } from "../../src/model/telemetry.ts";
import { hostile } from "../report/hostile.ts";
import { facts } from "../report/sample.ts";
import { until } from "../support/process.ts";
import { steeringOf } from "./steered.ts";
import { world } from "./world.ts";

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let dashboard: Dashboard;
let options: DashboardOptions;
let done: string[];
let open: Socket[];

beforeEach(async () => {
  done = [];
  open = [];
  const { context } = await world();
  const { steering, done: acts } = steeringOf(context.clock);
  done = acts;
  const { header, digest, counts } = facts();
  options = {
    port: 0,
    runName: "friday.handover",
    header,
    digest,
    counts,
    telemetry: new Telemetry(),
    steering,
    assets: { script: "0", style: "p{}" },
  };
  dashboard = await openDashboard(context, options);
});

afterEach(async () => {
  for (const socket of open) socket.destroy();
  await dashboard.close("Finished: every step has ended.");
});

/** A connection that nothing is read from unless the test says so, and nothing was sent on yet. */
function plain(): Socket {
  const socket = connect(dashboard.port, "127.0.0.1");
  open.push(socket);
  return socket.on("error", () => undefined).pause();
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One request as it is written, whatever it asks for; `events` are answered at their head. */
function ask(path: string, { method = "GET", headers = {}, body }: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      {
        host: "127.0.0.1",
        port: dashboard.port,
        path,
        method,
        headers: { host: `127.0.0.1:${dashboard.port}`, ...headers },
        agent: false,
      },
      (response) => {
        const pieces: string[] = [];
        const answered = (): void =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: pieces.join("") });
        response.setEncoding("utf8").on("data", (piece: string) => pieces.push(piece));
        response.on("end", answered);
        if (response.headers["content-type"] === "text/event-stream") {
          answered();
          sent.destroy();
        }
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

const own = (): Record<string, string> => ({
  origin: `http://127.0.0.1:${dashboard.port}`,
  "content-type": "application/json",
});

function post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return ask(path, { method: "POST", headers: { ...own(), ...headers }, body: JSON.stringify(body) });
}

async function cookie(): Promise<string> {
  const { headers } = await post("/session", { token: new URL(dashboard.address).hash.slice(1) });
  return headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
}

interface Message {
  readonly id: string;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** Reads messages as they come. */
async function follow(
  lastId?: string,
): Promise<{ readonly next: () => Promise<Message>; readonly ended: Promise<void> }> {
  const headers: Record<string, string> = { host: `127.0.0.1:${dashboard.port}`, cookie: await cookie() };
  if (lastId !== undefined) headers["last-event-id"] = lastId;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const events = { host: "127.0.0.1", port: dashboard.port, path: "/events", headers, agent: false };
    httpRequest(events, resolve).on("error", reject).end();
  });
  open.push(response.socket);
  let text = "";
  let wake = (): void => undefined;
  response.setEncoding("utf8").on("data", (piece: string) => {
    text += piece;
    wake();
  });
  const ended = new Promise<void>((resolve) => {
    response.on("close", resolve);
  });
  const next = async (): Promise<Message> => {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end === -1) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      const lines = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      const field = (name: string): string =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? "";
      if (field("event") === "") continue;
      return { id: field("id"), event: field("event"), data: JSON.parse(field("data")) as Record<string, unknown> };
    }
  };
  return { next, ended };
}

function stepEnded(seq: number, more: Partial<Extract<EngineEvent, { type: "step" }>> = {}): EngineEvent {
  return { type: "step", seq, outcome: "applied", ms: 20, calls: 1, ...more };
}

describe("who gets in", () => {
  it("comes from this machine: it listens on 127.0.0.1 and nowhere else", async () => {
    const port = dashboard.port.toString(16).toUpperCase().padStart(4, "0");
    const tables = await Promise.all(
      ["/proc/net/tcp", "/proc/net/tcp6"].map((path) => readFile(path, "utf8").catch(() => "")),
    );
    const listening = tables
      .join("\n")
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter(([, address, , state]) => state === "0A" && address?.endsWith(`:${port}`) === true);
    expect(listening.map(([, address]) => address)).toEqual([`0100007F:${port}`]);
  });

  it.each<[string, string, Asked, number]>([
    ["the page", "/", {}, 200],
    ["the page by its other name", "/", { headers: { host: "localhost:PORT" } }, 200],
    ["another host", "/", { headers: { host: "evil.example" } }, 403],
    ["another host with the right port", "/", { headers: { host: "evil.example:PORT" } }, 403],
    ["the right host with another port", "/", { headers: { host: "127.0.0.1:1" } }, 403],
    ["the right host without a port", "/", { headers: { host: "127.0.0.1" } }, 403],
    ["a host in capitals", "/", { headers: { host: "LOCALHOST:PORT" } }, 403],
    ["another host asking for the events", "/events", { headers: { host: "evil.example" } }, 403],
    ["the events without a cookie", "/events", {}, 401],
    ["the events with a cookie of another start", "/events", { headers: { cookie: "handover-PORT=abc" } }, 401],
    ["the events for another site", "/events", { headers: { "sec-fetch-site": "cross-site" } }, 403],
    ["the events for another port of this machine", "/events", { headers: { "sec-fetch-site": "same-site" } }, 403],
    ["a page that is posted to", "/", { method: "POST" }, 405],
    ["events that are posted to", "/events", { method: "POST" }, 405],
    ["a control by GET", "/control", {}, 405],
    ["a session by GET", "/session", {}, 405],
    ["a preflight", "/control", { method: "OPTIONS", headers: { origin: "https://evil.example" } }, 405],
  ])("%s is answered as it must be", async (_, path, asked, status) => {
    const headers = Object.fromEntries(
      Object.entries(asked.headers ?? {}).map(([name, value]) => [name, value.replace("PORT", String(dashboard.port))]),
    );
    const answer = await ask(path, { ...asked, headers });
    expect(answer.status).toBe(status);
    const { "access-control-allow-origin": origin, "access-control-allow-headers": allowed } = answer.headers;
    expect([origin, allowed]).toEqual([undefined, undefined]);
  });

  it("finds it at a port that nobody else has", async () => {
    const { context } = await world();
    const { port } = dashboard;
    await expect(openDashboard(context, { ...options, port })).rejects.toThrow(
      /cannot listen on port \d+ \(EADDRINUSE\)/,
    );
  });

  it("has a cookie that no program of a page can read, for the right token only", async () => {
    const right = await post("/session", { token: new URL(dashboard.address).hash.slice(1) });
    expect(right.status).toBe(204);
    expect(right.headers["set-cookie"]?.[0]).toMatch(/^handover-\d+=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/$/);
    for (const token of ["", "x", dashboard.controlToken, 7, null, ["x"], undefined]) {
      const wrong = await post("/session", { token });
      expect([wrong.status, wrong.headers["set-cookie"]]).toEqual([401, undefined]);
    }
    const { status } = await ask("/events", { headers: { cookie: await cookie() } });
    expect(status).toBe(200);
  });

  it("finds neither a token nor anything of the run in what anybody may have", async () => {
    const { body, headers } = await ask("/");
    const secrets = [new URL(dashboard.address).hash.slice(1), dashboard.controlToken, "friday", facts().digest];
    expect(secrets.filter((secret) => body.includes(secret))).toEqual([]);
    expect(headers["content-security-policy"]).toMatch(
      /^default-src 'none'; script-src 'sha256-[^;]+; .*frame-ancestors 'none'$/,
    );
    expect(headers["content-security-policy"]).not.toContain("unsafe");
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
    });
  });

  it.each([
    "/../etc/passwd",
    "/..%2f..%2fetc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/./",
    "//",
    "//evil.example/",
    "/..;/",
    "/.git/config",
    "/events/",
    "/events%00",
    "/session/../events",
    "/control?x=1",
    "/\\..\\",
    "http://evil.example/",
    "/index.html",
    `/${"a".repeat(4000)}`,
  ])("the path %s leads nowhere", async (path) => {
    expect((await ask(path, { headers: { cookie: await cookie() } })).status).toBe(404);
  });
});

describe("what changes something", () => {
  it.each<[string, Readonly<Record<string, string>>, number]>([
    ["from another origin", { origin: "https://evil.example" }, 403],
    ["from another port of this machine", { origin: "http://127.0.0.1:1" }, 403],
    ["from nowhere", { origin: "null" }, 403],
    ["from another site", { "sec-fetch-site": "cross-site" }, 403],
    ["as a form would", { "content-type": "text/plain" }, 415],
    ["without the control token", { "x-handover-control": "" }, 401],
    ["with a wrong control token", { "x-handover-control": "x".repeat(43) }, 401],
    ["without the cookie", { cookie: "" }, 401],
  ])("%s is refused, and nothing is changed", async (_, headers, status) => {
    const right = { cookie: await cookie(), "x-handover-control": dashboard.controlToken };
    expect((await post("/control", { action: "pause" }, { ...right, ...headers })).status).toBe(status);
    expect(done).toEqual([]);
  });

  it("needs an origin", async () => {
    const headers = {
      cookie: await cookie(),
      "x-handover-control": dashboard.controlToken,
      "content-type": "application/json",
    };
    const answer = await ask("/control", { method: "POST", headers, body: '{"action":"pause"}' });
    expect([answer.status, done]).toEqual([403, []]);
  });

  it("is a wish that is known, in the bounds it has", async () => {
    const right = { cookie: await cookie(), "x-handover-control": dashboard.controlToken };
    const wishes = [
      { action: "rate", perSecond: 0 },
      { action: "rate", perSecond: -1 },
      { action: "rate", perSecond: "8" },
      { action: "rate", perSecond: 1e9 },
      { action: "rate" },
      { action: "delete" },
      { action: "pause", more: 1 },
      [],
      null,
      "pause",
    ];
    for (const wish of wishes) expect((await post("/control", wish, right)).status).toBe(400);
    expect(done).toEqual([]);
    for (const wish of [
      { action: "pause" },
      { action: "pause" },
      { action: "rate", perSecond: 8 },
      { action: "resume" },
    ]) {
      expect((await post("/control", wish, right)).status).toBe(204);
    }
    expect(done).toEqual(["held", "rate 8", "let go"]);
  });

  it("lets a paused run go on when it is to stop, and nothing more after that", async () => {
    const right = { cookie: await cookie(), "x-handover-control": dashboard.controlToken };
    await post("/control", { action: "pause" }, right);
    expect((await post("/control", { action: "drain" }, right)).status).toBe(204);
    expect(done).toEqual(["held", "stop for dashboard", "let go"]);
    expect((await post("/control", { action: "pause" }, right)).status).toBe(400);
    expect(done).toHaveLength(3);
  });

  it("is small: more than 64 KiB are refused", async () => {
    const right = { cookie: await cookie(), "x-handover-control": dashboard.controlToken };
    const long = await post("/control", { action: "pause", more: "x".repeat(70_000) }, right).catch(() => undefined);
    expect([413, undefined]).toContain(long?.status);
    expect(done).toEqual([]);
  });

  it("is never a GET or a HEAD, whatever it carries", async () => {
    const right = { ...own(), cookie: await cookie(), "x-handover-control": dashboard.controlToken };
    for (const path of ["/", "/events", "/session", "/control"]) {
      for (const method of ["GET", "HEAD"]) await ask(path, { method, headers: right });
    }
    expect(done).toEqual([]);
  });
});

describe("a page that follows", () => {
  it("is told everything first, and then what is new", async () => {
    dashboard.onEvent(stepEnded(1));
    const { next } = await follow();
    const start = await next();
    expect(start).toMatchObject({ event: "start", data: { title: "Run friday.handover" } });
    dashboard.onEvent(stepEnded(2, { outcome: "failed", failure: "not-found", reason: "404: gone" }));
    const seen = [...(start.data["steps"] as { seq: number }[])];
    let troubles: unknown[] = [];
    while (!seen.some(({ seq }) => seq === 2)) {
      const { data } = await next();
      seen.push(...(data["steps"] as { seq: number }[]));
      troubles = [...troubles, ...(data["troubles"] as unknown[])];
    }
    expect(seen.map(({ seq }) => seq)).toEqual([1, 2]);
    expect(troubles).toMatchObject([{ text: "step 2 failed (not-found): 404: gone" }]);
  });

  it("and comes back is told what it missed, and of another start everything", async () => {
    const first = await follow();
    await first.next();
    const { id } = await first.next();
    dashboard.onEvent(stepEnded(5));
    const later = await first.next();
    const again = await follow(id);
    expect(await again.next()).toEqual(later);
    for (const strange of [
      "",
      "x",
      `${id}0000`,
      `other-${id.split("-")[1]}`,
      `${id.split("-")[0]}--1`,
      `${id.split("-")[0]}-1e9`,
    ]) {
      expect((await (await follow(strange)).next()).event).toBe("start");
    }
  });

  it("is shown hostile texts as texts: nothing in them acts, or ends the message they are in", async () => {
    const { next } = await follow();
    await next();
    for (const [index, [, text]] of hostile.entries()) {
      dashboard.onEvent(stepEnded(index, { outcome: "failed", reason: text, asset: text }));
      dashboard.onEvent({ type: "pace", perSecond: 1, reason: text, untilMs: 9e12 });
    }
    const { event, data } = await next();
    expect(event).toBe("news");
    expect((data["steps"] as unknown[]).length).toBe(hostile.length);
    const { body } = await ask("/");
    expect(body).not.toContain("onerror");
  });

  it("hears how it ended, and the end does not wait for one that does not read", async () => {
    const { next, ended } = await follow();
    await next();
    const deaf = plain();
    deaf.write(`GET /events HTTP/1.1\r\nhost: 127.0.0.1:${dashboard.port}\r\ncookie: ${await cookie()}\r\n\r\n`);
    plain();
    await dashboard.close("Finished: every step has ended.");
    let last = await next();
    while (last.event !== "end") last = await next();
    expect(last.data).toMatchObject({ ending: "Finished: every step has ended.", progress: { facts: [] } });
    await ended;
    await expect(ask("/")).rejects.toThrow(/ECONNREFUSED/);
  });

  it("and does not read is dropped once a megabyte waits for it, while others go on", async () => {
    const deaf = plain();
    const dropped = new Promise<void>((resolve) => {
      deaf.on("close", () => resolve());
    });
    deaf.write(`GET /events HTTP/1.1\r\nhost: 127.0.0.1:${dashboard.port}\r\ncookie: ${await cookie()}\r\n\r\n`);
    const { next } = await follow();
    const right = { cookie: await cookie(), "x-handover-control": dashboard.controlToken };
    // Each wish is followed by news of everything that has happened meanwhile, some 100 kB of it.
    for (let round = 0; round < 120; round += 1) {
      for (let index = 0; index < 200; index += 1)
        dashboard.onEvent(stepEnded(round * 200 + index, { outcome: "failed", reason: "x".repeat(480) }));
      await post("/control", { action: round % 2 === 0 ? "pause" : "resume" }, right);
      await next();
    }
    deaf.resume();
    await dropped;
    expect((await next()).event).toBe("news");
  });

  it("goes on to be told while a thousand connect who never say what they want, and others get in after them", async () => {
    const { context } = await world();
    const crowded = await openDashboard(context, { ...options, patienceMs: 200 });
    const before = dashboard;
    dashboard = crowded;
    try {
      const { next } = await follow();
      await next();
      for (let index = 0; index < 1000; index += 1) plain().write("GET / HTTP/1.1\r\nhost: ");
      crowded.onEvent(stepEnded(1));
      let seen: readonly unknown[] = [];
      while (seen.length === 0) seen = (await next()).data["steps"] as readonly unknown[];
      expect(seen).toMatchObject([{ seq: 1 }]);
      await until(async () => ((await ask("/").catch(() => undefined))?.status === 200 ? true : undefined));
    } finally {
      dashboard = before;
      await crowded.close("Stopped: as asked.");
    }
  });

  it("is one of fifty at most", async () => {
    const cookies = await cookie();
    for (let index = 0; index < 50; index += 1) await follow();
    expect((await ask("/events", { headers: { cookie: cookies } })).status).toBe(503);
  });
});
