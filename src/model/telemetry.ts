/** What the calls of a run were like over time: how many, how slow, how often refused, and the steps that took longest. */

/** One stretch of time with calls in it. */
export interface CallBucket {
  /** Wall time of its beginning, ms. */
  readonly at: number;
  readonly calls: number;
  readonly writes: number;
  readonly retries: number;
  readonly throttles: number;
  /** 95 of 100 calls were answered within this, ms; undefined when none was. */
  readonly p95Ms: number | undefined;
  /** Writes a second that the pacer permitted at its end; undefined while nobody held it to a rate. */
  readonly permittedPerSecond: number | undefined;
}

/** A span during which the server wanted no calls of some kind. Wall times, ms. */
export interface HeldSpan {
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

export interface SlowStep {
  readonly seq: number;
  readonly asset: string | undefined;
  /** From when it was begun to its end. */
  readonly ms: number;
  readonly calls: number;
}

/** All of it, in order of time; the slowest step first. */
export interface TelemetryView {
  readonly bucketMs: number;
  readonly buckets: readonly CallBucket[];
  readonly held: readonly HeldSpan[];
  readonly slowest: readonly SlowStep[];
}

/** What is counted of one stretch. */
export interface Bucket {
  calls: number;
  writes: number;
  retries: number;
  throttles: number;
  permitted: number | undefined;
  readonly latencies: number[];
}

/** All that is counted; each bucket with its place, in whole widths since 1970. */
export interface TelemetryParts {
  readonly widthMs: number;
  readonly buckets: readonly (readonly [place: number, Bucket])[];
  readonly held: readonly HeldSpan[];
  readonly slowest: readonly SlowStep[];
}

const firstWidthMs = 1000;
/** Past this the width doubles no more: a bucket of 12 days. */
const widthMaxMs = firstWidthMs * 2 ** 20;
export const bucketsMax = 600;
export const heldMax = 200;
export const slowestMax = 20;
export const textCharactersMax = 300;
/** Upper ends of the slots calls are counted in by their time, ms; the last slot has none. */
const slotEnds: readonly number[] = [
  2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000, 7000, 10_000, 15_000,
  20_000, 30_000, 60_000,
];
export const slots: number = slotEnds.length + 1;

/**
 * Grows with what happens and keeps its size: stretches without a call cost nothing, and when there are too many of the
 * others, each two become one. Times are wall times, ms, so that several processes add to one.
 */
export class Telemetry {
  #widthMs = firstWidthMs;
  /** By whole widths since 1970. */
  #buckets = new Map<number, Bucket>();
  #place = Number.NaN;
  #current: Bucket = emptyBucket();
  #permitted: number | undefined;
  #held: HeldSpan[] = [];
  #slowest: SlowStep[] = [];

  get isEmpty(): boolean {
    return this.#buckets.size === 0 && this.#held.length === 0 && this.#slowest.length === 0;
  }

  /** A call ended after `ms`. */
  called(at: number, ms: number, isWrite: boolean, isThrottle: boolean): void {
    const bucket = this.#at(at);
    bucket.calls += 1;
    if (isWrite) bucket.writes += 1;
    if (isThrottle) bucket.throttles += 1;
    const slot = slotOf(ms);
    bucket.latencies[slot] = (bucket.latencies[slot] ?? 0) + 1;
  }

  /** A call is made again. */
  retried(at: number): void {
    this.#at(at).retries += 1;
  }

  /** What the pacer permits when the first call comes: writes a second, Infinity for any number. */
  expects(perSecond: number): void {
    this.#permitted = Number.isFinite(perSecond) ? perSecond : undefined;
    this.#place = Number.NaN;
  }

  /** The pacer permits so many from now on. */
  permits(at: number, perSecond: number): void {
    this.expects(perSecond);
    this.#at(at).permitted = this.#permitted;
  }

  /** The server wants no calls until `to`. */
  held(from: number, to: number, reason: string): void {
    const until = Math.ceil(to);
    if (until > from) this.#addHeld({ from, to: until, reason: reason.slice(0, textCharactersMax) });
  }

