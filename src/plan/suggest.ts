/** Which known word a person probably meant. */

/** `did you mean "keep"?`, or undefined when nothing known is near. Case does not count. */
export function didYouMean(written: string, known: Iterable<string>): string | undefined {
  const folded = fold(written);
  if (folded.length > 40) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(folded.length / 3)) + 1;
  for (const word of known) {
    const distance = editDistance(folded, fold(word));
    if (distance < bestDistance) {
      best = word;
      bestDistance = distance;
    }
  }
  return best === undefined ? undefined : `did you mean "${best}"?`;
}

/** A remedy for an unknown word: the near one, if any, then the whole list. */
export function chooseFrom(written: string, known: readonly string[]): string {
  const near = didYouMean(written, known);
  const list = `write one of: ${known.join(", ")}`;
  return near === undefined ? list : `${near} Otherwise ${list}`;
}

function fold(word: string): string {
  return word.toLowerCase().replace(/[\s_-]+/g, "_");
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, (before[j - 2] ?? 0) + 1);
      }
      current.push(least);
    }
    before = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
