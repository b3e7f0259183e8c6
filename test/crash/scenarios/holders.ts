/** Scenarios of several processes on one run: one holds it, the others are told so, and the hold ends with the process. */
import assert from "node:assert/strict";
import { until } from "../../support/process.ts";
import { Grants, fresh, unanswered } from "../grants.ts";
import type { Scenario } from "../grants.ts";

export const holders: readonly Scenario[] = [
  {
    name: "of eight processes on one run one works and seven are refused with 8; once it is killed the next works at once",
    play: async (stage) => {
      const grants = await Grants.plan(stage, fresh());
      await stage.control("PUT", "faults", [unanswered]);
      const all = Array.from({ length: 8 }, () => stage.begin(grants.applying()));
      await stage.strikesReach(1);
      await until(async () => (all.filter((one) => one.hasEnded()).length >= 7 ? true : undefined));
      const holder = all.find((one) => !one.hasEnded());
      for (const one of all) {
        if (one !== holder) grants.expect(await one.ended, 8, "another process", "Remedy");
      }
      assert.ok(holder !== undefined);
      holder.child.kill("SIGKILL");
      await holder.ended;
      await grants.finish();
    },
  },
  {
    name: "a process that stands still holds its run, and goes on with it",
    play: async (stage) => {
      const grants = await Grants.plan(stage, fresh());
      await stage.control("PUT", "faults", [{ ...unanswered, fault: { kind: "delay", ms: 300 } }]);
      const holder = stage.begin(grants.applying("--concurrency", "1"));
      await stage.strikesReach(1);
      holder.child.kill("SIGSTOP");
      grants.expect(await stage.handover(...grants.applying()), 8);
      grants.expect(await stage.handover("verify", grants.run), 5, "not kept");
      grants.expect(await stage.handover("status", grants.run), 0);
      holder.child.kill("SIGCONT");
      grants.expect(await holder.ended, 0);
      await grants.judged();
    },
  },
];
