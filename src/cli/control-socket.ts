/** The listening end of the control socket: bounded in everything, and never waiting for whoever is at the other end. */
import { chmod } from "node:fs/promises";
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { ControlError } from "../model/errors.ts";
import type { WishAnswer } from "./apply-steering.ts";
import type { Context } from "./context.ts";
import { makePlaces, removePlace } from "./control-place.ts";
import { Lines, controlVersion, objectIn } from "./control-words.ts";
import type { ControlAnswer } from "./control-words.ts";

export interface ControlOptions {
  readonly runPath: string;
  /** How the run stands, as a `live` document. */
  readonly live: () => unknown;
  readonly onWish: (wish: unknown) => Promise<WishAnswer>;
  /** How long a connection may take over a line, ms. */
  readonly deadlineMs?: number;
}

export interface ControlSocket {
  readonly path: string;
  /** Tells those who watch how it ended, and takes the socket away. */
  close(exitCode: number, ending: string): Promise<void>;
}

const connectionsMax = 64;
const lineDeadlineMs = 5_000;
const newsEveryMs = 1_000;
const farewellMs = 250;
/** Bytes that may wait for one watcher before news are left out, and before it is given up. */
const behindMax = 64 * 1024;
const deafMs = 30_000;
/** Lines of one connection that may wait for their answers. */
const pendingMax = 32;
/** What a file system says that has no sockets, or not here. */
const nowhere: ReadonlySet<string> = new Set(["EPERM", "EACCES", "ENOTSUP", "EOPNOTSUPP", "EINVAL", "EROFS", "ENOSYS"]);

/** Throws `ControlError` when it cannot listen anywhere; the run goes on without. */
export async function openControl(context: Context, options: ControlOptions): Promise<ControlSocket> {
  if (context.uid === undefined) throw none("this system has no sockets that only one user can reach");
  for await (const path of makePlaces(context, options.runPath)) {
    const server = createServer({ allowHalfOpen: true });
    server.maxConnections = connectionsMax;
    const fault = await listening(server, path);
    if (fault === undefined) return begin(context, options, server, path);
    if (!nowhere.has(fault)) throw none(`nobody can listen at ${path} (${fault})`);
  }
  throw none("no place was found where a socket can be");
}

async function begin(context: Context, options: ControlOptions, server: Server, path: string): Promise<ControlSocket> {
  await chmod(path, 0o600);
  const front = new Front(options);
  server.on("connection", (socket) => front.meet(socket));
  server.unref();
  return {
    path,
    close: async (exitCode, ending) => {
      await front.close({ version: controlVersion, type: "ended", exitCode, ending });
      server.close();
      await removePlace(context, options.runPath, path);
    },
  };
}

/** The code of the error that kept it from listening. */
function listening(server: Server, path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
    server.listen(path, () => {
      server.removeAllListeners("error");
      server.on("error", () => undefined);
      resolve(undefined);
    });
  });
}

/** One connection: what it has asked, and what it may still ask. */
class Caller {
  readonly socket: Socket;
  readonly #deadlineMs: number;
  readonly #lines = new Lines();
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<void> = Promise.resolve();
  #pending = 0;
  /** When it last had taken everything, ms; undefined while it does not watch. */
  tookAllAt: number | undefined;

