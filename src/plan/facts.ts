/** A table of facts that rows have stated, held as numbers: exact, without a string per row. */

/** What a fact is about, in words of 32 bits: an asset or selector (four), a member, and the kind of fact. */
export interface FactKey {
  a: number;
  b: number;
  c: number;
  d: number;
  subject: number;
  kind: number;
}

const wordsPerFact = 9;
const factsPerPage = 1 << 14;
const pageMask = factsPerPage - 1;

/** An open-addressing hash table over pages of numbers. The keys are kept whole, so a hash can mislead nobody. */
export class Facts {
  readonly #pages: Uint32Array[] = [];
  /** The number of a fact plus one, or 0 for a free slot. */
  #slots: Uint32Array = new Uint32Array(1 << 10);
  /** Eight more bits of the hash of the fact in each slot: most misses end here instead of at a page far away. */
  #tags: Uint8Array = new Uint8Array(1 << 10);
  #size = 0;

  /** The number of the fact with this key, or -1. */
  find(key: FactKey): number {
    const slot = this.#slot(key);
    return (this.#slots[slot] ?? 0) - 1;
  }

  /** Adds a fact whose key is not in the table. */
  add(key: FactKey, value: number, file: number, line: number): void {
    if ((this.#size + 1) * 2 > this.#slots.length) this.#grow();
    const fact = this.#size;
    this.#size += 1;
    if ((fact & pageMask) === 0) this.#pages.push(new Uint32Array(factsPerPage * wordsPerFact));
    const page = this.#page(fact);
    const at = (fact & pageMask) * wordsPerFact;
    page[at] = key.a;
    page[at + 1] = key.b;
    page[at + 2] = key.c;
    page[at + 3] = key.d;
    page[at + 4] = key.subject;
    page[at + 5] = key.kind;
    page[at + 6] = value;
    page[at + 7] = file;
    page[at + 8] = line;
    this.#fill(key, fact);
  }

  value(fact: number): number {
    return this.#word(fact, 6);
  }

  file(fact: number): number {
    return this.#word(fact, 7);
  }

  line(fact: number): number {
    return this.#word(fact, 8);
  }

  #word(fact: number, offset: number): number {
    return this.#page(fact)[(fact & pageMask) * wordsPerFact + offset] ?? 0;
  }

  #page(fact: number): Uint32Array {
    const page = this.#pages[Math.floor(fact / factsPerPage)];
    if (page === undefined) throw new Error(`no fact ${fact}`);
    return page;
  }

  /** The slot that holds the key, or the free one where it belongs. */
  #slot(key: FactKey): number {
    const mask = this.#slots.length - 1;
    const mix = hash(key.a, key.b, key.c, key.d, key.subject, key.kind);
    const tag = mix >>> 24;
    let slot = mix & mask;
    for (;;) {
      const fact = (this.#slots[slot] ?? 0) - 1;
      if (fact < 0 || (this.#tags[slot] === tag && this.#holds(fact, key))) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #fill(key: FactKey, fact: number): void {
    const slot = this.#slot(key);
    this.#slots[slot] = fact + 1;
    this.#tags[slot] = hash(key.a, key.b, key.c, key.d, key.subject, key.kind) >>> 24;
  }

  #holds(fact: number, key: FactKey): boolean {
    const page = this.#page(fact);
    const at = (fact & pageMask) * wordsPerFact;
    return (
      page[at] === key.a &&
      page[at + 1] === key.b &&
      page[at + 2] === key.c &&
      page[at + 3] === key.d &&
      page[at + 4] === key.subject &&
      page[at + 5] === key.kind
    );
  }

  #grow(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    this.#tags = new Uint8Array(this.#slots.length);
    const key: FactKey = { a: 0, b: 0, c: 0, d: 0, subject: 0, kind: 0 };
    for (let fact = 0; fact < this.#size; fact += 1) {
      key.a = this.#word(fact, 0);
      key.b = this.#word(fact, 1);
      key.c = this.#word(fact, 2);
      key.d = this.#word(fact, 3);
      key.subject = this.#word(fact, 4);
      key.kind = this.#word(fact, 5);
      this.#fill(key, fact);
    }
  }
}

/** Mixes the words so that ids that differ in one bit land far apart. */
function hash(a: number, b: number, c: number, d: number, subject: number, kind: number): number {
  let h = mixed(0x9e3779b9, a);
  h = mixed(h, b);
  h = mixed(h, c);
  h = mixed(h, d);
  h = mixed(h, subject);
  h = mixed(h, kind);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function mixed(h: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  k = h ^ Math.imul(k, 0x1b873593);
  return (Math.imul((k << 13) | (k >>> 19), 5) + 0xe6546b64) | 0;
}
