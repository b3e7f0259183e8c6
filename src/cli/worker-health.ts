/** The health endpoint of a worker: whether it lives, whether it can work, and its figures. Nothing of a tenant is in it. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { UsageError } from "../model/errors.ts";
import { printable } from "../model/text.ts";
import { metricsContentType, metricsText } from "../report/metrics-text.ts";
import type { Family } from "../report/metrics-text.ts";

export interface HealthFacts {
  readonly version: string;
  /** Ms since the database last answered; undefined: it has not yet. */
  readonly heardMs: () => number | undefined;
  /** Beyond this its steps may have been taken over. */
  readonly leaseMs: number;
  readonly runs: () => number;
  readonly steps: () => number;
  readonly ended: ReadonlyMap<string, number>;
  readonly calls: ReadonlyMap<string, number>;
  readonly isStopping: () => boolean;
}

export interface HealthServer {
  readonly address: string;
  close(): void;
}

const connectionsMax = 32;

/** `127.0.0.1:8080`, `:8080` (everywhere), `[::1]:8080`. Throws UsageError. */
export function parseHealthAddress(text: string): { readonly host: string; readonly port: number } {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:]*):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) {
    throw new UsageError(
      `--health: ${JSON.stringify(printable(text, 80))} is no address to listen on`,
      "write HOST:PORT, such as 127.0.0.1:8080, or :8080 for every address of the machine",
    );
  }
  const host = (match[1] ?? "").replace(/^\[|\]$/g, "");
  return { host: host === "" ? "0.0.0.0" : host, port };
}

/** Throws `UsageError` when the port cannot be had. */
export async function serveHealth(
  { host, port }: { readonly host: string; readonly port: number },
  facts: HealthFacts,
): Promise<HealthServer> {
  const server = createServer({ maxHeaderSize: 8192 }, ({ method, url }, response) => {
    response.on("error", () => undefined);
    const answer = (status: number, text: string, type = "text/plain; charset=utf-8"): void => {
      response.writeHead(status, {
        "content-type": type,
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
      });
      response.end(method === "HEAD" ? undefined : text);
    };
    if (method !== "GET" && method !== "HEAD") return answer(405, "GET only\n");
    if (url === "/livez") return answer(200, "alive\n");
    if (url === "/readyz") {
      const problem = unready(facts);
      return problem === undefined ? answer(200, "ready\n") : answer(503, `${problem}\n`);
    }
    if (url === "/metrics") return answer(200, metricsText(families(facts)), metricsContentType);
    return answer(404, "ask for /livez, /readyz or /metrics\n");
  });
  server.headersTimeout = 5000;
  server.requestTimeout = 10_000;
  server.maxConnections = connectionsMax;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const what = `--health cannot listen on ${printable(host)}:${port} (${error.code ?? "error"})`;
      reject(new UsageError(what, "choose another address or port"));
    });
    server.listen({ host, port }, () => {
      server.removeAllListeners("error");
      server.on("error", () => undefined);
      resolve();
    });
  });
  server.unref();
  const { port: taken } = server.address() as AddressInfo;
  return {
    address: `http://${host.includes(":") ? `[${host}]` : host}:${taken}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Why it cannot work now. */
function unready({ heardMs, leaseMs, isStopping }: HealthFacts): string | undefined {
  if (isStopping()) return "stopping: it takes no new step";
  const ms = heardMs();
  if (ms === undefined) return "the database has not answered yet";
  if (ms > leaseMs) return `the database has not answered for ${Math.round(ms / 1000)} s, and the leases have run out`;
  return undefined;
}

function families(facts: HealthFacts): readonly Family[] {
  const single = (name: string, help: string, value: number): Family => ({
    name,
    help,
    type: "gauge",
    samples: [{ value }],
  });
  const counter = (name: string, help: string, label: string, counts: ReadonlyMap<string, number>): Family => ({
    name,
    help,
    type: "counter",
    samples: [...counts].map(([value, count]) => ({ labels: { [label]: value }, value: count })),
  });
  return [
    {
      name: "handover_info",
      help: "The program.",
      type: "gauge",
      samples: [{ labels: { version: facts.version }, value: 1 }],
    },
    single("handover_worker_runs", "Runs this worker carries out.", facts.runs()),
    single("handover_worker_steps_under_way", "Steps under way here.", facts.steps()),
    single("handover_worker_ready", "Whether it can work.", unready(facts) === undefined ? 1 : 0),
    single(
      "handover_worker_database_silent_seconds",
      "Since the database last answered.",
      (facts.heardMs() ?? 0) / 1000,
    ),
    counter("handover_steps_ended_total", "Steps this process has ended.", "outcome", facts.ended),
    counter("handover_calls_total", "Calls to Google by class of answer.", "class", facts.calls),
  ];
}
