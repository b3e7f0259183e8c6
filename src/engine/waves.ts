/** Carrying a run out in waves: which steps may be taken now, and the gate that reads a wave back before the next begins. */
import type { Journal, StepRow } from "../journal/journal.ts";
import { amountText } from "../model/guard.ts";
import type { Amount, Setting } from "../model/guard.ts";
import { chooseWaves, parseWaves, presentWave, wavesName, wavesText } from "../model/waves.ts";
import type { Candidate, Waves } from "../model/waves.ts";
import { counted } from "../model/text.ts";
import { RunFileError } from "../model/errors.ts";
import type { WaveWish } from "./apply-guards.ts";
import type { GuardMemory } from "./guard-memory.ts";
import type { Surroundings } from "./verbs.ts";
import { verifyRun } from "./verify.ts";

const pageSize = 500;
const driftsSaid = 3;
/** Characters of the list of steps that goes into the audit chain. */
const listMax = 4000;

/** What a gate lets pass. */
export interface GateRules {
  /** Failed steps of a wave, in percent. */
  readonly failures: Setting<number>;
  readonly memory: GuardMemory;
  /** Drift that the gate has shown before is let through. */
  readonly acceptsDrift: boolean;
  readonly concurrency: number;
}

export type GateVerdict =
  | { readonly kind: "last" }
  | { readonly kind: "next" }
  | { readonly kind: "stopped" }
  /** Another worker reads the wave back. */
  | { readonly kind: "elsewhere" }
  | { readonly kind: "pause"; readonly reason: string }
  | { readonly kind: "shut"; readonly reason: string };

/** The waves as the journal keeps them; undefined for a run that has none. Throws RunFileError for text nobody can read. */
export async function recallWaves(journal: Pick<Journal, "kept">): Promise<Waves | undefined> {
  const text = await journal.kept(wavesName);
  if (text === undefined) return undefined;
  const waves = parseWaves(text);
  if (waves !== undefined) return waves;
  throw new RunFileError(
    "corrupt",
    "what the run file keeps of its waves cannot be read",
    "look at the run with handover evidence; a copy of the file from before goes on",
  );
}

export class RunInWaves {
  readonly #s: Surroundings;
  readonly #journal: Journal;
  readonly #rules: GateRules;
  readonly #pauses: boolean;
  readonly #acceptedWave: number | undefined;
  #waves: Waves;
  #among: ReadonlySet<number> | undefined;

  private constructor(s: Surroundings, journal: Journal, rules: GateRules, wish: WaveWish, waves: Waves) {
    this.#s = s;
    this.#journal = journal;
    this.#rules = rules;
    this.#pauses = wish.pause;
    this.#acceptedWave = rules.acceptsDrift && waves.problems.length > 0 ? waves.passed : undefined;
    this.#waves = waves;
    this.#enter();
  }

  /** Divides the run, or goes on with the waves it has; undefined for a run without. What was chosen is durable first. */
  static async begin(
    s: Surroundings,
    journal: Journal,
    rules: GateRules,
    wish: WaveWish,
  ): Promise<RunInWaves | undefined> {
    const waves = await arrangeWaves(journal, wish);
    if (waves === undefined) return undefined;
    return waves.chosen.length === 0 ? undefined : new RunInWaves(s, journal, rules, wish, waves);
  }

  /** The steps that may be taken now; undefined: all. */
  get among(): ReadonlySet<number> | undefined {
    return this.#among;
  }

