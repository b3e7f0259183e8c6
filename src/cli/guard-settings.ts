/** The guards of a settings file, or of a profile in it: limits, protect, windows, breaker, approvals and budgets, each with its place. */
import { resolve } from "node:path";
import type { YAMLMap } from "yaml";
import type { z } from "zod";
import { parseAssetReference } from "../model/asset.ts";
import type { Parsed } from "../model/brand.ts";
import { placeText } from "../model/diagnostic.ts";
import type { Place } from "../model/diagnostic.ts";
import { parseEmail } from "../model/email.ts";
import { parseAmount, stricter } from "../model/guard.ts";
import type { Amount, FailureRate, Setting } from "../model/guard.ts";
import { parseMember } from "../model/member.ts";
import type { LimitName, ProtectRule } from "../model/request.ts";
import { parseTimeWindow } from "../model/window.ts";
import type { TimeWindow, WindowRules } from "../model/window.ts";
import { parseTitleGlob } from "../plan/glob.ts";
import { guardsShape, pathText, problemOf } from "./guard-shape.ts";
import type { Path, WrittenGuards } from "./guard-shape.ts";
import { parseDuration } from "./units.ts";

/** What settings say of guards. A field that is undefined sets no guard. */
export interface GuardSettings {
  readonly limits: { readonly [name in LimitName]?: Setting<number> | undefined };
  /** Assets that may be found changed since the plan: so many, or a share of the steps. */
  readonly drift: Setting<Amount> | undefined;
  /** How old a run that has not begun may be. */
  readonly ageMs: Setting<number> | undefined;
  readonly protect: readonly ProtectRule[];
  readonly windows: WindowRules;
  /** Failed steps among the last `over` that ended, in percent, once `least` have. */
  readonly failureRate: Setting<FailureRate> | undefined;
  readonly approvals: {
    /** Signatures that an apply needs. */
    readonly require: Setting<number> | undefined;
    /** The file of those who may sign, as an absolute path. */
    readonly signers: Setting<string> | undefined;
  };
  readonly budgets: {
    readonly calls: Setting<number> | undefined;
    readonly durationMs: Setting<number> | undefined;
  };
}

/** Over how many steps a failure rate is looked at, and from how many on, where nothing is said. */
export const failureRateOver = 200;
export const failureRateLeast = 20;

export const noGuards: GuardSettings = {
  limits: {},
  drift: undefined,
  ageMs: undefined,
  protect: [],
  windows: [],
  failureRate: undefined,
  approvals: { require: undefined, signers: undefined },
  budgets: { calls: undefined, durationMs: undefined },
};

/** Both together, the strictest of each: `near` (a profile) can tighten what `far` (the top of the file) says, not loosen it. */
export function strictestGuards(near: GuardSettings, far: GuardSettings): GuardSettings {
  const names = new Set([...Object.keys(near.limits), ...Object.keys(far.limits)] as LimitName[]);
  return {
    limits: Object.fromEntries([...names].map((name) => [name, stricter(near.limits[name], far.limits[name])])),
    drift: stricterDrift(near.drift, far.drift),
    ageMs: stricter(near.ageMs, far.ageMs),
    protect: [...far.protect, ...near.protect],
    windows: [...far.windows, ...near.windows],
    failureRate: stricterRate(near.failureRate, far.failureRate),
    approvals: {
      require: moreOf(near.approvals.require, far.approvals.require),
      signers: near.approvals.signers ?? far.approvals.signers,
    },
    budgets: {
      calls: stricter(near.budgets.calls, far.budgets.calls),
      durationMs: stricter(near.budgets.durationMs, far.budgets.durationMs),
    },
  };
}

/** A count and a percentage cannot be compared before the steps are known: then the nearer one holds. */
export function stricterDrift(near: GuardSettings["drift"], far: GuardSettings["drift"]): GuardSettings["drift"] {
  if (near === undefined || far === undefined) return near ?? far;
  const lower =
    (far.value.count ?? Infinity) < (near.value.count ?? -1) || (far.value.percent ?? 101) < (near.value.percent ?? -1);
  return lower ? far : near;
}