  constructor(socket: Socket, deadlineMs: number) {
    this.socket = socket;
    this.#deadlineMs = deadlineMs;
    socket.unref();
    socket.on("error", () => socket.destroy());
    socket.on("close", () => clearTimeout(this.#timer));
  }

  /** Hands over one line after the other; the next when the one before is answered. */
  listen(onLine: (line: string) => Promise<void>): void {
    this.#await();
    this.socket.on("data", (piece: Buffer) => {
      const whole = this.#lines.add(piece);
      if (whole === undefined) this.#dismiss("a line is longer than 64 KiB");
      else if (this.#pending + whole.length > pendingMax) this.#dismiss("too much is asked at once");
      else for (const line of whole) this.#next(line, onLine);
    });
    // Whoever has said everything may still be waiting for the answer.
    this.socket.on("end", () => {
      void this.#turn.then(() => {
        if (this.tookAllAt === undefined) this.socket.end();
      });
    });
  }

  send(answer: ControlAnswer, then?: () => void): void {
    if (then !== undefined) this.socket.end(text(answer), then);
    else if (!this.socket.destroyed && !this.socket.writableEnded) this.socket.write(text(answer));
  }

  watch(): void {
    clearTimeout(this.#timer);
    this.tookAllAt = performance.now();
  }

  /** Whoever is behind gets the next news instead: each holds everything. */
  tell(news: string): void {
    if (this.tookAllAt === undefined) return;
    const now = performance.now();
    if (this.socket.writableLength === 0) this.tookAllAt = now;
    else if (now - this.tookAllAt > deafMs) this.socket.destroy();
    if (!this.socket.destroyed && this.socket.writableLength <= behindMax) this.socket.write(news);
  }

  #next(line: string, onLine: (line: string) => Promise<void>): void {
    this.#pending += 1;
    clearTimeout(this.#timer);
    this.#turn = this.#turn
      .then(() => onLine(line))
      .finally(() => {
        this.#pending -= 1;
        if (this.#pending === 0 && this.tookAllAt === undefined) this.#await();
      });
  }

  /** Whole lines count, not bytes: who sends one byte now and then is as slow as who sends none. */
  #await(): void {
    clearTimeout(this.#timer);
    if (!this.socket.destroyed) this.#timer = setTimeout(() => this.socket.destroy(), this.#deadlineMs).unref();
  }

  #dismiss(problem: string): void {
    this.socket.removeAllListeners("data");
    this.socket.end(text(wrong(problem)));
    this.socket.resume();
    this.#await();
  }
}

class Front {
  readonly #options: ControlOptions;
  readonly #callers = new Set<Caller>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: ControlOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#tell(), newsEveryMs);
    this.#timer.unref();
  }

  meet(socket: Socket): void {
    const caller = new Caller(socket, this.#options.deadlineMs ?? lineDeadlineMs);
    this.#callers.add(caller);
    socket.on("close", () => this.#callers.delete(caller));
    caller.listen((line) => this.#answer(caller, line));
  }

  async close(last: ControlAnswer): Promise<void> {
    clearInterval(this.#timer);
    this.#tell();
    const leaving = [...this.#callers].map(
      (caller) =>
        new Promise<void>((resolve) => {
          if (caller.tookAllAt !== undefined) caller.send(last);
          caller.socket.on("close", () => resolve());
          caller.socket.end(() => resolve());
        }),
    );
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, farewellMs);
    });
    await Promise.race([Promise.all(leaving), late]);
    clearTimeout(timer);
    for (const { socket } of this.#callers) socket.destroy();
  }

  async #answer(caller: Caller, line: string): Promise<void> {
    const asked = objectIn(line);
    if (asked === undefined) return caller.send(wrong("write one JSON object a line"));
    const { version, ...wish } = asked;
    if (version !== controlVersion) {
      return caller.send(wrong(`this handover speaks version ${controlVersion} of the control language`));
    }
    if (wish["action"] === "watch") caller.watch();
    if (wish["action"] === "watch" || wish["action"] === "status") return caller.send(this.#live());
    const answer = await this.#options.onWish(wish);
    if (answer.kind === "refused") {
      const { why, problem } = answer;
      return caller.send({ version: controlVersion, type: "refused", why, problem });
    }
    const { said, last } = answer;
    caller.send({ version: controlVersion, type: "done", said }, last === undefined ? undefined : onceSoon(last));
  }

  #live(): ControlAnswer {
    return { version: controlVersion, type: "live", live: this.#options.live() };
  }

  #tell(): void {
    const news = text(this.#live());
    for (const caller of this.#callers) caller.tell(news);
  }
}

/** Called once: when told to, or soon after, because whoever is told to may never be. */
function onceSoon(last: () => void): () => void {
  let isOver = false;
  const once = (): void => {
    if (!isOver) last();
    isOver = true;
  };
  setTimeout(once, farewellMs);
  return once;
}

function none(problem: string): ControlError {
  return new ControlError("silent", problem, "keep the run in a folder of a local disk");
}

function wrong(problem: string): ControlAnswer {
  return { version: controlVersion, type: "refused", why: "wrong", problem };
}

function text(answer: ControlAnswer): string {
  return `${JSON.stringify(answer)}\n`;
}
