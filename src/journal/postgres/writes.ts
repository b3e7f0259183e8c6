/** One slice of a worker's writes as set-wise statements: intents first, then what became of them, then ends with their audit rows. */
import type { PoolClient } from "pg";
import { linkHash } from "../chain.ts";
import { stateCode } from "../codes.ts";
import type { ChainHead } from "../../model/examination.ts";
import type { Outcome } from "../../model/step.ts";
import { anythingWaits, passGates } from "./gates.ts";
import { goneRun } from "./sealed.ts";
import type { Waiting } from "./slices.ts";
import { escaped, keepable } from "./text.ts";

/** The claim a write rests on. */
export interface Holding {
  readonly seq: number;
  readonly fence: number;
}

interface EndOfStep {
  readonly actor: number;
  readonly at: number;
  readonly attempts: number;
  readonly body: string;
  readonly failure: string | undefined;
  readonly outcome: Outcome;
  readonly reason: string | undefined;
  readonly succeeded: boolean;
}

export type Write =
  | {
      readonly kind: "intent";
      readonly held: Holding;
      readonly attempt: number;
      readonly at: number;
      readonly body: string;
    }
  | { readonly kind: "void"; readonly held: Holding; readonly attempt: number; readonly how: number }
  | { readonly kind: "memo"; readonly held: Holding; readonly text: string }
  | { readonly kind: "end"; readonly held: Holding; readonly end: EndOfStep }
  | { readonly kind: "release"; readonly held: Holding }
  | { readonly kind: "note"; readonly body: string }
  | { readonly kind: "keep"; readonly name: string; readonly text: string }
  | { readonly kind: "verdict"; readonly seq: number; readonly verdict: string; readonly at: number }
  | { readonly kind: "nothing" };

export interface Entry extends Waiting {
  readonly write: Write;
}

type Of<Kind extends Write["kind"]> = Extract<Write, { readonly kind: Kind }>;

/** Whose writes they are. */
interface WrittenBy {
  readonly run: number;
  readonly worker: number;
  /** Told of the end of the chain as the slice leaves it, before the commit. */
  readonly onHead: (head: ChainHead) => void;
}

/** Answers the entries whose claim is not the worker's any more; nothing of them is written. */
export async function writeSlice(
  client: PoolClient,
  { run, worker, onHead }: WrittenBy,
  entries: readonly Entry[],
): Promise<ReadonlySet<Entry>> {
  const lost = await lostClaims(client, run, worker, entries);
  const writes = entries.filter((entry) => !lost.has(entry)).map(({ write }) => write);
  const slice = new Slice(client, run, writes, onHead);
  await slice.intents();
  await slice.voids();
  await slice.memos();
  await slice.chain();
  await slice.releases();
  await slice.keeps();
  await slice.verdicts();
  return lost;
}

async function lostClaims(
  client: PoolClient,
  run: number,
  worker: number,
  entries: readonly Entry[],
): Promise<ReadonlySet<Entry>> {
  const holdings = entries.flatMap(({ write }) => ("held" in write ? [write.held.seq] : []));
  if (holdings.length === 0) return new Set();
  const { rows } = await client.query<{ seq: number; fence: string }>(
    `select seq, fence from progress where run = $1 and worker = $2 and state = 0 and seq = any ($3)
     order by seq for update`,
    [run, worker, [...new Set(holdings)]],
  );
  const fences = new Map(rows.map(({ seq, fence }) => [seq, Number(fence)]));
  return new Set(entries.filter(({ write }) => "held" in write && fences.get(write.held.seq) !== write.held.fence));
}

class Slice {
  readonly #client: PoolClient;
  readonly #run: number;
  readonly #writes: readonly Write[];

  readonly #onHead: (head: ChainHead) => void;

  constructor(client: PoolClient, run: number, writes: readonly Write[], onHead: (head: ChainHead) => void) {
    this.#onHead = onHead;
    this.#client = client;
    this.#run = run;
    this.#writes = writes;
  }

