/**
 * Requests for a changed asset, by kind of step and by what befalls it, and the proof that none is wasted: each request
 * in the emulator's log is named with its reason, and one that has none is counted.
 */
import type { FaultRule } from "../../src/emulator/fault-rules.ts";
import type { LogEntry } from "../../src/emulator/log.ts";
import { applyRun } from "../../src/engine/apply.ts";
import type { Exchange } from "../../src/google/exchange.ts";
import type { Request } from "../../src/model/request.ts";
import { named, row, transfer, written } from "../plan/compile/world.ts";
import { Rig, applyDefaults, smallTenant } from "../support/rig.ts";
import { atMost, exactly, figure } from "./figure.ts";
import type { Figure } from "./figure.ts";

const count = 20;
const patch = "assets.updatePermissions";
const read = "assets.getPermissions";

interface Scene {
  readonly name: string;
  readonly requests: readonly Request[];
  readonly faults?: readonly FaultRule[];
  readonly switches?: Readonly<Record<string, string>>;
  /** What is done before the requests that count; then what they are made by. */
  readonly before?: (rig: Rig, run: Awaited<ReturnType<Rig["made"]>>) => Promise<unknown>;
  readonly act: (rig: Rig, run: Awaited<ReturnType<Rig["made"]>>) => Promise<unknown>;
  /** Assets that change, or are looked at. */
  readonly assets: number;
  /** The fewest requests there can be, in all. */
  readonly fewest: number;
}

const grants = Array.from({ length: count }, (_, i) =>
  row({ action: "grant", select: named(`r${i + 1}`), member: written("other@acme.example"), role: "EDITOR" }),
);
/** Some of the leaver's assets only: the heir becomes an editor, a person changes the owner. */
const someMoves = Array.from({ length: 10 }, (_, i) => transfer("leaver", "heir", { select: named(`r${i + 1}`) }));
const attempts = someMoves.map((request) => ({ ...request, ownerChange: "attempt" as const }));
const everything = [transfer("leaver", "heir", { keep: "none" })];

const applies: Scene["act"] = (rig, run) => rig.apply(run);
const verifies: Scene["act"] = (rig, run) => rig.verify(run);

function conflictAt(nth: number): FaultRule {
  return {
    route: patch,
    nth,
    fault: { kind: "concurrentEditor", add: [{ role: "VIEWER", member: "user:ana@acme.example" }] },
  };
}

const scenes: readonly Scene[] = [
  { name: "edit", requests: grants, act: applies, assets: count, fewest: count },
  {
    name: "edit, one of 20 changed by somebody meanwhile",
    requests: grants,
    faults: [conflictAt(7)],
    act: applies,
    assets: count,
    fewest: count + 2,
  },
  {
    name: "edit, one of 20 answers lost",
    requests: grants,
    faults: [{ route: patch, nth: 7, fault: { kind: "reset", applied: true } }],
    act: applies,
    assets: count,
    fewest: count + 1,
  },
  {
    name: "edit, resumed after a kill with 4 under way",
    requests: grants,
    before: (rig, run) => killedAt(rig, run, 9),
    act: applies,
    assets: count - 8,
    // Of the four under way each is read once; those the server had not seen are sent again.
    fewest: NaN,
  },
  { name: "finished run applied again", requests: grants, before: applies, act: applies, assets: count, fewest: 0 },
  { name: "verify of edits", requests: grants, before: applies, act: verifies, assets: count, fewest: count },
  { name: "line by hand with its edit", requests: someMoves, act: applies, assets: 10, fewest: 10 },
  { name: "verify of lines by hand", requests: someMoves, before: applies, act: verifies, assets: 10, fewest: 10 },
  {
    name: "owner change attempted and made",
    requests: attempts,
    switches: { patchOwnerChanged: "apply" },
    act: applies,
    assets: 10,
    fewest: 10,
  },
  { name: "owner change attempted and refused", requests: attempts, act: applies, assets: 10, fewest: 20 },
  { name: "transfer of a whole user", requests: everything, act: applies, assets: count, fewest: NaN },
  { name: "verify of a transfer", requests: everything, before: applies, act: verifies, assets: count, fewest: NaN },
];

