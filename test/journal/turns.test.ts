/** Turns against a plain model: every ready step is handed out once, fairly, whatever is given back or opened meanwhile. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Turns } from "../../src/journal/sqlite/turns.ts";
import type { ReadySteps, Turn } from "../../src/journal/sqlite/turns.ts";

/** Steps that are ready, by seq, with their actors; stands for the committed rows. */
class Rows implements ReadySteps {
  readonly ready = new Map<number, number>();
  looks = 0;

  of(actor: number, after: number, max: number): readonly number[] {
    this.looks += 1;
    const found = [...this.ready].filter(([seq, owner]) => owner === actor && seq > after).map(([seq]) => seq);
    return found.toSorted((a, b) => a - b).slice(0, max);
  }

  nextActor(after: number): number | undefined {
    const actors = [...new Set(this.ready.values())].filter((actor) => actor > after);
    return actors.length === 0 ? undefined : Math.min(...actors);
  }
}

const unhindered = { max: 1000, perActor: 1000, isHalted: (): boolean => false };

function rowsOf(steps: Readonly<Record<number, number>>): Rows {
  const rows = new Rows();
  for (const [seq, actor] of Object.entries(steps)) rows.ready.set(Number(seq), actor);
  return rows;
}

describe("turns", () => {
  it("go round all actors before anyone has a second one", () => {
    const turns = new Turns(rowsOf({ 1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 3 }), []);
    expect(turns.take(unhindered).map(({ seq }) => seq)).toEqual([1, 4, 6, 2, 5, 3]);
  });

  it("give an actor another one as soon as one of his has ended", () => {
    const rows = rowsOf({ 1: 1, 2: 1, 3: 1 });
    const turns = new Turns(rows, []);
    const one = { ...unhindered, perActor: 1 };
    const [first] = turns.take(one);
    expect(first).toEqual({ seq: 1, actor: 1, begun: false });
    expect(turns.take(one)).toEqual([]);
    rows.ready.delete(1);
    turns.ended(first as Turn);
    expect(turns.take(one).map(({ seq }) => seq)).toEqual([2]);
  });

  it("do not come again for a step that was set aside, and make room for another", () => {
    const turns = new Turns(rowsOf({ 1: 1, 2: 1 }), []);
    const one = { ...unhindered, perActor: 1 };
    const [first] = turns.take(one);
    turns.setAside(first as Turn);
    expect(turns.take(one).map(({ seq }) => seq)).toEqual([2]);
    turns.opened(1, 1);
    expect(turns.take(unhindered)).toEqual([]);
  });

  it("come first again for a step begun before, and where it stood for any other", () => {
    const begun = { seq: 9, actor: 1, begun: true };
    const turns = new Turns(rowsOf({ 1: 1, 2: 2, 9: 1 }), [{ seq: 9, actor: 1 }]);
    expect(turns.take({ ...unhindered, max: 1 })).toEqual([begun]);
    turns.giveBack(begun);
    const [again, first] = turns.take({ ...unhindered, max: 2 });
    expect([again, first?.seq]).toEqual([begun, 1]);
    turns.giveBack(first as Turn);
    expect(turns.take(unhindered).map(({ seq }) => seq)).toEqual([2, 1]);
  });

  it("do not lose the step that was next when the page was full", () => {
    const turns = new Turns(rowsOf({ 1: 1, 2: 2, 3: 3 }), [{ seq: 9, actor: 1 }]);
    expect(turns.take({ ...unhindered, max: 1 }).map(({ seq }) => seq)).toEqual([9]);
    expect(turns.take({ ...unhindered, max: 1 }).map(({ seq }) => seq)).toEqual([1]);
    expect(turns.take({ ...unhindered, max: 0 })).toEqual([]);
    expect(turns.take(unhindered).map(({ seq }) => seq)).toEqual([2, 3]);
  });

  it("keep what was looked up ahead when a later step opens", () => {
    const rows = rowsOf({ 1: 1, 2: 1, 3: 1 });
    const turns = new Turns(rows, []);
    turns.take({ ...unhindered, max: 1 });
    rows.ready.set(50, 1);
    turns.opened(1, 50);
    expect(turns.take(unhindered).map(({ seq }) => seq)).toEqual([2, 3, 50]);
  });

  it("do not hand out a step that ended after it was looked up again", () => {
    const rows = rowsOf({ 1: 1, 2: 1, 3: 1 });
    const turns = new Turns(rows, []);
    const [first, second, third] = turns.take(unhindered) as [Turn, Turn, Turn];
    turns.giveBack(first);
    expect(turns.take({ ...unhindered, max: 1 })).toEqual([first]);
    for (const turn of [second, third]) {
      turns.ended(turn);
      rows.ready.delete(turn.seq);
    }
    expect(turns.take(unhindered)).toEqual([]);
  });

  it("look up few pages, however many steps there are", () => {
    const rows = new Rows();
    for (let seq = 1; seq <= 2000; seq += 1) rows.ready.set(seq, 1 + (seq % 4));
    const turns = new Turns(rows, []);
    for (let taken = 0; taken < 2000; taken += 1) {
      const [turn] = turns.take({ ...unhindered, max: 1 });
      rows.ready.delete(turn?.seq ?? 0);
      turns.ended(turn as Turn);
    }
    expect(turns.take(unhindered)).toEqual([]);
    expect(rows.looks).toBeLessThan(50);
  });

  it("hand out each open step exactly once, within the bounds, under any order of events", () => {
    const step = fc.record({ actor: fc.integer({ min: 1, max: 4 }), begun: fc.boolean(), waits: fc.boolean() });
    const event = fc.oneof(
      fc.record({
        kind: fc.constant("take" as const),
        max: fc.integer({ min: 0, max: 5 }),
        perActor: fc.integer({ min: 1, max: 4 }),
        halted: fc.subarray([1, 2, 3, 4]),
      }),
      fc.record({ kind: fc.constant("end" as const), pick: fc.nat() }),
      fc.record({ kind: fc.constant("back" as const), pick: fc.nat(), begun: fc.boolean() }),
      fc.record({ kind: fc.constant("open" as const), pick: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.array(event, { maxLength: 60 }), (steps, events) => {
        const rows = new Rows();
        const waiting: Turn[] = [];
        const begun: Turn[] = [];
        for (const [index, { actor, begun: isBegun, waits }] of steps.entries()) {
          const turn = { seq: index + 1, actor, begun: isBegun };
          if (!isBegun && waits) waiting.push(turn);
          else rows.ready.set(turn.seq, actor);
          if (isBegun) begun.push(turn);
        }
        const turns = new Turns(rows, begun);
        const held = new Map<number, Turn>();
        const take = (rule: Parameters<Turns["take"]>[0]): void => {
          for (const turn of turns.take(rule)) {
            expect(held.has(turn.seq)).toBe(false);
            expect(rows.ready.get(turn.seq)).toBe(turn.actor);
            expect(rule.isHalted(turn.actor)).toBe(false);
            held.set(turn.seq, turn);
            const ofActor = [...held.values()].filter((other) => other.actor === turn.actor).length;
            expect(ofActor).toBeLessThanOrEqual(rule.perActor);
          }
        };
        for (const one of events) {
          if (one.kind === "take") {
            const sizeBefore = held.size;
            take({ max: one.max, perActor: one.perActor, isHalted: (actor) => one.halted.includes(actor) });
            expect(held.size - sizeBefore).toBeLessThanOrEqual(one.max);
            continue;
          }
          const from = one.kind === "open" ? waiting : [...held.values()];
          const turn = from[one.pick % Math.max(1, from.length)];
          if (turn === undefined) continue;
          if (one.kind === "open") {
            waiting.splice(waiting.indexOf(turn), 1);
            rows.ready.set(turn.seq, turn.actor);
            turns.opened(turn.actor, turn.seq);
          } else {
            held.delete(turn.seq);
            if (one.kind === "back") turns.giveBack({ ...turn, begun: turn.begun || one.begun });
            else {
              rows.ready.delete(turn.seq);
              turns.ended(turn);
            }
          }
        }
        take(unhindered);
        expect([...held.keys()].toSorted((a, b) => a - b)).toEqual([...rows.ready.keys()].toSorted((a, b) => a - b));
      }),
      { numRuns: 500 },
    );
  });
});
