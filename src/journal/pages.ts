/** Long work over many rows is done in pages, with a breath for everything else in between. */

/** Lets pending input, output and timers have their turn. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Such as `3-17,20`: which steps, in one short text. `sorted` is ascending without repetition. */
export function rangesText(sorted: readonly number[]): string {
  const ranges: string[] = [];
  let first: number | undefined;
  let last = 0;
  for (const value of sorted) {
    if (first !== undefined && value === last + 1) {
      last = value;
      continue;
    }
    if (first !== undefined) ranges.push(range(first, last));
    first = value;
    last = value;
  }
  if (first !== undefined) ranges.push(range(first, last));
  return ranges.join(",");
}

/** The first and last of each range in a text made by `rangesText`. */
export function rangesOf(text: string): readonly (readonly [number, number])[] {
  return text.split(",").map((part) => {
    const [first = "", last = first] = part.split("-");
    return [Number(first), Number(last)];
  });
}

function range(first: number, last: number): string {
  return first === last ? String(first) : `${first}-${last}`;
}
