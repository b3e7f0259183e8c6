/** The queue by time against a sorted list: whatever was put in comes out in order, each entry once. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TimeHeap } from "../../src/google/heap.ts";

/** All that is due at `now`, in the order it comes out. */
function drained(heap: TimeHeap<number>, now: number): number[] {
  const out: number[] = [];
  for (let value = heap.popDue(now); value !== undefined; value = heap.popDue(now)) out.push(value);
  return out;
}

function heapOf(times: readonly number[]): TimeHeap<number> {
  const heap = new TimeHeap<number>();
  for (const at of times) heap.push(at, at);
  return heap;
}

/** Every order of the numbers 1 to `count`, with one of them twice. */
function orders(count: number): readonly (readonly number[])[] {
  if (count === 0) return [[2]];
  return orders(count - 1).flatMap((order) =>
    Array.from({ length: order.length + 1 }, (_, index) => [...order.slice(0, index), count, ...order.slice(index)]),
  );
}

describe("a queue by time", () => {
  it("is due never while it is empty, and gives nothing out", () => {
    const heap = new TimeHeap<string>();
    expect({ at: heap.nextAt, value: heap.popDue(Infinity) }).toEqual({ at: Infinity, value: undefined });
  });

  it("keeps what is not due yet", () => {
    const heap = heapOf([5]);
    expect(heap.popDue(4)).toBeUndefined();
    expect(heap.nextAt).toBe(5);
    expect(heap.popDue(5)).toBe(5);
    expect(heap.nextAt).toBe(Infinity);
    expect(heap.popDue(5)).toBeUndefined();
  });

  it("gives out what is due and keeps the rest, for every order of five instants and one twice", () => {
    for (const order of orders(5)) {
      const sorted = order.toSorted((a, b) => a - b);
      for (const now of [2, 4]) {
        const heap = heapOf(order);
        expect(heap.nextAt).toBe(1);
        expect(drained(heap, now)).toEqual(sorted.filter((at) => at <= now));
        expect(heap.nextAt).toBe(now + 1);
        expect(drained(heap, 9)).toEqual(sorted.filter((at) => at > now));
      }
    }
  });

  it("is a sorted list, whatever comes and goes", () => {
    const step = fc.oneof(fc.record({ at: fc.nat({ max: 30 }) }), fc.record({ now: fc.nat({ max: 30 }) }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const heap = new TimeHeap<number>();
        let sorted: number[] = [];
        for (const each of steps) {
          if ("at" in each) {
            heap.push(each.at, each.at);
            sorted = [...sorted, each.at].toSorted((a, b) => a - b);
          } else {
            const due = sorted[0] !== undefined && sorted[0] <= each.now ? sorted.shift() : undefined;
            expect(heap.popDue(each.now)).toBe(due);
          }
          expect(heap.nextAt).toBe(sorted[0] ?? Infinity);
        }
      }),
    );
  });
});
