/** Which column of a CSV file is which, and what is wrong with its first line. */
import { characterName, firstForbiddenCharacter, quoted } from "../model/text.ts";
import type { Problems } from "./problems.ts";
import { didYouMean } from "./suggest.ts";

export interface Header {
  /** Columns by name, 0-based. */
  readonly columns: ReadonlyMap<string, number>;
  readonly width: number;
}

/**
 * Reads the first row of `file`. Names are trimmed and case is folded; columns that begin with `x_` belong to whoever
 * wrote the file. Undefined when the rows below cannot be understood; other problems are added and reading goes on.
 */
export function readHeader(
  file: string,
  cells: readonly string[],
  line: number,
  known: readonly string[],
  required: readonly string[],
  problems: Problems,
): Header | undefined {
  const at = (column: number): { file: string; line: number; column: number } => ({ file, line, column: column + 1 });
  const names = cells.map((cell) => cell.trim().toLowerCase());
  const separator = otherSeparator(names, known);
  if (separator !== undefined) {
    problems.add(
      at(0),
      `the columns are separated by ${separator}, not by commas`,
      'save the file with commas (in Excel: "CSV UTF-8 (Comma delimited)"), or replace the separators',
    );
    return undefined;
  }
  if (!names.some((name) => known.includes(name))) {
    problems.add(
      at(0),
      `the first line names no known column: ${quoted(cells.join(","))}`,
      `begin the file with a header line, such as ${required.join(",")}`,
    );
    return undefined;
  }
  const columns = new Map<string, number>();
  for (const [column, name] of names.entries()) {
    const first = columns.get(name);
    if (name === "") {
      problems.add(
        at(column),
        `column ${column + 1} has no name`,
        "name it, or remove it; a name that starts with x_ is ignored",
      );
    } else if (firstForbiddenCharacter(name) !== undefined) {
      problems.add(
        at(column),
        `the name of column ${column + 1} contains ${firstForbiddenCharacter(name)}`,
        "type the name again by hand",
      );
    } else if (first !== undefined) {
      problems.add(
        at(column),
        `the column ${quoted(name)} appears twice: as number ${first + 1} and number ${column + 1}`,
        "remove one of the two",
      );
    } else if (!known.includes(name) && !name.startsWith("x_")) {
      const near = didYouMean(name, known);
      problems.add(
        at(column),
        `there is no column ${quoted(name)}`,
        `${near === undefined ? "" : `${near} `}Columns are: ${known.join(", ")}; a name that starts with x_ is ignored`,
      );
    }
    if (first === undefined) columns.set(name, column);
  }
  const missing = columns.has("action") ? [] : required.filter((name) => !columns.has(name));
  if (missing.length > 0) {
    problems.add(
      at(0),
      `the header has no column ${missing.join(" and no column ")}`,
      `add ${missing.length === 1 ? "it" : "them"}; the smallest file has the columns ${required.join(",")}`,
    );
    return undefined;
  }
  return { columns, width: cells.length };
}

/** Names the separator when the first line is a header with another one than the comma: one that parts more columns. */
function otherSeparator(names: readonly string[], known: readonly string[]): string | undefined {
  const first = names[0] ?? "";
  if (/^sep=./.test(first)) return `what the line ${quoted(first)} says`;
  const partedByCommas = names.filter((name) => known.includes(name)).length;
  for (const [separator, name] of [
    [";", "semicolons"],
    ["\t", characterName(0x09).replace("a tab", "tabs")],
    ["|", "vertical bars"],
  ] as const) {
    if (!names.some((text) => text.includes(separator))) continue;
    const parts = names.flatMap((text) => text.split(separator)).map((text) => text.trim().replace(/^"|"$/g, ""));
    if (parts.filter((part) => known.includes(part)).length > Math.max(1, partedByCommas)) return name;
  }
  return undefined;
}
