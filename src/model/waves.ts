/** Waves: the parts a run is carried out in, each let through by a gate, as they are kept with the run. */
import { permitted } from "./guard.ts";
import type { Amount } from "./guard.ts";

/** Under this name a run keeps its waves. */
export const wavesName = "waves";

export interface Waves {
  /** As asked for: `1`, `5%`. The last wave, which takes whatever is left, is not among them. */
  readonly sizes: readonly string[];
  /** Seqs of the steps of each wave but the last. */
  readonly chosen: readonly (readonly number[])[];
  /** Gates that have let the run through. */
  readonly passed: number;
  /** Why the gate of the wave the run is in is shut, since it was last asked. */
  readonly problems: readonly string[];
  /** The rest is carried out without gates. */
  readonly dropped: boolean;
}

/** What `status` says of waves. */
export interface WavesView {
  readonly sizes: readonly string[];
  /** Steps of each wave but the last. */
  readonly steps: readonly number[];
  /** The wave the run is in, from 1; one more than there are gates in the last. */
  readonly wave: number;
  readonly problems: readonly string[];
  readonly dropped: boolean;
}

export function wavesView({ sizes, chosen, passed, problems, dropped }: Waves): WavesView {
  const wave = dropped ? chosen.length + 1 : Math.min(passed, chosen.length) + 1;
  return { sizes, steps: chosen.map((seqs) => seqs.length), wave, problems, dropped };
}

/** The steps of the wave the run is in; undefined in the last one, and without waves. */
export function presentWave(waves: Waves | undefined): readonly number[] | undefined {
  return waves === undefined || waves.dropped ? undefined : waves.chosen[waves.passed];
}

export function wavesText(waves: Waves): string {
  return JSON.stringify(waves);
}

/** Undefined for text that `wavesText` has not written. */
export function parseWaves(text: string): Waves | undefined {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof read !== "object" || read === null) return undefined;
  const fields: Readonly<Record<string, unknown>> = { ...read };
  const { sizes, chosen, passed, problems, dropped } = fields;
  const isCount = typeof passed === "number" && Number.isSafeInteger(passed) && passed >= 0;
  if (!isCount || !isTexts(sizes) || !isTexts(problems) || !isLists(chosen) || typeof dropped !== "boolean") {
    return undefined;
  }
  return { sizes, chosen, passed, problems, dropped };
}

function isLists(value: unknown): value is readonly (readonly number[])[] {
  return Array.isArray(value) && value.every((seqs) => Array.isArray(seqs) && seqs.every(Number.isSafeInteger));
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

/** A step as choosing sees it. */
export interface Candidate {
  readonly seq: number;
  /** Whose assets it is about. */
  readonly owner: string;
  /** The step that must have ended first. */
  readonly after: number | undefined;
  /** It may have been sent already, and has to be settled whatever comes. */
  readonly begun: boolean;
}

/**
 * Shares `candidates`, given in the order of the run, out to the waves: owners take turns, so that a small wave holds
 * something of many; no step comes in an earlier wave than the one it waits for. Sizes count from the beginning, so that
 * `1, 5%` is one step and then all but one of the first 5 %. A wave that would be empty is left out.
 */
export function chooseWaves(candidates: readonly Candidate[], sizes: readonly Amount[]): Waves["chosen"] {
  const most = Math.max(0, ...sizes.map((size) => upTo(size, candidates.length)));
  const order = inTurns(candidates, most);
  const begun = candidates.filter((each) => each.begun).length;
  const chosen: (readonly number[])[] = [];
  let taken = 0;
  for (const size of sizes) {
    const until = Math.max(begun, Math.min(upTo(size, candidates.length), order.length));
    if (until <= taken || until >= candidates.length) continue;
    chosen.push(order.slice(taken, until));
    taken = until;
  }
  return chosen;
}

/** Never none: a wave of 1 % of ten steps is one step. */
function upTo(size: Amount, whole: number): number {
  return size.percent === undefined ? size.count : Math.max(1, permitted(size, whole));
}

/** The first `max` in the order in which they are taken, those begun before all others. */
function inTurns(candidates: readonly Candidate[], max: number): readonly number[] {
  const order = candidates.filter((each) => each.begun).map((each) => each.seq);
  const open = new Set(candidates.filter((each) => !each.begun).map((each) => each.seq));
  const lines = new Map<string, Candidate[]>();
  for (const each of candidates) {
    if (each.begun) continue;
    const line = lines.get(each.owner);
    if (line === undefined) lines.set(each.owner, [each]);
    else line.push(each);
  }
  let round = [...lines.values()].map((line) => ({ line, next: 0 }));
  // Whoever is first of all that are left waits for nobody, so that every round of a sound run takes at least one.
  for (let taken = -1; order.length < max && order.length > taken;) {
    taken = order.length;
    for (const turn of round) {
      const first = turn.line[turn.next];
      if (order.length >= max || first === undefined || (first.after !== undefined && open.has(first.after))) continue;
      order.push(first.seq);
      open.delete(first.seq);
      turn.next += 1;
    }
    round = round.filter(({ line, next }) => next < line.length);
  }
  return order;
}
