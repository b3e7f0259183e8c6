/** Plan files as tests write them: text or bytes in, everything the reader makes of them out. */
import type { Diagnostic } from "../../src/model/diagnostic.ts";
import { placeText } from "../../src/model/diagnostic.ts";
import type { Request } from "../../src/model/request.ts";
import { PlanReader } from "../../src/plan/read.ts";
import type { PlanReading } from "../../src/plan/read.ts";

export interface Written {
  readonly name?: string;
  readonly csv?: string | Uint8Array;
  readonly yaml?: string | Uint8Array;
  /** Files beside it, by relative path. */
  readonly beside?: Readonly<Record<string, string>>;
  /** Bytes handed over at once. */
  readonly chunk?: number;
}

export type Outcome = PlanReading & { readonly requests: readonly Request[] };

export async function readPlan(...files: readonly Written[]): Promise<Outcome> {
  const reader = new PlanReader();
  const requests: Request[] = [];
  for (const file of files) {
    const format = file.csv === undefined ? "yaml" : "csv";
    const beside = new Map(Object.entries(file.beside ?? {}));
    await reader.read(
      {
        name: file.name ?? `plan.${format}`,
        format,
        bytes: bytesOf(file.csv ?? file.yaml ?? "", file.chunk),
        related: (path) => {
          const text = beside.get(path);
          return text === undefined ? undefined : bytesOf(text);
        },
      },
      (batch) => {
        requests.push(...batch);
      },
    );
  }
  return { ...reader.finish(), requests };
}

export const readCsv = (csv: string | Uint8Array): Promise<Outcome> => readPlan({ csv });
export const readYaml = (yaml: string | Uint8Array): Promise<Outcome> => readPlan({ yaml });

/** A YAML plan with these moves and nothing else. */
export function moves(...lines: readonly string[]): string {
  return `version: 1\nmoves:\n${lines.map((line) => `  - ${line}\n`).join("")}`;
}

/** `place problem -> remedy`, a line each. */
export function told(outcome: { readonly diagnostics: readonly Diagnostic[] }): readonly string[] {
  return outcome.diagnostics.map(({ place, problem, remedy }) => `${placeText(place)} ${problem} -> ${remedy}`);
}

/** What was asked for, without where and with which remark: comparable between files and formats. */
export function wishes(outcome: Outcome): readonly string[] {
  return outcome.requests.map(({ place: _place, note: _note, ...wish }) => JSON.stringify(sortedKeys(wish))).toSorted();
}

function sortedKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sortedKeys(inner)]),
  );
}

async function* bytesOf(content: string | Uint8Array, chunk = Infinity): AsyncGenerator<Uint8Array> {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, Math.min(at + chunk, bytes.length));
}
