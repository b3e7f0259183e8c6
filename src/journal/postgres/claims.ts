/** Whose turn it is, over all workers: takes open steps that nobody holds, actor by actor, within what each may have. */
import type { PoolClient } from "pg";
import type { Email } from "../../model/email.ts";
import { recordName, refuseRecord } from "../record.ts";
import { unescaped } from "./text.ts";

/** A step taken, as its row stands. */
export interface Taken {
  readonly seq: number;
  /** The actor whose turn it was. */
  readonly actor: number;
  readonly fence: number;
  readonly memo: string | null;
}

export interface ClaimRule {
  readonly max: number;
  readonly perActor: number;
  readonly halted: ReadonlySet<Email>;
  readonly leaseMs: number;
  /** Steps this worker does not want again. */
  readonly aside: readonly number[];
  /** Steps it knows it holds: a claim whose answer was lost is its own to make again. */
  readonly held: readonly number[];
  /** Of the steps not begun only these. */
  readonly among?: ReadonlySet<number> | undefined;
}

interface Candidate {
  readonly seq: number;
  readonly actor: number;
}

/** Never what this worker has in hand, even where its lease ran out unnoticed: it would meet itself at the same step. */
const isFree = (worker: string, held: string): string =>
  `(p.lease is null or p.lease < clock_timestamp() or p.worker = ${worker})
   and not coalesce(p.worker = ${worker} and p.seq = any (${held}), false)`;

/**
 * Inside a transaction of its own. Workers of one run claim one after the other, which makes the bound of each actor
 * exact; a claim takes some milliseconds and serves dozens of steps.
 */
export async function claimSteps(
  client: PoolClient,
  run: number,
  worker: number,
  rule: ClaimRule,
): Promise<readonly Taken[]> {
  await lockClaims(client, run);
  await refuseMoved(client, run);
  const halted = [...rule.halted];
  const held = await client.query<{ actor: number; count: string }>(
    `select p.actor, count(*) as count from progress p
     where p.run = $1 and p.state = 0 and p.lease is not null and p.lease >= clock_timestamp() group by p.actor`,
    [run],
  );
  const rooms = new Rooms(rule.perActor, held.rows);
  const begun = await client.query<Candidate>(
    `select p.seq, p.actor from progress p join actors a on a.run = p.run and a.id = p.actor
     where p.run = $1 and p.state = 0 and p.gate = 0 and ${isFree("$4", "$5")}
       and not a.email = any ($2) and not p.seq = any ($3)
       and exists (select 1 from intents i where i.run = p.run and i.seq = p.seq)
     order by p.seq for update of p skip locked`,
    [run, halted, rule.aside, worker, rule.held],
  );
  const picked = rooms.takeInOrder(begun.rows, rule.max);
  if (picked.length < rule.max) {
    const wanted = rule.max - picked.length;
    const among = rule.among === undefined ? null : [...rule.among];
    const lines = await client.query<{ actor: number; seqs: number[] }>(
      `select a.id as actor, l.seqs from actors a cross join lateral (
         select array_agg(f.seq order by f.seq) as seqs from (
           select p.seq from progress p where p.run = a.run and p.actor = a.id and p.state = 0 and p.gate = 0
             and ${isFree("$8", "$9")} and not p.seq = any ($3) and not p.seq = any ($5)
             and ($7::int[] is null or p.seq = any ($7))
           order by p.seq limit $4 for update skip locked) f) l
       where a.run = $1 and a.open > 0 and not a.email = any ($2) and l.seqs is not null
       order by a.turn, a.id limit $6`,
      [
        run,
        halted,
        rule.aside,
        Math.min(wanted, rule.perActor),
        picked.map(({ seq }) => seq),
        wanted,
        among,
        worker,
        rule.held,
      ],
    );
    picked.push(...rooms.takeInTurns(lines.rows, wanted));
  }
  return mark(client, run, worker, rule.leaseMs, picked);
}

/** Nobody else claims a step of the run until the transaction ends. */
export async function lockClaims(client: PoolClient, run: number): Promise<void> {
  await client.query("select pg_advisory_xact_lock(hashtext('handover claim'), $1)", [run]);
}

/** Looked at with every claim: the run may have been moved since it was opened. */
async function refuseMoved(client: PoolClient, run: number): Promise<void> {
  const { rows } = await client.query<{ name: string; body: string }>(
    "select r.name, k.body from kept k join runs r on r.id = k.run where k.run = $1 and k.name = $2",
    [run, recordName],
  );
  for (const { name, body } of rows) refuseRecord(unescaped(body), name);
}

/** How many more steps each actor may have. */
class Rooms {
  readonly #perActor: number;
  readonly #held: Map<number, number>;

  constructor(perActor: number, held: readonly { readonly actor: number; readonly count: string }[]) {
    this.#perActor = perActor;
    this.#held = new Map(held.map(({ actor, count }) => [actor, Number(count)]));
  }

  takeInOrder(candidates: readonly Candidate[], max: number): Candidate[] {
    const taken: Candidate[] = [];
    for (const candidate of candidates) {
      if (taken.length >= max) break;
      if (this.#take(candidate.actor)) taken.push(candidate);
    }
    return taken;
  }

  /** One of each line in turn, then the next of each. */
  takeInTurns(
    lines: readonly { readonly actor: number; readonly seqs: readonly number[] }[],
    max: number,
  ): Candidate[] {
    const taken: Candidate[] = [];
    let queue = lines.map(({ actor, seqs }) => ({ actor, seqs, next: 0 }));
    while (queue.length > 0 && taken.length < max) {
      const left: typeof queue = [];
      for (const line of queue) {
        const seq = line.seqs[line.next];
        if (taken.length >= max || seq === undefined || !this.#take(line.actor)) continue;
        taken.push({ seq, actor: line.actor });
        line.next += 1;
        left.push(line);
      }
      queue = left;
    }
    return taken;
  }

  #take(actor: number): boolean {
    const held = this.#held.get(actor) ?? 0;
    if (held >= this.#perActor) return false;
    this.#held.set(actor, held + 1);
    return true;
  }
}

/** Writes the claims down; the order of `picked` is kept. */
async function mark(
  client: PoolClient,
  run: number,
  worker: number,
  leaseMs: number,
  picked: readonly Candidate[],
): Promise<readonly Taken[]> {
  if (picked.length === 0) return [];
  const { rows } = await client.query<Taken & { readonly fence: string }>(
    `update progress p set worker = $2, fence = nextval('fences'), lease = clock_timestamp() + $3 * interval '1 millisecond'
     where p.run = $1 and p.seq = any ($4) returning p.seq, p.actor, p.fence, p.memo`,
    [run, worker, leaseMs, picked.map(({ seq }) => seq)],
  );
  // Turns are given in the order of the claims, so that whoever was served last comes last.
  await client.query(
    `update actors a set turn = o.turn from (
       select o.id, nextval('turns') as turn from unnest($2::int[]) with ordinality o (id, place) order by o.place) o
     where a.run = $1 and a.id = o.id`,
    [run, [...new Set(picked.map(({ actor }) => actor).toReversed())].toReversed()],
  );
  const bySeq = new Map(rows.map((row) => [row.seq, { ...row, fence: Number(row.fence) }]));
  return picked.flatMap(({ seq }) => bySeq.get(seq) ?? []);
}
