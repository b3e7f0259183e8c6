/** The statements of the journal: each prepared once, each a single look-up or change. */
import type { Database, Statement } from "better-sqlite3";
import type { ReadySteps, Turn } from "./turns.ts";

type FrozenRow = [number, number, string | null, number | null, number | null, string, string | null];

export interface Statements {
  readonly frozen: Statement<[number], FrozenRow>;
  readonly intents: Statement<[number], { attempt: number; void: number; body: string }>;
  readonly insertIntent: Statement<[number, number, number, string]>;
  readonly voidIntent: Statement<[number, number, number]>;
  readonly forgetIntents: Statement<[number]>;
  readonly remember: Statement<[string, number]>;
  readonly end: Statement<[number, number, number, string | null, string | null, number, number]>;
  readonly verdict: Statement<[number, string, number]>;
  readonly keep: Statement<[string, string]>;
}

export function prepareStatements(db: Database): Statements {
  return {
    // Arrays: building an object of this many columns costs more than finding the row.
    frozen: db
      .prepare<[number], FrozenRow>(
        `select s.kind, s.actor, s.asset, s.after, s.unless, s.body, p.memo
         from steps s join progress p on p.seq = s.seq where s.seq = ?`,
      )
      .raw(),
    intents: db.prepare("select attempt, void, body from intents where seq = ? order by attempt"),
    insertIntent: db.prepare("insert into intents (seq, attempt, at, body) values (?, ?, ?, ?)"),
    voidIntent: db.prepare("update intents set void = ? where seq = ? and attempt = ? and void = 0"),
    forgetIntents: db.prepare("delete from intents where seq = ?"),
    remember: db.prepare("update progress set memo = ? where seq = ?"),
    end: db.prepare(
      "update progress set state = ?, attempts = ?, audit = ?, failure = ?, reason = ?, updated = ? where seq = ?",
    ),
    keep: db.prepare("insert or replace into kept (name, body) values (?, ?)"),
    verdict: db.prepare("insert or replace into verdicts (seq, verdict, at) values (?, ?, ?)"),
  };
}

/** The conditions repeat those of the partial indexes word for word. */
export const readySql: { readonly of: string; readonly nextActor: string; readonly begun: string } = {
  of: "select seq from progress where actor = ? and seq > ? and state = 0 and gate = 0 order by seq limit ?",
  nextActor: "select actor from progress where actor > ? and state = 0 and gate = 0 order by actor limit 1",
  begun:
    "select i.seq, p.actor from intents i join progress p on p.seq = i.seq where i.attempt = 1 and p.state = 0 order by i.seq",
};

export function readySteps(db: Database): ReadySteps {
  const of = db.prepare<[number, number, number], number>(readySql.of).pluck();
  const nextActor = db.prepare<[number], number>(readySql.nextActor).pluck();
  return { of: (actor, after, max) => of.all(actor, after, max), nextActor: (after) => nextActor.get(after) };
}

/** What dead processes had begun and not ended: no more than they had under way at once. */
export function begunSteps(db: Database): readonly Omit<Turn, "begun">[] {
  return db.prepare<[], Omit<Turn, "begun">>(readySql.begun).all();
}
