/** The HTTP front on loopback: hands requests to the emulator and does to the answers what faults ask for. */
import { createAdaptorServer } from "@hono/node-server";
import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { Hono } from "hono";
import { setMaxListeners } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../model/clock.ts";
import { control, controlPrefix } from "./control.ts";
import type { Emulator } from "./emulator.ts";
import type { EmulatorReply, EmulatorRequest } from "./exchange.ts";

const bodyBytesMax = 1_048_576;
/** A snapshot put back through the control routes may be as large as a large tenant. */
const stateBytesMax = 268_435_456;
const closeGraceMs = 500;

export interface HttpFront {
  readonly url: string;
  /** Ends answered connections, gives those under way a moment, then breaks them. */
  close(): Promise<void>;
}

/** Listens on 127.0.0.1; `port` 0 takes a free one. `latencyMs` delays every answer. */
export async function listen(
  emulator: Emulator,
  options: { readonly port: number; readonly clock: Clock; readonly latencyMs: number },
): Promise<HttpFront> {
  const closing = new AbortController();
  // Every answer that hangs listens to it: many at once are no leak.
  setMaxListeners(0, closing.signal);
  const front = { emulator, clock: options.clock, latencyMs: options.latencyMs, closing: closing.signal };
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.all("*", async (context) => {
    await answer(front, context.env.incoming, context.env.outgoing);
    return RESPONSE_ALREADY_SENT;
  });
  const server = createAdaptorServer({
    fetch: app.fetch,
    overrideGlobalObjects: false,
    serverOptions: { headersTimeout: 15_000, requestTimeout: 60_000, keepAliveTimeout: 65_000, noDelay: true },
  }) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, "127.0.0.1", () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      closing.abort();
      const grace = new AbortController();
      const late = options.clock.sleep(closeGraceMs, grace.signal).then(() => server.closeAllConnections());
      await closed;
      grace.abort();
      await late;
    },
  };
}

interface Front {
  readonly emulator: Emulator;
  readonly clock: Clock;
  readonly latencyMs: number;
  readonly closing: AbortSignal;
}

async function answer(front: Front, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const path = incoming.url ?? "/";
  const isControl = path.startsWith(controlPrefix);
  if (isControl && !isLoopback(incoming.headers.host)) {
    send(outgoing, { status: 403, headers: {}, body: "the control routes answer to loopback names only" });
    return;
  }
  const body = await readBody(incoming, isControl ? stateBytesMax : bodyBytesMax);
  if (body === undefined) {
    send(outgoing, { status: 413, headers: { connection: "close" }, body: "Request Entity Too Large" });
    return;
  }
  const headers = incoming.headers as EmulatorRequest["headers"];
  const request: EmulatorRequest = { method: incoming.method ?? "GET", path, headers, body };
  if (isControl) {
    send(outgoing, control(front.emulator, request));
    return;
  }
  const reply = front.emulator.handle(request);
  if (front.latencyMs > 0) await front.clock.sleep(front.latencyMs, front.closing);
  await deliver(front, incoming, outgoing, reply);
}

/** A page that a browser opened from elsewhere reaches this port under its own host name; it may not steer the emulator. */
function isLoopback(host: string | undefined): boolean {
  return /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host ?? "");
}

/** The body as text, or undefined when it is over `bytesMax` or never came whole. */
async function readBody(incoming: IncomingMessage, bytesMax: number): Promise<string | undefined> {
  const { headers } = incoming;
  const announced = headers["content-length"];
  if (headers["transfer-encoding"] === undefined && (announced === undefined || announced === "0")) return "";
  if (announced !== undefined && Number(announced) > bytesMax) return undefined;
  const chunks: Buffer[] = [];
  let bytes = 0;
  return new Promise((resolve) => {
    incoming.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bytesMax) {
        incoming.pause();
        resolve(undefined);
      } else {
        chunks.push(chunk);
      }
    });
    incoming.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    incoming.on("error", () => resolve(undefined));
  });
}

async function deliver(
  front: Front,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  reply: EmulatorReply,
): Promise<void> {
  const { delivery } = reply;
  switch (delivery?.kind) {
    case undefined:
      send(outgoing, reply);
      return;
    case "delay":
      await front.clock.sleep(delivery.ms, front.closing);
      send(outgoing, reply);
      return;
    case "reset":
      incoming.socket.resetAndDestroy();
      return;
    case "truncate":
      truncate(incoming, outgoing, reply, delivery.bytes);
      return;
    case "hang":
      await hang(front, incoming, delivery.late);
      return;
  }
}

function send(outgoing: ServerResponse, reply: EmulatorReply): void {
  if (outgoing.destroyed) return;
  const bytes = Buffer.byteLength(reply.body);
  outgoing.writeHead(reply.status, { ...reply.headers, "content-length": bytes });
  outgoing.end(reply.body);
}

function truncate(incoming: IncomingMessage, outgoing: ServerResponse, reply: EmulatorReply, bytes: number): void {
  const body = Buffer.from(reply.body);
  outgoing.writeHead(reply.status, { ...reply.headers, "content-length": body.length });
  // Only once the part is on its way may the connection break, or the client would see nothing of it.
  outgoing.write(body.subarray(0, Math.min(bytes, body.length - 1)), () => incoming.socket.destroy());
}

async function hang(
  front: Front,
  incoming: IncomingMessage,
  late: { readonly ms: number; readonly apply: () => void } | undefined,
): Promise<void> {
  if (late !== undefined) {
    await front.clock.sleep(late.ms, front.closing);
    if (!front.closing.aborted) late.apply();
  }
  await new Promise<void>((resolve) => {
    if (incoming.socket.destroyed || front.closing.aborted) {
      resolve();
      return;
    }
    incoming.socket.once("close", () => resolve());
    front.closing.addEventListener("abort", () => resolve(), { once: true });
  });
  incoming.socket.destroy();
}
