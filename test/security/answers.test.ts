/** Servers that answer too much, too slowly or without end: bounded in bytes and time, and called what they are. */
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { connect } from "../../src/google/client.ts";
import { Pacer, noRates } from "../../src/google/pacer.ts";
import { openWire } from "../../src/google/wire.ts";
import type { Api } from "../../src/model/api.ts";
import type { AssetName } from "../../src/model/asset.ts";
import { ApiError } from "../../src/model/errors.ts";
import { admin, anna, keyOfTest } from "../google/scripted.ts";
import { ManualClock } from "../support/clock.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** Largest answer taken, here: small enough that nothing has to send megabytes to exceed it. */
const bytesMax = 200_000;
const timeoutMs = 5000;

interface Hostile {
  readonly url: string;
  /** Resolves once something has asked. */
  readonly arrived: Promise<void>;
  /** Bytes that left the server so far, over all connections. */
  readonly sent: () => number;
}

async function listen(server: Server): Promise<Hostile> {
  const sockets = new Set<Socket>();
  let ask = (): void => undefined;
  const arrived = new Promise<void>((resolve) => (ask = resolve));
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("data", () => ask());
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const sent = (): number => [...sockets].reduce((sum, socket) => sum + socket.bytesWritten, 0);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, arrived, sent };
}

const http = (listener: RequestListener): Promise<Hostile> => listen(createServer(listener));
const tcp = (act: (socket: Socket) => void): Promise<Hostile> =>
  listen(createTcpServer((socket) => socket.once("data", () => act(socket))));

/** Writes the same piece for as long as it is taken. */
function endlessly(
  socket: { write(piece: string): boolean; destroyed: boolean; once(event: string, go: () => void): unknown },
  piece: string,
): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(piece));
    if (!socket.destroyed) socket.once("drain", more);
  };
  more();
}

/** Less than what is taken, that unpacks to 128 MiB. */
const bomb = gzipSync(Buffer.alloc(2 ** 27), { level: 9 });

const ok = "HTTP/1.1 200 OK\r\n";
const json = { "content-type": "application/json" };

/** What the server does, and the code of what is made of it. */
const servers: readonly (readonly [name: string, start: () => Promise<Hostile>, within: "bytes" | "time"])[] = [
  [
    "a body without end",
    () => http((_, response) => endlessly(response.writeHead(200, json), "x".repeat(10_000))),
    "bytes",
  ],
  [
    "a body without end behind an error",
    () => http((_, response) => endlessly(response.writeHead(503, json), "x".repeat(10_000))),
    "bytes",
  ],
  [
    "an announced length of a terabyte",
    () =>
      http((_, response) => void response.writeHead(200, { ...json, "content-length": "1099511627776" }).write("{")),
    "bytes",
  ],
  [
    "an announced length that is none",
    () => tcp((socket) => socket.write(`${ok}content-length: 1e9\r\n\r\n{`)),
    "bytes",
  ],
  [
    "a gzip bomb",
    () => http((_, response) => response.writeHead(200, { ...json, "content-encoding": "gzip" }).end(bomb)),
    "bytes",
  ],
  [
    "a gzip bomb in a gzip bomb",
    () =>
      http((_, response) => response.writeHead(200, { ...json, "content-encoding": "gzip, gzip" }).end(gzipSync(bomb))),
    "bytes",
  ],
  [
    "headers without end",
    () =>
      tcp((socket) => {
        socket.write(ok);
        endlessly(socket, `x-more: ${"x".repeat(1000)}\r\n`);
      }),
    "bytes",
  ],
  [
    "one header without end",
    () =>
      tcp((socket) => {
        socket.write(`${ok}x-more: `);
        endlessly(socket, "x".repeat(1000));
      }),
    "bytes",
  ],
  [
    "informational answers without end",
    () => tcp((socket) => endlessly(socket, "HTTP/1.1 103 Early Hints\r\n\r\n")),
    "time",
  ],
  [
    "chunks without end of one byte",
    () =>
      tcp((socket) => {
        socket.write(`${ok}transfer-encoding: chunked\r\n\r\n`);
        endlessly(socket, "1\r\nx\r\n");
      }),
    "time",
  ],
  [
    "a chunk extension without end",
    () =>
      tcp((socket) => {
        socket.write(`${ok}transfer-encoding: chunked\r\n\r\n1;`);
        endlessly(socket, "x".repeat(1000));
      }),
    "time",
  ],
  ["nothing", () => tcp(() => undefined), "time"],
  ["a byte now and then", () => tcp((socket) => void socket.write(`${ok}content-length: 100\r\n\r\n{`)), "time"],
  ["half a header", () => tcp((socket) => void socket.write("HTTP/1.1 200 OK\r\ncontent-le")), "time"],
];

