/** The model of journal and stage keeps the contracts of the real ones. */
import { journalContract } from "../../conformance/journal.contract.ts";
import { stageContract } from "../../conformance/stage.contract.ts";
import { createModelRun } from "./run.ts";
import { createModelStage } from "./stage.ts";

journalContract("the model of a run", async () => {
  const run = createModelRun();
  return {
    writer: async () => run.writer,
    open: (clock) => run.openJournal({ clock }),
    reader: () => run.openReader(),
    crash: async () => undefined,
    dispose: async () => run.dispose(),
  };
});

stageContract("the model of a stage", async () => createModelStage());
