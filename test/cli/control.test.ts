/** The control socket of an apply: where it lies, who can reach it, what it takes, and that nothing said to it does harm. */
import { once } from "node:events";
import { chmod, link, lstat, mkdir, readFile, readdir, symlink, writeFile } from "node:fs/promises";
import { createServer, connect } from "node:net";
import type { Server, Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Context } from "../../src/cli/context.ts";
import { askControl, watchControl } from "../../src/cli/control-client.ts";
import { findSocket, socketPathMax } from "../../src/cli/control-place.ts";
import { openControl } from "../../src/cli/control-socket.ts";
import type { ControlOptions, ControlSocket } from "../../src/cli/control-socket.ts";
import type { ControlAnswer } from "../../src/cli/control-words.ts";
import { steeringOf } from "./steered.ts";
import type { Steered } from "./steered.ts";
import { world } from "./world.ts";

let context: Context;
let runPath: string;
let steered: Steered;
let control: ControlSocket | undefined;
let sockets: Socket[];
let servers: Server[];

beforeEach(async () => {
  const made = await world();
  ({ context } = made);
  runPath = join(made.folder, "friday.handover");
  steered = steeringOf(context.clock);
  control = undefined;
  sockets = [];
  servers = [];
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  await control?.close(0, "Finished.");
});

function options(more: Partial<ControlOptions> = {}): ControlOptions {
  return {
    runPath,
    live: () => ({ type: "live", pausedBy: steered.steering.pausedBy?.by }),
    onWish: (wish) => steered.steering.wish(wish, { via: "ctl", uid: context.uid }),
    ...more,
  };
}

async function opened(more: Partial<ControlOptions> = {}): Promise<ControlSocket> {
  control = await openControl(context, options(more));
  return control;
}

/** However it came about. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on("close", () => resolve());
  });
}

/** Everything that is answered to `bytes`, until the other end hangs up. */
async function said(path: string, bytes: string | Buffer, half = false): Promise<string> {
  const socket = connect(path);
  sockets.push(socket);
  let answered = "";
  socket.on("error", () => undefined);
  socket.on("data", (piece: Buffer) => (answered += piece.toString()));
  if (half) socket.end(bytes);
  else socket.write(bytes);
  await closed(socket);
  return answered;
}

