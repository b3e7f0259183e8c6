/** Deadlines over one timer: each expires at its own instant, once, unless it was removed; and no timer stays behind. */
import { describe, expect, it } from "vitest";
import { Deadlines } from "../../src/google/deadlines.ts";
import { ManualClock, settle } from "../support/clock.ts";

/** Deadlines that note which of them expired when. */
function noting(): { clock: ManualClock; deadlines: Deadlines; expired: string[]; add: Add } {
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock);
  const expired: string[] = [];
  const add: Add = (ms) => deadlines.add(ms, () => expired.push(`${ms} at ${clock.monotonic()}`));
  return { clock, deadlines, expired, add };
}
type Add = (ms: number) => ReturnType<Deadlines["add"]>;

describe("deadlines", () => {
  it.each([
    ["the later one added last", [100, 200]],
    ["the later one added first", [200, 100]],
  ])("expire each at its own instant, %s", async (_, waits) => {
    const { clock, expired, add } = noting();
    for (const ms of waits) add(ms);
    await clock.advance(99);
    expect(expired).toEqual([]);
    await clock.advance(1);
    expect(expired).toEqual(["100 at 100"]);
    await clock.advance(1000);
    expect(expired).toEqual(["100 at 100", "200 at 200"]);
  });

  it("are instants, counted from when each was added", async () => {
    const { clock, deadlines, expired, add } = noting();
    await clock.advance(40);
    expect(deadlines.add(7, () => undefined).at).toBe(47);
    add(60);
    await clock.advance(60);
    expect(expired).toEqual(["60 at 100"]);
  });

  it("share one timer, and leave none when all have expired", async () => {
    const { clock, expired, add } = noting();
    for (const ms of [300, 100, 200, 100, 400]) add(ms);
    await settle();
    expect(clock.sleeping).toBe(1);
    await clock.advance(250);
    expect(clock.sleeping).toBe(1);
    await clock.advance(1000);
    expect({ sleeping: clock.sleeping, expired: expired.length }).toEqual({ sleeping: 0, expired: 5 });
  });

  it("start no second timer for one that comes later than the timer there is", async () => {
    const { clock, add } = noting();
    add(100);
    await settle();
    const before = clock.nextWake;
    await clock.advance(10);
    add(100);
    await settle();
    expect({ sleeping: clock.sleeping, at: clock.nextWake }).toEqual({ sleeping: 1, at: before });
  });

  it("that were removed do not expire, and the timer looks for the next", async () => {
    const { clock, deadlines, expired, add } = noting();
    const first = add(100);
    add(200);
    deadlines.remove(first);
    await clock.advance(150);
    expect(expired).toEqual([]);
    await clock.advance(50);
    expect(expired).toEqual(["200 at 200"]);
  });

  it("that were all removed leave a timer that finds nothing and starts no other", async () => {
    const { clock, deadlines, add } = noting();
    deadlines.remove(add(100));
    await clock.advance(100);
    expect(clock.sleeping).toBe(0);
  });

  it("wake on whole milliseconds, and never before the instant", async () => {
    const { clock, expired, add } = noting();
    add(10.4);
    await clock.advance(10);
    expect(expired).toEqual([]);
    await clock.advance(1);
    expect(expired).toEqual(["10.4 at 11"]);
  });

  it("that are closed are forgotten together with their timer, and others may follow", async () => {
    const { clock, deadlines, expired, add } = noting();
    add(100);
    deadlines.close();
    await settle();
    expect(clock.sleeping).toBe(0);
    add(300);
    await clock.advance(1000);
    expect(expired).toEqual(["300 at 300"]);
    deadlines.close();
  });
});
