/** What a fuzz target is: sound inputs, the words its format hangs on, and what must hold for any input whatsoever. */
import type { Chance } from "../simulation/chance.ts";

export interface Target {
  /** Sound inputs, or nearly so, from which cases are made. At least one. */
  readonly corpus: readonly Buffer[];
  /** Words, marks and values that mean something to what reads the input. */
  readonly dictionary: readonly string[];
  /** Changes that keep more of a format than the general ones know of; used for three cases in four. */
  readonly mutate?: ((input: Buffer, chance: Chance) => Buffer) | undefined;
  /** Reads the input as the product does. Whatever it throws is a finding; so are a hang and a changed prototype. */
  run(input: Buffer): Promise<void>;
  /** Takes away what it has made: files, sockets. */
  close?(): Promise<void>;
}

/** Makes a target ready; called once in each process that runs cases. */
export type OpenTarget = () => Promise<Target>;

/** Something that must hold did not. */
export class Broken extends Error {
  override readonly name: string = "Broken";
}

export function mustHold(holds: boolean, problem: string): void {
  if (!holds) throw new Broken(problem);
}