  async intents(): Promise<void> {
    const intents = this.#all("intent");
    if (intents.length === 0) return;
    await this.#client.query(
      `insert into intents (run, seq, attempt, at, body)
       select $1, * from unnest($2::int[], $3::int[], $4::bigint[], $5::text[])`,
      [
        this.#run,
        intents.map(({ held }) => held.seq),
        intents.map(({ attempt }) => attempt),
        intents.map(({ at }) => at),
        intents.map(({ body }) => body),
      ],
    );
  }

  async voids(): Promise<void> {
    for (const { held, attempt, how } of this.#all("void")) {
      await this.#client.query("update intents set void = $4 where run = $1 and seq = $2 and attempt = $3", [
        this.#run,
        held.seq,
        attempt,
        how,
      ]);
    }
  }

  async memos(): Promise<void> {
    for (const { held, text } of this.#all("memo")) {
      await this.#client.query("update progress set memo = $3 where run = $1 and seq = $2", [
        this.#run,
        held.seq,
        escaped(text),
      ]);
    }
  }

  /** Ends of steps and notes, in the order they were handed over: each gets its row of the audit chain. */
  async chain(): Promise<void> {
    const links = this.#writes.filter((write) => write.kind === "end" || write.kind === "note");
    if (links.length === 0) return;
    // What names the run in another table locks its key: two slices with intents would wait for each other's for ever.
    const { rows } = await this.#client.query<{ rows: number; head: string; counts: number[] }>(
      "select audit_rows as rows, audit_head as head, counts from runs where id = $1 for no key update",
      [this.#run],
    );
    const [tail] = rows;
    if (tail === undefined) throw goneRun("the run");
    const audit = new AuditRows(tail.rows, tail.head);
    const counts = new Counted(tail.counts);
    const ends: { readonly write: Of<"end">; readonly row: number }[] = [];
    const gated = this.#all("end").length > 0 && (await anythingWaits(this.#client, this.#run));
    for (const write of links) {
      if (write.kind === "note") {
        audit.append(write.body);
        continue;
      }
      ends.push({ write, row: audit.append(write.end.body) });
      counts.ended(write.end.actor, write.end.outcome);
      if (!gated) continue;
      // What waits looks at how its predecessor ended: that must stand there first.
      await this.#end(ends.splice(0));
      const gate = { seq: write.held.seq, succeeded: write.end.succeeded, at: write.end.at };
      const skipped = await passGates(this.#client, this.#run, gate, (body) => audit.append(body));
      for (const { actor } of skipped) counts.ended(actor, "skipped");
    }
    await this.#end(ends);
    await audit.write(this.#client, this.#run);
    await this.#client.query("update runs set audit_rows = $2, audit_head = $3, counts = $4 where id = $1", [
      this.#run,
      audit.last,
      audit.head,
      counts.byState,
    ]);
    await counts.writeActors(this.#client, this.#run);
    this.#onHead({ row: audit.last, hash: audit.head });
  }

  async releases(): Promise<void> {
    const seqs = this.#all("release").map(({ held }) => held.seq);
    if (seqs.length === 0) return;
    await this.#client.query(
      "update progress set worker = null, lease = null where run = $1 and seq = any ($2) and state = 0",
      [this.#run, seqs],
    );
  }

  async keeps(): Promise<void> {
    const latest = new Map(this.#all("keep").map(({ name, text }) => [name, text]));
    for (const [name, text] of latest) {
      await this.#client.query(
        `insert into kept (run, name, body) values ($1, $2, $3)
         on conflict (run, name) do update set body = excluded.body`,
        [this.#run, name, escaped(text)],
      );
    }
  }

  async verdicts(): Promise<void> {
    const latest = [...new Map(this.#all("verdict").map((write) => [write.seq, write])).values()];
    if (latest.length === 0) return;
    await this.#client.query(
      `insert into verdicts (run, seq, verdict, at) select $1, * from unnest($2::int[], $3::text[], $4::bigint[])
       on conflict (run, seq) do update set verdict = excluded.verdict, at = excluded.at`,
      [this.#run, latest.map(({ seq }) => seq), latest.map(({ verdict }) => verdict), latest.map(({ at }) => at)],
    );
  }

  async #end(ends: readonly { readonly write: Of<"end">; readonly row: number }[]): Promise<void> {
    if (ends.length === 0) return;
    const seqs = ends.map(({ write }) => write.held.seq);
    await this.#client.query(
      `update progress p set state = e.state, attempts = e.attempts, audit = e.audit, failure = e.failure,
         reason = e.reason, updated = e.updated, worker = null, lease = null
       from unnest($2::int[], $3::smallint[], $4::int[], $5::int[], $6::text[], $7::text[], $8::bigint[])
         as e (seq, state, attempts, audit, failure, reason, updated)
       where p.run = $1 and p.seq = e.seq`,
      [
        this.#run,
        seqs,
        ends.map(({ write }) => stateCode(write.end.outcome)),
        ends.map(({ write }) => write.end.attempts),
        ends.map(({ row }) => row),
        ends.map(({ write }) => troubleText(write.end, write.end.failure)),
        ends.map(({ write }) => troubleText(write.end, write.end.reason)),
        ends.map(({ write }) => write.end.at),
      ],
    );
    await this.#client.query("delete from intents where run = $1 and seq = any ($2)", [this.#run, seqs]);
  }

  #all<Kind extends Write["kind"]>(kind: Kind): readonly Of<Kind>[] {
    return this.#writes.filter((write): write is Of<Kind> => write.kind === kind);
  }
}

