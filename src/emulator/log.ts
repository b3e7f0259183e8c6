/** The request log: the last requests in full, and exact running counts of all. */

export interface LogEntry {
  /** 1-based over the emulator's life. */
  readonly seq: number;
  /** Emulator time, ms. */
  readonly at: number;
  readonly method: string;
  /** Path with query; a token in the query is left out. */
  readonly path: string;
  /** The route's id, or `unknown`. */
  readonly route: string;
  /** Whether the route is a write. */
  readonly write: boolean;
  readonly actor: string;
  /** The asset in the path, or empty. */
  readonly asset: string;
  /** What was answered; 0 when nothing was. */
  readonly status: number;
  /** The scripted fault that shaped the answer, or empty. */
  readonly fault: string;
  /** The first part of the body; never that of a token request. */
  readonly body: string;
  readonly userAgent: string;
}

export interface RouteCount {
  readonly route: string;
  readonly method: string;
  readonly count: number;
  readonly byStatus: Readonly<Record<string, number>>;
}

const bodyCharactersMax = 4096;

interface Tally {
  readonly route: string;
  readonly method: string;
  readonly write: boolean;
  count: number;
  readonly byStatus: Map<number, number>;
}

export class RequestLog {
  /** Grows to `#entriesMax`, then goes round. */
  #entries: LogEntry[] = [];
  readonly #entriesMax: number;
  /** By route, then by method: one text of both would be made and hashed for every request. */
  readonly #tallies = new Map<string, Map<string, Tally>>();
  #seq = 0;
  #clearedAt = 0;

  /** Keeps the last `entriesMax` requests; counts go on for ever. */
  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  add(entry: Omit<LogEntry, "seq">): void {
    this.#seq += 1;
    if (this.#entriesMax > 0) {
      const body = entry.body.length > bodyCharactersMax ? entry.body.slice(0, bodyCharactersMax) : entry.body;
      this.#entries[(this.total - 1) % this.#entriesMax] = { ...entry, body, seq: this.#seq };
    }
    const { route, method, write } = entry;
    let ofRoute = this.#tallies.get(route);
    if (ofRoute === undefined) this.#tallies.set(route, (ofRoute = new Map()));
    let tally = ofRoute.get(method);
    if (tally === undefined) ofRoute.set(method, (tally = { route, method, write, count: 0, byStatus: new Map() }));
    tally.count += 1;
    tally.byStatus.set(entry.status, (tally.byStatus.get(entry.status) ?? 0) + 1);
  }

  /** Requests since the last clear. */
  get total(): number {
    return this.#seq - this.#clearedAt;
  }

  /** Write requests since the last clear, whatever they were answered. */
  get writes(): number {
    let count = 0;
    for (const tally of this.#all()) if (tally.write) count += tally.count;
    return count;
  }

  get counts(): readonly RouteCount[] {
    return this.#all().map(({ route, method, count, byStatus }) => ({
      route,
      method,
      count,
      byStatus: Object.fromEntries(byStatus),
    }));
  }

  /** What is still kept, oldest first, after `afterSeq`. */
  entries(afterSeq = 0): readonly LogEntry[] {
    return this.#entries.filter((entry) => entry.seq > afterSeq).toSorted((a, b) => a.seq - b.seq);
  }

  /** How many requests are no longer kept. */
  get dropped(): number {
    return Math.max(0, this.total - this.#entriesMax);
  }

  #all(): readonly Tally[] {
    return [...this.#tallies.values()].flatMap((ofRoute) => [...ofRoute.values()]);
  }

  clear(): void {
    this.#entries = [];
    this.#tallies.clear();
    this.#clearedAt = this.#seq;
  }
}
