/**
 * A server that answers at once, in its own process, so that what is measured is the client. It speaks as much HTTP as
 * undici does and answers what the emulator answers to the same requests: tokens, the domains of the tenant,
 * permissions read, permissions written. The emulator checks, keeps and logs, and would be slower than the client.
 */
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { answerText } from "../tenant.ts";

/** What it has seen since it was last asked; nanoseconds of the system's monotonic clock. */
export interface Seen {
  readonly patches: number;
  readonly reads: number;
  readonly others: number;
  readonly firstAt: string;
  readonly lastAt: string;
}

const latencyMs = Number(process.argv[2] ?? 0);
let patches = 0;
let reads = 0;
let others = 0;
let firstAt = 0n;
let lastAt = 0n;

const token = JSON.stringify({ access_token: `ya29.${"c".repeat(180)}`, expires_in: 3599, token_type: "Bearer" });
const domains = JSON.stringify({
  domains: [{ domainName: "acme.example", isPrimary: true, verified: true, creationTime: "1400000000000" }],
});

function answerTo(method: string, path: string, body: string): string {
  if (method === "PATCH") {
    patches += 1;
    // The roles as they were sent, under the etag that a change gives them.
    const from = body.indexOf('"permissions":{') + '"permissions":'.length;
    return `${body.slice(from, -5)}B="}`;
  }
  if (path.startsWith("/v1/assets/")) {
    reads += 1;
    return answerText(Number(path.slice(path.lastIndexOf("-") + 1, path.lastIndexOf("/"))));
  }
  others += 1;
  return path.startsWith("/token") ? token : domains;
}

function reply(socket: Socket, text: string): void {
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=UTF-8\r\ndate: Sun, 22 Nov 2026 05:00:00 GMT\r\n`;
  const whole = `${head}content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
  if (latencyMs > 0) setTimeout(() => socket.write(whole), latencyMs);
  else socket.write(whole);
}

const server = createServer({ noDelay: true }, (socket) => {
  let held = "";
  socket.on("error", () => socket.destroy());
  // Latin-1 keeps one character for each byte; every text here is ASCII.
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    held = held === "" ? chunk : held + chunk;
    for (;;) {
      const end = held.indexOf("\r\n\r\n");
      if (end < 0) return;
      const head = held.slice(0, end);
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      const total = end + 4 + length;
      if (held.length < total) return;
      const body = held.slice(end + 4, total);
      held = held.slice(total);
      const [method = "", path = ""] = head.split(" ", 2);
      const answer = answerTo(method, path, body);
      if (method === "PATCH" || path.startsWith("/v1/assets/")) {
        lastAt = process.hrtime.bigint();
        if (firstAt === 0n) firstAt = lastAt;
      }
      reply(socket, answer);
    }
  });
});

server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));

process.on("message", () => {
  const seen: Seen = { patches, reads, others, firstAt: String(firstAt), lastAt: String(lastAt) };
  process.send?.(seen);
  patches = 0;
  reads = 0;
  others = 0;
  firstAt = 0n;
  lastAt = 0n;
});
process.on("disconnect", () => process.exit(0));
