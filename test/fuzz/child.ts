/** The process that runs cases: writes each case's number down before it begins, so that its death tells which it died of. */
import { openSync, writeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { faultOf } from "./oracle.ts";
import { runSession } from "./session.ts";
import type { Finding } from "./session.ts";
import { openTarget } from "./targets.ts";
import type { Message, Work } from "./work.ts";

const work = JSON.parse(process.argv[2] ?? "{}") as Work;

function tell(message: Message): void {
  process.send?.(message);
}

function report({ input, ...finding }: Finding): void {
  tell({ type: "finding", ...finding, input: input.toString("base64") });
}

const target = await openTarget(work.target);
if (work.replay !== undefined) {
  tell({ type: "ready" });
  const input = await readFile(work.replay);
  const fault = await faultOf(target, input);
  if (fault !== undefined) report({ ...fault, case: 0, input });
  tell({ type: "done", cases: 1, ms: 0 });
} else {
  const progress = openSync(work.progressFile, "w");
  const number = Buffer.alloc(8);
  let startedAt = 0;
  const cases = await runSession({
    name: work.target,
    target,
    seed: work.seed,
    from: work.from,
    goesOn: (next) => {
      if (next === work.from) {
        startedAt = performance.now();
        tell({ type: "ready" });
      }
      if (next >= work.from + work.cases || performance.now() - startedAt >= work.seconds * 1000) return false;
      number.writeDoubleLE(next);
      writeSync(progress, number, 0, 8, 0);
      return true;
    },
    onFinding: report,
    onSmaller: report,
  });
  tell({ type: "done", cases, ms: performance.now() - startedAt });
}
await target.close?.();
process.disconnect();
