/** Runs cases in a process of their own and watches it: a case that hangs, takes all memory or ends the process is a finding too. */
import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Message, Work } from "./work.ts";

/** Time for one case, ms; memory for the whole process, MiB. */
export interface Bounds {
  readonly deadlineMs: number;
  readonly rssMiB: number;
}

export interface Found {
  readonly case: number;
  readonly kind: string;
  readonly message: string;
  /** Undefined where the case can only be made again from its number. */
  readonly input: Buffer | undefined;
}

export interface Watched {
  readonly findings: readonly Found[];
  readonly cases: number;
  /** Spent on them. */
  readonly ms: number;
  /** The case at which the process died; undefined when it came to its own end. */
  readonly diedAt: number | undefined;
}

const lookEveryMs = 100;
/** For opening a target; and for making a finding small, which runs many cases under one number. */
const graceMs = 20_000;
const childFile = fileURLToPath(new URL("child.js", import.meta.url));

export async function watched(work: Work, bounds: Bounds): Promise<Watched> {
  const child = fork(childFile, [JSON.stringify(work)], { execArgv: ["--max-old-space-size=700"], stdio: "pipe" });
  const words: string[] = [];
  child.stderr?.on("data", (chunk: Buffer) => words.push(chunk.toString("utf8")));
  child.stdout?.resume();
  const findings = new Map<string, Found>();
  const watch = new Watch(work, bounds);
  const startedAt = performance.now();
  let done: { readonly cases: number; readonly ms: number } | undefined;
  child.on("message", (message: Message) => {
    watch.heard(message.type);
    if (message.type === "done") done = message;
    if (message.type !== "finding") return;
    findings.set(message.kind, { ...message, input: Buffer.from(message.input, "base64") });
  });
  const timer = setInterval(() => {
    if (watch.isTooMuch(child.pid ?? 0)) child.kill("SIGKILL");
  }, lookEveryMs);
  const how = await new Promise<string>((resolve) => {
    child.on("close", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  clearInterval(timer);
  if (done !== undefined) {
    return { findings: [...findings.values()], cases: done.cases, ms: done.ms, diedAt: undefined };
  }
  const diedAt = caseUnderWay(work) ?? work.from;
  const { kind, message } = watch.verdict ?? { kind: "death", message: "the process ended before the case did" };
  const said = words.join("").slice(-2000);
  findings.set(kind, { case: diedAt, kind, message: `${message} (${how})\n${said}`, input: undefined });
  const ms = performance.now() - startedAt;
  return { findings: [...findings.values()], cases: diedAt - work.from + 1, ms, diedAt };
}

/** Time and memory of one process. */
class Watch {
  verdict: { readonly kind: string; readonly message: string } | undefined;
  readonly #work: Work;
  readonly #bounds: Bounds;
  #case: number | undefined;
  #until: number;

  constructor(work: Work, bounds: Bounds) {
    this.#work = work;
    this.#bounds = bounds;
    this.#until = performance.now() + graceMs;
  }

  heard(type: Message["type"]): void {
    this.#until = performance.now() + (type === "finding" ? graceMs : this.#bounds.deadlineMs);
  }

  isTooMuch(pid: number): boolean {
    const { deadlineMs, rssMiB } = this.#bounds;
    const now = caseUnderWay(this.#work);
    if (now !== this.#case) {
      this.#case = now;
      this.#until = Math.max(this.#until, performance.now() + deadlineMs);
    }
    const rss = rssOf(pid);
    if (rss > rssMiB) this.verdict = { kind: "memory", message: `the process takes ${Math.round(rss)} MiB` };
    else if (performance.now() > this.#until) {
      this.verdict = { kind: "hang", message: `the case takes more than ${deadlineMs} ms` };
    }
    return this.verdict !== undefined;
  }
}

function caseUnderWay(work: Work): number | undefined {
  try {
    const bytes = readFileSync(work.progressFile);
    return bytes.length === 8 ? bytes.readDoubleLE(0) : undefined;
  } catch {
    return undefined;
  }
}

/** Resident memory, MiB; 0 where the system does not tell. */
function rssOf(pid: number): number {
  try {
    const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Number(kilobytes ?? 0) / 1024;
  } catch {
    return 0;
  }
}
