/** Whose turn it is: hands out open steps, actor by actor, no more at once for any actor than allowed. Memory only. */

/** A step that is open, with the number of its actor. */
export interface Turn {
  readonly seq: number;
  readonly actor: number;
  /** It has intents already. */
  readonly begun: boolean;
}

/** Where ready steps are found, those already begun among them. Both answer from what is committed. */
export interface ReadySteps {
  /** Ready steps of `actor` with seq > `after`, in order, at most `max`. */
  of(actor: number, after: number, max: number): readonly number[];
  /** The first actor > `after` that has a ready step. */
  nextActor(after: number): number | undefined;
}

export interface TakeRule {
  readonly max: number;
  readonly perActor: number;
  readonly isHalted: (actor: number) => boolean;
  /** Of the steps not begun only these. */
  readonly among?: ReadonlySet<number> | undefined;
}

/** Steps looked up at once for one actor. */
const lookAhead = 64;

interface Line {
  readonly actor: number;
  /** Everything ready up to here is held, handed out, or in `ahead`. */
  cursor: number;
  ahead: readonly number[];
  next: number;
  held: number;
}

export class Turns {
  readonly #ready: ReadySteps;
  /** Begun before, by a dead process or given back by this one: these go first. */
  #begun: Turn[];
  readonly #begunSeqs: Set<number>;
  readonly #held = new Set<number>();
  readonly #aside = new Set<number>();
  readonly #lines = new Map<number, Line>();
  /** Actors that may have work, in the order of their turns. */
  readonly #queue = new Set<Line>();
  /** Actors passed over because they were halted, or had as much as they may. */
  readonly #halted = new Set<Line>();
  readonly #full = new Set<Line>();
  #perActor = 0;
  #among: ReadonlySet<number> | undefined;
  #lastActor = 0;
  #allActorsSeen = false;

  constructor(ready: ReadySteps, begun: readonly Omit<Turn, "begun">[]) {
    this.#ready = ready;
    this.#begun = begun.map((turn) => ({ ...turn, begun: true }));
    this.#begunSeqs = new Set(begun.map((turn) => turn.seq));
  }

  /** Takes up to `max` steps; each is held until it ends or is given back. */
  take(rule: TakeRule): readonly Turn[] {
    this.#readmit(rule);
    const turns = this.#takeBegun(rule);
    while (turns.length < rule.max) {
      const line = this.#nextLine();
      if (line === undefined) break;
      const seq = this.#admit(line, rule) ? this.#nextOf(line) : undefined;
      if (seq === undefined) continue;
      this.#hold(line, seq);
      turns.push({ seq, actor: line.actor, begun: false });
      this.#queue.add(line);
    }
    return turns;
  }

  /** The step is over: it can no longer be found, and its actor may have another. */
  ended(turn: Turn): void {
    this.#letGo(turn);
  }

  /** The step is open again: among those begun if it was, otherwise where it stood. */
  giveBack(turn: Turn): void {
    const line = this.#letGo(turn);
    if (turn.begun) {
      this.#begun.push(turn);
      this.#begunSeqs.add(turn.seq);
    } else this.#rewind(line, turn.seq);
  }

  /** The step stays open, and is not handed out again here. */
  setAside(turn: Turn): void {
    this.#letGo(turn);
    this.#aside.add(turn.seq);
  }

  /** Steps of `actor` have become ready, the first of them `first`. */
  opened(actor: number, first: number): void {
    this.#rewind(this.#line(actor), first);
  }

  #readmit(rule: TakeRule): void {
    if (rule.among !== this.#among) {
      // Steps passed over so far may be wanted now.
      for (const line of this.#lines.values()) this.#rewind(line, 1);
      this.#among = rule.among;
    }
    for (const line of this.#halted) {
      if (rule.isHalted(line.actor)) continue;
      this.#halted.delete(line);
      this.#queue.add(line);
    }
    if (rule.perActor > this.#perActor) {
      for (const line of this.#full) this.#queue.add(line);
      this.#full.clear();
    }
    this.#perActor = rule.perActor;
  }

  #takeBegun(rule: TakeRule): Turn[] {
    const taken: Turn[] = [];
    if (this.#begun.length === 0) return taken;
    const left: Turn[] = [];
    for (const turn of this.#begun) {
      const line = this.#line(turn.actor);
      if (taken.length >= rule.max || line.held >= rule.perActor || rule.isHalted(turn.actor)) left.push(turn);
      else {
        this.#begunSeqs.delete(turn.seq);
        this.#hold(line, turn.seq);
        taken.push(turn);
      }
    }
    this.#begun = left;
    return taken;
  }

  /** Actors not met before come first, so that each has had a turn before any has a second one. */
  #nextLine(): Line | undefined {
    if (!this.#allActorsSeen) {
      const actor = this.#ready.nextActor(this.#lastActor);
      if (actor !== undefined) {
        this.#lastActor = actor;
        const line = this.#line(actor);
        this.#queue.delete(line);
        return line;
      }
      this.#allActorsSeen = true;
    }
    const [line] = this.#queue;
    if (line !== undefined) this.#queue.delete(line);
    return line;
  }

  #admit(line: Line, rule: TakeRule): boolean {
    if (rule.isHalted(line.actor)) {
      this.#halted.add(line);
      return false;
    }
    if (line.held >= rule.perActor) {
      this.#full.add(line);
      return false;
    }
    return true;
  }

  #nextOf(line: Line): number | undefined {
    while (line.next >= line.ahead.length) {
      const found = this.#ready.of(line.actor, line.cursor, lookAhead);
      line.cursor = found.at(-1) ?? line.cursor;
      // Looking back over steps already handed out is usual after a rewind. They must not stay in `ahead`: by the time
      // it is their turn they may have ended.
      line.ahead = found.filter((seq) => !this.#held.has(seq) && !this.#begunSeqs.has(seq) && !this.#aside.has(seq));
      const among = this.#among;
      if (among !== undefined) line.ahead = line.ahead.filter((seq) => among.has(seq));
      line.next = 0;
      if (found.length === 0) return undefined;
    }
    line.next += 1;
    return line.ahead[line.next - 1];
  }

  #hold(line: Line, seq: number): void {
    this.#held.add(seq);
    line.held += 1;
  }

  #letGo(turn: Turn): Line {
    const line = this.#line(turn.actor);
    if (this.#held.delete(turn.seq)) line.held -= 1;
    if (this.#full.delete(line)) this.#queue.add(line);
    return line;
  }

  #rewind(line: Line, first: number): void {
    const unread = line.ahead[line.next] ?? Infinity;
    line.cursor = Math.min(line.cursor, unread - 1, first - 1);
    line.ahead = [];
    line.next = 0;
    if (!this.#halted.has(line) && !this.#full.has(line)) this.#queue.add(line);
  }

  #line(actor: number): Line {
    let line = this.#lines.get(actor);
    if (line === undefined) {
      line = { actor, cursor: 0, ahead: [], next: 0, held: 0 };
      this.#lines.set(actor, line);
    }
    return line;
  }
}
