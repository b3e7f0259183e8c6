/** Plan files of a program: by path, as the verbs read them, or as text that it has itself. */
import { createHash } from "node:crypto";
import type { Context } from "../cli/context.ts";
import { openPlanFile, planFormat } from "../cli/files.ts";
import type { PlanSource } from "../cli/files.ts";

/** The text of a plan file. Its name tells the format (`.csv`, `.yaml`, `.yml`) and stands in every message about it. */
export interface PlanText {
  readonly name: string;
  readonly text: string;
  /** Texts of files that it names under `users:`, by the path it names them by. */
  readonly beside?: Readonly<Record<string, string>>;
}

/** A path, or the text itself. */
export type PlanFile = string | PlanText;

/** Throws UsageError for a file that is not there, or whose format its name does not tell. */
export async function openSource(context: Context, file: PlanFile): Promise<PlanSource> {
  if (typeof file === "string") return openPlanFile(context, file, undefined);
  const beside = new Map(Object.entries(file.beside ?? {}));
  const hashes = [hashOf(file.name, file.text)];
  return {
    name: file.name,
    format: planFormat(file.name, undefined),
    bytes: bytesOf(file.text),
    related: (path) => {
      const text = beside.get(path);
      if (text === undefined) return undefined;
      hashes.push(hashOf(path, text));
      return bytesOf(text);
    },
    hashes: () => hashes,
  };
}

function hashOf(name: string, text: string): { readonly name: string; readonly sha256: string } {
  return { name, sha256: createHash("sha256").update(text).digest("hex") };
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
