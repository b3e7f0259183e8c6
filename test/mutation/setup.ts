/** Properties in a mutation run: one seed for all mutants, fewer cases, and no time spent on shrinking what is found. */
import fc from "fast-check";

fc.configureGlobal({ seed: 9, numRuns: 30, endOnFailure: true });