/** Calls; the clock moves on only where the server leaves it at that, so that anything else must end by its size. */
async function asked(
  hostile: Hostile,
  call: (api: Api) => Promise<unknown>,
  tokens: "ours" | "theirs",
  within: "bytes" | "time",
): Promise<ApiError> {
  const clock = new ManualClock();
  const error: unknown = call(apiOf(hostile, clock, tokens)).catch((reason: unknown) => reason);
  if (within === "time") {
    await hostile.arrived;
    await clock.advance(timeoutMs);
  }
  const ended: unknown = await error;
  if (!(ended instanceof ApiError)) throw new Error(`expected an ApiError, got ${String(ended)}`);
  return ended;
}

function apiOf(hostile: Hostile, clock: ManualClock, tokens: "ours" | "theirs"): Api {
  const wire = openWire({ clock, endpoint: hostile.url, responseBytesMax: bytesMax });
  cleanups.push(() => wire.close());
  const fixed = { token: async () => "a-token", drop: () => undefined };
  return connect({
    exchange: wire.exchange,
    admin,
    access: "write",
    pacer: new Pacer(clock, noRates),
    clock,
    random: () => 0.5,
    timeoutMs,
    attemptsMax: 1,
    ...(tokens === "ours" ? { tokens: fixed } : { key: keyOfTest }),
  });
}

const name = "a1" as AssetName;
const calls: readonly (readonly [string, (api: Api) => Promise<unknown>, "ours" | "theirs", string])[] = [
  ["a read", (api) => api.dataStudio.getPermissions(anna, name), "ours", "retry"],
  [
    "a write",
    (api) => api.dataStudio.patchPermissions(anna, name, { roles: new Map(), etag: undefined }, async () => undefined),
    "ours",
    "ambiguous",
  ],
  ["a transfer", (api) => api.dataTransfer.insert("1", "2", async () => undefined), "ours", "ambiguous"],
  ["a request for a token", (api) => api.authenticate(anna), "theirs", "retry"],
];

describe.each(servers)("%s", (_, start, within) => {
  it.each(calls)(
    "ends %s within its bounds, in doubt where it may have had an effect",
    async (__, call, tokens, disposition) => {
      const hostile = await start();
      const error = await asked(hostile, call, tokens, within);
      expect(error.disposition).toBe(disposition);
      expect(error.message.length).toBeLessThan(600);
      // What is in the sockets when it is cut off is not taken any more.
      if (within === "bytes") expect(hostile.sent()).toBeLessThan(20_000_000);
    },
  );
});

describe("an answer that is deep instead of long", () => {
  const deep = (levels: number, core: string): string => `${"[".repeat(levels)}${core}${"]".repeat(levels)}`;
  it.each([
    [
      "where nothing is expected",
      (levels: number) => `{"permissions":{"etag":"e","permissions":{}},"more":${deep(levels, "1")}}`,
    ],
    ["where roles are expected", (levels: number) => `{"permissions":${deep(levels, "{}")}}`],
    [
      "where members are expected",
      (levels: number) => `{"etag":"e","permissions":{"OWNER":{"members":${deep(levels, '"user:a@b.example"')}}}}`,
    ],
    ["where an error is expected", (levels: number) => `{"error":{"message":"no","details":${deep(levels, "1")}}}`],
  ])("%s is read or refused, and nothing breaks", async (_, body) => {
    for (const status of [200, 400, 503]) {
      const hostile = await http((__, response) => response.writeHead(status, json).end(body(90_000)));
      const api = apiOf(hostile, new ManualClock(), "ours");
      const answer: unknown = await api.dataStudio.getPermissions(anna, name).catch((reason: unknown) => reason);
      if (answer instanceof Error) expect(answer).toBeInstanceOf(ApiError);
    }
  });
});

it("a bomb of 128 MiB costs less memory than that", async () => {
  const hostile = await http((_, response) =>
    response.writeHead(200, { ...json, "content-encoding": "gzip" }).end(bomb),
  );
  expect(bomb.length).toBeLessThan(bytesMax);
  const before = process.memoryUsage().rss;
  const error = await asked(hostile, (api) => api.dataStudio.getPermissions(anna, name), "ours", "bytes");
  expect(error.message).toContain("larger than");
  expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
});
