/** How a run is opened, whatever store it is kept in, and what its reader and journal offer beyond the interface of the engine. */
import type { Clock } from "../model/clock.ts";
import type { ChainHead } from "../model/examination.ts";
import type { CheckpointSigner } from "../model/signing/checkpoint.ts";
import type { Journal, RunReader } from "./journal.ts";

/** How a run is opened to be carried out. */
export interface OpeningOptions {
  readonly clock: Clock;
  /** Signs the audit chain as it grows; undefined: nobody does. */
  readonly signer?: CheckpointSigner | undefined;
  /** Called after each commit with the ms it took, during which the process did nothing else. */
  readonly onCommit?: ((ms: number) => void) | undefined;
}

/** A reader that can also check the steps against the digest, and tell the end of the chain. */
export interface SealedRunReader extends RunReader {
  /** Reads every step; throws RunFileError (`tampered`). Header and page digests are checked on opening. */
  verifyDigest(): Promise<void>;
  /** The last link of the chain, as the store keeps it beside the rows; row 0 is what stands before the first. */
  head(): Promise<ChainHead>;
}

/** A journal that can also tell the end of its chain, and sign it. */
export interface SigningJournal extends Journal {
  head(): Promise<ChainHead>;
  /** Signs the chain as far as it has come, where there is a signer and something new to sign; resolves once durable. */
  checkpoint(): Promise<void>;
}
