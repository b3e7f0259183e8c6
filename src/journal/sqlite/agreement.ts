/** Whether the tables of a run agree with one another: order, attempts, and what was changed against what was planned. */
import type { Database } from "better-sqlite3";
import { flawOf } from "../../model/examination.ts";
import type { Flaw } from "../../model/examination.ts";
import { samePair } from "../../model/permissions.ts";
import type { Delta, Pair } from "../../model/permissions.ts";
import type { Step } from "../../model/step.ts";
import type { StepRow } from "../journal.ts";
import { intentOf } from "../codec.ts";
import type { SqliteRunReader } from "./reader.ts";
import { breathe } from "../pages.ts";
import { kindCode, stateCode } from "../codes.ts";

/** How much a check looked at, and the first thing that is wrong. */
export interface Covered {
  readonly covered: number;
  readonly flaw: Flaw | undefined;
}

const rowsPerPage = 1000;
const succeeded = `(${["applied", "confirmed", "unchanged"].map((state) => stateCode(state as "applied")).join(", ")})`;

/**
 * The step that an open one must wait for, by the plan and by what has ended: `after` first, which must succeed, then
 * `unless`, which must end. -1: it could not be open any more. The gates of `Gates`, reckoned from their outcome.
 */
const expectedGate = `case
  when a.state = 0 then s.after
  when s.after is not s.unless and a.state not in ${succeeded} then -1
  when u.state = 0 then s.unless
  else 0 end`;

/** Each step has its progress, in the turn of its actor or of whom it moves, and waits for what the plan says it waits for. */
export function orderFlaw(db: Database): Covered {
  const covered = db.prepare<[], number>("select count(*) from progress").pluck().get() ?? 0;
  const lost = db
    .prepare<[], number>("select seq from steps where seq not in (select seq from progress) order by seq limit 1")
    .pluck()
    .get();
  if (lost !== undefined) return { covered, flaw: flawOf("what is known of the step was taken away", { step: lost }) };
  const turned = db
    .prepare<[], number>(
      `select p.seq from progress p join steps s on s.seq = p.seq
       where p.actor <> s.actor and not (s.kind = ${kindCode("transfer")} and p.actor is (
         select id from actors where email = json_extract(s.body, '$.from.email'))) limit 1`,
    )
    .pluck()
    .get();
  if (turned !== undefined) {
    return { covered, flaw: flawOf("the step is kept for another user than it acts as", { step: turned }) };
  }
  const gate = db
    .prepare<[], { step: number; expected: number; found: number }>(
      `select * from (select p.seq as step, p.gate as found, ${expectedGate} as expected
         from progress p join steps s on s.seq = p.seq
         left join progress a on a.seq = s.after left join progress u on u.seq = s.unless where p.state = 0)
       where found <> expected order by step limit 1`,
    )
    .get();
  return { covered, flaw: gate === undefined ? undefined : gateFlaw(gate) };
}

function gateFlaw({ step, expected, found }: { step: number; expected: number; found: number }): Flaw {
  const words = (gate: number): string =>
    gate < 0
      ? "ended, as the step before it did not succeed"
      : gate === 0
        ? "waits for nothing"
        : `waits for step ${gate}`;
  return flawOf("the step is open out of its order", { step, expected: words(expected), found: words(found) });
}

/** Intents are numbered without gaps and belong to open steps; whatever was changed had one. */
export function attemptsFlaw(db: Database): Covered {
  const covered = db
    .prepare<[], number>("select (select count(*) from intents) + (select count(*) from progress where state > 0)")
    .pluck()
    .get();
  const first = (problem: string, sql: string): Flaw | undefined => {
    const row = db.prepare<[], { step: number; expected: number; found: number }>(`${sql} limit 1`).get();
    return row === undefined
      ? undefined
      : flawOf(problem, { step: row.step, expected: String(row.expected), found: String(row.found) });
  };
  const flaw =
    first(
      "an intent of a step that has ended, or that the run does not hold",
      `select i.seq as step, 0 as expected, count(*) as found from intents i
       where not exists (select 1 from progress p where p.seq = i.seq and p.state = 0) group by i.seq`,
    ) ??
    first(
      "the intents of the step are not numbered without gaps",
      `select seq as step, count(*) as expected, max(attempt) as found from intents
       group by seq having min(attempt) <> 1 or max(attempt) <> count(*)`,
    ) ??
    first(
      "the step has not ended, and yet attempts are counted beside its intents",
      "select seq as step, 0 as expected, attempts as found from progress where state = 0 and attempts <> 0",
    ) ??
    first(
      "the step changed its asset without an attempt",
      `select p.seq as step, 1 as expected, p.attempts as found from progress p join steps s on s.seq = p.seq
       where p.state in (${stateCode("applied")}, ${stateCode("confirmed")}) and s.kind = ${kindCode("edit")}
       and p.attempts < 1`,
    );
  return { covered: covered ?? 0, flaw };
}

/** What each step changed, or may be changing, lies within what the plan has it change. */
export async function scopeFlaw(db: Database, reader: SqliteRunReader): Promise<Covered> {
  const intents = db.prepare<[number], { attempt: number; at: number; void: number; body: string }>(
    "select attempt, at, void, body from intents where seq = ? order by attempt",
  );
  let covered = 0;
  for (let after = 0; ;) {
    const page = await reader.page({}, after, rowsPerPage);
    for (const row of page) {
      const flaw = row.state === "in-flight" ? intentFlaw(row.step, intents.all(row.step.seq)) : resultFlaw(row);
      if (flaw !== undefined) return { covered, flaw };
      covered += 1;
    }
    const last = page.at(-1);
    if (last === undefined) return { covered, flaw: undefined };
    after = last.step.seq;
    await breathe();
  }
}

function intentFlaw(
  step: Step,
  rows: readonly { attempt: number; at: number; void: number; body: string }[],
): Flaw | undefined {
  for (const row of rows) {
    const intent = intentOf(row.body);
    if (intent.attempt !== row.attempt || intent.at !== row.at || row.void < 0 || row.void > 2) {
      return flawOf("an intent is not the one it was written as", {
        step: step.seq,
        expected: `attempt ${row.attempt}`,
        found: `attempt ${intent.attempt}`,
      });
    }
    const flaw = beyond(step, intent.delta, intent.newOwner);
    if (flaw !== undefined) return flaw;
  }
  return undefined;
}

function resultFlaw({ step, result }: StepRow): Flaw | undefined {
  return result === undefined ? undefined : beyond(step, result.changed, result.newOwner);
}

function beyond(step: Step, changed: Delta, newOwner: string | undefined): Flaw | undefined {
  const planned = step.kind === "edit" ? step.delta : { add: [], remove: [] };
  const owner = step.kind === "edit" ? step.attemptOwner : step.kind === "transfer" ? step.to.email : undefined;
  const [added] = outside(changed.add, planned.add);
  const [removed] = outside(changed.remove, planned.remove);
  const found =
    added !== undefined
      ? `+ ${added.role} ${added.member}`
      : removed !== undefined
        ? `- ${removed.role} ${removed.member}`
        : newOwner !== undefined && newOwner !== owner
          ? `owner ${newOwner}`
          : undefined;
  return found === undefined
    ? undefined
    : flawOf("a change that the plan does not name", { step: step.seq, expected: "what the plan names", found });
}

function outside(pairs: readonly Pair[], planned: readonly Pair[]): readonly Pair[] {
  return pairs.filter((pair) => !planned.some((named) => samePair(named, pair)));
}
