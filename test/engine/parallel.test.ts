/** Many things at once, and never more than allowed: what is begun ends, and nothing is begun after a stop or a failure. */
import { describe, expect, it } from "vitest";
import { inParallel } from "../../src/engine/parallel.ts";
import { settle } from "../support/clock.ts";

const never = new AbortController().signal;
const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);

/** Work that ends when the test says so. */
class Desk {
  readonly begun: number[] = [];
  readonly #ends: (() => void)[] = [];

  readonly work = (item: number): Promise<void> =>
    new Promise((resolve) => {
      this.begun.push(item);
      this.#ends.push(resolve);
    });

  async end(count: number): Promise<void> {
    for (const end of this.#ends.splice(0, count)) end();
    await settle();
  }
}

describe("work in parallel", () => {
  it("is all done, in the order of the list, no more of it at once than allowed", async () => {
    const desk = new Desk();
    let hasEnded = false;
    const all = inParallel(upTo(7), 3, never, desk.work).then(() => (hasEnded = true));
    await settle();
    expect(desk.begun).toEqual([1, 2, 3]);
    await desk.end(1);
    expect(desk.begun).toEqual([1, 2, 3, 4]);
    await desk.end(3);
    expect(desk.begun).toEqual(upTo(7));
    await desk.end(2);
    expect(hasEnded).toBe(false);
    await desk.end(1);
    await all;
    expect(hasEnded).toBe(true);
  });

  it("of nothing is done at once", async () => {
    await expect(inParallel([], 3, never, () => expect.fail())).resolves.toBeUndefined();
  });

  it("draws the list from its source as it goes, no more than it begins", async () => {
    const desk = new Desk();
    let drawn = 0;
    async function* source(): AsyncGenerator<number> {
      for (; drawn < 1000;) yield (drawn += 1);
    }
    const all = inParallel(source(), 2, never, desk.work);
    await settle();
    expect([desk.begun.length, drawn]).toEqual([2, 2]);
    await desk.end(1);
    expect(drawn).toBe(3);
    for (let ended = 1; ended < 1000; ended += 2) await desk.end(2);
    await desk.end(2);
    await all;
    expect(desk.begun).toEqual(upTo(1000));
  });

  it("begins nothing once it is stopped, and waits for what is under way", async () => {
    const stop = new AbortController();
    const desk = new Desk();
    let hasEnded = false;
    const all = inParallel(upTo(5), 2, stop.signal, desk.work).then(() => (hasEnded = true));
    await settle();
    stop.abort();
    await desk.end(1);
    expect([desk.begun, hasEnded]).toEqual([[1, 2], false]);
    await desk.end(1);
    await all;
    expect(desk.begun).toEqual([1, 2]);
  });

  it("draws nothing more from its source once it is stopped", async () => {
    const stop = new AbortController();
    let drawn = 0;
    function* source(): Generator<number> {
      for (;;) {
        drawn += 1;
        if (drawn === 3) stop.abort();
        yield drawn;
      }
    }
    await inParallel(source(), 2, stop.signal, async () => settle());
    expect(drawn).toBe(3);
  });

  it("begins nothing after a failure, waits for what is under way, and tells the first", async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    const work = async (item: number): Promise<void> => {
      begun.push(item);
      await settle(item === 2 ? 1 : 5);
      ended.push(item);
      if (item <= 3) throw new Error(`no ${item}`);
    };
    await expect(inParallel(upTo(9), 3, never, work)).rejects.toThrow("no 2");
    expect(begun).toEqual([1, 2, 3]);
    expect(ended).toEqual([2, 1, 3]);
  });

  it("draws nothing more from an endless source after a failure", async () => {
    let drawn = 0;
    async function* source(): AsyncGenerator<number> {
      for (;;) {
        await settle(1);
        yield (drawn += 1);
      }
    }
    const work = async (item: number): Promise<void> => {
      if (item === 2) throw new Error("no");
    };
    await expect(inParallel(source(), 1, never, work)).rejects.toThrow("no");
    expect(drawn).toBe(2);
  });
});
