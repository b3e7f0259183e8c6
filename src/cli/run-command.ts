/** Programs that are asked for a secret: no shell, bounded in time and output, and what they complain of is shown without secrets. */
import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import type { Readable } from "node:stream";
import { concealed } from "../google/conceal.ts";
import { shown } from "../google/error-body.ts";
import { ApiError } from "../model/errors.ts";
import type { FailureClass } from "../model/errors.ts";
import type { Email } from "../model/email.ts";
import { printable } from "../model/text.ts";
import type { Context } from "./context.ts";

export interface Command {
  readonly words: readonly string[];
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** What it is called in problems, such as `the token command`. */
  readonly name: string;
  readonly failure: FailureClass;
  readonly actor: Email;
}

const outputBytesMax = 64 * 1024;
const complaintBytesMax = 8 * 1024;

/** What the program prints on stdout. Throws `ApiError`: `halt-run` where there is no such program, else `halt-actor`. */
export async function outputOf(context: Context, command: Command): Promise<string> {
  const [program = "", ...args] = command.words;
  const shownName = `${command.name} ${printable(program, 60)}`;
  const fail = (problem: string, disposition: "halt-run" | "halt-actor"): ApiError =>
    new ApiError(`${shownName} ${problem}`, {
      disposition,
      failure: command.failure,
      call: { route: "token", actor: command.actor },
    });
  const env = { ...context.env, ...command.env };
  let child: ChildProcessByStdio<null, Readable, Readable>;
  try {
    child = spawn(program, args, { cwd: command.folder, env, stdio: ["ignore", "pipe", "pipe"], windowsHide: true });
  } catch (error) {
    throw fail(`cannot be started (${codeOf(error)})`, "halt-run");
  }
  const timer = new AbortController();
  const late = context.clock.sleep(command.timeoutMs, timer.signal).then(() => "late" as const);
  const ended = endOf(child);
  const end = await Promise.race([ended, late]);
  timer.abort();
  if (end === "late" || end.isTooLong) {
    child.kill("SIGKILL");
    child.stdout.destroy();
    child.stderr.destroy();
    child.unref();
    if (end === "late") throw fail(`gave no answer within ${Math.round(command.timeoutMs / 1000)} s`, "halt-actor");
    throw fail(`printed more than ${outputBytesMax} bytes`, "halt-actor");
  }
  if (end.code === undefined) {
    const isMissing = end.problem === "ENOENT";
    throw fail(isMissing ? "is not found" : `cannot be started (${end.problem})`, "halt-run");
  }
  if (end.code === 0) return end.stdout;
  const ending = end.code === null ? "was ended by a signal" : `ended with ${end.code}`;
  throw fail(`${ending}${complaint(end)}`, "halt-actor");
}

/** What it printed, however much of it is a token, must not come out by the way of its complaints. */
function complaint({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): string {
  const words = stdout.split(/[\s"',{}]+/).filter((word) => word.length >= 8);
  const text = shown(words.reduce(concealed, stderr));
  return text === "" ? "" : `: ${text}`;
}

interface End {
  /** Undefined when it never began; null when a signal ended it. */
  readonly code: number | null | undefined;
  readonly problem: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly isTooLong: boolean;
}

function endOf(child: ChildProcessByStdio<null, Readable, Readable>): Promise<End> {
  const out: Buffer[] = [];
  let outBytes = 0;
  let err = "";
  return new Promise((resolve) => {
    const end = (code: number | null | undefined, problem: string, isTooLong = false): void =>
      resolve({ code, problem, stdout: Buffer.concat(out).toString("utf8"), stderr: err, isTooLong });
    child.stdout.on("data", (chunk: Buffer) => {
      outBytes += chunk.length;
      if (outBytes > outputBytesMax) end(undefined, "", true);
      else out.push(chunk);
    });
    // Read to the end, so that the program does not wait for somebody to read it; only its beginning is kept.
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (err.length < complaintBytesMax) err = (err + text).slice(0, complaintBytesMax);
    });
    child.on("error", (error) => end(undefined, codeOf(error)));
    child.on("close", (code) => end(code, ""));
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "error";
}
