/** A tenant and its runs as a program holds them. The work is loaded when it is asked for. */
import type { Tenant, TenantOptions } from "./options.ts";
import type { Run } from "./runs.ts";

/** Sends nothing. Each call throws UsageError for an address, endpoint or key that cannot be one. */
export function connectTenant(options: TenantOptions): Tenant {
  // Loaded only when there is work: a program that imports this may never have any.
  return {
    plan: async (...asked) => (await import("./work.ts")).plan(options, ...asked),
    apply: async (...asked) => (await import("./work.ts")).apply(options, ...asked),
    verify: async (...asked) => (await import("./work.ts")).verify(options, ...asked),
    undo: async (...asked) => (await import("./work.ts")).undo(options, ...asked),
  };
}

/** The report of a run as text or Markdown, line by line. Asks Google nothing. Rejects with RunFileError. */
export async function* reportRun(run: Run, format: "text" | "markdown" = "text"): AsyncGenerator<string> {
  const { report } = await import("./work.ts");
  yield* report(run, format);
}