describe("where the socket lies", () => {
  it("is a folder beside the run that only its owner can enter, and nothing of it stays", async () => {
    const { path } = await opened();
    expect(path).toBe(`${runPath}.ctl/socket`);
    const modes = await Promise.all([lstat(`${runPath}.ctl`), lstat(path)]);
    expect(modes.map(({ mode }) => mode & 0o777)).toEqual([0o700, 0o600]);
    expect(await findSocket(context, runPath)).toBe(path);
    await control?.close(0, "Finished.");
    control = undefined;
    expect(await readdir(context.cwd)).toEqual([]);
    expect(await findSocket(context, runPath)).toBeUndefined();
  });

  it("is elsewhere when its path would be too long, and ctl finds it through a note beside the run", async () => {
    const deep = join(context.cwd, "d".repeat(120));
    await mkdir(deep, { mode: 0o700 });
    runPath = join(deep, "friday.handover");
    const { path } = await opened();
    expect(Buffer.byteLength(path)).toBeLessThanOrEqual(socketPathMax);
    expect(await readFile(`${runPath}.ctl/place`, "utf8")).toBe(path);
    // Another shell may have another idea of where such things go.
    const elsewhere = { ...context, env: { XDG_RUNTIME_DIR: "/nowhere" } };
    expect(await findSocket(elsewhere, runPath)).toBe(path);
    expect(await askControl(path, { action: "status" })).toMatchObject({ type: "live" });
    await control?.close(0, "Finished.");
    control = undefined;
    expect(await readdir(deep)).toEqual([]);
    await expect(lstat(join(path, ".."))).rejects.toThrow("ENOENT");
  });

  it("is the runtime folder of the user where there is one", async () => {
    const deep = join(context.cwd, "d".repeat(120));
    const runtime = join(context.cwd, "run");
    await mkdir(deep, { mode: 0o700 });
    await mkdir(runtime, { mode: 0o700 });
    runPath = join(deep, "friday.handover");
    context = { ...context, env: { XDG_RUNTIME_DIR: runtime } };
    expect((await opened()).path.startsWith(`${runtime}/handover-`)).toBe(true);
  });

  it.each<[string, (folder: string) => Promise<unknown>, RegExp]>([
    ["a folder that is open to others", (folder) => mkdir(folder, { mode: 0o755 }), /is open to others/],
    [
      "a link to a folder",
      async (folder) => {
        await mkdir(`${folder}.real`, { mode: 0o700 });
        await symlink(`${folder}.real`, folder);
      },
      /is a link, or no folder/,
    ],
    ["a file", (folder) => writeFile(folder, "x"), /is a link, or no folder/],
    [
      "a file in the place of the socket",
      async (folder) => {
        await mkdir(folder, { mode: 0o700 });
        await writeFile(join(folder, "socket"), "x");
      },
      /is no socket/,
    ],
    [
      "a link in the place of the socket",
      async (folder) => {
        await mkdir(folder, { mode: 0o700 });
        await symlink("/dev/null", join(folder, "socket"));
      },
      /is no socket/,
    ],
  ])("is neither used nor believed when it is %s", async (_, plant, problem) => {
    await plant(`${runPath}.ctl`);
    await expect(openControl(context, options())).rejects.toMatchObject({ kind: "unsafe", message: problem });
    await expect(findSocket(context, runPath)).rejects.toMatchObject({ kind: "unsafe", message: problem });
  });

  it("is not believed when it belongs to somebody else", async () => {
    const { path } = await opened();
    const somebody = { ...context, uid: (context.uid ?? 0) + 1 };
    await expect(findSocket(somebody, runPath)).rejects.toMatchObject({ message: /belongs to another user/ });
    expect(await findSocket(context, runPath)).toBe(path);
  });

  it.each<[string, string]>([
    ["a relative path", "socket"],
    ["another file", "/etc/passwd"],
    ["a path with a NUL", "/tmp/\0/socket"],
    ["a place where nothing is", "/nowhere/socket"],
    ["nothing", ""],
    ["too much", `/${"x".repeat(5000)}/socket`],
  ])("is not found through a note that says %s", async (_, note) => {
    await mkdir(`${runPath}.ctl`, { mode: 0o700 });
    await writeFile(`${runPath}.ctl/place`, note);
    expect(await findSocket(context, runPath)).toBeUndefined();
  });

  it("is taken over from a process that was killed", async () => {
    await mkdir(`${runPath}.ctl`, { mode: 0o700 });
    const dead = createServer();
    const path = `${runPath}.ctl/socket`;
    await once(dead.listen(path), "listening");
    // A closed server takes its socket away, a killed one does not: a second name stays behind as that would.
    await link(path, `${path}.kept`);
    dead.close();
    await once(dead, "close");
    await link(`${path}.kept`, path);
    await expect(askControl(path, { action: "status" })).resolves.toBeUndefined();
    await opened();
    expect(await askControl(path, { action: "status" })).toMatchObject({ type: "live" });
  });

  it("is left alone while somebody listens there", async () => {
    await mkdir(`${runPath}.ctl`, { mode: 0o700 });
    const other = createServer();
    servers.push(other);
    await once(other.listen(`${runPath}.ctl/socket`), "listening");
    await chmod(`${runPath}.ctl/socket`, 0o600);
    await expect(openControl(context, options())).rejects.toMatchObject({
      kind: "silent",
      message: /in use by another process/,
    });
    expect(other.listening).toBe(true);
    expect((await lstat(`${runPath}.ctl/socket`)).isSocket()).toBe(true);
  });

  it("is nowhere on a system that knows no users", async () => {
    await expect(openControl({ ...context, uid: undefined }, options())).rejects.toMatchObject({ kind: "silent" });
  });
});

