/** Faults planted on purpose: targets that show, each time the runner is tested, that it finds what it is there to find. */
import { Broken } from "../target.ts";
import type { OpenTarget, Target } from "../target.ts";

const corpus = [Buffer.from("abcdefgh")];

function planted(run: (input: Buffer) => Promise<void>): OpenTarget {
  return async (): Promise<Target> => ({ corpus, dictionary: ["x"], run });
}

/** True of about one case in three, and still true of much smaller ones. */
function strikes(input: Buffer): boolean {
  return input.includes("x");
}

const held: Buffer[] = [];

export const plantedTargets: ReadonlyMap<string, OpenTarget> = new Map<string, OpenTarget>([
  [
    "planted-throw",
    planted(async (input) => {
      if (strikes(input)) throw new TypeError("Cannot read properties of undefined");
    }),
  ],
  [
    "planted-broken",
    planted(async (input) => {
      if (strikes(input)) throw new Broken("a promise is broken");
    }),
  ],
  [
    "planted-pollution",
    planted(async (input) => {
      if (strikes(input)) Reflect.set(Object.prototype, "polluted", true);
    }),
  ],
  [
    "planted-hang",
    planted(async (input) => {
      while (strikes(input)) Buffer.alloc(1);
    }),
  ],
  ["planted-silence", planted((input) => (strikes(input) ? new Promise<void>(() => undefined) : Promise.resolve()))],
  [
    "planted-memory",
    planted(async (input) => {
      while (strikes(input)) held.push(Buffer.alloc(64 * 1024 * 1024, 1));
    }),
  ],
  [
    "planted-death",
    planted(async (input) => {
      if (strikes(input)) process.kill(process.pid, "SIGKILL");
    }),
  ],
]);