  /** A step has ended. */
  ended(step: SlowStep): void {
    const last = this.#slowest.at(-1);
    if (this.#slowest.length === slowestMax && last !== undefined && last.ms >= step.ms) return;
    const others = this.#slowest.filter(({ seq }) => seq !== step.seq);
    this.#slowest = [...others, { ...step, ms: Math.round(step.ms) }]
      .toSorted((a, b) => b.ms - a.ms || a.seq - b.seq)
      .slice(0, slowestMax);
  }

  /** Adds everything another one holds. */
  merge(other: Telemetry): void {
    this.add(other.parts());
    this.#permitted ??= other.#permitted;
  }

  add({ widthMs, buckets, held, slowest }: TelemetryParts): void {
    while (this.#widthMs < widthMs) this.#widen();
    for (const [place, bucket] of buckets) addBucket(this.#at(place * widthMs), bucket);
    for (const { from, to, reason } of held) this.held(from, to, reason);
    for (const step of slowest) this.ended(step);
  }

  view(): TelemetryView {
    const places = [...this.#buckets.keys()].toSorted((a, b) => a - b);
    return {
      bucketMs: this.#widthMs,
      buckets: places.map((place) => this.#shown(place)),
      held: this.#held.toSorted((a, b) => a.from - b.from),
      slowest: this.#slowest,
    };
  }

  /** The bucket that `at` falls in, as shown; undefined when nothing happened then. */
  bucketAt(at: number): CallBucket | undefined {
    const place = Math.floor(at / this.#widthMs);
    return this.#buckets.has(place) ? this.#shown(place) : undefined;
  }

  get widthMs(): number {
    return this.#widthMs;
  }

  parts(): TelemetryParts {
    return { widthMs: this.#widthMs, buckets: [...this.#buckets], held: this.#held, slowest: this.#slowest };
  }

  #shown(place: number): CallBucket {
    const { calls, writes, retries, throttles, permitted, latencies } = this.#buckets.get(place) ?? emptyBucket();
    return {
      at: place * this.#widthMs,
      calls,
      writes,
      retries,
      throttles,
      p95Ms: percentile(latencies, 0.95),
      permittedPerSecond: permitted,
    };
  }

  #at(at: number): Bucket {
    const place = Math.floor(at / this.#widthMs);
    return place === this.#place ? this.#current : this.#move(place, at);
  }

  #move(place: number, at: number): Bucket {
    let bucket = this.#buckets.get(place);
    if (bucket === undefined) {
      if (this.#buckets.size >= bucketsMax && this.#widthMs < widthMaxMs) {
        this.#widen();
        return this.#at(at);
      }
      bucket = emptyBucket();
      bucket.permitted = this.#permitted;
      this.#buckets.set(place, bucket);
    }
    this.#place = place;
    this.#current = bucket;
    return bucket;
  }

  #widen(): void {
    const narrow = [...this.#buckets].toSorted(([a], [b]) => a - b);
    this.#widthMs *= 2;
    this.#place = Number.NaN;
    this.#buckets = new Map();
    for (const [place, bucket] of narrow) {
      const wide = Math.floor(place / 2);
      const there = this.#buckets.get(wide);
      if (there === undefined) this.#buckets.set(wide, bucket);
      else addBucket(there, bucket);
    }
  }

  /** Spans that touch are one; past the limit the two with the smallest gap become one. */
  #addHeld(span: HeldSpan): void {
    const spans = [...this.#held, span].toSorted((a, b) => a.from - b.from);
    const kept: HeldSpan[] = [];
    for (const next of spans) {
      const last = kept.at(-1);
      if (last !== undefined && next.from <= last.to) kept[kept.length - 1] = joinedSpan(last, next);
      else kept.push(next);
    }
    while (kept.length > heldMax) {
      const gaps = kept.slice(1).map(({ from }, index) => from - (kept[index]?.to ?? 0));
      const narrowest = gaps.indexOf(Math.min(...gaps));
      const [a, b] = kept.slice(narrowest, narrowest + 2);
      if (a === undefined || b === undefined) break;
      kept.splice(narrowest, 2, joinedSpan(a, b));
    }
    this.#held = kept;
  }
}

function emptyBucket(): Bucket {
  return {
    calls: 0,
    writes: 0,
    retries: 0,
    throttles: 0,
    permitted: undefined,
    latencies: Array.from<number>({ length: slots }).fill(0),
  };
}

/** What was permitted last stays. */
function addBucket(to: Bucket, from: Bucket): void {
  to.calls += from.calls;
  to.writes += from.writes;
  to.retries += from.retries;
  to.throttles += from.throttles;
  to.permitted = from.permitted ?? to.permitted;
  for (const [slot, count] of from.latencies.entries()) to.latencies[slot] = (to.latencies[slot] ?? 0) + count;
}

function joinedSpan(a: HeldSpan, b: HeldSpan): HeldSpan {
  return { from: a.from, to: Math.max(a.to, b.to), reason: a.reason };
}

function slotOf(ms: number): number {
  let low = 0;
  let high = slotEnds.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ms <= (slotEnds[middle] ?? Infinity)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Evenly between the ends of the slot it falls in; the last slot counts as its beginning. */
function percentile(latencies: readonly number[], share: number): number | undefined {
  const total = latencies.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  let left = share * total;
  for (const [slot, count] of latencies.entries()) {
    if (count > 0 && left <= count) {
      const from = slotEnds[slot - 1] ?? 0;
      const to = slotEnds[slot] ?? from;
      return Math.round((from + ((to - from) * left) / count) * 10) / 10;
    }
    left -= count;
  }
  return slotEnds.at(-1);
}

/** Whether a stretch can be as long: the first width, doubled some times. */
export function isWidth(ms: number): boolean {
  return ms >= firstWidthMs && ms <= widthMaxMs && Number.isInteger(Math.log2(ms / firstWidthMs));
}
