/** Quotas: how many calls a project and a user may make in a minute, under three models of counting (api.md 2.3). */
import { z } from "zod";
import { UsageError } from "../model/errors.ts";
import { errorInfo, Refusal } from "./refusal.ts";
import type { Route, Service } from "./routes.ts";

/** `bucket` refills evenly · `fixed` counts from the top of each minute · `sliding` counts the last 60 seconds. */
export type QuotaModel = "bucket" | "fixed" | "sliding";

export interface QuotaLimit {
  readonly service: Service;
  readonly per: "project" | "user";
  readonly kind: "read" | "write" | "all";
  readonly perMinute: number;
  /** Tokens a full bucket holds; one minute's worth if absent. */
  readonly burst?: number | undefined;
}

export interface QuotaConfig {
  readonly model: QuotaModel;
  readonly limits: readonly QuotaLimit[];
  /** Whether the refusal carries `quota_limit_value`. */
  readonly showLimit?: boolean | undefined;
  readonly retryAfter?: "none" | "seconds" | "date" | undefined;
}

export const noQuotas: QuotaConfig = { model: "sliding", limits: [] };

interface Meter {
  /** How long until a call is permitted; 0 now. */
  waitMs(now: number): number;
  take(now: number): void;
}

const minuteMs = 60_000;

function bucket(perMinute: number, capacity: number): Meter {
  let tokens = capacity;
  let at: number | undefined;
  const refill = (now: number): void => {
    tokens = Math.min(capacity, tokens + ((now - (at ?? now)) * perMinute) / minuteMs);
    at = now;
  };
  return {
    waitMs: (now) => {
      refill(now);
      // The smallest slack absorbs what repeated refilling loses to rounding.
      return tokens >= 1 - 1e-9 ? 0 : ((1 - tokens) * minuteMs) / perMinute;
    },
    take: (now) => {
      refill(now);
      tokens -= 1;
    },
  };
}

function fixedMinute(perMinute: number): Meter {
  let minute = -1;
  let used = 0;
  return {
    waitMs: (now) => {
      const current = Math.floor(now / minuteMs);
      if (current === minute && used >= perMinute) return (current + 1) * minuteMs - now;
      return 0;
    },
    take: (now) => {
      const current = Math.floor(now / minuteMs);
      used = current === minute ? used + 1 : 1;
      minute = current;
    },
  };
}

function slidingMinute(perMinute: number): Meter {
  const times = new Float64Array(perMinute).fill(Number.NEGATIVE_INFINITY);
  let next = 0;
  return {
    waitMs: (now) => Math.max(0, (times[next] ?? 0) + minuteMs - now),
    take: (now) => {
      times[next] = now;
      next = (next + 1) % perMinute;
    },
  };
}

function meterFor(model: QuotaModel, limit: QuotaLimit): Meter {
  switch (model) {
    case "bucket":
      return bucket(limit.perMinute, limit.burst ?? limit.perMinute);
    case "fixed":
      return fixedMinute(limit.perMinute);
    case "sliding":
      return slidingMinute(limit.perMinute);
  }
}

export class Quotas {
  #config: QuotaConfig;
  readonly #meters = new Map<string, Meter>();

  constructor(config: QuotaConfig) {
    this.#config = checked(config);
  }

  get config(): QuotaConfig {
    return this.#config;
  }

  /** Takes new limits; counting starts afresh. */
  set config(config: QuotaConfig) {
    this.#config = checked(config);
    this.#meters.clear();
  }

