/** The scenarios of the campaign that take little time, each as a test of its own. */
import { afterAll, beforeAll, it, vi } from "vitest";
import { Stage } from "../support/process.ts";
import { tenant } from "./grants.ts";
import { scenarios } from "./scenarios.ts";

// Each starts about ten processes, which take their time on a machine that has other work.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start(tenant);
});

afterAll(async () => {
  await stage.close();
});

it.each(scenarios.filter(({ isLong }) => isLong !== true))("$name", async ({ play }) => {
  await play(stage);
});