describe("what is asked", () => {
  it("is done, and stands on record with the user who can reach the socket", async () => {
    const { path } = await opened();
    const wishes = [
      { action: "pause" },
      { action: "pause" },
      { action: "rate", perSecond: 8 },
      { action: "concurrency", steps: 4 },
      { action: "resume" },
      { action: "resume" },
      { action: "drain" },
      { action: "drain" },
    ];
    const answers: (ControlAnswer | undefined)[] = [];
    for (const wish of wishes) answers.push(await askControl(path, wish));
    expect(answers.map((answer) => (answer?.type === "done" ? answer.said : answer))).toEqual([
      "Paused: nothing new is sent until it is resumed.",
      "It was paused already.",
      "At most 8 calls a second from now on.",
      "At most 4 steps at once from now on.",
      "Going on.",
      "It was not paused.",
      "Stopping: what is under way is finished first.",
      "It was stopping already.",
    ]);
    expect(steered.done).toEqual(["held", "rate 8", "4 at once", "let go", "stop for ctl"]);
    const { uid } = context;
    expect(steered.recorded).toEqual([
      { what: "pause", from: "ctl", uid },
      { what: "rate", from: "ctl", uid, value: 8 },
      { what: "concurrency", from: "ctl", uid, value: 4 },
      { what: "resume", from: "ctl", uid },
      { what: "drain", from: "ctl", uid },
    ]);
    expect(steered.events.map(({ type }) => type)).toEqual(Array(5).fill("steered"));
  });

  it("is refused once the run is stopping, except for leaving at once, which is answered first", async () => {
    const { path } = await opened();
    await askControl(path, { action: "drain" });
    expect(await askControl(path, { action: "pause" })).toMatchObject({ type: "refused", why: "stopping" });
    expect(await askControl(path, { action: "abort" })).toMatchObject({ type: "done", said: "Leaving at once." });
    expect(steered.done.at(-1)).toBe("left");
    expect(steered.recorded.at(-1)).toMatchObject({ what: "abort" });
  });

  it("is done by whoever comes first when two ask at once", async () => {
    const { path } = await opened();
    const both = await Promise.all([askControl(path, { action: "pause" }), askControl(path, { action: "pause" })]);
    expect(both.map((answer) => (answer?.type === "done" ? answer.said : "")).toSorted()).toEqual([
      "It was paused already.",
      "Paused: nothing new is sent until it is resumed.",
    ]);
    expect([steered.done, steered.recorded.length]).toEqual([["held"], 1]);
  });

  it("is done even where the run file takes no record of it, and that is said", async () => {
    steered = steeringOf(context.clock, { record: () => Promise.reject(new Error("full")) });
    const { path } = await opened();
    expect(await askControl(path, { action: "pause" })).toMatchObject({
      said: "Paused: nothing new is sent until it is resumed. The run file could not take a record of it.",
    });
    expect(steered.done).toEqual(["held"]);
  });

  it.each<[string, string | Buffer]>([
    ["no JSON", "pause\n"],
    ["no object", '["pause"]\n'],
    ["null", "null\n"],
    ["of no version", '{"action":"pause"}\n'],
    ["of another version", '{"version":2,"action":"pause"}\n'],
    ["unknown", '{"version":1,"action":"delete"}\n'],
    ["no action", '{"version":1}\n'],
    ["more than is known", '{"version":1,"action":"pause","more":1}\n'],
    ["a rate of nothing", '{"version":1,"action":"rate","perSecond":0}\n'],
    ["a rate without end", '{"version":1,"action":"rate","perSecond":1e999}\n'],
    ["a rate as text", '{"version":1,"action":"rate","perSecond":"8"}\n'],
    ["half a step at once", '{"version":1,"action":"concurrency","steps":0.5}\n'],
    ["no step at once", '{"version":1,"action":"concurrency","steps":0}\n'],
    ["too many steps at once", '{"version":1,"action":"concurrency","steps":1001}\n'],
    ["an own prototype", '{"version":1,"__proto__":{"action":"pause"}}\n'],
    ["not UTF-8", Buffer.from([0xff, 0xfe, 0x0a])],
    ["nested beyond reason", `${"[".repeat(30_000)}\n`],
    ["longer than 64 KiB", `{"version":1,"action":"${"x".repeat(70_000)}"}\n`],
    ["longer than 64 KiB and not ended", "x".repeat(70_000)],
    ["many lines at once", '{"version":1,"action":"status"}\n'.repeat(33)],
  ])("is refused and changes nothing when it is %s", async (_, bytes) => {
    const { path } = await opened({ deadlineMs: 500 });
    const [answer] = (await said(path, bytes, true)).split("\n");
    expect(JSON.parse(answer ?? "")).toMatchObject({ type: "refused", why: "wrong" });
    expect([steered.done, steered.recorded]).toEqual([[], []]);
    expect(await askControl(path, { action: "status" })).toMatchObject({ type: "live" });
  });

  it("is answered to whoever asks and hangs up the sending half, as a pipe does", async () => {
    const { path } = await opened();
    expect(await said(path, '{"version":1,"action":"status"}\n', true)).toMatch(/^\{"version":1,"type":"live".*\}\n$/);
  });

  it("is waited for no longer than a moment: who sends a byte now and then is let go", async () => {
    const { path } = await opened({ deadlineMs: 100 });
    const socket = connect(path);
    sockets.push(socket);
    socket.on("error", () => undefined);
    const timer = setInterval(() => socket.write("x"), 10);
    await closed(socket);
    clearInterval(timer);
    expect(steered.done).toEqual([]);
  });

  it("is heard among a thousand who connect and say nothing", async () => {
    const { path } = await opened({ deadlineMs: 200 });
    for (let index = 0; index < 1000; index += 1) {
      const socket = connect(path);
      socket.on("error", () => undefined);
      sockets.push(socket);
    }
    expect(await askControl(path, { action: "pause" })).toMatchObject({ type: "done" });
    expect(steered.done).toEqual(["held"]);
  });
});

