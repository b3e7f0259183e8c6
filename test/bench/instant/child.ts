/**
 * A server that answers at once, in its own process, so that what is measured is the client. It speaks as much HTTP as
 * undici does and answers what the emulator answers to the same requests: tokens, the domains and users of the tenant,
 * searches as each of them for what they own, permissions read, permissions written. The emulator checks, keeps and logs, and would be slower than the client.
 */
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { answerBefore, answerText, foundAsset, ownerCount, ownerOf } from "../tenant.ts";

/** What it has seen since it was last asked; nanoseconds of the system's monotonic clock. */
export interface Seen {
  readonly patches: number;
  readonly reads: number;
  readonly others: number;
  readonly firstAt: string;
  readonly lastAt: string;
}

const latencyMs = Number(process.argv[2] ?? 0);
/** Assets of which nothing was changed yet; 0 for a tenant in which every step has been carried out. */
const untouched = Number(process.argv[3] ?? 0);
const pageSize = 1000;
let patches = 0;
let reads = 0;
let others = 0;
let firstAt = 0n;
let lastAt = 0n;

const domains = JSON.stringify({
  domains: [{ domainName: "acme.example", isPrimary: true, verified: true, creationTime: "1400000000000" }],
});

const addresses = [
  ...Array.from({ length: ownerCount }, (_, i) => ownerOf(i)),
  "admin@acme.example",
  "heir@acme.example",
];
const people = addresses.map((primaryEmail, i) => ({ id: String(100_000 + i), primaryEmail }));

/** A token says whose it is. */
function token(body: string): string {
  const [, claims = ""] = (new URLSearchParams(body).get("assertion") ?? "").split(".");
  const { sub = "" } = JSON.parse(Buffer.from(claims, "base64url").toString() || "{}") as { readonly sub?: string };
  const access_token = `ya29.${addresses.indexOf(sub)}.${"c".repeat(180)}`;
  return JSON.stringify({ access_token, expires_in: 3599, token_type: "Bearer" });
}

function search(path: string, head: string): string {
  const query = new URL(path, "http://instant").searchParams;
  const user = Number(/authorization: Bearer ya29\.(\d+)\./i.exec(head)?.[1]);
  if (query.get("assetTypes") !== "REPORT" || query.has("includeTrashed") || user >= ownerCount) return "{}";
  const assets = [];
  let i = Number(query.get("pageToken") ?? user);
  for (; i < untouched && assets.length < pageSize; i += ownerCount) assets.push(foundAsset(i));
  return JSON.stringify({ assets, ...(i < untouched ? { nextPageToken: String(i) } : {}) });
}

function directory(path: string): string {
  if (path.startsWith("/admin/directory/v1/users?")) return JSON.stringify({ users: people });
  const [, key] = /^\/admin\/directory\/v1\/users\/([^?]+)/.exec(path) ?? [];
  const person = people.find(({ primaryEmail }) => primaryEmail === decodeURIComponent(key ?? ""));
  return person === undefined ? domains : JSON.stringify(person);
}

function answerTo(method: string, path: string, head: string, body: string): string {
  if (method === "PATCH") {
    patches += 1;
    // The roles as they were sent, under the etag that a change gives them.
    const from = body.indexOf('"permissions":{') + '"permissions":'.length;
    return `${body.slice(from, -5)}B="}`;
  }
  if (path.startsWith("/v1/assets/")) {
    reads += 1;
    const asset = Number(path.slice(path.lastIndexOf("-") + 1, path.lastIndexOf("/")));
    return untouched > 0 ? answerBefore(asset) : answerText(asset);
  }
  others += 1;
  if (path.startsWith("/v1/assets:search")) return search(path, head);
  return path.startsWith("/token") ? token(body) : directory(path);
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
      const answer = answerTo(method, path, head, body);
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
