/** Makes a failing case small: takes out halves, quarters and ever smaller pieces for as long as it goes on failing. */

/** Cases tried, and time spent, at the most. */
const attemptsMax = 600;
const msMax = 10_000;

/** The smallest input found for which `fails` holds; `input` itself must. */
export async function shrunk(input: Buffer, fails: (candidate: Buffer) => Promise<boolean>): Promise<Buffer> {
  let best = input;
  let attempts = 0;
  const until = performance.now() + msMax;
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.length && attempts < attemptsMax && performance.now() < until;) {
      const candidate = Buffer.concat([best.subarray(0, at), best.subarray(at + size)]);
      attempts += 1;
      if (await fails(candidate)) best = candidate;
      else at += size;
    }
  }
  return best;
}
