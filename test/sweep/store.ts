/** Where runs are kept in a sweep: the SQLite that ships, or the plain model of it that takes a tenth of the time. */
import { createMemoryRun } from "../../src/journal/sqlite/memory.ts";
import type { MemoryRun } from "../../src/journal/sqlite/memory.ts";
import { openStage } from "../../src/journal/sqlite/stage.ts";
import type { Stage } from "../../src/journal/stage.ts";
import { createModelRun } from "../simulation/model/run.ts";
import { createModelStage } from "../simulation/model/stage.ts";

export interface Store {
  run(): MemoryRun;
  stage(): Promise<Stage>;
}

export const sqlite: Store = { run: createMemoryRun, stage: () => openStage({ memory: true }) };
export const model: Store = { run: createModelRun, stage: async () => createModelStage() };
