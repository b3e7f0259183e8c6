/** The links of the audit chain: each row's hash covers its body and the hash before it, and the first the run's digest. */
import { hash } from "node:crypto";

/** The hash that stands before the first row: binds the chain to its run. */
export function genesis(runId: string, digest: string): string {
  return hash("sha256", `handover audit 1\n${runId}\n${digest}\n`);
}

/** SHA-256 over the hexadecimal digits of the previous hash followed by the body. */
export function linkHash(previous: string, body: string): string {
  return hash("sha256", previous + body);
}
