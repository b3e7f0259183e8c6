/** The carrier against real sockets that behave badly: what is an answer, what is not, and what was certainly not sent. */
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import { createServer as createTcpServer } from "node:net";
import type { Server, Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { NetworkError } from "../../src/google/exchange.ts";
import type { ExchangeRequest } from "../../src/google/exchange.ts";
import { parseEndpoint } from "../../src/google/route.ts";
import { openWire } from "../../src/google/wire.ts";
import type { Wire, WireOptions } from "../../src/google/wire.ts";
import { ManualClock, settle } from "../support/clock.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening on a port");
  return `http://127.0.0.1:${address.port}`;
}

const http = (listener: RequestListener): Promise<string> => listen(createServer(listener));
const tcp = (listener: (socket: Socket) => void): Promise<string> => listen(createTcpServer(listener));

function wireTo(endpoint: string, options: Partial<WireOptions> = {}): { wire: Wire; clock: ManualClock } {
  const clock = new ManualClock();
  const wire = openWire({ clock, endpoint, ...options });
  cleanups.push(() => wire.close());
  return { wire, clock };
}

const get: ExchangeRequest = {
  method: "GET",
  url: "https://datastudio.googleapis.com/v1/assets/a/permissions?x=1",
  headers: { accept: "application/json" },
  timeoutMs: 60_000,
};

async function failureOf(work: Promise<unknown>): Promise<NetworkError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof NetworkError)) throw new Error(`expected a NetworkError, got ${String(error)}`);
  return error;
}

describe("an answer", () => {
  it("comes back with status, lower-case headers and text, and the request keeps its path and query", async () => {
    const seen: unknown[] = [];
    const url = await http((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        seen.push(request.method, request.url, request.headers["x-test"], body);
        response.writeHead(207, { "X-Answer": "yes" }).end("größe");
      });
    });
    const { wire } = wireTo(url);
    const answer = await wire.exchange({ ...get, method: "PATCH", headers: { "x-test": "1" }, body: "{}" });
    expect(answer).toMatchObject({ status: 207, body: "größe", headers: { "x-answer": "yes" } });
    expect(seen).toEqual(["PATCH", "/v1/assets/a/permissions?x=1", "1", "{}"]);
  });

  it("that is a redirect is handed over and not followed", async () => {
    const seen: string[] = [];
    const url = await http((request, response) => {
      seen.push(request.url ?? "");
      response.writeHead(302, { location: "/elsewhere" }).end();
    });
    expect((await wireTo(url).wire.exchange(get)).status).toBe(302);
    expect(seen).toHaveLength(1);
  });

  it("is unpacked when it is compressed", async () => {
    const url = await http((_, response) =>
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("packed")),
    );
    expect((await wireTo(url).wire.exchange(get)).body).toBe("packed");
  });

  it("skips informational responses before it", async () => {
    const url = await tcp((socket) => {
      socket.once("data", () =>
        socket.write("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
      );
    });
    expect(await wireTo(url).wire.exchange(get)).toMatchObject({ status: 200, body: "ok" });
  });

  it("of an error page may be in any encoding", async () => {
    const url = await http((_, response) => response.writeHead(502).end(Buffer.from("caf\xe9", "latin1")));
    expect((await wireTo(url).wire.exchange(get)).status).toBe(502);
  });
});

