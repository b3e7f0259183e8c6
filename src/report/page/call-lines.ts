/** The calls of a run as time lines: how many a second against what was permitted, and how slow they were. */
import type { CallBucket, TelemetryView } from "../../model/telemetry.ts";
import type { TimeLine } from "./packed.ts";

/** Empty while no call was made. */
export function callLines({ bucketMs, buckets, held }: TelemetryView): readonly TimeLine[] {
  const [first] = buckets;
  if (first === undefined) return [];
  const from = first.at;
  const points = withGaps(buckets, bucketMs);
  const second = (ms: number): number => (ms - from) / 1000;
  const perSecond = (count: number): number => round((1000 * count) / bucketMs);
  const values = (of: (bucket: CallBucket) => number | undefined, inGap: number | null): (number | null)[] =>
    points.map(({ bucket }) => (bucket === undefined ? inGap : (of(bucket) ?? null)));
  const shared = {
    from,
    seconds: points.map(({ at }) => second(at)),
    bands: held.map((span) => ({ from: second(span.from), to: second(span.to), label: span.reason })),
  };
  return [
    {
      id: "calls",
      label: "Calls a second, and the writes a second that were permitted",
      ...shared,
      series: [
        { label: "calls", unit: "/s", kind: "area", values: values(({ calls }) => perSecond(calls), 0) },
        { label: "of them writes", unit: "/s", kind: "line", values: values(({ writes }) => perSecond(writes), 0) },
        {
          label: "writes permitted",
          unit: "/s",
          kind: "line",
          values: values(({ permittedPerSecond }) => roundOr(permittedPerSecond), null),
        },
      ],
    },
    {
      id: "answers",
      label: "How long 95 of 100 calls took at most; calls made again; calls refused for going too fast",
      ...shared,
      series: [
        { label: "p95", unit: "ms", kind: "line", values: values(({ p95Ms }) => p95Ms, null) },
        { label: "made again", unit: "calls", kind: "bars", values: values(({ retries }) => retries, null) },
        { label: "refused", unit: "calls", kind: "bars", values: values(({ throttles }) => throttles, null) },
      ],
    },
  ];
}

interface Point {
  readonly at: number;
  /** Undefined where a stretch without calls begins. */
  readonly bucket: CallBucket | undefined;
}

/** A value holds until the next point, so that one more is needed wherever nothing follows at once, and at the end. */
function withGaps(buckets: readonly CallBucket[], bucketMs: number): readonly Point[] {
  return buckets.flatMap((bucket, index): readonly Point[] => {
    const end = bucket.at + bucketMs;
    const isFollowed = buckets[index + 1]?.at === end;
    return isFollowed
      ? [{ at: bucket.at, bucket }]
      : [
          { at: bucket.at, bucket },
          { at: end, bucket: undefined },
        ];
  });
}

function roundOr(value: number | undefined): number | undefined {
  return value === undefined ? undefined : round(value);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
