/** What is said when the binary of SQLite's driver is not there, or is one for another line of Node. */

/** How the driver, and Node that loads it, name the file they looked for. */
const lookedFor = /better_sqlite3\.node|Could not locate the bindings file/;

export const driverProblem = "better-sqlite3 has no binary that this Node can load";

/** From Node 22 on, the package carries binaries; for Node 20 its install script compiles one. */
export const driverRemedy =
  "install handover again and let the install script of better-sqlite3 run (npm install --global --allow-scripts=better-sqlite3; it needs python3, make and g++), or use Node 22 or newer, for which the binary comes ready-made";

export function isDriverMissing(error: unknown): boolean {
  return error instanceof Error && lookedFor.test(error.message);
}
