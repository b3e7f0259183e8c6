/** Fault rules: what a script of faults may say, and reading it from JSON. */
import { z } from "zod";
import { UsageError } from "../model/errors.ts";

/** One member in one role, as rules write it. */
export interface WrittenPair {
  readonly role: string;
  readonly member: string;
}

/**
 * What goes wrong. `applied` says whether the request takes effect although its answer is lost or spoilt.
 * - `status`: an answer instead of the real one; without a body, what Google says with that status. `reason` goes to
 *   `errors[].reason`, for the token endpoint to `error`; `retryAfterS` is sent as seconds or as a date that far away
 * - `html`, `quotaText`: bodies that are not JSON · `delay`: the real answer, `ms` later
 * - `hang`: no answer ever; with `lateMs` the request takes effect that long after
 * - `reset`: the connection breaks instead · `truncate`: after `bytes` of the real body (half of it if absent)
 * - `nonsense`: 200 with a body that is no answer; takes effect unless `applied` is false
 * - `oversize`: the real answer, padded with blanks to `bytes`
 * - `sticky`: from the first hit on, every matching request of that user fails
 * - `concurrentEditor`, `concurrentTrash`: a person changes the asset just before the request is carried out
 * - `revokeDelegation`: no more tokens; those issued become invalid too unless `keepTokens` · `expireTokens`: these only
 * - `transfer`: the inserted job never ends, fails, or completes without all; `share` of the assets move (default half)
 * - `searchLag`: this search shows assets as they were `ms` ago
 */
export type Fault =
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>> | undefined;
      readonly body?: string | Readonly<Record<string, unknown>> | undefined;
      readonly reason?: string | undefined;
      readonly message?: string | undefined;
      readonly retryAfterS?: number | undefined;
      readonly retryAfterAs?: "seconds" | "date" | undefined;
      readonly applied?: boolean | undefined;
    }
  | { readonly kind: "html"; readonly status?: number | undefined; readonly applied?: boolean | undefined }
  | { readonly kind: "quotaText"; readonly status?: number | undefined; readonly text?: string | undefined }
  | { readonly kind: "delay"; readonly ms: number }
  | { readonly kind: "hang"; readonly applied?: boolean | undefined; readonly lateMs?: number | undefined }
  | { readonly kind: "reset"; readonly applied?: boolean | undefined }
  | { readonly kind: "truncate"; readonly bytes?: number | undefined }
  | { readonly kind: "nonsense"; readonly body?: string | undefined; readonly applied?: boolean | undefined }
  | { readonly kind: "oversize"; readonly bytes: number }
  | { readonly kind: "sticky"; readonly status?: number | undefined }
  | {
      readonly kind: "concurrentEditor";
      readonly by?: string | undefined;
      readonly add?: readonly WrittenPair[] | undefined;
      readonly remove?: readonly WrittenPair[] | undefined;
    }
  | { readonly kind: "concurrentTrash"; readonly by?: string | undefined }
  | { readonly kind: "revokeDelegation"; readonly keepTokens?: boolean | undefined }
  | { readonly kind: "expireTokens" }
  | {
      readonly kind: "transfer";
      readonly outcome: "stuck" | "failed" | "partial";
      readonly share?: number | undefined;
    }
  | { readonly kind: "searchLag"; readonly ms: number };

/** Which requests it happens to: everything given must fit. */
export interface FaultRule {
  /** A route id such as `assets.updatePermissions`, `assets.*`, a service name, or a path prefix that begins with `/`. */
  readonly route?: string | undefined;
  readonly method?: string | undefined;
  /** The asset's name, exactly. */
  readonly asset?: string | undefined;
  /** The user the call is made as. */
  readonly actor?: string | undefined;
  /** Only the n-th matching request, 1-based. */
  readonly nth?: number | undefined;
  /** The n-th matching request and all after it. */
  readonly from?: number | undefined;
  /** Every n-th matching request. */
  readonly every?: number | undefined;
  /** Each matching request with this chance, 0 to 1. */
  readonly probability?: number | undefined;
  /** At most this many hits. */
  readonly times?: number | undefined;
  readonly fault: Fault;
}

const text = z.string().max(1000);
const positive = z.int().min(1);
const ms = z.number().min(0).max(86_400_000);
const applied = z.boolean().optional();

const faultSchema: z.ZodType<Fault> = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("status"),
    status: z.int().min(200).max(599),
    headers: z.record(z.string(), z.string()).optional(),
    body: z.union([z.string(), z.looseObject({})]).optional(),
    reason: text.optional(),
    message: text.optional(),
    retryAfterS: z.number().min(0).optional(),
    retryAfterAs: z.enum(["seconds", "date"]).optional(),
    applied,
  }),
  z.strictObject({ kind: z.literal("html"), status: z.int().min(200).max(599).optional(), applied }),
  z.strictObject({ kind: z.literal("quotaText"), status: z.int().optional(), text: text.optional() }),
  z.strictObject({ kind: z.literal("delay"), ms }),
  z.strictObject({ kind: z.literal("hang"), applied, lateMs: ms.optional() }),
  z.strictObject({ kind: z.literal("reset"), applied }),
  z.strictObject({ kind: z.literal("truncate"), bytes: z.int().min(0).optional() }),
  z.strictObject({ kind: z.literal("nonsense"), body: z.string().optional(), applied }),
  z.strictObject({ kind: z.literal("oversize"), bytes: z.int().min(1).max(268_435_456) }),
  z.strictObject({ kind: z.literal("sticky"), status: z.int().min(400).max(599).optional() }),
  z.strictObject({
    kind: z.literal("concurrentEditor"),
    by: text.optional(),
    add: z.array(z.strictObject({ role: text, member: text })).optional(),
    remove: z.array(z.strictObject({ role: text, member: text })).optional(),
  }),
  z.strictObject({ kind: z.literal("concurrentTrash"), by: text.optional() }),
  z.strictObject({ kind: z.literal("revokeDelegation"), keepTokens: z.boolean().optional() }),
  z.strictObject({ kind: z.literal("expireTokens") }),
  z.strictObject({
    kind: z.literal("transfer"),
    outcome: z.enum(["stuck", "failed", "partial"]),
    share: z.number().min(0).max(1).optional(),
  }),
  z.strictObject({ kind: z.literal("searchLag"), ms }),
]);

const ruleSchema: z.ZodType<FaultRule> = z.strictObject({
  route: text.optional(),
  method: text.optional(),
  asset: text.optional(),
  actor: text.optional(),
  nth: positive.optional(),
  from: positive.optional(),
  every: positive.optional(),
  probability: z.number().min(0).max(1).optional(),
  times: positive.optional(),
  fault: faultSchema,
});

/** Reads rules from JSON; throws `UsageError` naming the first rule that is wrong. */
export function parseFaultRules(value: unknown): readonly FaultRule[] {
  const list = typeof value === "object" && value !== null && "faults" in value ? value.faults : value;
  const parsed = z.array(ruleSchema).max(10_000).safeParse(list);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new UsageError(
    `${["fault rules", ...(issue?.path ?? [])].join(".")}: ${issue?.message ?? "not understood"}`,
    "write a list of {route?, method?, asset?, actor?, nth? | from? | every? | probability?, times?, fault: {kind, …}}",
  );
}
