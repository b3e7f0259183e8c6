/** The numbers that stand in every store for the states and kinds of steps, and for what became of an attempt. */
import type { Step, StepState } from "../model/step.ts";

const stateCodes: Readonly<Record<StepState, number>> = {
  planned: 0,
  "in-flight": 1,
  applied: 2,
  confirmed: 3,
  unchanged: 4,
  skipped: 5,
  failed: 6,
  "by-hand": 7,
  cancelled: 8,
};
const stateNames = new Map<number, StepState>(
  (Object.keys(stateCodes) as StepState[]).map((state) => [stateCodes[state], state]),
);
/** How many states there are. */
export const stateCount: number = stateNames.size;

const kindNames: readonly Step["kind"][] = ["edit", "transfer", "by-hand"];

export function stateCode(state: StepState): number {
  return stateCodes[state];
}

export function stateName(code: number): StepState | undefined {
  return stateNames.get(code);
}

export function kindCode(kind: Step["kind"]): number {
  return kindNames.indexOf(kind);
}

export function kindName(code: number): Step["kind"] | undefined {
  return kindNames[code];
}

/** An attempt without effect, and one without effect because of a conflict; a doubtful one has 0. */
export const voided = 1;
export const voidByConflict = 2;
