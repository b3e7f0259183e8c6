/** Scenarios of processes that die over and over: for want of memory, or in a crash loop, which may not use up more attempts than are allowed. */
import assert from "node:assert/strict";
import { Grants, fresh } from "../grants.ts";
import type { Scenario } from "../grants.ts";

const attemptsMax = 30;

export const dying: readonly Scenario[] = [
  {
    name: "an apply that runs out of memory, again and again, loses and doubles nothing",
    isLong: true,
    play: async (stage) => {
      const grants = await Grants.plan(stage, fresh(), 24);
      const ends = [];
      for (const megabytes of [6, 9, 12, 15]) {
        const apply = stage.begin(grants.applying(), { env: { NODE_OPTIONS: `--max-old-space-size=${megabytes}` } });
        const { code, signal } = await apply.ended;
        ends.push(code ?? signal);
        await grants.durable();
      }
      // Node calls abort(); a shell would say 134.
      assert.ok(ends.includes("SIGABRT"), `it always had enough: ${ends.join()}`);
      await grants.finish();
    },
  },
  {
    name: "a crash loop stays within the attempts that a step has",
    isLong: true,
    play: async (stage) => {
      const grants = await Grants.plan(stage, fresh(), 1);
      for (let crash = 1; crash <= attemptsMax + 3; crash += 1) {
        await stage.control("PUT", "faults", [{ route: "assets.updatePermissions", nth: 1, fault: { kind: "hang" } }]);
        const apply = stage.begin(grants.applying());
        const struck = await stage.reaches("writes", (await stage.counts()).writes + 1, apply);
        if (!struck) break;
        apply.child.kill("SIGKILL");
        await apply.ended;
      }
      assert.ok((await grants.writes()) <= attemptsMax, `${await grants.writes()} writes were sent`);
      await grants.durable();
      await stage.control("DELETE", "faults");
      grants.expect(await stage.handover(...grants.applying()), 5, "attempts");
      assert.ok((await grants.writes()) <= attemptsMax);
    },
  },
];
