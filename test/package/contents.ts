/** What a tarball of the package may hold, must hold, and how large it may grow. */

export interface PackedFile {
  readonly path: string;
  readonly size: number;
  readonly mode: number;
}

export interface Packed {
  readonly files: readonly PackedFile[];
  /** Bytes of the tarball itself. */
  readonly size: number;
  readonly unpackedSize: number;
}

/**
 * Some 30 % above what was packed when they were set: what is there for a reason has room to grow, and a folder that got in by mistake
 * has not. Types of every file come along because the public ones refer to them.
 */
export const bounds = { packedBytesMax: 1_000_000, unpackedBytesMax: 3_400_000, filesMax: 1_150 } as const;

const allowed: readonly RegExp[] = [
  /^(?:CHANGELOG\.md|LICENSE|README\.md|SECURITY\.md|package\.json)$/,
  /^dist\/(?:[a-z][a-z0-9-]*\/)*[a-z][a-z0-9-]*(?:\.d\.ts|\.js)$/,
  /^dist\/report\/page\/client\/[a-z-]+\.css$/,
  /^migrations-plans\/(?:README\.md|[a-z][a-z0-9-]*\.(?:csv|yaml))$/,
];

const required: readonly string[] = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "SECURITY.md",
  "dist/cli/main.js",
  "dist/index.d.ts",
  "dist/index.js",
  "dist/report/page/client/live.css",
  "dist/report/page/client/live.js",
  "dist/report/page/client/main.js",
  "dist/report/page/client/page.css",
  "migrations-plans/README.md",
];

/** Names that no file of the product has, whatever its ending. */
const developers = /(?:^|\/)(?:test|tests|__tests__|coverage|node_modules)\/|\.test\.|\.map$|\.tsbuildinfo$/;

export function contentProblems({ files, size, unpackedSize }: Packed): readonly string[] {
  const paths = new Set(files.map(({ path }) => path));
  const strangers = files
    .filter(({ path }) => developers.test(path) || !allowed.some((pattern) => pattern.test(path)))
    .map(({ path }) => `${path} has no place in the tarball`);
  const missing = required.filter((path) => !paths.has(path)).map((path) => `${path} is missing from the tarball`);
  const command = files.find(({ path }) => path === "dist/cli/main.js");
  const unstartable =
    command === undefined || (command.mode & 0o111) !== 0 ? [] : ["dist/cli/main.js cannot be started"];
  return [
    ...strangers,
    ...missing,
    ...unstartable,
    ...over("bytes", size, bounds.packedBytesMax),
    ...over("bytes unpacked", unpackedSize, bounds.unpackedBytesMax),
    ...over("files", files.length, bounds.filesMax),
  ];
}

function over(what: string, count: number, max: number): readonly string[] {
  return count <= max ? [] : [`the tarball has ${count} ${what}, more than ${max} (test/package/contents.ts)`];
}

export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** What must not be read in any file: where it was made, maps to sources that are not there, a key. */
export function textProblems(files: readonly TextFile[], places: readonly string[]): readonly string[] {
  return files.flatMap(({ path, text }) => [
    ...places.filter((place) => place.length > 1 && text.includes(place)).map((place) => `${path} names ${place}`),
    ...(text.includes("//# sourceMappingURL=") ? [`${path} points at a source map`] : []),
    ...(/-----BEGIN [A-Z ]*PRIVATE KEY-----\s*[A-Za-z0-9+/]{40}/.test(text) ? [`${path} holds a private key`] : []),
    ...(isWithoutLicence(path, text) ? [`${path} holds uPlot without its licence`] : []),
  ]);
}

/** The pages' program is the one file that holds somebody else's code: its licence wants to travel with it. */
function isWithoutLicence(path: string, text: string): boolean {
  if (!path.startsWith("dist/report/page/client/") || !path.endsWith(".js") || !/\bu-legend\b/.test(text)) return false;
  return !text.includes("Leon Sorokin") || !text.includes("Permission is hereby granted");
}
