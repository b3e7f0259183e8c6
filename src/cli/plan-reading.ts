/** Plan files read into a stage: what they ask for, and what they say beside that. */
import type { PlanInput } from "../engine/verbs.ts";
import type { Stage } from "../journal/stage.ts";
import { PlanFileError, UsageError } from "../model/errors.ts";
import { printable } from "../model/text.ts";
import { PlanReader } from "../plan/read.ts";
import type { PlanSource } from "./files.ts";

export type Wishes = Pick<PlanInput, "settings" | "planFiles" | "rows" | "duplicateRows">;

/** Throws PlanFileError with every problem of every file, and UsageError where nothing is asked for. */
export async function readSources(sources: AsyncIterable<PlanSource>, stage: Stage): Promise<Wishes> {
  const reader = new PlanReader();
  const seen: PlanSource[] = [];
  for await (const source of sources) {
    seen.push(source);
    await reader.read(source, (requests) => stage.addRequests(requests));
  }
  const read = reader.finish();
  if (read.diagnostics.length > 0) throw new PlanFileError(read.diagnostics, read.diagnosticsOmitted);
  if (read.rows === 0) {
    throw new UsageError(
      `${seen.map(({ name }) => printable(name)).join(" and ")} asks for nothing`,
      "write a row below the header, such as leaver@acme.example,heir@acme.example, or a move under moves:",
    );
  }
  return {
    settings: read.settings,
    planFiles: seen.flatMap((source) => source.hashes()),
    rows: read.rows,
    duplicateRows: read.duplicates,
  };
}
