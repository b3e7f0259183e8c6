/** A run in the making, as every store keeps it: drafts become numbered rows, users get numbers, and all of it a digest. */
import { canonicalJson } from "../model/canonical.ts";
import type { Digest, RunHeader } from "../model/run.ts";
import type { StepDraft } from "../model/step.ts";
import { stepBody, stepColumns } from "./codec.ts";
import { kindCode } from "./codes.ts";
import { PageDigests, runDigest } from "./digest.ts";
import type { DigestRow } from "./digest.ts";

/** A row of `steps`, with the numbers of two users. */
export interface FrozenDraft {
  readonly row: DigestRow;
  readonly actor: number;
  /**
   * In whose turn the step is taken. Transfers are all called as the administrator and spend their time waiting, so that
   * each takes the turn of the user it moves: otherwise no more of them than one actor may have would be under way.
   */
  readonly turn: number;
}

/** What stands in the store beside the rows. */
export interface FrozenHead {
  /** The header, canonical. */
  readonly text: string;
  readonly digest: Digest;
  readonly pages: readonly Digest[];
}

export class Freezing {
  readonly #digests = new PageDigests();
  readonly #users = new Map<string, number>();
  readonly #onUser: (id: number, email: string) => void;
  #steps = 0;
  #unlessMax = 0;
  #unlessMaxOf = 0;

  /** `onUser` is told of each user before a row with that number. */
  constructor(onUser: (id: number, email: string) => void) {
    this.#onUser = onUser;
  }

  get steps(): number {
    return this.#steps;
  }

  /** Throws RangeError for a draft that waits for what cannot come before it. */
  take(draft: StepDraft): FrozenDraft {
    const seq = this.#steps + 1;
    const { kind, actor, asset = null, after = null, unless = null } = stepColumns(draft);
    if (after !== null && !(after > 0 && after < seq)) {
      throw new RangeError(`step ${seq} waits for step ${after}, which does not come before it`);
    }
    if (unless !== null && unless < 1) throw stray(seq);
    if (unless !== null && unless > this.#unlessMax) {
      this.#unlessMax = unless;
      this.#unlessMaxOf = seq;
    }
    const row = { seq, kind: kindCode(kind), actor, asset, after, unless, body: stepBody(draft) };
    const actorId = this.#userId(actor);
    const turn = draft.kind === "transfer" ? this.#userId(draft.from.email) : actorId;
    this.#digests.add(row);
    this.#steps = seq;
    return { row, actor: actorId, turn };
  }

  /** Once. Throws RangeError when a step refers to one that was never taken. */
  end(header: RunHeader): FrozenHead {
    if (this.#unlessMax > this.#steps) throw stray(this.#unlessMaxOf);
    const text = canonicalJson(header);
    const pages = this.#digests.end();
    return { text, digest: runDigest(text, pages), pages };
  }

  #userId(email: string): number {
    const known = this.#users.get(email);
    if (known !== undefined) return known;
    const id = this.#users.size + 1;
    this.#users.set(email, id);
    this.#onUser(id, email);
    return id;
  }
}

function stray(seq: number): RangeError {
  return new RangeError(`step ${seq} refers to a step that does not exist`);
}
