/** Bugs in the run that several workers share: whose a step is, what went in once, and what is one budget for all of them. */
import type { Mutant } from "./mutant.ts";

const claims = "src/journal/postgres/claims.ts";
const writes = "src/journal/postgres/writes.ts";
const fleet = "src/journal/postgres/fleet.ts";
const beat = "src/journal/postgres/fleet-beat.ts";
const alone = "test/journal/postgres.test.ts";
const together = "test/journal/fleet.test.ts";

export const postgresMutants: readonly Mutant[] = [
  {
    name: "fence-ignored",
    breaks: "a worker writes for a step that another one has taken over, and both send",
    file: writes,
    find: '"held" in write && fences.get(write.held.seq) !== write.held.fence',
    replace: '"held" in write && fences.size < 0',
    hunt: alone,
  },
  {
    name: "lease-ignored",
    breaks: "a worker takes steps that another one is at work on",
    file: claims,
    find: "(p.lease is null or p.lease < clock_timestamp() or p.worker = ${worker})",
    replace: "(p.lease is null or p.lease is not null or p.worker = ${worker})",
    hunt: together,
  },
  {
    name: "leases-never-run-out",
    breaks: "what a worker held that died is never done",
    file: claims,
    find: "(p.lease is null or p.lease < clock_timestamp() or p.worker = ${worker})",
    replace: "(p.lease is null or p.lease < 'epoch' or p.worker = ${worker})",
    hunt: alone,
  },
  {
    name: "lost-commit-written-again",
    breaks: "what went in although its answer was lost goes in a second time, and the audit says it twice",
    file: "src/journal/postgres/slices.ts",
    find: "if (Number(worker.slice) === number) return;",
    replace: "if (Number(worker.slice) > number) return;",
    hunt: alone,
  },
  {
    name: "shared-run-one-user-takes-every-worker",
    breaks: "one user is given more calls at once than permitted, and all others wait",
    file: claims,
    find: "if (held >= this.#perActor) return false;",
    replace: "if (held >= this.#perActor * 1000) return false;",
    hunt: alone,
  },
  {
    name: "shared-run-gate-never-opens",
    breaks: "the edits after a transfer are never made",
    file: "src/journal/postgres/gates.ts",
    find: "update progress p set gate = 0 where p.run = $1 and p.gate = $2 and p.gate > 0",
    replace: "update progress p set gate = 0 where p.run = $1 and p.gate = $2 and p.gate < 0",
    hunt: alone,
  },
  {
    name: "calls-of-an-old-handing-taken",
    breaks: "a worker of a run that has ended spends the budget of the next one",
    file: beat,
    find: 'from carrying where run = $1 and ${ms("handed")} = $3 for update)',
    replace: "from carrying where run = $1 and $3::bigint is not null for update)",
    hunt: together,
  },
  {
    name: "end-said-twice",
    breaks: "a run that somebody aborted is said to have finished, because a worker ended after that",
    file: fleet,
    find: "= $2 and ended is null returning run`,\n    [run, handedAt, end, reason],",
    replace: "= $2 returning run`,\n    [run, handedAt, end, reason],",
    hunt: together,
  },
  {
    name: "gate-without-lease",
    breaks: "several workers read one wave back, and each says that it passed",
    file: beat,
    find: "and (gate_worker is null or gate_worker = $2 or gate_until <= clock_timestamp()) returning run`",
    replace: "and (gate_worker is null or gate_worker = $2 or gate_until is not null) returning run`",
    hunt: together,
  },
];