  /** Counts one call, or throws the refusal of its service. A refused call uses nothing up. */
  take(route: Route, project: string, user: string, now: number): void {
    if (this.#config.limits.length === 0) return;
    const kind = route.write ? "write" : "read";
    const limits = this.#config.limits.filter(
      (limit) => limit.service === route.service && (limit.kind === "all" || limit.kind === kind),
    );
    const meters = limits.map((limit) => this.#meter(limit, limit.per === "project" ? project : `${project}/${user}`));
    for (const [index, meter] of meters.entries()) {
      const waitMs = meter.waitMs(now);
      const limit = limits[index];
      if (waitMs > 0 && limit !== undefined) throw exceeded(this.#config, limit, project, now, waitMs);
    }
    for (const meter of meters) meter.take(now);
  }

  #meter(limit: QuotaLimit, who: string): Meter {
    const key = `${this.#config.limits.indexOf(limit)} ${who}`;
    let meter = this.#meters.get(key);
    if (meter === undefined) {
      meter = meterFor(this.#config.model, limit);
      this.#meters.set(key, meter);
    }
    return meter;
  }
}

function checked(config: QuotaConfig): QuotaConfig {
  for (const limit of config.limits) {
    const burst = limit.burst ?? 1;
    if (!Number.isInteger(limit.perMinute) || limit.perMinute < 1 || !(burst >= 1)) {
      throw new UsageError(
        `a quota cannot be ${limit.perMinute} a minute`,
        "write a whole number of at least 1, and a burst of at least 1",
      );
    }
  }
  return config;
}

function exceeded(config: QuotaConfig, limit: QuotaLimit, project: string, now: number, waitMs: number): Refusal {
  const headers = retryAfter(config, now, waitMs);
  if (limit.service === "datatransfer") {
    const message = "Quota exceeded for the current request";
    return new Refusal({ code: 503, status: "UNAVAILABLE", message, reason: "backendError", headers });
  }
  if (limit.service === "directory") {
    const perUser = limit.per === "user";
    return new Refusal({
      code: 403,
      status: "PERMISSION_DENIED",
      message: perUser ? "User Rate Limit Exceeded" : "Rate Limit Exceeded",
      reason: perUser ? "userRateLimitExceeded" : "rateLimitExceeded",
      errorDomain: "usageLimits",
      headers,
    });
  }
  return dataStudioExceeded(config, limit, project, headers);
}

function dataStudioExceeded(
  config: QuotaConfig,
  limit: QuotaLimit,
  project: string,
  headers: Readonly<Record<string, string>>,
): Refusal {
  const noun = limit.kind === "all" ? "Requests" : limit.kind === "read" ? "ReadRequests" : "WriteRequests";
  const name = `${noun}PerMinutePer${limit.per === "project" ? "Project" : "User"}`;
  const metric = `${limit.service}.googleapis.com/${limit.kind === "all" ? "default" : limit.kind}_requests`;
  return new Refusal({
    code: 429,
    status: "RESOURCE_EXHAUSTED",
    message: `Quota exceeded for quota metric '${metric}' and limit '${name}' of service '${limit.service}.googleapis.com' for consumer 'projects/${project}'.`,
    reason: "rateLimitExceeded",
    headers,
    details: [
      errorInfo("RATE_LIMIT_EXCEEDED", {
        consumer: `projects/${project}`,
        quota_limit: name,
        ...(config.showLimit === false ? {} : { quota_limit_value: String(limit.perMinute) }),
        quota_location: "global",
        quota_metric: metric,
        service: `${limit.service}.googleapis.com`,
      }),
    ],
  });
}

function retryAfter(config: QuotaConfig, now: number, waitMs: number): Readonly<Record<string, string>> {
  const seconds = Math.ceil(waitMs / 1000);
  switch (config.retryAfter ?? "none") {
    case "none":
      return {};
    case "seconds":
      return { "retry-after": String(seconds) };
    case "date":
      return { "retry-after": new Date((Math.floor(now / 1000) + seconds) * 1000).toUTCString() };
  }
}

const configSchema: z.ZodType<QuotaConfig> = z.strictObject({
  model: z.enum(["bucket", "fixed", "sliding"]),
  limits: z.array(
    z.strictObject({
      service: z.enum(["datastudio", "directory", "datatransfer"]),
      per: z.enum(["project", "user"]),
      kind: z.enum(["read", "write", "all"]),
      perMinute: z.number(),
      burst: z.number().optional(),
    }),
  ),
  showLimit: z.boolean().optional(),
  retryAfter: z.enum(["none", "seconds", "date"]).optional(),
});

/** Reads quotas from JSON; throws `UsageError`. */
export function parseQuotas(value: unknown): QuotaConfig {
  const parsed = configSchema.safeParse(value);
  if (parsed.success) return checked(parsed.data);
  throw new UsageError(
    `quotas: ${z.prettifyError(parsed.error)}`,
    "write {model, limits: [{service, per, kind, perMinute}]}",
  );
}

/** What `default` stands for: modest limits of the size an unraised project has. */
const defaultQuotas: QuotaConfig = {
  model: "sliding",
  limits: [
    { service: "datastudio", per: "project", kind: "read", perMinute: 6000 },
    { service: "datastudio", per: "project", kind: "write", perMinute: 3000 },
    { service: "datastudio", per: "user", kind: "read", perMinute: 2400 },
    { service: "datastudio", per: "user", kind: "write", perMinute: 1200 },
    { service: "directory", per: "user", kind: "all", perMinute: 2400 },
    { service: "datatransfer", per: "user", kind: "all", perMinute: 600 },
  ],
};

type Dimension = Pick<QuotaLimit, "service" | "per" | "kind">;

const dimensions: ReadonlyMap<string, Dimension> = new Map<string, Dimension>([
  ["project", { service: "datastudio", per: "project", kind: "all" }],
  ["project-reads", { service: "datastudio", per: "project", kind: "read" }],
  ["project-writes", { service: "datastudio", per: "project", kind: "write" }],
  ["user", { service: "datastudio", per: "user", kind: "all" }],
  ["user-reads", { service: "datastudio", per: "user", kind: "read" }],
  ["user-writes", { service: "datastudio", per: "user", kind: "write" }],
  ["directory", { service: "directory", per: "user", kind: "all" }],
  ["transfer", { service: "datatransfer", per: "user", kind: "all" }],
]);

/**
 * Reads quotas as one line: `off`, `default`, or `name=number` pairs a minute separated by commas, such as
 * `model=fixed,project=600,user-writes=60,burst=10,retry-after=seconds,show-limit=false`. Throws `UsageError`.
 */
export function quotasFromText(text: string): QuotaConfig {
  if (text === "off" || text === "") return noQuotas;
  if (text === "default") return defaultQuotas;
  let config: QuotaConfig = noQuotas;
  let burst: number | undefined;
  for (const pair of text.split(",")) {
    const [name = "", value = ""] = pair.split("=").map((part) => part.trim());
    const dimension = dimensions.get(name);
    if (dimension !== undefined) {
      config = { ...config, limits: [...config.limits, { ...dimension, perMinute: Number(value) }] };
    } else if (name === "model" && (value === "bucket" || value === "fixed" || value === "sliding")) {
      config = { ...config, model: value };
    } else if (name === "retry-after" && (value === "none" || value === "seconds" || value === "date")) {
      config = { ...config, retryAfter: value };
    } else if (name === "show-limit" && (value === "true" || value === "false")) {
      config = { ...config, showLimit: value === "true" };
    } else if (name === "burst") {
      burst = Number(value);
    } else {
      throw new UsageError(
        `the quota setting ${JSON.stringify(pair)} is not known`,
        `use off, default, or pairs of model, burst, retry-after, show-limit, ${[...dimensions.keys()].join(", ")}`,
      );
    }
  }
  return checked({ ...config, limits: config.limits.map((limit) => ({ ...limit, burst })) });
}