/** The lower of two. */
export function stricterRate(
  near: GuardSettings["failureRate"],
  far: GuardSettings["failureRate"],
): GuardSettings["failureRate"] {
  if (near === undefined || far === undefined) return near ?? far;
  return far.value.percent < near.value.percent ? far : near;
}

function moreOf(a: Setting<number> | undefined, b: Setting<number> | undefined): Setting<number> | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.value > a.value ? b : a;
}

/** The keys of a settings file, or of a profile, that are about guards. */
export const guardKeys = ["limits", "protect", "windows", "breaker", "approvals", "budgets"] as const;

/**
 * One optional entry for each of `guardKeys`, to be spread into the strict object of whoever checks the rest of the file.
 * Anything may stand there: `readGuardSettings` looks at it.
 */
export async function guardSettingsShape(): Promise<Record<(typeof guardKeys)[number], z.ZodOptional<z.ZodUnknown>>> {
  const { z } = await import("zod");
  const anything = z.unknown().optional();
  return {
    limits: anything,
    protect: anything,
    windows: anything,
    breaker: anything,
    approvals: anything,
    budgets: anything,
  };
}

/**
 * Reads the guards of `map`, the mapping of a settings file or of a profile in it. Problems are added to `problems`, each
 * with its place, and what they are about is left out.
 * @param placeOf the place of an offset into the text of the file
 * @param folder paths in the file are relative to it
 */
export async function readGuardSettings(
  map: YAMLMap,
  placeOf: (offset: number) => Place,
  folder: string,
  problems: string[],
): Promise<GuardSettings> {
  if (!guardKeys.some((key) => map.has(key))) return noGuards;
  const { isNode } = await import("yaml");
  const at = (path: readonly (string | number)[]): Place => {
    for (let length = path.length; length > 0; length -= 1) {
      const node = map.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return placeOf(node.range[0]);
    }
    return placeOf(map.range?.[0] ?? 0);
  };
  const written = Object.fromEntries(guardKeys.map((key) => [key, plainOf(map.get(key))]));
  const parsed = (await guardsShape()).safeParse(written);
  if (parsed.success) return new Reading(at, folder, problems).settings(parsed.data);
  for (const issue of parsed.error.issues) problems.push(problemOf(issue, at));
  return noGuards;

  function plainOf(value: unknown): unknown {
    return isNode(value) ? value.toJSON() : value;
  }
}

/** Turns what has the right shape into values, each with its place. */
class Reading {
  readonly #at: (path: Path) => Place;
  readonly #folder: string;
  readonly #problems: string[];

  constructor(at: (path: Path) => Place, folder: string, problems: string[]) {
    this.#at = at;
    this.#folder = folder;
    this.#problems = problems;
  }

