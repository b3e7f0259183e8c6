/**
 * Loaded into a measured process before its program: notes when its first change left, and what it had used by then and
 * at its end, and writes that into the file named by BENCH_PROBE. It costs the process nothing after the first change.
 */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { writeFileSync } from "node:fs";

/** Milliseconds, and for memory megabytes. */
export interface Probed {
  /** From the start of the process to the first PATCH; undefined when there was none. */
  readonly firstChangeMs: number | undefined;
  readonly cpuAtFirstMs: number;
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly rssMaxMb: number;
}

let firstChangeMs: number | undefined;
let cpuAtFirstMs = 0;

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const channel = "undici:client:sendHeaders";
const onHeaders = (message: unknown): void => {
  const { request } = message as { readonly request: { readonly method: string } };
  if (request.method !== "PATCH") return;
  firstChangeMs = performance.now();
  cpuAtFirstMs = cpuMs();
  unsubscribe(channel, onHeaders);
};
subscribe(channel, onHeaders);

process.on("exit", () => {
  const probed: Probed = {
    firstChangeMs,
    cpuAtFirstMs,
    cpuMs: cpuMs(),
    wallMs: performance.now(),
    rssMaxMb: process.resourceUsage().maxRSS / 1024,
  };
  const file = process.env["BENCH_PROBE"];
  if (file !== undefined) writeFileSync(file, JSON.stringify(probed));
});
