/** The one class of undici that every call needs, loaded by itself. */
import type { Pool } from "undici";

interface Inner {
  readonly default: typeof Pool;
}

/**
 * undici as a whole takes 115 ms of CPU to load, its pool alone 35, and the first request waits for it. Where undici keeps
 * the class is its own business: if `load` does not find it, the whole is loaded.
 */
export async function loadPool(load: () => Promise<Inner> = poolAlone): Promise<typeof Pool> {
  try {
    return (await load()).default;
  } catch {
    return (await import("undici")).Pool;
  }
}

function poolAlone(): Promise<Inner> {
  return import("undici/lib/dispatcher/pool.js");
}
