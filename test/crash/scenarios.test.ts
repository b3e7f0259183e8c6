/** The scenarios of the campaign that take little time, each as a test of its own. */
import { afterAll, beforeAll, it } from "vitest";
import { Stage } from "../support/process.ts";
import { tenant } from "./grants.ts";
import { scenarios } from "./scenarios.ts";

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