  /** Nothing of the present wave can be taken any more: whether the next may begin. One worker finds out for all. */
  async ask(): Promise<GateVerdict> {
    const { fleet } = this.#s;
    if (fleet === undefined) return this.#ask();
    if (presentWave(this.#waves) === undefined) return { kind: "last" };
    if (await this.#follow()) return { kind: "next" };
    if (!(await fleet.enterGate())) return { kind: "elsewhere" };
    try {
      return (await this.#follow()) ? { kind: "next" } : await this.#ask();
    } finally {
      await fleet.leaveGate();
    }
  }

  /** Goes on to where the other workers are; answers whether that is further. */
  async #follow(): Promise<boolean> {
    const kept = await recallWaves(this.#journal);
    if (kept === undefined || (kept.passed <= this.#waves.passed && !kept.dropped)) return false;
    this.#waves = kept.dropped ? { ...kept, passed: kept.chosen.length } : kept;
    this.#enter();
    return true;
  }

  async #ask(): Promise<GateVerdict> {
    const seqs = presentWave(this.#waves);
    if (seqs === undefined) return { kind: "last" };
    this.#tell("checking");
    const problems = await this.#problems(seqs);
    if (problems === undefined) return { kind: "stopped" };
    const wave = this.#waves.passed + 1;
    const of = this.#waves.chosen.length + 1;
    this.#waves = { ...this.#waves, passed: this.#waves.passed + (problems.length === 0 ? 1 : 0), problems };
    // The chain first: whoever is killed in between asks the gate again, and nothing goes on unrecorded.
    await this.#journal.note("gate", {
      wave,
      of,
      steps: seqs.length,
      open: problems.length === 0,
      why: problems.join("; "),
    });
    this.#journal.keep(wavesName, wavesText(this.#waves));
    // Whoever enters next must find it there.
    if (this.#s.fleet !== undefined) await this.#journal.flush();
    this.#s.onEvent({
      type: "wave",
      wave,
      of,
      steps: seqs.length,
      state: problems.length === 0 ? "passed" : "refused",
      ...(problems.length === 0 ? {} : { problems }),
    });
    if (problems.length > 0) return { kind: "shut", reason: `wave ${wave} of ${of}: ${problems.join("; ")}` };
    if (this.#pauses) return { kind: "pause", reason: `wave ${wave} of ${of} is carried out and verified` };
    this.#enter();
    return { kind: "next" };
  }

  #enter(): void {
    const seqs = presentWave(this.#waves);
    this.#among = seqs === undefined ? undefined : new Set(seqs);
    this.#tell("begun");
  }

  #tell(state: "begun" | "checking"): void {
    const { passed, chosen } = this.#waves;
    const rest = this.#journal.header.totals.steps - chosen.reduce((sum, seqs) => sum + seqs.length, 0);
    const steps = chosen[passed]?.length ?? rest;
    this.#s.onEvent({ type: "wave", wave: passed + 1, of: chosen.length + 1, steps, state });
  }

  /** Why the next wave may not begin; undefined when somebody asked to stop meanwhile. */
  async #problems(seqs: readonly number[]): Promise<readonly string[] | undefined> {
    const rows: StepRow[] = [];
    for (const seq of seqs) {
      const row = await this.#journal.step(seq);
      if (row !== undefined) rows.push(row);
    }
    const found = [...this.#ends(rows)];
    const summary = await verifyRun(this.#s, this.#journal, {
      concurrency: this.#rules.concurrency,
      driftsMax: driftsSaid,
      record: this.#journal,
      among: new Set(seqs),
    });
    if (summary.stopped) return undefined;
    const isAccepted = this.#acceptedWave === this.#waves.passed;
    if (summary.drifted > 0 && !isAccepted) {
      const said = summary.drifts.map(({ seq, problem }) => `step ${seq} ${problem}`).join(", ");
      found.push(`${counted(summary.drifted, "step")} drifted since (${said}); --accept-drift lets it through`);
    }
    const [unread] = summary.unreadable;
    if (unread !== undefined && !isAccepted) {
      found.push(
        `${counted(summary.unreadableCount, "step")} could not be read back (step ${unread.seq}: ${unread.reason}); --accept-drift lets it through`,
      );
    }
    return found;
  }

  *#ends(rows: readonly StepRow[]): Generator<string> {
    const { memory, failures } = this.#rules;
    const open = rows.filter(({ state }) => state === "planned" || state === "in-flight").length;
    if (open > 0) yield `${open} of its ${counted(rows.length, "step")} cannot go on now; apply again once they can`;
    const troubled = rows.filter(({ state }) => state === "failed" || state === "skipped");
    const drifted = troubled.filter(({ result }) => result?.failure === "owner-drift");
    const unseen = drifted.filter(({ step }) => !memory.drifted.includes(step.seq)).length;
    if (unseen > 0)
      yield `${counted(unseen, "asset")} had changed since the plan and stayed as found; --accept-drift lets it through`;
    const failed = troubled.filter(
      ({ step, result }) => result?.failure !== "owner-drift" && !memory.failed.includes(step.seq),
    ).length;
    if (100 * failed > failures.value * rows.length) {
      yield `${failed} of its ${counted(rows.length, "step")} failed, the limit is ${failures.value} % (${failures.from}); --accept-failures lets it through`;
    }
  }
}

/** Divides the run as wished, or gives its waves up; undefined for a run that is carried out without. */
export async function arrangeWaves(journal: Journal, wish: WaveWish): Promise<Waves | undefined> {
  const kept = await recallWaves(journal);
  if (kept === undefined && wish.sizes === undefined) return undefined;
  if (kept?.dropped === true || (kept === undefined && wish.without)) return undefined;
  if (kept !== undefined && wish.without) {
    await journal.note("waves-dropped", { passed: kept.passed, of: kept.chosen.length + 1 });
    journal.keep(wavesName, wavesText({ ...kept, dropped: true }));
    return undefined;
  }
  return kept ?? (await choose(journal, wish.sizes ?? []));
}

async function choose(journal: Journal, sizes: readonly Amount[]): Promise<Waves> {
  const candidates: Candidate[] = [];
  for (let after = 0; ;) {
    const page = await journal.page({ states: ["planned", "in-flight"], kinds: ["edit", "transfer"] }, after, pageSize);
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.step.seq;
    for (const { step, state } of page) {
      if (step.kind === "by-hand") continue;
      const owner = step.kind === "transfer" ? step.from.email : (step.owner ?? step.actor);
      candidates.push({ seq: step.seq, owner, after: step.after, begun: state === "in-flight" });
    }
  }
  const chosen = chooseWaves(candidates, sizes);
  const waves: Waves = { sizes: sizes.map(amountText), chosen, passed: 0, problems: [], dropped: false };
  if (chosen.length === 0) return waves;
  const list = chosen.map((seqs) => seqs.join(",")).join(" | ");
  await journal.note("waves", {
    sizes: waves.sizes.join(", "),
    steps: chosen.map((seqs) => seqs.length).join(", "),
    chosen: list.length > listMax ? `${list.slice(0, listMax)} …` : list,
  });
  // Ahead of every intent, so that whatever is begun is begun in a wave that will be known again.
  journal.keep(wavesName, wavesText(waves));
  return waves;
}