describe("no whole answer", () => {
  const capped = { responseBytesMax: 10_000 };
  const gzip = { "content-encoding": "gzip" };
  const onRequest = (act: (socket: Socket) => void): Promise<string> =>
    tcp((socket) => socket.once("data", () => act(socket)));
  const cutBody = 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"perm';
  it.each([
    ["a reset before any answer", "ECONNRESET", () => onRequest((socket) => socket.resetAndDestroy())],
    ["a close before any answer", "UND_ERR_SOCKET", () => onRequest((socket) => socket.end())],
    ["a body cut short", "UND_ERR_SOCKET", () => onRequest((socket) => socket.end(cutBody))],
    ["something that is not HTTP", "UNKNOWN", () => onRequest((socket) => socket.end("SMTP ready\r\n"))],
    [
      "an announced length over the limit",
      "TOO_LARGE",
      () => http((_, response) => response.writeHead(200, { "content-length": "20000" }).write("x")),
    ],
    [
      "an endless body",
      "TOO_LARGE",
      () =>
        http((_, response) => {
          for (let sent = 0; sent < 20; sent += 1) response.write("x".repeat(1000));
        }),
    ],
    [
      "a compression bomb",
      "TOO_LARGE",
      () => http((_, response) => response.writeHead(200, gzip).end(gzipSync(Buffer.alloc(1_000_000)))),
    ],
    ["damaged compression", "BAD_ENCODING", () => http((_, response) => response.writeHead(200, gzip).end("not gzip"))],
    [
      "an unknown encoding",
      "BAD_ENCODING",
      () => http((_, response) => response.writeHead(200, { "content-encoding": "zstd" }).end("x")),
    ],
    [
      "a success that is not UTF-8",
      "BAD_UTF8",
      () => http((_, response) => response.end(Buffer.from([0x7b, 0xff, 0x7d]))),
    ],
  ])("after %s: sent, and no answer", async (_name, code, start) => {
    const failure = await failureOf(wireTo(await start(), capped).wire.exchange(get));
    expect(failure).toMatchObject({ sent: true, code });
  });

  it("within the deadline, from a server that says nothing", async () => {
    let arrived: () => void = () => undefined;
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    const url = await http(() => arrived());
    const { wire, clock } = wireTo(url);
    const failure = failureOf(wire.exchange({ ...get, timeoutMs: 5000 }));
    await arrival;
    await clock.advance(5000);
    expect(await failure).toMatchObject({ sent: true, code: "TIMEOUT" });
  });

  it("within the deadline, from a server that sends a byte now and then", async () => {
    let arrived: () => void = () => undefined;
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    const url = await http((_, response) => {
      response.writeHead(200, { "content-length": "1000" });
      const drip = setInterval(() => response.write("x"), 5);
      response.on("close", () => clearInterval(drip));
      response.write("x", () => arrived());
    });
    const { wire, clock } = wireTo(url);
    const failure = failureOf(wire.exchange({ ...get, timeoutMs: 5000 }));
    await arrival;
    await clock.advance(4999);
    await clock.advance(1);
    expect(await failure).toMatchObject({ sent: true, code: "TIMEOUT" });
  });

  it("after the caller gave up", async () => {
    const stop = new AbortController();
    const url = await http(() => stop.abort());
    expect(await failureOf(wireTo(url).wire.exchange({ ...get, signal: stop.signal }))).toMatchObject({
      sent: true,
      code: "ABORTED",
    });
  });

  it("after the connection was closed under it", async () => {
    let wire: Wire | undefined;
    const url = await http(() => void wire?.close());
    wire = wireTo(url).wire;
    expect(await failureOf(wire.exchange(get))).toMatchObject({ sent: true, code: "ABORTED" });
  });
});

