/** The calls of a run as time lines: how many a second against what was permitted, and how slow they were. */
import type { CallBucket, TelemetryView } from "../../model/telemetry.ts";
import type { TimeLine } from "./packed.ts";

/** How often the calls must fit below what was permitted for both in one picture to show the calls as a line on its floor. */
const farTimes = 20;

/**
 * The fewest writes a second that were permitted, where even those are far above every call that was made: then a picture
 * of both shows neither. Otherwise undefined.
 */
export function farAbove({ bucketMs, buckets }: Pick<TelemetryView, "bucketMs" | "buckets">): number | undefined {
  const permitted = buckets.flatMap(({ permittedPerSecond }) => permittedPerSecond ?? []);
  if (permitted.length === 0) return undefined;
  const least = permitted.reduce((a, b) => Math.min(a, b));
  const most = buckets.reduce((top, { calls }) => Math.max(top, (1000 * calls) / bucketMs), 0);
  return least > farTimes * most ? least : undefined;
}

/** Empty while no call was made. */
export function callLines({ bucketMs, buckets, held }: TelemetryView): readonly TimeLine[] {
  const [first] = buckets;
  if (first === undefined) return [];
  const from = first.at;
  const points = pointsOf(buckets, bucketMs);
  const second = (ms: number): number => (ms - from) / 1000;
  const perSecond = (count: number): number => round((1000 * count) / bucketMs);
  /** Counted things: none where there is no bucket. */
  const counts = (of: (bucket: CallBucket) => number, none: number | null): (number | null)[] =>
    points.map(({ bucket, is }) => (is === "bucket" ? of(bucket) : none));
  /** Measured things, which are not known where there is no bucket. */
  const levels = (of: (bucket: CallBucket) => number | undefined): (number | null)[] =>
    points.map(({ bucket, is }) => (is === "gap" ? null : (of(bucket) ?? null)));
  const shared = {
    from,
    seconds: points.map(({ at }) => second(at)),
    bands: held.map((span) => ({ from: second(span.from), to: second(span.to), label: span.reason })),
  };
  const showsPermitted = farAbove({ bucketMs, buckets }) === undefined;
  return [
    {
      id: "calls",
      label: showsPermitted ? "Calls a second, and the writes a second that were permitted" : "Calls a second",
      ...shared,
      series: [
        { label: "calls", unit: "/s", kind: "area", values: counts(({ calls }) => perSecond(calls), 0) },
        { label: "of them writes", unit: "/s", kind: "line", values: counts(({ writes }) => perSecond(writes), 0) },
        ...(showsPermitted
          ? [
              {
                label: "writes permitted",
                unit: "/s",
                kind: "line" as const,
                values: levels(({ permittedPerSecond }) => roundOr(permittedPerSecond)),
              },
            ]
          : []),
      ],
    },
    {
      id: "answers",
      label: "How long 95 of 100 calls took at most; calls made again; calls refused for going too fast",
      ...shared,
      series: [
        { label: "p95", unit: "ms", kind: "line", values: levels(({ p95Ms }) => p95Ms) },
        { label: "made again", unit: "calls", kind: "bars", values: counts(({ retries }) => retries, null) },
        { label: "refused", unit: "calls", kind: "bars", values: counts(({ throttles }) => throttles, null) },
      ],
    },
  ];
}

interface Point {
  readonly at: number;
  readonly bucket: CallBucket;
  /** A bucket's values hold until its end; after that, and until the next bucket, there are none. */
  readonly is: "bucket" | "end" | "gap";
}

function pointsOf(buckets: readonly CallBucket[], bucketMs: number): readonly Point[] {
  return buckets.flatMap((bucket, index): readonly Point[] => {
    const begin: Point = { at: bucket.at, bucket, is: "bucket" };
    const end = bucket.at + bucketMs;
    if (buckets[index + 1]?.at === end) return [begin];
    return [begin, { at: end, bucket, is: "end" }, { at: end + 1, bucket, is: "gap" }];
  });
}

function roundOr(value: number | undefined): number | undefined {
  return value === undefined ? undefined : round(value);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
