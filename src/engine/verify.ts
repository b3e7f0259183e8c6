/** Reads back everything a run says it did, and tells what is not so any more. Writes nothing to Google. */
import { eachPage } from "../google/pages.ts";
import { assetTypes } from "../model/asset.ts";
import type { AssetName } from "../model/asset.ts";
import type { Email } from "../model/email.ts";
import { ApiError } from "../model/errors.ts";
import { isEmpty, need, nothing, ownerOf } from "../model/permissions.ts";
import type { Permissions } from "../model/permissions.ts";
import type { ByHandStep, EditStep, Outcome, Step, StepResult, TransferStep } from "../model/step.ts";
import { counted } from "../model/text.ts";
import type { RunReader, StepRow } from "../journal/journal.ts";
import { inParallel } from "./parallel.ts";
import type { Drift, Surroundings, VerifyRun, VerifySummary } from "./verbs.ts";

const pageSize = 500;
const unreadableMax = 1000;
const endedWell: ReadonlySet<string> = new Set<Outcome>(["applied", "confirmed", "unchanged"]);

export const verifyRun: VerifyRun = (surroundings, run, options) =>
  new Verifying(surroundings, run, options.driftsMax, options.record).run(options.concurrency, options.among);

type Verdict = "verified" | "drifted" | "unreadable";

class Verifying {
  readonly #s: Surroundings;
  readonly #run: RunReader;
  readonly #driftsMax: number;
  readonly #record: Parameters<VerifyRun>[2]["record"];
  readonly #drifts: Drift[] = [];
  /** Assets moved by a transfer whose old owner is an heir of the same run, by the transfer's seq. */
  readonly #chained = new Map<number, Set<AssetName>>();
  readonly #unreadable: { readonly seq: number; readonly reason: string }[] = [];
  #verified = 0;
  #drifted = 0;
  #unreadableCount = 0;
  #byHandDone = 0;
  #byHandOpen = 0;
  #notApplied = 0;

  constructor(s: Surroundings, run: RunReader, driftsMax: number, record: Parameters<VerifyRun>[2]["record"]) {
    this.#s = s;
    this.#run = run;
    this.#driftsMax = driftsMax;
    this.#record = record;
  }

