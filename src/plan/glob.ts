/** Title globs: `*` stands for any run of characters, `?` for exactly one, everything else for itself. */
import type { Parsed } from "../model/brand.ts";
import { firstForbiddenCharacter } from "../model/text.ts";

/** Characters of a glob; the work of a match is bounded by glob length times title length. */
const lengthMax = 1000;

/** Checks a title glob as written. Blanks around it are dropped. */
export function parseTitleGlob(text: string): Parsed<string> {
  const glob = text.trim();
  if (glob === "") return { ok: false, problem: "the title is empty", remedy: "write a title, or * for every title" };
  const forbidden = firstForbiddenCharacter(glob);
  if (forbidden !== undefined) {
    return {
      ok: false,
      problem: `the title contains ${forbidden}`,
      remedy: "write ? in its place: it stands for any one character",
    };
  }
  if (glob.length > lengthMax) {
    return {
      ok: false,
      problem: `the title is longer than ${lengthMax} characters`,
      remedy: "shorten it and end it with *",
    };
  }
  return { ok: true, value: glob };
}

const anyRun = -1;
const anyOne = -2;

/**
 * A test of whole titles against `glob`. Case counts; composed and decomposed accents are the same; `?` matches one
 * code point. Looks back no further than the last `*`, so that no glob makes a match explode.
 */
export function titleMatcher(glob: string): (title: string) => boolean {
  const pattern: number[] = [];
  for (const character of glob.normalize("NFC")) {
    if (character === "*") {
      if (pattern.at(-1) !== anyRun) pattern.push(anyRun);
    } else {
      pattern.push(character === "?" ? anyOne : (character.codePointAt(0) ?? 0));
    }
  }
  if (pattern.length === 1 && pattern[0] === anyRun) return () => true;
  return (title) => matches(pattern, title.normalize("NFC"));
}

function matches(pattern: readonly number[], title: string): boolean {
  let at = 0;
  let position = 0;
  let starAt = -1;
  let starPosition = 0;
  while (position < title.length) {
    const code = title.codePointAt(position) ?? 0;
    const wanted = pattern[at];
    if (wanted === anyRun) {
      starAt = at;
      starPosition = position;
      at += 1;
    } else if (wanted === code || wanted === anyOne) {
      at += 1;
      position += width(code);
    } else if (starAt >= 0) {
      starPosition += width(title.codePointAt(starPosition) ?? 0);
      position = starPosition;
      at = starAt + 1;
    } else {
      return false;
    }
  }
  if (pattern[at] === anyRun) at += 1;
  return at === pattern.length;
}

function width(code: number): number {
  return code > 0xffff ? 2 : 1;
}
