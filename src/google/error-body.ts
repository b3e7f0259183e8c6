/** What an answer that is not a success says in words: every error envelope Google is known to use, read without trusting it. */
import { printable } from "../model/text.ts";
import { headerOf } from "./exchange.ts";
import type { ResponseHeaders } from "./exchange.ts";

/** An error answer taken apart (api.md 2.1). Every field may be missing, because error pages come in every shape. */
export interface ErrorBody {
  /** Such as `PERMISSION_DENIED`; empty if there is none. */
  readonly status: string;
  /** Every `reason` of `errors[]` and `details[]`. */
  readonly reasons: ReadonlySet<string>;
  /** The token endpoint's `error`, such as `invalid_grant`; empty if there is none. */
  readonly tokenError: string;
  /** The server's own words, unshortened and unsanitised; empty for HTML pages. */
  readonly text: string;
  /** Of `details[].metadata`, where a quota was hit (api.md 9). */
  readonly quota: QuotaDetail | undefined;
}

export interface QuotaDetail {
  /** The name of the limit, such as `WritesPerMinutePerProject`. */
  readonly limit: string;
  readonly perMinute: number | undefined;
  readonly perDay: boolean;
  readonly perUser: boolean;
}

export function readErrorBody(body: string): ErrorBody {
  const parsed = parseObject(body);
  if (parsed === undefined) {
    const isPage = /^\s*<|<html/i.test(body.slice(0, 2000));
    return { status: "", reasons: new Set(), tokenError: "", text: isPage ? "" : body, quota: undefined };
  }
  const error = field(parsed, "error");
  if (typeof error === "string") {
    const description = textField(parsed, "error_description");
    return { status: "", reasons: new Set(), tokenError: error, text: description, quota: undefined };
  }
  const details = listField(error, "details");
  const reasons = new Set(
    [...details, ...listField(error, "errors")].map((entry) => textField(entry, "reason")).filter((r) => r !== ""),
  );
  return {
    status: textField(error, "status"),
    reasons,
    tokenError: "",
    text: textField(error, "message"),
    quota: details.map((entry) => quotaOf(field(entry, "metadata"))).find((quota) => quota !== undefined),
  };
}

/**
 * How long the server asks to wait, in ms, between one second and one hour; undefined when it does not say. A date is
 * measured against the server's own `Date`, so that a wrong clock here does no harm, else against `wallMs`.
 */
export function retryAfterMs(headers: ResponseHeaders, wallMs: number): number | undefined {
  const text = headerOf(headers, "retry-after")?.trim() ?? "";
  if (/^\d{1,15}(\.\d{1,9})?$/.test(text)) return clampWait(Number(text) * 1000);
  const until = httpDateMs(text);
  if (until === undefined) return undefined;
  return clampWait(until - (serverDateMs(headers) ?? wallMs));
}

/** The server's clock as its `Date` header tells it, ms since 1970. */
export function serverDateMs(headers: ResponseHeaders): number | undefined {
  return httpDateMs(headerOf(headers, "date")?.trim() ?? "");
}

/** `text` made safe to show: sanitised, cut, and without anything that has the shape of a credential. */
export function shown(text: string): string {
  return printable(text.slice(0, 4000).trim().replace(credential, "[hidden]").replace(/\s+/g, " "), 300);
}

/** Access and refresh tokens, authorization codes and client secrets as Google makes them; what is signed; keys. */
const credential =
  /ya29\.[\w.-]+|\b1\/\/0[\w-]{20,}|\b4\/0[\w-]{20,}|\bGOCSPX-[\w-]+|\bBearer\s+[\w.~+/-]+=*|\beyJ[\w-]+\.[\w-]+\.[\w-]*|-----BEGIN[^-]*-----[^-]*/gi;

function clampWait(ms: number): number {
  return Math.min(3_600_000, Math.max(1000, ms));
}

/** The three forms of HTTP dates; anything else that `Date.parse` would guess at is no date. */
function httpDateMs(text: string): number | undefined {
  if (!/^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? /i.test(text)) return undefined;
  const ms = Date.parse(/ gmt$/i.test(text) ? text : `${text} GMT`);
  return Number.isNaN(ms) ? undefined : ms;
}

const unitsPerMinute: readonly (readonly [RegExp, number])[] = [
  [/per_?100_?seconds/i, 0.6],
  [/per_?second|\/s\b/i, 60],
  [/per_?hour|\/h\b/i, 1 / 60],
  [/per_?minute|\/min\b/i, 1],
];

function quotaOf(metadata: unknown): QuotaDetail | undefined {
  const limit = textField(metadata, "quota_limit");
  const unit = textField(metadata, "quota_unit");
  const value = textField(metadata, "quota_limit_value");
  if (limit === "" && unit === "" && value === "") return undefined;
  const named = `${limit} ${unit}`;
  const perDay = /per_?day|\/d\b/i.test(named);
  const factor = unitsPerMinute.find(([pattern]) => pattern.test(named))?.[1] ?? 1;
  const count = /^\d{1,15}$/.test(value) ? Number(value) : 0;
  return {
    limit,
    perMinute: perDay || count === 0 ? undefined : count * factor,
    perDay,
    perUser: /per_?user|\{user\}/i.test(named),
  };
}

function parseObject(body: string): object | undefined {
  // A page, and no body at all, are told by one look; an exception of JSON.parse takes 4 us.
  if (!/^\s*[[{]/.test(body)) return undefined;
  try {
    const parsed: unknown = JSON.parse(body);
    // Streaming front ends of Google wrap the error object in an array of one.
    const only: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
    return typeof only === "object" && only !== null ? only : undefined;
  } catch {
    return undefined;
  }
}

function field(holder: unknown, name: string): unknown {
  if (typeof holder !== "object" || holder === null || !Object.hasOwn(holder, name)) return undefined;
  const value: unknown = Reflect.get(holder, name);
  return value;
}

function textField(holder: unknown, name: string): string {
  const value = field(holder, name);
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

function listField(holder: unknown, name: string): readonly unknown[] {
  const value = field(holder, name);
  return Array.isArray(value) ? value : [];
}
