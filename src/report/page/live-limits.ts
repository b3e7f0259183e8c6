/** How much of what happens the live page shows; older steps and troubles are in the run file. */

export const liveStepsMax = 200;
export const liveTroublesMax = 100;
