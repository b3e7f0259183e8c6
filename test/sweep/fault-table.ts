/** The table of faults: every kind on every route, the first time, the second, and for ever; and whether it holds. */
import { applyCases } from "./fault-cases-apply.ts";
import { laterCases } from "./fault-cases-later.ts";
import { planCases } from "./fault-cases-plan.ts";
import { faultKinds } from "./fault-kinds.ts";
import type { FaultCase, Verb, When } from "./fault-kinds.ts";
import { suffer } from "./faults.ts";
import type { Scene } from "./faults.ts";

/** What each verb says when nothing is in its way. */
const usual: Readonly<Record<Verb, string>> = {
  plan: "made",
  apply: "finished: applied, applied, applied",
  verify: "verified 3, drifted 0, unreadable 0",
  undo: "made",
};

const routes: Readonly<Record<Verb, readonly string[]>> = {
  plan: [
    "token",
    "domains.list",
    "users.get",
    "groups.get",
    "users.list",
    "assets.search",
    "assets.getPermissions",
    "applications.list",
  ],
  apply: [
    "token",
    "transfers.list",
    "transfers.insert",
    "transfers.get",
    "assets.search",
    "assets.getPermissions",
    "assets.updatePermissions",
  ],
  verify: ["token", "assets.search", "assets.getPermissions"],
  undo: ["token", "domains.list", "assets.getPermissions"],
};

/** Asked once in the verb's life, so that no fault strikes a second time. */
const askedOnce: ReadonlySet<string> = new Set([
  "plan domains.list",
  "plan groups.get",
  "plan users.list",
  "plan applications.list",
  "apply transfers.list",
  "apply transfers.insert",
  "apply assets.getPermissions",
  "undo domains.list",
]);

const cases: readonly FaultCase[] = [...planCases, ...applyCases, ...laterCases];

/** What is still so when the fault is over. */
const lasting: ReadonlyMap<string, string> = new Map([
  ["plan assets.getPermissions first concurrentTrash", "made [transfer, edit] refused []"],
  ["plan assets.getPermissions second concurrentTrash", "made [transfer, edit] refused []"],
  ["plan assets.getPermissions ever concurrentTrash", "made [transfer] refused []"],
  ["apply transfers.insert first transfer stuck", "budget: in-flight, planned, applied"],
  ["apply transfers.insert ever transfer stuck", "budget: in-flight, planned, applied"],
]);

export interface Column {
  readonly verb: Verb;
  readonly route: string;
  readonly when: When;
}

export const columns: readonly Column[] = (["plan", "apply", "verify", "undo"] as const).flatMap((verb) =>
  routes[verb].flatMap((route) => (["first", "second", "ever"] as const).map((when) => ({ verb, route, when }))),
);

/** Every kind of fault in one column; answers how many were tried, and where the table does not hold. */
export async function checkColumn(
  scene: Scene,
  column: Column,
): Promise<{ readonly tried: number; readonly violations: readonly string[] }> {
  const { verb, route, when } = column;
  const expected = new Map<string, string>();
  for (const each of cases) {
    if (each.verb !== verb || each.route !== route || each.when !== when) continue;
    for (const [said, kinds] of each.ends) for (const kind of kinds) expected.set(kind, said);
  }
  const strikes = when !== "second" || !askedOnce.has(`${verb} ${route}`);
  const violations: string[] = [];
  for (const [kind, fault] of faultKinds) {
    const at = `${verb} ${route} ${when} ${kind}`;
    const suffered = await suffer(scene, verb, route, fault, when);
    const said = expected.get(kind) ?? usual[verb];
    const after = lasting.get(at) ?? afterwards(verb, said);
    if (suffered.said !== said) violations.push(`${at}: "${suffered.said}" instead of "${said}"`);
    if (suffered.after !== after) violations.push(`${at}, lifted: "${suffered.after}" instead of "${after}"`);
    if (suffered.struck > 0 !== strikes) violations.push(`${at}: struck ${suffered.struck} times`);
    violations.push(...suffered.violations.map((violation) => `${at}: ${violation}`));
  }
  return { tried: faultKinds.size, violations };
}

/** A run that has finished stays as it is; everything else goes on to its usual end. */
function afterwards(verb: Verb, said: string): string {
  const finished = "finished: ";
  const steps = said.startsWith(finished) ? said : usual[verb];
  return steps.startsWith(finished) ? steps.slice(finished.length) : steps;
}
