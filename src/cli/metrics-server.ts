/** Where `apply --metrics` gives its figures: on this machine only, to whoever asks there, and nothing else. */
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { metricsContentType } from "../report/metrics-text.ts";
import { listenOnLoopback, loopback } from "./loopback-port.ts";

export interface MetricsServer {
  readonly address: string;
  close(): void;
}

const connectionsMax = 32;

/** Throws `UsageError` when the port cannot be had. */
export async function serveMetrics(port: number, metrics: { text(): string }): Promise<MetricsServer> {
  const server = createServer({ maxHeaderSize: 8192, connectionsCheckingInterval: 1000 });
  server.headersTimeout = 5_000;
  server.requestTimeout = 10_000;
  server.keepAliveTimeout = 5_000;
  server.maxConnections = connectionsMax;
  await listenOnLoopback(server, port, "the metrics", "--metrics-port");
  const { port: taken } = server.address() as AddressInfo;
  // A page of another site that has this machine's name for its own is told nothing.
  const hosts = new Set([`${loopback}:${taken}`, `localhost:${taken}`]);
  server.on("request", ({ method, url, headers }, response) => {
    response.on("error", () => undefined);
    response.setHeader("x-content-type-options", "nosniff");
    response.setHeader("cache-control", "no-store");
    response.setHeader("cross-origin-resource-policy", "same-origin");
    const refuse = (status: number, why: string): void => {
      response.writeHead(status, { "content-type": "text/plain; charset=utf-8", connection: "close" }).end(why);
    };
    if (headers.host === undefined || !hosts.has(headers.host)) return refuse(403, "not for this host");
    if (url !== "/metrics") return refuse(404, "ask for /metrics");
    if (method !== "GET" && method !== "HEAD") return refuse(405, "GET only");
    response.writeHead(200, { "content-type": metricsContentType });
    response.end(method === "HEAD" ? undefined : metrics.text());
  });
  server.unref();
  server.on("connection", (socket: Socket) => socket.unref());
  return {
    address: `http://${loopback}:${taken}/metrics`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
