/** Listening on this machine only. */
import type { Server } from "node:http";
import { UsageError } from "../model/errors.ts";

export const loopback = "127.0.0.1";

/** Throws `UsageError` when the port cannot be had; `what` is to listen there, `option` chooses the port. */
export function listenOnLoopback(server: Server, port: number, what: string, option: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const code = error.code ?? "error";
      reject(new UsageError(`${what} cannot listen on port ${port} (${code})`, `choose another ${option}`));
    });
    server.listen({ host: loopback, port }, () => {
      server.removeAllListeners("error");
      server.on("error", () => undefined);
      resolve();
    });
  });
}