describe("whoever watches", () => {
  it("is told how it stands, again and again, and last how it ended", async () => {
    const { path } = await opened({ deadlineMs: 100 });
    const told: ControlAnswer[] = [];
    const watching = watchControl(path, (answer) => told.push(answer), new AbortController().signal);
    while (told.length < 2) await context.clock.sleep(20);
    await control?.close(5, "Finished: every step has ended.");
    control = undefined;
    await watching;
    expect(told.map(({ type }) => type).slice(0, 2)).toEqual(["live", "live"]);
    expect(told.at(-1)).toEqual({
      version: 1,
      type: "ended",
      exitCode: 5,
      ending: "Finished: every step has ended.",
    });
  });

  it("and does not read keeps nobody waiting at the end", async () => {
    const { path } = await opened({ live: () => ({ type: "live", much: "x".repeat(60_000) }) });
    const deaf = connect(path);
    sockets.push(deaf.pause());
    deaf.write('{"version":1,"action":"watch"}\n'.repeat(30));
    await once(deaf, "connect");
    await context.clock.sleep(50);
    await control?.close(0, "Finished.");
    control = undefined;
    expect(await findSocket(context, runPath)).toBeUndefined();
  });

  it("can leave at any time", async () => {
    const { path } = await opened();
    const left = new AbortController();
    const watching = watchControl(path, () => left.abort(), left.signal);
    await watching;
    expect(await askControl(path, { action: "status" })).toMatchObject({ type: "live" });
  });
});
