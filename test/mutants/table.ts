/** Every deliberate bug that the simulation or a named test must find, in the order of the code a run passes through. */
import type { Mutant } from "./mutant.ts";
import { doubtMutants } from "./table-doubt.ts";
import { engineMutants } from "./table-engine.ts";
import { factMutants } from "./table-facts.ts";
import { googleMutants } from "./table-google.ts";
import { guardMutants } from "./table-guards.ts";
import { journalMutants } from "./table-journal.ts";
import { planMutants } from "./table-plan.ts";
import { postgresMutants } from "./table-postgres.ts";

export const mutants: readonly Mutant[] = [
  ...planMutants,
  ...doubtMutants,
  ...engineMutants,
  ...guardMutants,
  ...factMutants,
  ...googleMutants,
  ...journalMutants,
  ...postgresMutants,
];
