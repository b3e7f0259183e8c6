/** A run of one kind, small and always the same: it gives one newcomer VIEWER on assets of people who can be acted as. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import type { Ended, Stage, TenantView } from "../support/process.ts";
import { attemptsOf, integrityOf, report } from "./evidence.ts";
import { judge } from "./judge.ts";

/** The tenant that all of these runs share. */
export const tenant: readonly string[] = ["--seed=11", "--users=40", "--assets=400"];

const agreed = ["--yes", "--allow", "new-external"];

/** Its writes take effect and are never answered: an apply under it cannot come to its end. */
export const unanswered = { route: "assets.updatePermissions", fault: { kind: "hang", applied: true } };

export class Grants {
  readonly stage: Stage;
  /** Where the run lies, from the stage's folder. */
  readonly run: string;
  readonly #seqBefore: number;
  readonly #requestsBefore: number;
  readonly #jobsBefore: number;

  private constructor(stage: Stage, run: string, before: { seq: number; request: number; jobs: number }) {
    this.stage = stage;
    this.run = run;
    this.#seqBefore = before.seq;
    this.#requestsBefore = before.request;
    this.#jobsBefore = before.jobs;
  }

  /** Plans a run of `steps` steps in `folder`, for a member that `name` alone tells from those of other runs. */
  static async plan(stage: Stage, name: string, steps = 12, folder: string = stage.folder): Promise<Grants> {
    await stage.control("DELETE", "faults");
    const found = await stage.tenant();
    const rows = able(found)
      .slice(0, steps)
      .map((asset) => `grant,${asset},${name}@partner.example,VIEWER`);
    assert.equal(rows.length, steps);
    await writeFile(join(folder, `${name}.csv`), ["action,asset,member,role", ...rows, ""].join("\n"));
    const run = relative(stage.folder, join(folder, `${name}.handover`));
    const before = {
      seq: (await stage.history()).at(-1)?.seq ?? 0,
      request: (await stage.requests(0)).at(-1)?.seq ?? 0,
      jobs: found.transfers.length,
    };
    const planned = await stage.handover("plan", join(folder, `${name}.csv`), "-o", run);
    assert.equal(planned.code, 0, planned.stderr);
    return new Grants(stage, run, before);
  }

  get path(): string {
    return join(this.stage.folder, this.run);
  }

  applying(...more: readonly string[]): readonly string[] {
    return ["apply", this.run, ...agreed, "--concurrency", "4", ...more];
  }

  /** Writes of this run that have reached the server. */
  async writes(): Promise<number> {
    return (await this.stage.requests(this.#requestsBefore, "assets.updatePermissions")).length;
  }

  /** The same command in a healthy world ends the run; then everything is judged. */
  async finish(): Promise<void> {
    await this.stage.control("DELETE", "faults");
    this.expect(await this.stage.handover(...this.applying()), 0);
    await this.judged();
  }

  async judged(): Promise<void> {
    const facts = {
      report: await report(this.stage, this.run),
      changes: await this.stage.history(this.#seqBefore),
      tenant: await this.stage.tenant(),
      jobsBefore: this.#jobsBefore,
    };
    assert.deepEqual(judge(facts), []);
    await this.durable();
    assert.equal(await integrityOf(this.stage, this.run), "ok");
  }

  /**
   * As `finish`, where the run has forgotten what it sent: what is judged is that the server holds each change, once,
   * and nothing else.
   */
  async finishedOnce(): Promise<void> {
    await this.stage.control("DELETE", "faults");
    this.expect(await this.stage.handover(...this.applying()), 0);
    const facts = {
      report: await report(this.stage, this.run),
      changes: await this.stage.history(this.#seqBefore),
      tenant: await this.stage.tenant(),
      jobsBefore: this.#jobsBefore,
    };
    assert.deepEqual(
      judge(facts).filter((text) => !forgotten.test(text)),
      [],
    );
  }

  /** Nothing was sent that is not on disk. */
  async durable(): Promise<void> {
    const known = [...(await attemptsOf(this.stage, this.run)).values()].reduce((sum, each) => sum + each, 0);
    const sent = await this.writes();
    assert.ok(sent <= known, `${sent} writes were sent, and ${known} are on disk`);
  }

  /** Every refusal says what failed, where, and what to do. */
  expect(ended: Ended, code: number, ...words: readonly string[]): void {
    const said = `${ended.stderr}${ended.stdout}`;
    const unwrapped = said.replace(/\s+/g, " ");
    assert.equal(ended.code, code, `${ended.code ?? ended.signal}: ${said}`);
    for (const word of words) assert.ok(unwrapped.includes(word), `${JSON.stringify(word)} is not in: ${said}`);
    assert.ok(!/\n\s+at .*\.js:\d/.test(said), `a stack: ${said}`);
  }

  /** A refusal that names the file and the remedy, and has sent nothing. */
  async refused(ended: Ended, code: number, ...words: readonly string[]): Promise<void> {
    this.expect(ended, code, basename(this.run), "Remedy", ...words);
    assert.equal(await this.writes(), 0);
  }
}

/** A change that the run made before it lost its memory, and finds made. */
const forgotten = /^I4b: /;

/** Assets that can be edited as their owner. */
function able(found: TenantView): readonly string[] {
  const owners = /^user:(?:leaver|anna|ben|heir|cfo)@/;
  return found.assets
    .filter((asset) => !asset.trashed)
    .filter(({ roles }) => roles.some(([role, [owner = ""]]) => role === "OWNER" && owners.test(owner)))
    .map((asset) => asset.name);
}

/** Something that happens to a run, from its planning to its judgement. */
export interface Scenario {
  readonly name: string;
  readonly play: (stage: Stage) => Promise<void>;
  /** Takes seconds even on an idle machine: not among the tests. */
  readonly isLong?: boolean;
}

let plans = 0;

/** A name that no other run of this process has. */
export function fresh(): string {
  plans += 1;
  return `play${plans}`;
}
