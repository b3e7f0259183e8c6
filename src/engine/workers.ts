/** How many steps may be under way at once, which may be changed while a run is carried out, and how many there are. */

/** What an apply has in hand at one moment. */
export interface Work {
  /** Steps under way, transfers apart. */
  readonly steps: number;
  /** Steps taken that wait for a worker. */
  readonly waiting: number;
  readonly transfers: number;
}

interface Follower {
  /** Called when another number is permitted. */
  readonly changed: (concurrency: number) => void;
  readonly work: () => Work;
}

const idle: Work = { steps: 0, waiting: 0, transfers: 0 };

export class Workers {
  readonly #perActor: number | undefined;
  #concurrency: number;
  #follower: Follower | undefined;

  /** `perActor`: how many for one user; undefined: as many as in all. */
  constructor(concurrency: number, perActor: number | undefined) {
    this.#concurrency = concurrency;
    this.#perActor = perActor;
  }

  get concurrency(): number {
    return this.#concurrency;
  }

  get perActor(): number {
    return this.#perActor ?? this.#concurrency;
  }

  get work(): Work {
    return this.#follower?.work() ?? idle;
  }

  /** From now on so many, at least 1. Steps under way are not touched. */
  permit(concurrency: number): void {
    this.#concurrency = concurrency;
    this.#follower?.changed(concurrency);
  }

  /** The apply that keeps to this. */
  follow(follower: Follower): void {
    this.#follower = follower;
  }
}
