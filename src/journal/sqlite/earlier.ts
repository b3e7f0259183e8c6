/** What was sent for a step by those who held it before, as the intents they left tell. */
import type { Intent } from "../../model/step.ts";
import { voidByConflict } from "../codes.ts";
import type { Claim } from "../journal.ts";

type Earlier = Pick<Claim, "intent" | "doubtful" | "attempts" | "conflicts">;

/** A row of `intents`. */
interface StoredIntent {
  readonly attempt: number;
  readonly void: number;
  readonly body: string;
}

/** Of a step that nobody has begun, as nearly all are. */
export const nothingSent: Earlier = { intent: undefined, doubtful: [], attempts: 0, conflicts: 0 };

/** `stored` in the order of the attempts. */
export function sentEarlier(stored: readonly StoredIntent[], read: (body: string) => Intent): Earlier {
  const doubtful = stored.filter(({ void: how }) => how === 0).map(({ body }) => read(body));
  return {
    intent: doubtful.at(-1),
    doubtful,
    attempts: stored.at(-1)?.attempt ?? 0,
    conflicts: stored.filter(({ void: how }) => how === voidByConflict).length,
  };
}
