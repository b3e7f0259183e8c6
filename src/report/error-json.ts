/** What went wrong as one JSON object, with the same words that people are told. */
import { PlanFileError } from "../model/errors.ts";
import { errorWords } from "./error-text.ts";
import { jsonText, version } from "./json.ts";

/** One `error` document: an operating error of any kind. */
export function errorJson(error: unknown, exitCode: number): string {
  const found = error instanceof PlanFileError ? { diagnostics: error.diagnostics, omitted: error.omitted } : {};
  return jsonText({ type: "error", version, ...errorWords(error), ...found, exitCode });
}
