/** Ends open steps of a run without carrying them out, because a person says so. Nothing is sent. */
import type { Claim, Journal } from "../journal/journal.ts";
import type { Email } from "../model/email.ts";
import { Effect } from "./effect.ts";
import { result } from "./ending.ts";
import type { CancelRun } from "./verbs.ts";

const claimsAtOnce = 500;
const nobody: ReadonlySet<Email> = new Set();

type Visited = "cancelled" | "doubtful" | "passed-over";

export const cancelRun: CancelRun = async (journal, wish) => {
  let cancelled = 0;
  const doubtful: number[] = [];
  for (;;) {
    const claims = await journal.claim({ max: claimsAtOnce, perActor: claimsAtOnce, halted: nobody });
    if (claims.length === 0) break;
    const visited = await Promise.all(claims.map(async (claim) => visit(journal, claim, wish)));
    cancelled += visited.filter((how) => how === "cancelled").length;
    doubtful.push(...claims.filter((_, index) => visited[index] === "doubtful").map(({ step }) => step.seq));
  }
  if (cancelled > 0) await journal.note("cancelled", { steps: cancelled, reason: wish.reason });
  await journal.flush();
  return { cancelled, doubtful: doubtful.toSorted((a, b) => a - b), counts: await journal.counts() };
};

async function visit(
  journal: Journal,
  claim: Claim,
  { steps, reason, evenInDoubt }: Parameters<CancelRun>[1],
): Promise<Visited> {
  const isChosen = steps === undefined || steps.has(claim.step.seq);
  const isDoubtful = claim.doubtful.length > 0 || claim.memo !== undefined;
  if (!isChosen || (isDoubtful && !evenInDoubt)) {
    await journal.setAside(claim);
    return isChosen ? "doubtful" : "passed-over";
  }
  // What may have been written counts as written, so that undo takes it back where it stands.
  const effect = new Effect(claim.doubtful);
  effect.assumed();
  const { changed, newOwner } = effect;
  const said = isDoubtful ? `${reason}; a request of it may have been carried out, which nobody has looked at` : reason;
  const written = await journal.result(
    claim,
    result("cancelled", claim.step.actor, { reason: said, changed, newOwner }),
  );
  return written === "ok" ? "cancelled" : "passed-over";
}
