/** A network that is left through a proxy only: the setting, what it refuses, and that Google is asked through it alone. */
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCommandLine } from "../../src/cli/program.ts";
import { world } from "./world.ts";

const { privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
const keyFile = JSON.stringify({
  type: "service_account",
  client_email: "handover@demo-project.iam.gserviceaccount.com",
  private_key: privateKey,
  private_key_id: "k1",
});

let proxy: Server;
let asked: string[];
let authorised: (string | undefined)[];
/** Called when a tunnel is asked for. */
let onAsked: () => void;

beforeEach(async () => {
  asked = [];
  authorised = [];
  onAsked = () => undefined;
  proxy = createServer();
  proxy.on("connect", (request, socket: Socket) => {
    asked.push(request.url ?? "");
    authorised.push(request.headers["proxy-authorization"]);
    socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    onAsked();
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
});

afterEach(() => {
  proxy.close();
});

function address(user = ""): string {
  const at = proxy.address();
  if (at === null || typeof at === "string") throw new Error("no port");
  return `http://${user}127.0.0.1:${at.port}`;
}

/** A plan for Google itself, by a key nobody knows. */
async function planned(
  env: Record<string, string>,
  ...flags: readonly string[]
): Promise<{ readonly code: number; readonly said: string }> {
  const made = await world({
    argv: ["plan", "moves.csv", "-o", "friday", "--admin", "admin@acme.example", "--key", "key.json", ...flags],
    env,
  });
  await writeFile(join(made.folder, "moves.csv"), "from,to\na@acme.example,b@acme.example\n");
  await writeFile(join(made.folder, "key.json"), keyFile, { mode: 0o600 });
  // Nobody waits for a proxy that will never let anything through.
  onAsked = () => made.signal("SIGINT");
  const code = await runCommandLine(made.context);
  return { code, said: made.err() };
}

describe("a proxy", () => {
  it("that is set is asked for a tunnel to Google, and is told nothing else", async () => {
    const { code, said } = await planned({ HANDOVER_PROXY: address("handover:s3cret@") });
    expect(code).not.toBe(0);
    expect(new Set(asked)).toEqual(new Set(["oauth2.googleapis.com:443"]));
    expect(authorised[0]).toBe(`Basic ${Buffer.from("handover:s3cret").toString("base64")}`);
    expect(said).not.toContain("s3cret");
  });

  it.each([
    ["no address", "proxy.acme.example", "HANDOVER_PROXY: this is not the address of an HTTP proxy"],
    ["another protocol", "socks5://proxy.acme.example:1080", "this is not the address of an HTTP proxy"],
    ["a path", "http://proxy.acme.example/x", "this is not the address of an HTTP proxy"],
  ])("with %s is refused before anything is sent", async (_name, value, told) => {
    const { code, said } = await planned({ HANDOVER_PROXY: value });
    expect(said.replace(/\s+/g, " ")).toContain(told);
    expect(code).toBe(3);
    expect(asked).toEqual([]);
  });

  it("with a password is refused as an option, which others can see", async () => {
    const { code, said } = await planned({}, "--proxy", address("me:s3cret@"));
    expect(code).toBe(3);
    expect(said).toContain("HANDOVER_PROXY");
    expect(said).not.toContain("s3cret");
    expect(asked).toEqual([]);
  });
});