export async function calls(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const scene of scenes) figures.push(...(await seen(scene)));
  return figures;
}

async function seen(scene: Scene): Promise<readonly Figure[]> {
  const world = smallTenant();
  for (let n = 1; n <= count; n += 1) world.addAsset({ name: `r${n}`, owner: "leaver" });
  const rig = new Rig(world, scene.switches === undefined ? {} : { switches: scene.switches });
  const run = await rig.made(scene.requests);
  await scene.before?.(rig, run);
  if (scene.faults !== undefined) rig.onceApplied = scene.faults;
  rig.emulator.log.clear();
  await scene.act(rig, run);
  const entries = rig.emulator.log.entries(0);
  const reasons = tallied(entries);
  const made = [...reasons.values()].reduce((sum, times) => sum + times, 0);
  const wasted = reasons.get(noReason) ?? 0;
  const note = [...reasons].map(([reason, times]) => `${times} ${reason}`).join(", ");
  const goal = Number.isNaN(scene.fewest) ? undefined : exactly(atMost(scene.fewest / scene.assets));
  return [
    figure("calls", `${scene.name}: requests for an asset`, "", [made / scene.assets], goal, note || "none"),
    figure("calls", `${scene.name}: requests without a reason`, "", [wasted], exactly(atMost(0))),
  ];
}

/** Applies until the server has had so many changes, and is gone from one moment to the next. */
async function killedAt(rig: Rig, run: Awaited<ReturnType<Rig["made"]>>, changes: number): Promise<void> {
  const never = new Promise<never>(() => undefined);
  let reached: () => void = () => undefined;
  const cut = new Promise<void>((resolve) => {
    reached = resolve;
  });
  let sent = 0;
  const exchange: Exchange = async (request) => {
    if (request.method !== "PATCH") return rig.exchange(request);
    sent += 1;
    if (sent === changes + 3) reached();
    if (sent > changes) return never;
    const answer = await rig.exchange(request);
    return sent < changes ? answer : never;
  };
  const journal = await run.openJournal({ clock: rig.clock });
  void applyRun(rig.surroundings(rig.api({ exchange: () => exchange })), journal, applyDefaults);
  await rig.clock.drive(cut);
}

const noReason = "without a reason";

/** How many requests were made for each reason, tokens and the look at the tenant's domains left out: one for a process. */
function tallied(entries: readonly LogEntry[]): ReadonlyMap<string, number> {
  const reasons = new Map<string, number>();
  const byAsset = new Map<string, LogEntry[]>();
  for (const entry of entries) {
    if (entry.route === "token") continue;
    const earlier = byAsset.get(entry.asset) ?? [];
    const reason = reasonOf(entry, earlier);
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    byAsset.set(entry.asset, [...earlier, entry]);
  }
  return reasons;
}

/** Why a request was needed, from what had been asked about the asset before, and from nothing the engine says. */
function reasonOf(entry: LogEntry, earlier: readonly LogEntry[]): string {
  const last = earlier.at(-1);
  switch (entry.route) {
    case patch:
      if (last === undefined) return "changes";
      if (last.route === read && last.status === 200) return "changes under the etag just read";
      if (last.route === patch && last.status === 400) return "changes without the owner, which was refused";
      return noReason;
    case read:
      if (last === undefined) return "looks";
      if (last.route === patch && last.status === 409) return "looks after a conflict";
      if (last.route === patch && last.status === 0) return "looks after a lost answer";
      return noReason;
    case "assets.search":
      return `searches ${/assetTypes=(\w+)/.exec(entry.path)?.[1] ?? ""}`.trim();
    case "applications.list":
    case "transfers.list":
      return "looks whether the transfer is there";
    case "transfers.insert":
      return earlier.some(({ route }) => route === "transfers.insert") ? noReason : "starts the transfer";
    case "transfers.get":
      return "asks how the transfer goes";
    default:
      return noReason;
  }
}
