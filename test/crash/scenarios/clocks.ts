/** Scenarios of clocks that disagree: the process's, shifted in that process only, and the server's. */
import assert from "node:assert/strict";
import type { Stage } from "../../support/process.ts";
import { Grants, fresh } from "../grants.ts";
import type { Scenario } from "../grants.ts";

const minute = 60_000;

/** Options of node under which `Date` tells another time; the monotonic clock goes on as it is. */
function shifted(ms: number): readonly string[] {
  const source = `const Real = Date;
    globalThis.Date = class Date extends Real {
      constructor(...given) { if (given.length === 0) super(Real.now() + ${ms}); else super(...given); }
      static now() { return Real.now() + ${ms}; }
    };`;
  return ["--import", `data:text/javascript,${encodeURIComponent(source)}`];
}

async function underShift(stage: Stage, ms: number, code: number, words: readonly string[]): Promise<void> {
  const grants = await Grants.plan(stage, fresh());
  const ended = await stage.begin(grants.applying(), { node: shifted(ms) }).ended;
  grants.expect(ended, code, ...words);
  if (code !== 0) assert.equal(await grants.writes(), 0);
  await grants.finish();
}

async function underServerShift(stage: Stage, ms: number, code: number, words: readonly string[]): Promise<void> {
  const grants = await Grants.plan(stage, fresh());
  await stage.control("POST", "advance", { ms });
  try {
    const ended = await stage.handover(...grants.applying());
    grants.expect(ended, code, ...words);
    if (code !== 0) assert.equal(await grants.writes(), 0);
  } finally {
    await stage.control("POST", "advance", { ms: -ms });
  }
  await grants.finish();
}

/** Tokens are asked for an hour ahead: a clock that is behind by less does no harm. */
const behind = ["the clock of this machine", "behind Google's"];
const ahead = ["the clock of this machine", "ahead of Google's"];

export const clocks: readonly Scenario[] = [
  ...(
    [
      [-4 * minute, 0, []],
      [4 * minute, 0, []],
      [-10 * minute, 0, []],
      [-90 * minute, 4, behind],
      [10 * minute, 4, ahead],
      [48 * 60 * minute, 6, ["max-age"]],
    ] as const
  ).map(([ms, code, words]) => ({
    name: `an apply whose clock is ${ms / minute} minutes off ends with ${code}`,
    play: async (stage: Stage): Promise<void> => underShift(stage, ms, code, words),
  })),
  ...(
    [
      [4 * minute, 0, []],
      [-4 * minute, 0, []],
      [10 * minute, 0, []],
      [90 * minute, 4, behind],
      [-10 * minute, 4, ahead],
    ] as const
  ).map(([ms, code, words]) => ({
    name: `an apply at a server whose clock is ${ms / minute} minutes off ends with ${code}`,
    play: async (stage: Stage): Promise<void> => underServerShift(stage, ms, code, words),
  })),
  {
    name: "a server that asks to wait until a date, under clocks that differ, is waited for and not for hours",
    play: async (stage) => {
      const grants = await Grants.plan(stage, fresh());
      await stage.control("PUT", "faults", [
        {
          route: "assets.updatePermissions",
          nth: 2,
          fault: { kind: "status", status: 429, retryAfterS: 2, retryAfterAs: "date" },
        },
      ]);
      const apply = stage.begin(grants.applying(), { node: shifted(-4 * minute) });
      grants.expect(await apply.ended, 0);
      await grants.judged();
    },
  },
];
