/** The version of this package, as its package.json has it. */
import { readFileSync } from "node:fs";

export function packageVersion(): string {
  const packageFile: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return String((packageFile as { readonly version?: unknown }).version);
}
