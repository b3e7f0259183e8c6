/** Somebody else answers at the endpoint, or nobody: what a person sees who typed it wrongly. */
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { wallClock } from "../../src/cli/context.ts";
import { runCommandLine } from "../../src/cli/program.ts";
import { troubleNotes } from "../../src/cli/trouble.ts";
import { startEmulator } from "../../src/emulator/start.ts";
import type { RunningEmulator } from "../../src/emulator/start.ts";
import type { Clock } from "../../src/model/clock.ts";
import type { Email } from "../../src/model/email.ts";
import { later } from "./scene.ts";
import { world } from "./world.ts";

let google: RunningEmulator;
let folder: string;
let page: Server;

beforeAll(async () => {
  folder = (await world()).folder;
  google = await startEmulator({ clock: wallClock, users: 20, assets: 100, keyFile: join(folder, "key.json") });
  page = createServer((_request, response) => {
    response.writeHead(404, { "content-type": "text/html" }).end("<h1>Not found</h1>");
  });
  await new Promise<void>((resolve) => page.listen(0, "127.0.0.1", resolve));
  await writeFile(join(folder, "moves.csv"), "from,to\nleaver@acme.example,heir@acme.example\n");
});

afterAll(async () => {
  page.close();
  await google.close();
});

async function plan(
  endpoint: string,
  admin: string = google.admin,
  clock: Clock = wallClock,
): Promise<{ code: number; err: string }> {
  const argv = ["plan", "moves.csv", "--key", "key.json", "--admin", admin, "--endpoint", endpoint];
  const made = await world({ argv, folder, clock });
  const code = await runCommandLine(made.context);
  return { code, err: made.err().replace(/\s+/g, " ") };
}

describe("a plan that cannot reach Google", () => {
  it("names the endpoint and the proxy when another server answers", async () => {
    const { port } = page.address() as AddressInfo;
    const { code, err } = await plan(`http://127.0.0.1:${port}`);
    expect(code).toBe(4);
    expect(err).toContain("access token as admin@acme.example: 404");
    expect(err).toContain("neither Google nor an emulator");
  });

  it("fails at once where the server does not speak TLS", async () => {
    const { code, err } = await plan(google.url.replace("http:", "https:"));
    expect(code).toBe(4);
    expect(err).toContain("(ERR_SSL_WRONG_VERSION_NUMBER)");
    expect(err).toContain("NODE_EXTRA_CA_CERTS");
  });

  it("names the administrator who is none", async () => {
    const { code, err } = await plan(google.url, "nobody@acme.example");
    expect(code).toBe(4);
    expect(err).toContain("access token as nobody@acme.example: 400 invalid_grant");
  });

  it.each([
    // The server's date has whole seconds.
    [600_000, /the clock of this machine is 60\d s ahead of Google's/],
    [-4_000_000, /the clock of this machine is (?:3999|4000) s behind Google's/],
  ])("names a clock that is %i ms off, and which way", async (ms, says) => {
    const { code, err } = await plan(google.url, google.admin, later(ms));
    expect(code).toBe(4);
    expect(err).toMatch(says);
    expect(err).toContain("set the clock of this machine");
  });

  it("lists the scopes that a plan asks for when delegation lacks one", async () => {
    google.emulator.tokens.delegationRevoked = true;
    const { code, err } = await plan(google.url);
    google.emulator.tokens.delegationRevoked = false;
    expect(code).toBe(4);
    expect(err).toContain("https://www.googleapis.com/auth/datastudio.readonly ");
    expect(err).not.toContain("https://www.googleapis.com/auth/datastudio ");
  });
});

describe("a plan that waits for answers", () => {
  it("ends as stopped, and not as failed, when asked to stop", async () => {
    const silent = createServer((_request, response) => response.writeHead(503).end());
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    const argv = `plan moves.csv --key key.json --admin ${google.admin} --endpoint http://127.0.0.1:${port}`;
    const made = await world({ argv: argv.split(" "), folder });
    const code = runCommandLine(made.context);
    await new Promise<void>((resolve) => silent.once("request", () => resolve()));
    made.signal("SIGINT");
    expect(await code).toBe(7);
    expect(made.err()).toContain("Stopped. No run was made");
    silent.close();
  });
});

describe("calls that go on failing", () => {
  const notice = {
    service: "token",
    route: "token",
    actor: "admin@acme.example" as Email,
    failure: "unreachable",
    problem: "nothing was sent (connect ECONNREFUSED 127.0.0.1:1)",
    waitMs: 4000,
  } as const;

  it("are said at the third failure, and then every ten seconds at most", () => {
    let now = 0;
    const said: string[] = [];
    const clock = { ...wallClock, monotonic: () => now };
    const tell = troubleNotes(clock, { color: false, width: 80, unicode: true }, (line) => said.push(line));
    for (const [failures, at] of [
      [1, 0],
      [2, 500],
      [3, 1500],
      [4, 5000],
      [5, 11_600],
    ] as const) {
      now = at;
      tell({ ...notice, failures });
    }
    expect(said).toHaveLength(2);
    expect(said[0]).toBe(
      "= access token as admin@acme.example: nothing was sent (connect ECONNREFUSED 127.0.0.1:1); trying again in 4 s",
    );
  });
});
