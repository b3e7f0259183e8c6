/** Runs one command to its end, or ends it and everything it has started once its time is up. */
import { spawn } from "node:child_process";

export interface Ended {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly out: string;
  readonly err: string;
  readonly timedOut: boolean;
}

export function runCommand(command: string, args: readonly string[], cwd: string, msMax: number): Promise<Ended> {
  return new Promise((resolve, reject) => {
    // A group of its own, so that what the command starts can be ended with it.
    const child = spawn(command, args, { cwd, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    let err = "";
    let timedOut = false;
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    const endGroup = (): void => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
    };
    const timer = setTimeout(() => {
      timedOut = true;
      endGroup();
    }, msMax);
    process.once("exit", endGroup);
    child.once("error", (error) => {
      clearTimeout(timer);
      process.off("exit", endGroup);
      reject(error);
    });
    child.once("close", (code) => {
      clearTimeout(timer);
      process.off("exit", endGroup);
      resolve({ code: code ?? undefined, out, err, timedOut });
    });
  });
}
