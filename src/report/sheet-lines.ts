/** What a run leaves for people: owner changes that no API can make, and data sources to reconnect. */
import { assetUrl } from "../model/asset.ts";
import type { AssetName } from "../model/asset.ts";
import type { Email } from "../model/email.ts";
import { userMember } from "../model/member.ts";
import type { Keep } from "../model/request.ts";
import type { ByHandStep, EditStep, StepAsset, StepState, TransferStep } from "../model/step.ts";
import { groupBy } from "./grouping.ts";
import type { Pages, StepProgress } from "./rows.ts";

/** One owner change. */
export interface SheetLine {
  readonly seq: number;
  readonly asset: StepAsset;
  readonly url: string;
  readonly to: Email;
  readonly keep: Keep;
  /** The step that must succeed first because it gives the new owner access; undefined when nothing is missing. */
  readonly waitsFor: { readonly seq: number; readonly state: StepState } | undefined;
  /** The step that may yet make this line needless. */
  readonly unless: number | undefined;
}

/** Everything one person has to do. */
export interface PersonSheet {
  readonly person: Email;
  readonly lines: readonly SheetLine[];
}

/** Data sources that go on reading with the credentials of somebody who leaves. */
export interface ReconnectLine {
  readonly seq: number;
  /** Whose credentials they are. */
  readonly person: Email;
  /** Who reconnects. */
  readonly to: Email;
  /** One data source, or undefined: all those a whole-user transfer moves. */
  readonly asset: StepAsset | undefined;
  readonly url: string | undefined;
}

export interface SheetLines {
  /** In order of first mention. */
  readonly people: readonly PersonSheet[];
  readonly reconnect: readonly ReconnectLine[];
}

/** An edit that has not given what it gives. */
interface PendingEdit {
  readonly step: EditStep;
  readonly state: StepState;
}

interface Gathered {
  readonly open: ByHandStep[];
  readonly transfers: TransferStep[];
  readonly attempted: EditStep[];
  readonly pending: Map<AssetName, PendingEdit[]>;
  readonly keepingCredentials: Set<AssetName>;
}

const openStates: ReadonlySet<StepState> = new Set<StepState>(["planned", "in-flight", "by-hand"]);
const goodStates: ReadonlySet<StepState> = new Set<StepState>(["applied", "confirmed", "unchanged"]);
const badStates: ReadonlySet<StepState> = new Set<StepState>(["failed", "skipped", "cancelled"]);

/** Collects the lines from every step of a run. Those whose owner change has been made in another way are left out. */
export async function sheetLines(steps: Pages): Promise<SheetLines> {
  const gathered: Gathered = {
    open: [],
    transfers: [],
    attempted: [],
    pending: new Map(),
    keepingCredentials: new Set(),
  };
  for await (const page of steps) for (const row of page) gather(gathered, row);
  const people = [...groupBy(gathered.open, (step) => step.from)].map(([person, own]) => ({
    person,
    lines: own.map((step) => lineOf(step, gathered)),
  }));
  return { people, reconnect: reconnectLines(gathered) };
}

function gather(gathered: Gathered, { step, state, result }: StepProgress): void {
  if (step.kind === "transfer") {
    if (step.hazards.includes("keeps-credentials") && !badStates.has(state)) gathered.transfers.push(step);
    return;
  }
  const { name } = step.asset;
  if (step.hazards.includes("keeps-credentials")) gathered.keepingCredentials.add(name);
  if (step.kind === "by-hand") {
    if (openStates.has(state)) gathered.open.push(step);
    return;
  }
  if (result?.newOwner !== undefined) gathered.attempted.push(step);
  if (goodStates.has(state) || step.delta.add.length === 0) return;
  const pending = gathered.pending.get(name);
  if (pending === undefined) gathered.pending.set(name, [{ step, state }]);
  else pending.push({ step, state });
}

function lineOf(step: ByHandStep, { pending }: Gathered): SheetLine {
  const heir = userMember(step.to);
  const giving = pending
    .get(step.asset.name)
    ?.find((edit) => edit.step.delta.add.some(({ member }) => member === heir));
  return {
    seq: step.seq,
    asset: step.asset,
    url: assetUrl(step.asset.name, step.asset.assetType),
    to: step.to,
    keep: step.keep,
    waitsFor: giving === undefined ? undefined : { seq: giving.step.seq, state: giving.state },
    unless: step.unless,
  };
}

function reconnectLines({ open, transfers, attempted, keepingCredentials }: Gathered): ReconnectLine[] {
  const moved = transfers.map((step) => ({
    seq: step.seq,
    person: step.from.email,
    to: step.to.email,
    asset: undefined,
    url: undefined,
  }));
  const named = [
    ...open.map((step) => ({ step, person: step.from, to: step.to })),
    ...attempted.flatMap((step) =>
      step.owner === undefined || step.attemptOwner === undefined
        ? []
        : [{ step, person: step.owner, to: step.attemptOwner }],
    ),
  ].filter(({ step }) => keepingCredentials.has(step.asset.name));
  const lines = named.map(({ step, person, to }) => ({
    seq: step.seq,
    person,
    to,
    asset: step.asset,
    url: assetUrl(step.asset.name, step.asset.assetType),
  }));
  return [...moved, ...lines];
}
