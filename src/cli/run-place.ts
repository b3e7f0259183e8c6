/** One run as verbs see it, in a file or in a database; `run-store.ts` finds it by its name. */
import type { Kept } from "../journal/checkpoints.ts";
import type { RunDump } from "../journal/dump.ts";
import type { RunWriter } from "../journal/journal.ts";
import type { OpeningOptions, SealedRunReader, SigningJournal } from "../journal/opening.ts";
import type { JournalAddress } from "../journal/postgres/address.ts";
import type { RunRecord } from "../journal/record.ts";
import type { Examination } from "../model/examination.ts";
import type { CheckpointSigner } from "../model/signing/checkpoint.ts";
import type { Signer } from "../model/signing/signers.ts";

/** One run, there or to be made. Nothing is open until one of its methods is called, and each thing opened is closed by itself. */
export interface RunPlace {
  /** As a person would type it again. */
  readonly name: string;
  /** The same wherever it is typed; never with a password. */
  readonly full: string;
  /** The file; undefined for a run in a database. */
  readonly path: string | undefined;
  /** The database, and the run's name in it; undefined for a file. */
  readonly database: { readonly address: JournalAddress; readonly run: string } | undefined;
  /** Where files that belong to the run lie: approvals, plan files. */
  readonly folder: string;
  /** What those files' names begin with. */
  readonly stem: string;
  openReader(): Promise<SealedRunReader>;
  openJournal(options: OpeningOptions): Promise<SigningJournal>;
  /** The run at one moment. */
  openDump(): Promise<RunDump>;
  /** Every check there is; see `examineRun`. */
  examine(options: ExamineWish): Promise<Examination>;
  /** Whether somebody carries it out at this moment. */
  isHeld(): Promise<boolean>;
  isThere(): Promise<boolean>;
  create(options: CreateWish): Promise<RunWriter>;
  /** Assets that workers found changed, in a store that counts them by itself, and how many of all found count still. */
  driftFound?(): Promise<{ readonly found: number; readonly counting: number } | undefined>;
  /** From here on the run is a record that says where it went. Throws RunLockedError while somebody carries it out. */
  leave(record: RunRecord): Promise<void>;
  /** Makes the run from a dump and what is to be kept beside it. `check` sees it before it has its name. */
  receive(dump: RunDump, kept: readonly Kept[], check: (copy: RunDump) => Promise<void>): Promise<void>;
}

export interface ExamineWish {
  readonly head: string | undefined;
  readonly signers?: readonly Signer[] | undefined;
}

export interface CreateWish {
  /** Take the place of a run of that name that has not begun. */
  readonly replace: boolean;
  readonly signer: CheckpointSigner | undefined;
}
