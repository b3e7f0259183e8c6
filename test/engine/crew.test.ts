import { describe, expect, it } from "vitest";
import { Crew } from "../../src/engine/crew.ts";

/** A crew whose items end when they are told to, by name. */
function crewOf(permitted: { count: number }): {
  readonly crew: Crew<string>;
  readonly begun: readonly string[];
  readonly end: (item: string) => Promise<void>;
} {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const crew = new Crew<string>(
    () => permitted.count,
    (item) => {
      begun.push(item);
      return new Promise((resolve) => ends.set(item, resolve));
    },
  );
  const end = async (item: string): Promise<void> => {
    ends.get(item)?.();
    await Promise.resolve();
    await Promise.resolve();
  };
  return { crew, begun, end };
}

describe("a crew", () => {
  it("begins what it is given in its order, as many at once as are permitted", async () => {
    const { crew, begun, end } = crewOf({ count: 2 });
    for (const item of ["a", "b", "c", "d"]) crew.add(item);
    expect(begun).toEqual(["a", "b"]);
    expect([crew.working, crew.waiting]).toEqual([2, 2]);
    await end("b");
    expect(begun).toEqual(["a", "b", "c"]);
    await end("c");
    await end("a");
    await end("d");
    expect(begun).toEqual(["a", "b", "c", "d"]);
    expect([crew.working, crew.waiting]).toEqual([0, 0]);
    crew.add("e");
    expect(begun.at(-1)).toBe("e");
  });

  it("begins more as soon as more are permitted", () => {
    const permitted = { count: 1 };
    const { crew, begun } = crewOf(permitted);
    for (const item of ["a", "b", "c", "d"]) crew.add(item);
    permitted.count = 3;
    crew.reconsider();
    expect(begun).toEqual(["a", "b", "c"]);
  });

  it("begins nothing until as few are under way as are permitted", async () => {
    const permitted = { count: 3 };
    const { crew, begun, end } = crewOf(permitted);
    for (const item of ["a", "b", "c", "d", "e"]) crew.add(item);
    permitted.count = 1;
    crew.reconsider();
    await end("a");
    await end("b");
    expect(begun).toEqual(["a", "b", "c"]);
    await end("c");
    expect(begun).toEqual(["a", "b", "c", "d"]);
    expect([crew.working, crew.waiting]).toEqual([1, 1]);
  });
});
