/** The shape of the guards in a settings file, and what is said of guards that have another one. */
import type { z } from "zod";
import { placeText } from "../model/diagnostic.ts";
import type { Place } from "../model/diagnostic.ts";
import { printable } from "../model/text.ts";
import { chooseFrom } from "../plan/suggest.ts";

const count = "must be a whole number, 0 or more";
const oneOrMore = "must be a whole number, 1 or more";

/** Loaded only when there are guards to check: the schema library takes longer to load than the rest of a verb. */
export async function guardsShape(): Promise<z.ZodType<WrittenGuards>> {
  const { z } = await import("zod");
  const whole = z.int({ error: count }).nonnegative({ error: count }).optional();
  const positive = z.int({ error: oneOrMore }).positive({ error: oneOrMore }).optional();
  const text = z.string({ error: "must be text" }).min(1, { error: "must be text" });
  const amount = z
    .union([z.number(), z.string()], { error: "must be a number, or a percentage such as 5%" })
    .optional();
  const value = z.union([z.string(), z.number(), z.boolean()], { error: "must be text" }).optional();
  return z.object({
    limits: z
      .strictObject({
        changes: whole,
        percent_of_assets: amount,
        per_owner: whole,
        new_external: whole,
        new_public: whole,
        failures: whole,
        drift: amount,
        age: text.optional(),
      })
      .optional(),
    protect: z
      .array(z.strictObject({ owner: value, title: value, asset: value, member: value }), {
        error: 'must be a list, such as [ { title: "Board *" } ]',
      })
      .optional(),
    windows: z
      .array(text, { error: 'must be a list of texts, such as [ "Sat 00:00-Sun 24:00 Europe/Berlin" ]' })
      .min(1, { error: "holds no window; leave it out where every time will do" })
      .optional(),
    breaker: z.strictObject({ failures: whole, rate: amount, over: positive, least: positive }).optional(),
    approvals: z.strictObject({ require: whole, signers: text.optional() }).optional(),
    budgets: z.strictObject({ calls: positive, duration: text.optional() }).optional(),
  });
}

type Scalar = string | number | boolean;

export interface WrittenGuards {
  readonly limits?:
    | {
        readonly changes?: number | undefined;
        readonly percent_of_assets?: number | string | undefined;
        readonly per_owner?: number | undefined;
        readonly new_external?: number | undefined;
        readonly new_public?: number | undefined;
        readonly failures?: number | undefined;
        readonly drift?: number | string | undefined;
        readonly age?: string | undefined;
      }
    | undefined;
  readonly protect?:
    | readonly {
        readonly owner?: Scalar | undefined;
        readonly title?: Scalar | undefined;
        readonly asset?: Scalar | undefined;
        readonly member?: Scalar | undefined;
      }[]
    | undefined;
  readonly windows?: readonly string[] | undefined;
  readonly breaker?:
    | {
        readonly failures?: number | undefined;
        readonly rate?: number | string | undefined;
        readonly over?: number | undefined;
        readonly least?: number | undefined;
      }
    | undefined;
  readonly approvals?: { readonly require?: number | undefined; readonly signers?: string | undefined } | undefined;
  readonly budgets?: { readonly calls?: number | undefined; readonly duration?: string | undefined } | undefined;
}

export type Path = readonly (string | number)[];

/** What is wrong, with its place. */
export function problemOf(issue: z.core.$ZodIssue, at: (path: Path) => Place): string {
  const path = issue.path.filter((part) => typeof part !== "symbol");
  const name = pathText(path);
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys.get(String(path[0])) ?? [];
    const [key = ""] = issue.keys;
    return `${placeText(at([...path, key]))}: ${name} has no key ${JSON.stringify(printable(key))}; ${chooseFrom(key, known)}`;
  }
  const isPlain = issue.message.startsWith("must") || issue.message.startsWith("holds");
  return `${placeText(at(path))}: ${name} ${isPlain ? issue.message : "must be a mapping of keys with values"}`;
}

const knownKeys: ReadonlyMap<string, readonly string[]> = new Map([
  ["limits", ["changes", "percent_of_assets", "per_owner", "new_external", "new_public", "failures", "drift", "age"]],
  ["protect", ["owner", "title", "asset", "member"]],
  ["breaker", ["failures", "rate", "over", "least"]],
  ["approvals", ["require", "signers"]],
  ["budgets", ["calls", "duration"]],
]);

/** `protect[0].owner`. */
export function pathText(path: Path): string {
  return path.map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`)).join("");
}
