/** Properties in a mutation run: one seed for all mutants, fewer cases, no time spent on shrinking; nothing of sheer size. */
import fc from "fast-check";
import { beforeEach } from "vitest";

fc.configureGlobal({ seed: 9, numRuns: 30, endOnFailure: true });

/**
 * Where every character is counted as covered, these take longer than all the other tests of their files;
 * `MUTATION_SIZES=yes` keeps them.
 */
const ofSheerSize =
  /made to explode|(?:over|more than|of) \d+ [KM]iB|piled up|deep flow|far into a file|many batches|but misplaced quotes|of every row|in any sliding minute|in a sliding minute/;

beforeEach(({ task, skip }) => skip(process.env["MUTATION_SIZES"] !== "yes" && ofSheerSize.test(task.name)));
