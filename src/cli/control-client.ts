/** The asking end of the control socket. */
import { connect } from "node:net";
import type { Socket } from "node:net";
import { Lines, controlVersion, objectIn } from "./control-words.ts";
import type { ControlAnswer } from "./control-words.ts";

const answerMs = 10_000;
const againMs = 100;

/** Asks one thing and answers what is said to it; undefined when nobody listens there, or nobody answers in time. */
export async function askControl(path: string, wish: object): Promise<ControlAnswer | undefined> {
  const until = performance.now() + answerMs;
  for (;;) {
    const left = until - performance.now();
    const [answer, isFull] = await askOnce(path, wish, Math.max(1, left));
    // Everybody has hung up on us at once: too many are connected, and some of them will be gone in a moment.
    if (answer !== undefined || !isFull || left < 2 * againMs) return answer;
    await new Promise((resolve) => {
      setTimeout(resolve, againMs);
    });
  }
}

function askOnce(
  path: string,
  wish: object,
  ms: number,
): Promise<readonly [answer: ControlAnswer | undefined, isFull: boolean]> {
  return new Promise((resolve) => {
    const lines = new Lines();
    const socket = connect(path);
    const timer = setTimeout(() => settle(undefined, false), ms);
    function settle(answer: ControlAnswer | undefined, isFull: boolean): void {
      clearTimeout(timer);
      socket.destroy();
      resolve([answer, isFull]);
    }
    socket.on("connect", () => socket.write(lineOf(wish)));
    socket.on("error", ({ code }: NodeJS.ErrnoException) => {
      settle(undefined, code === "EAGAIN" || code === "ECONNRESET" || code === "EPIPE");
    });
    socket.on("close", () => settle(undefined, true));
    socket.on("data", (piece: Buffer) => {
      const whole = lines.add(piece);
      const [first] = whole ?? [];
      if (whole === undefined) settle(undefined, false);
      else if (first !== undefined) settle(answerIn(first), false);
    });
  });
}

/** Calls `onAnswer` with each piece of news, until the answered promise settles: nobody listens there any more. */
export function watchControl(
  path: string,
  onAnswer: (answer: ControlAnswer) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const lines = new Lines();
    const socket: Socket = connect(path);
    const leave = (): void => void socket.destroy();
    signal.addEventListener("abort", leave, { once: true });
    if (signal.aborted) leave();
    socket.on("connect", () => socket.write(lineOf({ action: "watch" })));
    socket.on("error", leave);
    socket.on("close", () => {
      signal.removeEventListener("abort", leave);
      resolve();
    });
    socket.on("data", (piece: Buffer) => {
      const whole = lines.add(piece);
      if (whole === undefined) leave();
      for (const line of whole ?? []) {
        const answer = answerIn(line);
        if (answer !== undefined) onAnswer(answer);
      }
    });
  });
}

function lineOf(wish: object): string {
  return `${JSON.stringify({ version: controlVersion, ...wish })}\n`;
}

/** What lies behind the socket is ours, or nothing that is understood. */
function answerIn(line: string): ControlAnswer | undefined {
  const found = objectIn(line);
  if (found?.["version"] !== controlVersion) return undefined;
  const { type, said, why, problem, live, exitCode, ending } = found;
  if (type === "done" && typeof said === "string") return { version: controlVersion, type, said };
  if (type === "refused" && typeof problem === "string") {
    return { version: controlVersion, type, why: why === "stopping" ? why : "wrong", problem };
  }
  if (type === "live") return { version: controlVersion, type, live };
  if (type === "ended" && typeof exitCode === "number" && typeof ending === "string") {
    return { version: controlVersion, type, exitCode, ending };
  }
  return undefined;
}
