/** How long a failed call waits before it is made again. */
import { expect, it } from "vitest";
import { backoffMs } from "../../src/google/backoff.ts";

it.each([
  ["half a second at most after a first failure", 1, "retry", 1, 500],
  ["a second at most when Google asked to slow down", 1, "throttle", 1, 1000],
  ["twice as long after each further failure", 3, "ambiguous", 1, 2000],
  ["a minute at most", 20, "throttle", 1, 60_000],
  ["anything down to nothing", 5, "retry", 0, 0],
  ["the share of it that chance says", 2, "conflict", 0.25, 250],
] as const)("a call waits %s", (_, failures, disposition, chance, expected) => {
  expect(backoffMs(failures, disposition, () => chance)).toBe(expected);
});
