/** Scenarios of output that nobody reads: the work stops as if it had been asked to, and is whole. */
import assert from "node:assert/strict";
import { Grants, fresh } from "../grants.ts";
import type { Scenario } from "../grants.ts";

const streams = ["stdout", "stderr"] as const;

function closed(name: string, which: readonly (typeof streams)[number][], more: readonly string[]): Scenario {
  return {
    name: `an apply ${more.join(" ")} whose ${name} is closed from the start ends with 7 or with its work done`,
    play: async (stage) => {
      const grants = await Grants.plan(stage, fresh());
      const apply = stage.begin(grants.applying("--rate", "20/s", ...more));
      for (const stream of which) apply.child[stream]?.destroy();
      const { code, signal } = await apply.ended;
      assert.ok(code === 7 || code === 0, `${code ?? signal}`);
      await grants.durable();
      await grants.finish();
    },
  };
}

export const closedStreams: readonly Scenario[] = [
  closed("stdout", ["stdout"], ["--json"]),
  closed("stderr", ["stderr"], []),
  closed("output", streams, ["--json"]),
];
