/** The telemetry of a run as the text that its journal keeps. What is not such a text counts as nothing kept. */
import { Telemetry, heldMax, isWidth, bucketsMax, slots, slowestMax, textCharactersMax } from "./telemetry.ts";
import type { Bucket, HeldSpan, SlowStep, TelemetryParts } from "./telemetry.ts";

/** The last moment that a date can name, ms. */
const timeMax = 8.64e15;

export function telemetryText(telemetry: Telemetry): string {
  const { widthMs, ...parts } = telemetry.parts();
  const buckets = parts.buckets.map(([place, { calls, writes, retries, throttles, permitted, latencies }]) => [
    place,
    calls,
    writes,
    retries,
    throttles,
    permitted ?? -1,
    latencies,
  ]);
  const held = parts.held.map(({ from, to, reason }) => [from, to, reason]);
  const slowest = parts.slowest.map(({ seq, asset, ms, calls }) => [seq, asset ?? "", ms, calls]);
  return JSON.stringify({ version: 1, widthMs, buckets, held, slowest });
}

/** What a run keeps; undefined when it keeps nothing that can be read. */
export function parseTelemetry(text: string | undefined): Telemetry | undefined {
  if (text === undefined) return undefined;
  try {
    const parts = partsOf(JSON.parse(text));
    if (parts === undefined) return undefined;
    const telemetry = new Telemetry();
    telemetry.add(parts);
    return telemetry;
  } catch {
    return undefined;
  }
}

function partsOf(kept: unknown): TelemetryParts | undefined {
  if (!isRecord(kept) || kept["version"] !== 1) return undefined;
  const { widthMs, buckets, held, slowest } = kept;
  if (!isCount(widthMs) || !isWidth(widthMs) || !areRows(buckets) || !areRows(held) || !areRows(slowest)) {
    return undefined;
  }
  const read = {
    buckets: buckets.slice(0, bucketsMax).map((row) => bucketOf(row, widthMs)),
    held: held.slice(0, heldMax).map(spanOf),
    slowest: slowest.slice(0, slowestMax).map(stepOf),
  };
  if (!areAll(read.buckets) || !areAll(read.held) || !areAll(read.slowest)) return undefined;
  return { widthMs, buckets: read.buckets, held: read.held, slowest: read.slowest };
}

function bucketOf(row: readonly unknown[], widthMs: number): readonly [place: number, Bucket] | undefined {
  const [place, calls, writes, retries, throttles, permitted, latencies] = row;
  if (!isCount(place) || place * widthMs > timeMax) return undefined;
  if (!isCount(calls) || !isCount(writes) || !isCount(retries) || !isCount(throttles)) return undefined;
  if (typeof permitted !== "number" || !Array.isArray(latencies) || latencies.length !== slots) return undefined;
  const counts: readonly unknown[] = latencies;
  if (!counts.every(isCount)) return undefined;
  const limit = permitted > 0 ? permitted : undefined;
  return [place, { calls, writes, retries, throttles, permitted: limit, latencies: [...counts] }];
}

function spanOf([from, to, reason]: readonly unknown[]): HeldSpan | undefined {
  if (!isCount(from) || !isCount(to) || typeof reason !== "string" || to > timeMax) return undefined;
  return { from, to, reason };
}

function stepOf([seq, asset, ms, calls]: readonly unknown[]): SlowStep | undefined {
  if (!isCount(seq) || typeof asset !== "string" || !isCount(ms) || !isCount(calls)) return undefined;
  return { seq, asset: asset === "" ? undefined : asset.slice(0, textCharactersMax), ms, calls };
}

function areAll<T>(parts: readonly (T | undefined)[]): parts is readonly T[] {
  return parts.every((part) => part !== undefined);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function areRows(value: unknown): value is readonly (readonly unknown[])[] {
  return Array.isArray(value) && value.every((row) => Array.isArray(row));
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
