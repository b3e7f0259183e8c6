/** The limits for planning: csv-parse, or yaml, reading the same file and doing nothing with it. */
import { createReadStream, readFileSync } from "node:fs";
import { parse as parseCsv } from "csv-parse";
import { parse as parseYaml } from "yaml";

const [format, file = ""] = process.argv.slice(2);
let items = 0;
if (format === "csv") {
  for await (const row of createReadStream(file).pipe(parseCsv({ columns: true }))) if (row !== undefined) items += 1;
} else {
  const { moves } = parseYaml(readFileSync(file, "utf8")) as { readonly moves: readonly unknown[] };
  items = moves.length;
}
process.stdout.write(`${items}\n`);
