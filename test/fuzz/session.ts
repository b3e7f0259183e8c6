/** Cases of one target, one after the other in this process: each fault once, made small, with the bytes that show it. */
import { caseOf } from "./mutate.ts";
import { faultOf } from "./oracle.ts";
import type { Fault } from "./oracle.ts";
import { shrunk } from "./shrink.ts";
import type { Target } from "./target.ts";

export interface Finding extends Fault {
  readonly case: number;
  readonly input: Buffer;
}

export interface SessionOptions {
  readonly name: string;
  readonly target: Target;
  readonly seed: number;
  readonly from: number;
  /** Whether case `number` is to be run; asked before each. */
  readonly goesOn: (number: number) => boolean;
  readonly onFinding: (finding: Finding) => void;
  /** Called after `onFinding` with the same finding, its input made small. */
  readonly onSmaller?: ((finding: Finding) => void) | undefined;
}

/** Faults that are told apart before a session is no longer worth its time. */
const kindsMax = 20;

/** Answers how many cases were run. */
export async function runSession(options: SessionOptions): Promise<number> {
  const { name, target, seed, from, goesOn, onFinding, onSmaller } = options;
  const seen = new Set<string>();
  let number = from;
  for (; seen.size < kindsMax && goesOn(number); number += 1) {
    const input = caseOf(name, target, seed, number);
    const fault = await faultOf(target, input);
    if (fault === undefined || seen.has(fault.kind)) continue;
    seen.add(fault.kind);
    onFinding({ ...fault, case: number, input });
    onSmaller?.({ ...(await smaller(target, input, fault)), case: number });
  }
  return number - from;
}

async function smaller(target: Target, input: Buffer, fault: Fault): Promise<Fault & { readonly input: Buffer }> {
  const small = await shrunk(input, async (candidate) => (await faultOf(target, candidate))?.kind === fault.kind);
  return { ...((await faultOf(target, small)) ?? fault), input: small };
}
