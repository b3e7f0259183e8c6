/**
 * Seeds that find something when what they once found is put back: they are run with the tests for ever. A new draw moves
 * a seed to another story; whoever adds one looks with the old bug in a copy for seeds that still find it.
 */

export const regressions: ReadonlyMap<number, string> = new Map([
  [20, "a disk that was full at the very end was thrown instead of named"],
  [2305, "a transfer ended while its own request, lost on the way, could still start a second job"],
  [773, "a write left long after a stop that was asked for while its intent was being written down"],
  [899, "a write left after Google had asked to wait while its intent was being written down"],
]);