/** Null for a step that ended well: only trouble is grouped. */
function troubleText({ outcome }: EndOfStep, text: string | undefined): string | null {
  return outcome === "failed" || outcome === "skipped" ? keepable(text ?? "") : null;
}

/** Rows of the audit chain, linked here and inserted together. */
class AuditRows {
  readonly #first: number;
  readonly #bodies: string[] = [];
  readonly #hashes: string[] = [];
  #head: string;

  constructor(rows: number, head: string) {
    this.#first = rows + 1;
    this.#head = head;
  }

  get head(): string {
    return this.#head;
  }

  get last(): number {
    return this.#first + this.#bodies.length - 1;
  }

  append(body: string): number {
    this.#head = linkHash(this.#head, body);
    this.#bodies.push(body);
    this.#hashes.push(this.#head);
    return this.last;
  }

  async write(client: PoolClient, run: number): Promise<void> {
    await client.query(
      "insert into audit (run, seq, body, hash) select $1, * from unnest($2::int[], $3::text[], $4::text[])",
      [run, this.#bodies.map((_, index) => this.#first + index), this.#bodies, this.#hashes],
    );
  }
}

/** How many steps have ended in each state, and how many fewer each actor has left. */
class Counted {
  readonly byState: number[];
  readonly #actors = new Map<number, number>();

  constructor(byState: readonly number[]) {
    this.byState = [...byState];
  }

  ended(actor: number, outcome: Outcome): void {
    const [open, state] = [stateCode("planned"), stateCode(outcome)];
    this.byState[open] = (this.byState[open] ?? 0) - 1;
    this.byState[state] = (this.byState[state] ?? 0) + 1;
    this.#actors.set(actor, (this.#actors.get(actor) ?? 0) + 1);
  }

  /** In the order of their numbers, as every transaction does: two that wait for each other would both be ended. */
  async writeActors(client: PoolClient, run: number): Promise<void> {
    const actors = [...this.#actors].toSorted(([a], [b]) => a - b);
    if (actors.length === 0) return;
    await client.query(
      `with locked as (select id from actors where run = $1 and id = any ($2) order by id for update)
       update actors a set open = a.open - e.ended from unnest($2::int[], $3::int[]) as e (id, ended), locked l
       where a.run = $1 and a.id = e.id and l.id = a.id`,
      [run, actors.map(([id]) => id), actors.map(([, ended]) => ended)],
    );
  }
}
