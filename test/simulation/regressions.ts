/**
 * Seeds that find something when what they once found is put back: they are run with the tests for ever. A new draw moves
 * a seed to another story; whoever adds one looks with the old bug in a copy for seeds that still find it.
 */

export const regressions: ReadonlyMap<number, string> = new Map([
  [20, "a disk that was full at the very end was thrown instead of named"],
  [523, "a write left after its turn at the pacer had gone stale while its intent was being written down"],
  [2036, "a write left after Google had asked to wait while its intent was being written down"],
  [
    4773,
    "a job that was to be stuck landed after the sky had cleared, and stayed so in a healthy world: the simulation's own",
  ],
  [18852, "an edit ended while a try at the owner, unanswered and then refused, could still land"],
  [12804, "who could not look was asked what came of a doubtful write, for ever, and who could was not"],
]);