  async run(concurrency: number, among: ReadonlySet<number> | undefined): Promise<VerifySummary> {
    await this.#readChains();
    const rows = among === undefined ? this.#rows() : this.#rowsAmong(among);
    await inParallel(withLines(rows), concurrency, this.#s.stop, async ({ row, line }) => {
      const seen = await this.#check(row, undefined);
      if (line !== undefined) await this.#check(line, seen);
    });
    return {
      checked: this.#verified + this.#drifted + this.#unreadableCount,
      verified: this.#verified,
      drifts: this.#drifts.toSorted((a, b) => a.seq - b.seq),
      drifted: this.#drifted,
      unreadable: this.#unreadable,
      unreadableCount: this.#unreadableCount,
      byHandDone: this.#byHandDone,
      byHandOpen: this.#byHandOpen,
      notApplied: this.#notApplied,
      stopped: this.#s.stop.aborted,
    };
  }

  /**
   * In a chain the old owner of one transfer is the heir of another, and owns that one's assets rightly. Of such an old
   * owner only the assets of the steps behind the transfer count.
   */
  async #readChains(): Promise<void> {
    const heirs = new Set<Email>();
    const transfers: TransferStep[] = [];
    for await (const { step } of this.#rows(["transfer"])) {
      if (step.kind !== "transfer") continue;
      heirs.add(step.to.email);
      transfers.push(step);
    }
    for (const { seq, from } of transfers) if (heirs.has(from.email)) this.#chained.set(seq, new Set());
    if (this.#chained.size === 0) return;
    for await (const { step } of this.#rows(["edit"])) {
      if (step.kind === "edit" && step.after !== undefined) this.#chained.get(step.after)?.add(step.asset.name);
    }
  }

  async *#rows(kinds?: readonly Step["kind"][]): AsyncGenerator<StepRow> {
    let after = 0;
    for (;;) {
      const page = await this.#run.page(kinds === undefined ? {} : { kinds }, after, pageSize);
      const last = page.at(-1);
      if (last === undefined) return;
      after = last.step.seq;
      yield* page;
    }
  }

  async *#rowsAmong(seqs: Iterable<number>): AsyncGenerator<StepRow> {
    for (const seq of seqs) {
      const row = await this.#run.step(seq);
      if (row !== undefined) yield row;
    }
  }

  /** Answers what was read of the asset. `seen` is what was just read of it for another step. */
  async #check(row: StepRow, seen: Permissions | undefined): Promise<Permissions | undefined> {
    const { step, state, result } = row;
    try {
      if (step.kind === "by-hand") {
        if (state === "by-hand") await this.#checkByHand(step, seen);
        else if (state !== "unchanged") this.#notApplied += 1;
        return undefined;
      }
      if (!endedWell.has(state) || result === undefined) {
        this.#notApplied += 1;
        return undefined;
      }
      if (step.kind === "edit") return await this.#checkEdit(step, result);
      await this.#checkTransfer(step);
    } catch (error) {
      if (!(error instanceof ApiError) || error.disposition === "halt-run") throw error;
      this.#unreadableCount += 1;
      if (this.#unreadable.length < unreadableMax) this.#unreadable.push({ seq: step.seq, reason: error.message });
      await this.#keep(step.seq, "unreadable");
    }
    return undefined;
  }

  async #checkEdit(step: EditStep, stepResult: StepResult): Promise<Permissions> {
    // Whoever gave the asset away may be let in no more.
    const { actor, newOwner } = stepResult;
    const actors = [...(newOwner === undefined ? [] : [newOwner]), actor, step.actor, ...step.alternates];
    const seen = await this.#read([...new Set(actors)], step.asset.name);
    const missing = need(seen.roles, step.delta);
    // After a transfer the owner is part of what was promised for the asset; elsewhere only if the step changed it.
    const expected = stepResult.newOwner ?? (step.after === undefined ? undefined : step.owner);
    const owner = ownerOf(seen.roles);
    if (!isEmpty(missing)) {
      await this.#drift({ seq: step.seq, asset: step.asset, missing, problem: "changed by somebody after the run" });
    } else if (expected !== undefined && owner !== expected) {
      const problem = `belongs to ${owner ?? "nobody known"}, not to ${expected}`;
      await this.#drift({ seq: step.seq, asset: step.asset, missing: nothing, problem });
    } else {
      this.#verified += 1;
      await this.#keep(step.seq, "verified");
    }
    return seen;
  }

  async #checkTransfer(step: TransferStep): Promise<void> {
    let left = 0;
    const moved = this.#chained.get(step.seq);
    const actor = await this.#firstReachable([step.from.email, step.to.email]);
    for (const assetType of assetTypes) {
      const query = { assetType, owner: step.from.email, trashed: false };
      const search = this.#s.api.dataStudio.search.bind(this.#s.api.dataStudio);
      for await (const { assets } of eachPage((pageToken) => search(actor, query, pageToken))) {
        left += assets.filter(
          (asset) => asset.owner === step.from.email && (moved === undefined || moved.has(asset.name)),
        ).length;
      }
    }
    if (left === 0) {
      this.#verified += 1;
      await this.#keep(step.seq, "verified");
      return;
    }
    const problem = `${step.from.email} owns ${counted(left, "asset")} again or still`;
    await this.#drift({ seq: step.seq, asset: undefined, missing: nothing, problem });
  }

  /** Whether the person has made the change by now; not knowing counts as open. */
  async #checkByHand(step: ByHandStep, seenBefore: Permissions | undefined): Promise<void> {
    try {
      const seen = seenBefore ?? (await this.#read([step.to, step.from], step.asset.name));
      if (ownerOf(seen.roles) === step.to) this.#byHandDone += 1;
      else this.#byHandOpen += 1;
    } catch (error) {
      if (!(error instanceof ApiError) || error.disposition === "halt-run") throw error;
      this.#byHandOpen += 1;
    }
  }

  async #read(actors: readonly Email[], name: AssetName): Promise<Permissions> {
    let refusal: unknown;
    for (const actor of actors) {
      try {
        return await this.#s.api.dataStudio.getPermissions(actor, name);
      } catch (error) {
        if (!(error instanceof ApiError) || error.disposition === "halt-run") throw error;
        refusal ??= error;
      }
    }
    throw refusal;
  }

  async #firstReachable(actors: readonly Email[]): Promise<Email> {
    let refusal: unknown;
    for (const actor of actors) {
      try {
        await this.#s.api.authenticate(actor);
        return actor;
      } catch (error) {
        if (!(error instanceof ApiError) || error.disposition === "halt-run") throw error;
        refusal ??= error;
      }
    }
    throw refusal;
  }

  async #drift(drift: Drift): Promise<void> {
    this.#drifted += 1;
    if (this.#drifts.length < this.#driftsMax) this.#drifts.push(drift);
    await this.#keep(drift.seq, "drifted");
  }

  async #keep(seq: number, verdict: Verdict): Promise<void> {
    await this.#record?.verified(seq, verdict, this.#s.clock.now());
  }
}

/** Rows one by one, but an edit together with the line by hand that follows it on the same asset: one read tells of both. */
async function* withLines(
  rows: AsyncIterable<StepRow>,
): AsyncGenerator<{ readonly row: StepRow; readonly line: StepRow | undefined }> {
  let held: StepRow | undefined;
  for await (const row of rows) {
    if (held !== undefined && isLineOf(row.step, held.step)) {
      yield { row: held, line: row };
      held = undefined;
      continue;
    }
    if (held !== undefined) yield { row: held, line: undefined };
    held = row;
  }
  if (held !== undefined) yield { row: held, line: undefined };
}

function isLineOf(step: Step, edit: Step): boolean {
  return step.kind === "by-hand" && edit.kind === "edit" && step.asset.name === edit.asset.name;
}
