/** Small texts that several processes change one after the other, on one clock: what a shared pacer stands on. */

export interface SharedCells {
  /**
   * Hands `change` the texts of `keys` (undefined: none yet) and the time of the store, ms, while nobody else has any of
   * them; what it gives back is stored at once. Rejects when the store cannot be reached: then it is not known whether
   * it was stored, and what `change` answered must not be used.
   */
  change<Answer>(
    keys: readonly string[],
    change: (texts: ReadonlyMap<string, string>, now: number) => CellChange<Answer>,
  ): Promise<Answer>;
}

export interface CellChange<Answer> {
  readonly texts: ReadonlyMap<string, string>;
  readonly answer: Answer;
}
