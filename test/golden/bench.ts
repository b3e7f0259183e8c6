/** Verbs of the engine on a run file, against an emulator whose state can be kept and taken up again. */
import { planRun } from "../../src/engine/plan.ts";
import { applyRun } from "../../src/engine/apply.ts";
import { undoRun } from "../../src/engine/undo.ts";
import { verifyRun } from "../../src/engine/verify.ts";
import type { ApplySummary, PlanOutcome, VerifySummary } from "../../src/engine/verbs.ts";
import type { World } from "../../src/emulator/world.ts";
import { emptyTenant } from "../../src/emulator/world.ts";
import { openJournal } from "../../src/journal/sqlite/journal.ts";
import { openReader } from "../../src/journal/sqlite/reader.ts";
import { openStage } from "../../src/journal/sqlite/stage.ts";
import { createRun } from "../../src/journal/sqlite/writer.ts";
import type { Request } from "../../src/model/request.ts";
import { startOfTest } from "../support/clock.ts";
import { Rig, address, applyDefaults } from "../support/rig.ts";
import type { Wiring } from "../support/rig.ts";

/** What an emulator was, and when. */
export interface SavedWorld {
  /** Wall time, ms. */
  readonly now: number;
  readonly state: unknown;
}

/** Roles by asset, each as `ROLE member`. */
export type Roles = Readonly<Record<string, readonly string[]>>;

export interface Applying {
  readonly stop?: AbortSignal;
  /** Put between the engine and the server; `cut` ends the process when it resolves, whatever is under way. */
  readonly exchange?: Wiring["exchange"];
  readonly cut?: Promise<void>;
  readonly concurrency?: number;
}

const input = { toolVersion: "0.1.0", admin: address("admin"), concurrency: 4 };

export class Bench {
  readonly rig: Rig;

  constructor(world: World, options: ConstructorParameters<typeof Rig>[1] = {}) {
    this.rig = new Rig(world, options);
  }

  static async over(saved: SavedWorld): Promise<Bench> {
    const bench = new Bench(emptyTenant("acme.example"));
    bench.rig.emulator.importState(JSON.stringify(saved.state));
    await bench.rig.clock.advance(saved.now - startOfTest);
    return bench;
  }

  saved(): SavedWorld {
    const state: unknown = JSON.parse(this.rig.emulator.exportState());
    return { now: this.rig.clock.now(), state };
  }

  roles(): Roles {
    const names = [...this.rig.emulator.state.assets.keys()].toSorted();
    return Object.fromEntries(names.map((name) => [name, this.rig.roles(name)]));
  }

  async plan(path: string, runId: string, requests: readonly Request[]): Promise<PlanOutcome> {
    const stage = await openStage({ memory: true });
    await stage.addRequests(requests);
    const planned = await this.rig.clock.drive(
      planRun(this.rig.surroundings(this.rig.api({}, "read")), stage, await createRun(path), {
        ...input,
        runId,
        settings: { tenant: undefined, protect: [], limits: {} },
        planFiles: [],
        rows: requests.length,
        duplicateRows: 0,
        skipRefused: false,
      }),
    );
    await stage.close();
    return planned;
  }

  /** Undefined when it was cut off. */
  async apply(path: string, applying: Applying = {}): Promise<ApplySummary | undefined> {
    const { clock, emulator } = this.rig;
    if (this.rig.onceApplied.length > 0) emulator.setFaults(this.rig.onceApplied);
    const journal = await openJournal(path, { clock });
    const wiring: Wiring = applying.exchange === undefined ? {} : { exchange: applying.exchange };
    const surroundings = this.rig.surroundings(this.rig.api(wiring, "write", applying.stop), applying.stop);
    const options = { ...applyDefaults, concurrency: applying.concurrency ?? applyDefaults.concurrency };
    const ended = applyRun(surroundings, journal, options);
    const cut = applying.cut?.then(() => undefined);
    const summary = await clock.drive(cut === undefined ? ended : Promise.race([ended, cut]), 1e9);
    await journal.close();
    return summary;
  }

  async verify(path: string): Promise<VerifySummary> {
    const journal = await openJournal(path, { clock: this.rig.clock });
    const surroundings = this.rig.surroundings(this.rig.api({}, "read"));
    const summary = await this.rig.clock.drive(
      verifyRun(surroundings, journal, { concurrency: 4, driftsMax: 100, record: journal }),
    );
    await journal.close();
    return summary;
  }

  async undo(path: string, undo: string, runId: string): Promise<PlanOutcome> {
    const reader = await openReader(path);
    const surroundings = this.rig.surroundings(this.rig.api({}, "read"));
    const outcome = await this.rig.clock.drive(
      undoRun(surroundings, reader, await createRun(undo), { ...input, runId }),
    );
    await reader.close();
    return outcome;
  }
}
