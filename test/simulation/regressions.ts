/** Seeds that once found something, each with what that was: they are run with the tests for ever. */

export const regressions: ReadonlyMap<number, string> = new Map([
  [111, "a write left after Google had asked to wait while its intent was being written down"],
  [545, "a disk that was full at the very end was thrown instead of named"],
  [773, "a write left long after a stop that was asked for while its intent was being written down"],
]);
