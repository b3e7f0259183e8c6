/** The planner: requests of the stage x a survey -> a sealed run, or all the reasons why there is none. */
import type { RunWriter } from "../journal/journal.ts";
import type { Stage, StagedAsset } from "../journal/stage.ts";
import type { AssetName } from "../model/asset.ts";
import type { Diagnostic, Place } from "../model/diagnostic.ts";
import { GuardError, PlanFileError } from "../model/errors.ts";
import type { Request } from "../model/request.ts";
import type { NoAction, Refusal, RunHeader } from "../model/run.ts";
import type { StepDraft } from "../model/step.ts";
import { compileAsset } from "../plan/compile/asset.ts";
import type { AssetVerdict, Carrier } from "../plan/compile/asset.ts";
import { BroadRequests } from "../plan/compile/broad.ts";
import type { CompileContext, PlannedTransfer, Resolved } from "../plan/compile/context.ts";
import { transferHazards } from "../plan/compile/hazards.ts";
import { protectionsOf, resolveRequest } from "../plan/compile/resolve.ts";
import { PlanTotals, breaches } from "../plan/compile/totals.ts";
import { TransferCensus } from "../plan/compile/transfers.ts";
import { Survey } from "./survey.ts";
import type { PlanGuards, PlanInput, PlanOutcome, PlanRun, Surroundings } from "./verbs.ts";

const diagnosticsMax = 1000;
const noActionsMax = 1000;

export const planRun: PlanRun = async (surroundings, stage, writer, input) => {
  const survey = await Survey.begin(surroundings, stage, input.concurrency);
  const meant = input.settings.tenant;
  if (meant !== undefined && meant !== survey.tenant.primaryDomain) {
    throw new GuardError(
      "tenant",
      `the plan files are meant for ${meant}, the credentials belong to ${survey.tenant.primaryDomain}`,
      "use the credentials of the right tenant, or correct `tenant:` in the plan file",
    );
  }
  await survey.findAssets(input.settings.protect);
  const compiling = new Compiling(surroundings, stage, writer, survey, input);
  return compiling.run();
};

/** One planning, from the assets found to the outcome. */
class Compiling {
  readonly #surroundings: Surroundings;
  readonly #stage: Stage;
  readonly #writer: RunWriter;
  readonly #survey: Survey;
  readonly #input: PlanInput;
  readonly #context: CompileContext;
  readonly #totals: PlanTotals;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #carriers = new Map<string, Carrier>();
  /** Rows a transfer carries out, which therefore ask for something even where no asset is left to edit. */
  readonly #transferring = new Set<Place>();

