/** What is installed along with the package, by the lockfile, and under which licences. */

export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression, or undefined where the package says nothing. */
  readonly licence: string | undefined;
  /** Named in package.json's dependencies, and not only by another package. */
  readonly isDirect: boolean;
}

interface LockEntry {
  /** Where the folder has another name than the package. */
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
}

export interface Lock {
  readonly packages: Readonly<Record<string, LockEntry & { readonly dependencies?: Readonly<Record<string, string>> }>>;
}

/** Permissive, all of them: none asks for more than its text and the names of its authors to be kept. */
const allowed: ReadonlySet<string> = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "ISC",
  "MIT",
]);

/** How many packages an installation may bring; the lockfile's count holds the compiler's helpers that only Node 20 needs. */
export const packageBounds = { directMax: 14, allMax: 175 } as const;

/** Somebody else's code that is part of a file of ours, and so is no dependency of an installation. */
const bundledNames: readonly string[] = ["uplot"];

/** One entry for each name and version, sorted; packages that are only for development are left out. */
export function installedPackages(lock: Lock): readonly LockedPackage[] {
  const direct = new Set(Object.keys(lock.packages[""]?.dependencies ?? {}));
  const found = new Map<string, LockedPackage>();
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path === "" || entry.dev === true) continue;
    const name = entry.name ?? nameOf(path);
    const isDirect = path === `node_modules/${name}` && direct.has(name);
    found.set(`${name}@${entry.version}`, { name, version: entry.version ?? "", licence: entry.license, isDirect });
  }
  return sorted(found.values());
}

export function bundledPackages(lock: Lock): readonly LockedPackage[] {
  const found = bundledNames.map((name) => ({ name, entry: lock.packages[`node_modules/${name}`] }));
  return sorted(
    found.map(({ name, entry }) => ({
      name,
      version: entry?.version ?? "",
      licence: entry?.license,
      isDirect: false,
    })),
  );
}

function sorted(packages: Iterable<LockedPackage>): readonly LockedPackage[] {
  return [...packages].toSorted((a, b) => (a.name + a.version < b.name + b.version ? -1 : 1));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
}

export function licenceProblems(lock: Lock): readonly string[] {
  const installed = installedPackages(lock);
  const directCount = installed.filter(({ isDirect }) => isDirect).length;
  return [
    ...[...installed, ...bundledPackages(lock)]
      .filter(({ licence }) => licence === undefined || !isAllowed(licence))
      .map(({ name, version, licence }) => `${name}@${version} is under ${licence ?? "no licence that it names"}`),
    ...over("direct dependencies", directCount, packageBounds.directMax),
    ...over("packages", installed.length, packageBounds.allMax),
  ];
}

function over(what: string, count: number, max: number): readonly string[] {
  return count <= max ? [] : [`an installation brings ${count} ${what}, more than ${max} (test/package/licences.ts)`];
}

/** An expression such as `(MIT OR WTFPL)`: one of its alternatives must be allowed as a whole. */
function isAllowed(expression: string): boolean {
  return expression
    .replaceAll(/[()]/g, "")
    .split(" OR ")
    .some((alternative) => alternative.split(" AND ").every((name) => allowed.has(name.trim())));
}
