/** Signed checkpoints of the chain: when one is due, and what of it the run keeps. */
import type { ChainHead } from "../model/examination.ts";
import { checkpointName, isCheckpointName, rowsPerCheckpoint, signedCheckpoint } from "../model/signing/checkpoint.ts";
import type { ChainOf, CheckpointSigner } from "../model/signing/checkpoint.ts";

/** Something for the run to keep. */
export interface Kept {
  readonly name: string;
  readonly body: string;
}

/** Says when the chain is to be signed again, and signs it. 50 us each: one for a thousand rows is nothing to wait for. */
export class Checkpointing {
  readonly #chain: ChainOf;
  readonly #signer: CheckpointSigner;
  #signed: number;

  /** `signed`: the row of the newest checkpoint there is; -1 for none. */
  constructor(chain: ChainOf, signer: CheckpointSigner, signed: number) {
    this.#chain = chain;
    this.#signer = signer;
    this.#signed = signed;
  }

  /** A checkpoint at `head`, which is durable, when enough rows stand before it without one. */
  due(head: ChainHead, at: number): Kept | undefined {
    return head.row - Math.max(0, this.#signed) >= rowsPerCheckpoint ? this.#sign(head, at) : undefined;
  }

  /** A checkpoint at `head`, unless there is one. */
  last(head: ChainHead, at: number): Kept | undefined {
    return head.row > this.#signed ? this.#sign(head, at) : undefined;
  }

  #sign(head: ChainHead, at: number): Kept {
    this.#signed = head.row;
    return { name: checkpointName(head.row), body: signedCheckpoint(this.#chain, head, at, this.#signer) };
  }
}

/** Those among everything kept that are checkpoints, in the order of rows. */
export function keptCheckpointsIn(kept: readonly Kept[]): readonly Kept[] {
  return kept.filter(({ name }) => isCheckpointName(name)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