  constructor(surroundings: Surroundings, stage: Stage, writer: RunWriter, survey: Survey, input: PlanInput) {
    this.#surroundings = surroundings;
    this.#stage = stage;
    this.#writer = writer;
    this.#survey = survey;
    this.#input = input;
    this.#context = {
      tenant: survey.tenant,
      admin: input.admin,
      protections: protectionsOf(survey, input.settings.protect),
      principal: (email) => survey.principal(email),
      reachable: (email) => survey.reachable(email),
    };
    this.#totals = new PlanTotals(survey.tenant);
  }

  async run(): Promise<PlanOutcome> {
    const broad = await this.#resolveBroad();
    await this.#survey.readPermissions(
      (asset, named) => named || broad.mayTouch(asset, (user) => this.#survey.seenAs(user)),
    );
    this.#stopIfAsked();
    const snapshotAt = this.#input.snapshotAt ?? this.#surroundings.clock.now();
    await this.#planTransfers(broad);
    await this.#planAssets(broad);
    if (this.#diagnostics.length > 0) throw new PlanFileError(this.#diagnostics.slice(0, diagnosticsMax));
    const noActions = broad
      .noActions()
      .filter((item) => !this.#transferring.has(item.place))
      .slice(0, noActionsMax);
    const header = await this.#header(snapshotAt, noActions);
    return this.#decide(header);
  }

  async #resolveBroad(): Promise<BroadRequests> {
    const resolved: Resolved[] = [];
    for (const request of await this.#stage.broadRequests()) {
      const found = resolveRequest(this.#context, request);
      if ("rule" in found) this.#totals.refused(found);
      else resolved.push(found);
    }
    return new BroadRequests(this.#survey.tenant, resolved);
  }

  /** First walk over the assets: who leaves whole. */
  async #planTransfers(broad: BroadRequests): Promise<void> {
    if (!(await this.#stage.actions()).has("transfer")) return;
    const census = new TransferCensus(this.#context, broad.all());
    for await (const { assets } of this.#survey.pages()) {
      this.#stopIfAsked();
      for (const staged of assets) {
        const { asset, permissions } = staged.record;
        census.see(asset, [...this.#named(staged).named, ...broad.matching(asset, permissions)]);
      }
    }
    const decision = census.decide();
    this.#diagnostics.push(...decision.diagnostics);
    for (const refusal of decision.refusals) this.#totals.refused(refusal);
    const seqs = new Map<PlannedTransfer, number>();
    const offered = decision.transfers.length === 0 || (await this.#surroundings.api.dataTransfer.offersDataStudio());
    for (const transfer of decision.transfers) {
      if (!offered) {
        this.#totals.refused(notOffered(transfer));
        continue;
      }
      const departure = decision.after.get(transfer);
      const seq = await this.#writer.add([
        this.#transferDraft(transfer, departure === undefined ? undefined : seqs.get(departure)),
      ]);
      seqs.set(transfer, seq);
      this.#totals.transfer(transfer);
      this.#carriers.set(transfer.from.email, { seq, to: transfer.to.email });
      for (const request of transfer.requests) this.#transferring.add(request.place);
    }
  }

  #transferDraft(transfer: PlannedTransfer, after: number | undefined): StepDraft {
    return {
      kind: "transfer",
      after,
      actor: this.#input.admin,
      hazards: transferHazards(transfer),
      sources: transfer.requests.map((request) => request.place),
      from: { email: transfer.from.email, id: transfer.from.id },
      to: { email: transfer.to.email, id: transfer.to.id },
      live: transfer.live,
      trashed: transfer.trashed,
    };
  }

  /** Second walk: every asset with what all rows together ask of it. */
  async #planAssets(broad: BroadRequests): Promise<void> {
    for await (const { assets, missing } of this.#survey.pages()) {
      this.#stopIfAsked();
      let drafts: StepDraft[] = [];
      for (const staged of assets) {
        const verdict = this.#planAsset(staged, broad);
        if (verdict?.byHand === undefined) {
          if (verdict?.edit !== undefined) drafts.push(verdict.edit);
          continue;
        }
        // Both stand after all that came before them, and the second may name the first.
        await this.#add(drafts);
        drafts = [];
        await this.#addByHand(verdict.edit, verdict.byHand);
      }
      await this.#add(drafts);
      for (const { name, requests } of missing) this.#totals.notFound(notFound(name, requests));
    }
  }

  /** Undefined for an asset that nothing is asked of. */
  #planAsset(staged: StagedAsset, broad: BroadRequests): AssetVerdict | undefined {
    const { record } = staged;
    const { named, refusals } = this.#named(staged);
    for (const refusal of refusals) this.#totals.refused(refusal);
    const general = broad.matching(record.asset, record.permissions);
    const requests = [...named, ...general];
    const roles = record.permissions?.roles;
    if (requests.length === 0) {
      if (roles !== undefined) this.#totals.exposure(roles, roles);
      return undefined;
    }
    const carrier = record.asset.owner === undefined ? undefined : this.#carriers.get(record.asset.owner);
    const verdict = compileAsset(this.#context, record, requests, carrier);
    this.#diagnostics.push(...verdict.diagnostics);
    this.#totals.asset(record, verdict, carrier !== undefined);
    broad.saw(general, verdict);
    if (roles !== undefined) this.#totals.exposure(roles, verdict.rolesAfter ?? roles);
    return verdict;
  }

  /** All of a page at once. */
  async #add(drafts: readonly StepDraft[]): Promise<void> {
    if (drafts.length > 0) await this.#writer.add(drafts);
  }

  async #addByHand(edit: AssetVerdict["edit"], { tried, ...line }: NonNullable<AssetVerdict["byHand"]>): Promise<void> {
    const seq = edit === undefined ? undefined : await this.#writer.add([edit]);
    await this.#writer.add([{ ...line, unless: tried ? seq : undefined }]);
  }

  #named(staged: StagedAsset): { readonly named: readonly Resolved[]; readonly refusals: readonly Refusal[] } {
    const named: Resolved[] = [];
    const refusals: Refusal[] = [];
    for (const request of staged.requests) {
      const found = resolveRequest(this.#context, request);
      if ("rule" in found) refusals.push(found);
      else named.push(found);
    }
    return { named, refusals };
  }

  async #header(snapshotAt: number, noActions: readonly NoAction[]): Promise<RunHeader> {
    const { tenant } = this.#survey;
    const input = this.#input;
    const totals = this.#totals;
    return {
      runId: input.runId,
      toolVersion: input.toolVersion,
      tenant: tenant.primaryDomain,
      domains: [...tenant.domains].toSorted(),
      admin: input.admin,
      planner: input.planner,
      createdAt: this.#surroundings.clock.now(),
      snapshotAt,
      planFiles: input.planFiles,
      undoOf: undefined,
      limits: input.settings.limits,
      guards: frozenGuards(input.settings),
      totals: totals.totals(input.rows, input.duplicateRows),
      hazards: totals.hazards,
      refusals: totals.refusals,
      noActions,
      coverage: await this.#survey.coverage(),
      exposureBefore: totals.exposureBefore,
      exposureAfter: totals.exposureAfter,
      remarks: [],
    };
  }

  async #decide(header: RunHeader): Promise<PlanOutcome> {
    const { totals, coverage, limits } = header;
    if (totals.refused > 0 && !this.#input.skipRefused) {
      await this.#writer.discard();
      return { kind: "refused", header };
    }
    const broken = breaches(limits, totals, coverage.assetsRead, this.#input.settings.limitsFrom);
    if (broken.length > 0) {
      await this.#writer.discard();
      return { kind: "over-limit", header, breaches: broken };
    }
    const nothingFound = header.noActions.some((item) => item.why === "matched-nothing");
    if (totals.steps === 0 && totals.alreadySo === 0 && totals.refused === 0 && nothingFound) {
      await this.#writer.discard();
      return { kind: "matched-nothing", header };
    }
    return { kind: "made", header, digest: await this.#writer.seal(header) };
  }

  #stopIfAsked(): void {
    if (this.#surroundings.stop.aborted) throw new PlanStopped();
  }
}

/** What was in force, for whoever carries the run out elsewhere; undefined for a run that nothing bound. */
export function frozenGuards({ limits, limitsFrom, protect }: PlanGuards): RunHeader["guards"] {
  const isBound = Object.values(limits).some((limit) => limit !== undefined) || protect.length > 0;
  return isBound ? { limits: limitsFrom ?? {}, protect } : undefined;
}

/** The user stopped a plan in the making; nothing is left behind. Exit code 7. */
export class PlanStopped extends Error {
  override readonly name: string = "PlanStopped";
  constructor() {
    super("stopped before the plan was complete; nothing was written");
  }
}

function notFound(name: AssetName, requests: readonly Request[]): Refusal {
  return {
    rule: "not-found",
    places: requests.map((request) => request.place),
    problem: `no user who could be searched as sees an asset ${name}`,
    remedy: "correct the id; an asset that nobody active can see must be shared first",
  };
}

function notOffered(transfer: PlannedTransfer): Refusal {
  return {
    rule: "not-offered",
    places: transfer.requests.map((request) => request.place),
    problem: "the tenant's Data Transfer API does not offer Data Studio (application 810260081642)",
    remedy: "turn the Looker Studio service on for the organisation, or hand over asset by asset",
  };
}
