/** All scenarios with a name, in the order in which a campaign plays them. */
import type { Scenario } from "./grants.ts";
import { clocks } from "./scenarios/clocks.ts";
import { disks } from "./scenarios/disk.ts";
import { files } from "./scenarios/files.ts";
import { gone } from "./scenarios/gone.ts";
import { holders } from "./scenarios/holders.ts";
import { dying } from "./scenarios/memory.ts";
import { closedStreams } from "./scenarios/streams.ts";

export const scenarios: readonly Scenario[] = [
  ...dying,
  ...holders,
  ...closedStreams,
  ...disks,
  ...gone,
  ...clocks,
  ...files,
];
