/** The bill of materials and the licence list of a release, written into a folder beside its tarball. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { jsonOf, output } from "./commands.ts";
import { billOf } from "./bill.ts";
import type { Bill } from "./bill.ts";
import { bundledPackages, installedPackages, licenceProblems } from "./licences.ts";
import type { Lock } from "./licences.ts";

const [folder, ...more] = process.argv.slice(2);
if (folder === undefined || folder.startsWith("-") || more.length > 0) {
  process.stderr.write("name the folder to write into: npm run sbom -- FOLDER\n");
  process.exitCode = 3;
} else {
  await write(folder);
}

async function write(place: string): Promise<void> {
  const checkout = process.cwd();
  const manifest = JSON.parse(await readFile(join(checkout, "package.json"), "utf8")) as {
    name: string;
    version: string;
  };
  const lock = JSON.parse(await readFile(join(checkout, "package-lock.json"), "utf8")) as Lock;
  // With --omit=dev npm leaves out what a development tool needs as well, the PostgreSQL driver among it: the lockfile decides.
  const argv = ["npm", "sbom", "--package-lock-only", "--sbom-format", "cyclonedx", "--sbom-type", "application"];
  const bill = billOf(jsonOf(await output(argv, { cwd: checkout })) as Bill, manifest.name, lock);
  const licences = [...installedPackages(lock), ...bundledPackages(lock)].map(
    ({ name, version, licence, isDirect }) => `${name},${version},${licence ?? ""},${isDirect ? "direct" : ""}`,
  );
  await mkdir(place, { recursive: true });
  const base = join(place, `${manifest.name}-${manifest.version}`);
  await writeFile(`${base}.cdx.json`, `${JSON.stringify(bill, undefined, 2)}\n`);
  await writeFile(`${base}.licences.csv`, `package,version,licence,direct\n${licences.join("\n")}\n`);
  const problems = licenceProblems(lock);
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  const files = [`${base}.cdx.json`, `${base}.licences.csv`];
  process.stdout.write(`${JSON.stringify({ type: "sbom", files, components: bill.components.length, problems })}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
