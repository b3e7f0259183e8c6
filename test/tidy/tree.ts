/** The repository as it lies on disk: the files that the tidy rules read. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SourceFile } from "./facts.ts";

export const top: string = fileURLToPath(new URL("../..", import.meta.url));

/** Texts whose words ship with the product, beside all TypeScript. */
const written = ["README.md", "CHANGELOG.md", "SECURITY.md", ".ci", "docker", "migrations-plans", "src", "test"];
const textual = /\.(?:ts|md|json|ya?ml|csv|sh|txt)$|\/(?:run|Dockerfile)$/;

export function topLevel(): readonly string[] {
  return readdirSync(top);
}

export function readTree(): readonly SourceFile[] {
  const present = new Set(topLevel());
  return written.filter((name) => present.has(name)).flatMap((name) => filesUnder(name));
}

function filesUnder(path: string): readonly SourceFile[] {
  if (statSync(join(top, path)).isDirectory()) {
    return readdirSync(join(top, path))
      .toSorted()
      .flatMap((name) => filesUnder(`${path}/${name}`));
  }
  return textual.test(path) ? [{ path, text: readFileSync(join(top, path), "utf8") }] : [];
}
