/** What a figure was measured on: figures are ratios, and still nobody should have to guess. */
import { arch, cpus, loadavg, platform, release, totalmem } from "node:os";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
}

export function machine(): Machine {
  const [first] = cpus();
  return {
    cpu: first?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
  };
}

/** Processes that wanted a core in the last minute, this one's among them. */
export function load(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}