describe("a request is certainly not sent", () => {
  it("when nobody listens", async () => {
    const url = await http(() => undefined);
    await cleanups.pop()?.();
    expect(await failureOf(wireTo(url).wire.exchange(get))).toMatchObject({ sent: false, code: "ECONNREFUSED" });
  });

  it("when TLS fails", async () => {
    const url = await tcp((socket) => socket.end("plain text"));
    const failure = await failureOf(wireTo(url.replace("http:", "https:")).wire.exchange(get));
    expect(failure.sent).toBe(false);
  });

  it("when the connection is reset during the handshake", async () => {
    const url = await tcp((socket) => socket.once("data", () => socket.resetAndDestroy()));
    const failure = await failureOf(wireTo(url.replace("http:", "https:")).wire.exchange(get));
    expect(failure.sent).toBe(false);
  });

  it("when its time is up while it waits for a connection", async () => {
    let requests = 0;
    let arrived: () => void = () => undefined;
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    const url = await http(() => {
      requests += 1;
      arrived();
    });
    const { wire, clock } = wireTo(url, { connections: 1 });
    const first = failureOf(wire.exchange({ ...get, timeoutMs: 9000 }));
    await arrival;
    const second = failureOf(wire.exchange({ ...get, timeoutMs: 1000 }));
    await clock.advance(1000);
    expect(await second).toMatchObject({ sent: false, code: "TIMEOUT" });
    await clock.advance(8000);
    expect(await first).toMatchObject({ sent: true, code: "TIMEOUT" });
    expect(requests).toBe(1);
  });

  it("when the caller gave up before", async () => {
    const url = await http(() => undefined);
    const failure = await failureOf(wireTo(url).wire.exchange({ ...get, signal: AbortSignal.abort() }));
    expect(failure).toMatchObject({ sent: false, code: "ABORTED" });
  });
});

describe("where requests may go", () => {
  it.each([
    "https://evil.example/v1/assets",
    "http://datastudio.googleapis.com/v1",
    "https://datastudio.googleapis.com.evil.example/",
    "https://datastudio.googleapis.com:444/",
    "https://user@datastudio.googleapis.com/",
    "https://storage.googleapis.com/",
  ])("%s is refused without being contacted", async (url) => {
    await expect(wireTo("http://127.0.0.1:1").wire.exchange({ ...get, url })).rejects.toThrow(/refusing to contact/);
  });

  it.each(["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:5", "https://stand-in.example"])(
    "%s may stand in for Google",
    (endpoint) => expect(parseEndpoint(`${endpoint}/`)).toBe(endpoint),
  );

  it.each([
    ["http://10.0.0.1:8080", /unencrypted/],
    ["http://127.0.0.1.evil.example", /unencrypted/],
    ["http://127.0.0.1:80/v1", /more to it/],
    ["https://user:pass@stand-in.example", /more to it/],
    ["ftp://127.0.0.1", /not an http/],
    ["127.0.0.1:8080", /not an http/],
  ])("%s may not stand in for Google", (endpoint, problem) => expect(() => parseEndpoint(endpoint)).toThrow(problem));

  it("nothing is opened while certificates go unchecked", () => {
    expect(() => openWire({ clock: new ManualClock(), tlsRejectUnauthorized: "0" })).toThrow(/who answers/);
  });

  it("a proxy is used when asked for, and gets only a request for a tunnel", async () => {
    const seen: string[] = [];
    const proxy = createServer();
    proxy.on("connect", (request, socket: Socket) => {
      seen.push(request.url ?? "");
      socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    });
    const uri = await listen(proxy);
    const wire = openWire({ clock: new ManualClock(), proxy: uri });
    cleanups.push(() => wire.close());
    expect(await failureOf(wire.exchange(get))).toMatchObject({ sent: false });
    expect(seen).toEqual(["datastudio.googleapis.com:443"]);
  });
});

it("a proxy that cannot be used is said so at once, and nothing is left to wait for", async () => {
  const ended: string[] = [];
  const signal = Object.assign(new AbortController().signal, {
    removeEventListener: () => ended.push("let go of"),
  });
  const wire = openWire({ clock: new ManualClock(), proxy: "http://%" });
  await expect(wire.exchange({ ...get, signal })).rejects.toThrow(/Invalid URL/);
  await settle();
  expect(ended).toEqual(["let go of"]);
  await wire.close();
});

it("a hundred calls at once share the sockets allowed", async () => {
  let most = 0;
  let now = 0;
  const server = createServer((_, response) => {
    response.end("ok");
  });
  server.on("connection", (socket) => {
    most = Math.max(most, (now += 1));
    socket.on("close", () => (now -= 1));
  });
  const { wire } = wireTo(await listen(server), { connections: 4 });
  await Promise.all(Array.from({ length: 100 }, () => wire.exchange(get)));
  expect(most).toBeLessThanOrEqual(4);
});
