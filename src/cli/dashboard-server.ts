/**
 * Who may see and steer an apply over HTTP: this machine only, the page's own origin only, readers by a cookie they get
 * for the token of this start, and changes by a second token that no cookie holds.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { readersMax } from "./dashboard-feed.ts";
import type { Feed } from "./dashboard-feed.ts";
import { listenOnLoopback, loopback } from "./loopback-port.ts";

const bodyMax = 64 * 1024;
const connectionsMax = 128;
/** How long the head of a request may take; the whole of it, twice that. */
const headMaxMs = 5_000;

/** Secrets of one start, each with 256 bits of chance. */
export interface DashboardSecrets {
  /** In the address; exchanged for the cookie. */
  readonly token: string;
  readonly cookie: string;
  readonly control: string;
}

export interface ServerOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly page: string;
  readonly policy: string;
  readonly secrets: DashboardSecrets;
  readonly feed: Feed;
  /** Carries out a wish from a page; answers a problem, or undefined when it is done. Never rejects. */
  readonly onWish: (wish: unknown) => Promise<string | undefined>;
  /** How long the head of a request may take, ms; five seconds unless told. */
  readonly patienceMs?: number;
}

export interface DashboardServer {
  readonly port: number;
  close(): void;
}

/** Throws `UsageError` when the port cannot be had. */
export async function serveDashboard(options: ServerOptions): Promise<DashboardServer> {
  const patienceMs = options.patienceMs ?? headMaxMs;
  const server = createServer({ maxHeaderSize: 8192, connectionsCheckingInterval: Math.min(1000, patienceMs) });
  server.headersTimeout = patienceMs;
  server.requestTimeout = 2 * patienceMs;
  server.keepAliveTimeout = 5_000;
  server.maxConnections = connectionsMax;
  await listenOnLoopback(server, options.port, "the dashboard", "--dashboard-port");
  const { port } = server.address() as AddressInfo;
  const front = new Front(options, port);
  server.on("request", (request, response) => front.answer(request, response));
  // Nobody who looks on may keep the process from ending.
  server.unref();
  server.on("connection", (socket: Socket) => socket.unref());
  return {
    port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

class Front {
  readonly #options: ServerOptions;
  readonly #hosts: ReadonlySet<string>;
  readonly #cookieName: string;

  constructor(options: ServerOptions, port: number) {
    this.#options = options;
    this.#hosts = new Set([`${loopback}:${port}`, `localhost:${port}`]);
    // Cookies know no ports: another start on this machine must not take the place of this one's.
    this.#cookieName = `handover-${port}`;
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    response.on("error", () => undefined);
    for (const [name, value] of Object.entries(this.#headers())) response.setHeader(name, value);
    const { host } = request.headers;
    if (host === undefined || !this.#hosts.has(host)) return refuse(response, 403, "not for this host");
    switch (request.url) {
      case "/":
        return isGet(request) ? this.#page(response, request) : refuse(response, 405, "GET only");
      case "/events":
        return request.method === "GET" ? this.#events(request, response) : refuse(response, 405, "GET only");
      case "/session":
      case "/control":
        return request.method === "POST" ? this.#change(request, response) : refuse(response, 405, "POST only");
      default:
        return refuse(response, 404, "there is nothing here");
    }
  }

  #headers(): Readonly<Record<string, string>> {
    return {
      "content-security-policy": `${this.#options.policy}; frame-ancestors 'none'`,
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
      "cross-origin-resource-policy": "same-origin",
      "cross-origin-opener-policy": "same-origin",
      "cache-control": "no-store",
    };
  }

  /** Anybody on this machine may have it: it holds nothing of the run. */
  #page(response: ServerResponse, request: IncomingMessage): void {
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
    response.end(request.method === "HEAD" ? undefined : this.#options.page);
  }

  #events(request: IncomingMessage, response: ServerResponse): void {
    const site = request.headers["sec-fetch-site"];
    if (site !== undefined && site !== "same-origin") return refuse(response, 403, "not from another site");
    if (!this.#isReader(request)) return refuse(response, 401, "open the address that apply has printed");
    const { feed } = this.#options;
    if (feed.readers >= readersMax) return refuse(response, 503, "too many pages are open");
    response.writeHead(200, { "content-type": "text/event-stream" });
    const lastId = request.headers["last-event-id"];
    feed.join(response, typeof lastId === "string" ? lastId : undefined);
  }

  /** Everything that changes something: from the page itself, small, and with its token. */
  #change(request: IncomingMessage, response: ServerResponse): void {
    const { origin, host, "sec-fetch-site": site, "content-type": type } = request.headers;
    if (origin !== `http://${host}` || (site !== undefined && site !== "same-origin")) {
      return refuse(response, 403, "not from another site");
    }
    if (type !== "application/json") return refuse(response, 415, "JSON only");
    if (request.url === "/control") {
      if (!this.#isReader(request)) return refuse(response, 401, "open the address that apply has printed");
      const control = request.headers["x-handover-control"];
      if (!isSame(control, this.#options.secrets.control))
        return refuse(response, 401, "that is not the control token");
    }
    readBody(request, response, (body) => {
      if (request.url === "/session") this.#session(body, response);
      else void this.#wish(body, response);
    });
  }

  #session(body: unknown, response: ServerResponse): void {
    const token: unknown = typeof body === "object" && body !== null && "token" in body ? body.token : undefined;
    const { secrets } = this.#options;
    if (!isSame(token, secrets.token)) return refuse(response, 401, "that is not the token of this start");
    const cookie = `${this.#cookieName}=${secrets.cookie}; HttpOnly; SameSite=Strict; Path=/`;
    response.writeHead(204, { "set-cookie": cookie }).end();
  }

  async #wish(body: unknown, response: ServerResponse): Promise<void> {
    const problem = await this.#options.onWish(body);
    if (problem === undefined) response.writeHead(204).end();
    else refuse(response, 400, problem);
  }

  #isReader(request: IncomingMessage): boolean {
    const prefix = `${this.#cookieName}=`;
    const cookies = (request.headers.cookie ?? "").split(";").map((cookie) => cookie.trim());
    const ours = cookies.find((cookie) => cookie.startsWith(prefix));
    return isSame(ours?.slice(prefix.length), this.#options.secrets.cookie);
  }
}

function isGet({ method }: IncomingMessage): boolean {
  return method === "GET" || method === "HEAD";
}

/** Takes as long for a wrong secret as for the right one, wherever the difference is. */
function isSame(given: unknown, secret: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(typeof given === "string" ? given : ""), digest(secret)) && typeof given === "string";
}

/** Whoever is refused sends no more on this connection. */
function refuse(response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", connection: "close" });
  response.end(why);
}

function readBody(request: IncomingMessage, response: ServerResponse, then: (body: unknown) => void): void {
  const pieces: Buffer[] = [];
  let bytes = 0;
  request.on("data", (piece: Buffer) => {
    if (bytes > bodyMax) return;
    bytes += piece.length;
    if (bytes <= bodyMax) pieces.push(piece);
    else refuse(response, 413, "too long");
  });
  request.on("error", () => undefined);
  request.on("end", () => {
    if (bytes > bodyMax) return;
    let body: unknown;
    try {
      body = JSON.parse(Buffer.concat(pieces).toString("utf8"));
    } catch {
      return refuse(response, 400, "that is no JSON");
    }
    then(body);
  });
}
