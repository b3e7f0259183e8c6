/** Which faults strike a request: rules are counted, and each strikes when its turn comes. */
import type { Random } from "../model/clock.ts";
import type { Fault, FaultRule } from "./fault-rules.ts";
import type { Route } from "./routes.ts";

export interface FaultTarget {
  readonly route: Route | undefined;
  readonly method: string;
  readonly path: string;
  readonly asset: string;
  readonly actor: string;
}

/** How often a rule matched and how often it struck. */
export interface RuleCount {
  readonly rule: FaultRule;
  readonly matched: number;
  readonly struck: number;
}

interface Armed {
  readonly rule: FaultRule;
  matched: number;
  struck: number;
  readonly stuckActors: Set<string>;
}

export class Faults {
  readonly #random: Random;
  #rules: Armed[] = [];

  constructor(random: Random, rules: readonly FaultRule[]) {
    this.#random = random;
    this.replace(rules);
  }

  get rules(): readonly RuleCount[] {
    return this.#rules.map(({ rule, matched, struck }) => ({ rule, matched, struck }));
  }

  replace(rules: readonly FaultRule[]): void {
    this.#rules = [];
    this.append(rules);
  }

  append(rules: readonly FaultRule[]): void {
    for (const rule of rules) this.#rules.push({ rule, matched: 0, struck: 0, stuckActors: new Set() });
  }

  /** The longest search lag any rule asks for, ms. */
  get searchLagMaxMs(): number {
    return this.#rules.reduce(
      (most, { rule }) => (rule.fault.kind === "searchLag" ? Math.max(most, rule.fault.ms) : most),
      0,
    );
  }

  /** Every fault that strikes this request, in the order of the rules. */
  strike(target: FaultTarget): readonly Fault[] {
    if (this.#rules.length === 0) return none;
    const struck: Fault[] = [];
    for (const armed of this.#rules) {
      if (!matches(armed.rule, target)) continue;
      armed.matched += 1;
      const due = armed.stuckActors.has(target.actor) || this.#isDue(armed);
      if (!due) continue;
      armed.struck += 1;
      if (armed.rule.fault.kind === "sticky") armed.stuckActors.add(target.actor);
      struck.push(armed.rule.fault);
    }
    return struck;
  }

  #isDue(armed: Armed): boolean {
    const { rule, matched } = armed;
    if (rule.times !== undefined && armed.struck >= rule.times) return false;
    if (rule.nth !== undefined && matched !== rule.nth) return false;
    if (rule.from !== undefined && matched < rule.from) return false;
    if (rule.every !== undefined && matched % rule.every !== 0) return false;
    return rule.probability === undefined || this.#random() < rule.probability;
  }
}

const none: readonly Fault[] = [];

function matches(rule: FaultRule, target: FaultTarget): boolean {
  if (rule.method !== undefined && rule.method.toUpperCase() !== target.method) return false;
  if (rule.asset !== undefined && rule.asset !== target.asset) return false;
  if (rule.actor !== undefined && rule.actor.toLowerCase() !== target.actor) return false;
  return rule.route === undefined || matchesRoute(rule.route, target);
}

function matchesRoute(wanted: string, target: FaultTarget): boolean {
  if (wanted.startsWith("/")) return target.path.startsWith(wanted);
  const { route } = target;
  if (route === undefined) return false;
  if (wanted.endsWith("*")) return route.id.startsWith(wanted.slice(0, -1));
  return wanted === route.id || wanted === route.service;
}