  settings({ limits, protect, windows, breaker, approvals, budgets }: WrittenGuards): GuardSettings {
    return {
      limits: {
        changes: this.#set(limits?.changes, ["limits", "changes"]),
        percentOfAssets: this.#percent(limits?.percent_of_assets, ["limits", "percent_of_assets"]),
        perOwner: this.#set(limits?.per_owner, ["limits", "per_owner"]),
        newExternal: this.#set(limits?.new_external, ["limits", "new_external"]),
        newPublic: this.#set(limits?.new_public, ["limits", "new_public"]),
        failures: stricter(
          this.#set(limits?.failures, ["limits", "failures"]),
          this.#set(breaker?.failures, ["breaker", "failures"]),
        ),
      },
      drift: this.#amount(limits?.drift, ["limits", "drift"]),
      ageMs: this.#duration(limits?.age, ["limits", "age"]),
      protect: (protect ?? []).flatMap((rule, index) => this.#protect(rule, index)),
      windows: this.#windows(windows),
      failureRate: this.#rate(breaker),
      approvals: {
        require: this.#set(approvals?.require, ["approvals", "require"]),
        signers: this.#set(approvals?.signers === undefined ? undefined : resolve(this.#folder, approvals.signers), [
          "approvals",
          "signers",
        ]),
      },
      budgets: {
        calls: this.#set(budgets?.calls, ["budgets", "calls"]),
        durationMs: this.#duration(budgets?.duration, ["budgets", "duration"]),
      },
    };
  }

  #set<T>(value: T | undefined, path: Path): Setting<T> | undefined {
    return value === undefined ? undefined : { value, from: placeText(this.#at(path)) };
  }

  #add(path: Path, problem: string, remedy: string): undefined {
    this.#problems.push(`${placeText(this.#at(path))}: ${problem}; ${remedy}`);
    return undefined;
  }

  #amount(written: number | string | undefined, path: Path): Setting<Amount> | undefined {
    if (written === undefined) return undefined;
    const amount = parseAmount(String(written));
    const remedy = "write a whole number such as 20, or a percentage such as 5%";
    if (amount === undefined) return this.#add(path, `${pathText(path)} is neither a number nor a percentage`, remedy);
    return this.#set(amount, path);
  }

  /** With or without its sign. */
  #percent(written: number | string | undefined, path: Path): Setting<number> | undefined {
    if (written === undefined) return undefined;
    const text = String(written);
    const amount = parseAmount(text.includes("%") ? text : `${text}%`);
    if (amount?.percent !== undefined) return this.#set(amount.percent, path);
    return this.#add(path, `${pathText(path)} is not a percentage from 0 to 100`, "write such as 5 or 2.5%");
  }

  #duration(written: string | undefined, path: Path): Setting<number> | undefined {
    if (written === undefined) return undefined;
    const ms = parseDuration(written);
    if (ms === undefined) return this.#add(path, `${pathText(path)} is not a duration`, "write such as 24h or 90m");
    return this.#set(ms, path);
  }

  #rate(breaker: WrittenGuards["breaker"]): Setting<FailureRate> | undefined {
    const percent = this.#percent(breaker?.rate, ["breaker", "rate"]);
    if (percent === undefined) {
      if (breaker?.rate === undefined && (breaker?.over ?? breaker?.least) !== undefined) {
        this.#add(["breaker"], "breaker says over how many steps, and no rate", "add such as rate: 5%");
      }
      return undefined;
    }
    const over = breaker?.over ?? failureRateOver;
    const least = breaker?.least ?? Math.min(failureRateLeast, over);
    if (least > over) return this.#add(["breaker", "least"], "breaker.least is above breaker.over", "lower it");
    return { value: { percent: percent.value, over, least }, from: percent.from };
  }

  #windows(written: readonly string[] | undefined): WindowRules {
    if (written === undefined) return [];
    const windows: TimeWindow[] = [];
    for (const [index, text] of written.entries()) {
      const parsed = parseTimeWindow(text);
      if (parsed.ok) windows.push(parsed.value);
      else this.#add(["windows", index], parsed.problem, parsed.remedy);
    }
    return [{ value: windows, from: placeText(this.#at(["windows"])) }];
  }

  #protect(rule: NonNullable<WrittenGuards["protect"]>[number], index: number): readonly ProtectRule[] {
    const path: Path = ["protect", index];
    const read = <T>(key: keyof typeof rule, parse: (text: string) => Parsed<T>): T | undefined => {
      const written = rule[key];
      if (written === undefined) return undefined;
      const parsed = parse(String(written));
      if (parsed.ok) return parsed.value;
      return this.#add([...path, key], parsed.problem, parsed.remedy);
    };
    const owner = read("owner", parseEmail);
    const title = read("title", parseTitleGlob);
    const asset = read("asset", parseAssetReference)?.name;
    const member = read("member", parseMember)?.member;
    if (Object.values(rule).every((written) => written === undefined)) {
      this.#add(path, `${pathText(path)} says nothing to protect`, "write an owner, a title, an asset or a member");
      return [];
    }
    return [{ id: pathText(path), place: this.#at(path), owner, title, asset, member }];
  }
}
