/** ssh-keygen, where the machine has it: the other side of every signature that is made or checked here. */
import { execFileSync, spawnSync } from "node:child_process";

export const hasSshKeygen: boolean = spawnSync("ssh-keygen", ["-?"]).error === undefined;

/** What it prints. Throws with its complaint. */
export function sshKeygen(folder: string, args: readonly string[], stdin = ""): string {
  return execFileSync("ssh-keygen", args, {
    cwd: folder,
    input: stdin,
    encoding: "utf8",
    stdio: ["pipe", "pipe", "pipe"],
  });
}
