/** How a run file is opened to be carried out, and what its journal offers beyond the interface. */
import type { Clock } from "../model/clock.ts";
import type { ChainHead } from "../model/examination.ts";
import type { CheckpointSigner } from "../model/signing/checkpoint.ts";
import type { Journal } from "./journal.ts";

/** How a run is opened to be carried out. */
export interface OpeningOptions {
  readonly clock: Clock;
  /** Signs the audit chain as it grows; undefined: nobody does. */
  readonly signer?: CheckpointSigner | undefined;
  /** Called after each commit with the ms it took, during which the process did nothing else. */
  readonly onCommit?: ((ms: number) => void) | undefined;
}

/** The journal of a run file, which can also tell the end of its chain, and sign it. */
export interface RunFileJournal extends Journal {
  head(): Promise<ChainHead>;
  /** Signs the chain as far as it has come, where there is a signer and something new to sign; resolves once durable. */
  checkpoint(): Promise<void>;
}
