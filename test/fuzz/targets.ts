/** Every fuzz target by name; what a target needs is loaded with it. */
import type { OpenTarget } from "./target.ts";

/** What `all` runs. */
export const targets: ReadonlyMap<string, OpenTarget> = new Map<string, OpenTarget>([
  ["plan-csv", async () => (await import("./targets/plan.ts")).planCsv()],
  ["plan-yaml", async () => (await import("./targets/plan.ts")).planYaml()],
  ["plan-people", async () => (await import("./targets/plan.ts")).planPeople()],
  ["words", async () => (await import("./targets/words.ts")).words()],
  ["api-search", async () => (await import("./targets/api.ts")).apiSearch()],
  ["api-permissions", async () => (await import("./targets/api.ts")).apiPermissions()],
  ["api-transfer", async () => (await import("./targets/api.ts")).apiTransfer()],
  ["api-directory", async () => (await import("./targets/api.ts")).apiDirectory()],
  ["api-token", async () => (await import("./targets/api.ts")).apiToken()],
  ["verdict", async () => (await import("./targets/verdict.ts")).verdict()],
  ["wire", async () => (await import("./targets/wire.ts")).wire()],
  ["run-file", async () => (await import("./targets/run-file.ts")).runFile()],
  ["config", async () => (await import("./targets/settings.ts")).config()],
  ["key-file", async () => (await import("./targets/settings.ts")).keyFile()],
  ["signature", async () => (await import("./targets/signatures.ts")).signature()],
  ["signers", async () => (await import("./targets/signatures.ts")).signersFile()],
  ["bundle", async () => (await import("./targets/signatures.ts")).bundle()],
  ["pacer-memory", async () => (await import("./targets/settings.ts")).pacerMemory()],
  ["world", async () => (await import("./targets/world.ts")).world()],
]);

export async function openTarget(name: string): ReturnType<OpenTarget> {
  const open = targets.get(name) ?? (await import("./targets/planted.ts")).plantedTargets.get(name);
  if (open === undefined) throw new Error(`there is no target ${name}; there are: ${[...targets.keys()].join(", ")}`);
  return open();
}
