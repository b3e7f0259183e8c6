/** Makes the run that takes another one back: only the pairs that run changed itself, and only where they still stand. */
import type { RunReader, RunWriter, StepRow } from "../journal/journal.ts";
import type { Email } from "../model/email.ts";
import { ApiError, GuardError } from "../model/errors.ts";
import { EDITOR, applyDelta, inverse, isEmpty, need, ownerOf, samePair } from "../model/permissions.ts";
import type { Delta, Permissions } from "../model/permissions.ts";
import { placeText } from "../model/diagnostic.ts";
import { userMember } from "../model/member.ts";
import type { NoAction, Refusal, RunHeader } from "../model/run.ts";
import type { EditStep, StepResult } from "../model/step.ts";
import { counted } from "../model/text.ts";
import type { Tenant } from "../model/tenant.ts";
import { described } from "../plan/compile/asset.ts";
import { editHazards } from "../plan/compile/hazards.ts";
import type { Protection } from "../plan/compile/context.ts";
import { memberProtectedBy, protectedBy } from "../plan/compile/match.ts";
import { protectionsOf } from "../plan/compile/resolve.ts";
import { PlanTotals, breaches } from "../plan/compile/totals.ts";
import { inParallel } from "./parallel.ts";
import { PlanStopped, frozenGuards } from "./plan.ts";
import { tenantOf } from "./people.ts";
import type { PlanOutcome, Surroundings, UndoRun } from "./verbs.ts";

const pageSize = 500;
const remarksMax = 100;
const noActionsMax = 1000;

export const undoRun: UndoRun = async (surroundings, done, writer, input) => {
  const tenant = await tenantOf(surroundings.api.directory);
  if (tenant.primaryDomain !== done.header.tenant) {
    throw new GuardError(
      "tenant",
      `the run belongs to ${done.header.tenant}, the credentials to ${tenant.primaryDomain}`,
      "use the credentials of the run's tenant",
    );
  }
  return new Undoing(surroundings, done, writer, input, tenant).run();
};

class Undoing {
  readonly #s: Surroundings;
  readonly #done: RunReader;
  readonly #writer: RunWriter;
  readonly #input: Parameters<UndoRun>[3];
  readonly #totals: PlanTotals;
  readonly #tenant: Tenant;
  readonly #protections: readonly Protection[];
  readonly #remarks: string[] = [];
  readonly #noActions: NoAction[] = [];
  #read = 0;
  #unreadable = 0;
  #laterChanged = 0;

  constructor(
    surroundings: Surroundings,
    done: RunReader,
    writer: RunWriter,
    input: Parameters<UndoRun>[3],
    tenant: Tenant,
  ) {
    this.#s = surroundings;
    this.#done = done;
    this.#writer = writer;
    this.#input = input;
    this.#tenant = tenant;
    this.#totals = new PlanTotals(tenant);
    this.#protections = protectionsOf({ principal: () => undefined }, input.guards?.protect ?? []);
  }

  async run(): Promise<PlanOutcome> {
    await inParallel(this.#rows(), this.#input.concurrency, this.#s.stop, async (row) => this.#reverse(row));
    if (this.#s.stop.aborted) {
      await this.#writer.discard();
      throw new PlanStopped();
    }
    const header = this.#header();
    // Nothing but its own assets was read, of which it touches all: no share of them counts.
    const limits = { ...header.limits, percentOfAssets: undefined };
    const broken = breaches(limits, header.totals, 0, this.#input.guards?.limitsFrom);
    if (broken.length > 0) {
      await this.#writer.discard();
      return { kind: "over-limit", header, breaches: broken };
    }
    return { kind: "made", header, digest: await this.#writer.seal(header) };
  }

  async *#rows(): AsyncGenerator<StepRow> {
    let after = 0;
    for (;;) {
      const page = await this.#done.page({}, after, pageSize);
      const last = page.at(-1);
      if (last === undefined) return;
      after = last.step.seq;
      yield* page;
    }
  }

  async #reverse(row: StepRow): Promise<void> {
    const { step, result } = row;
    if (result === undefined) {
      if (row.state === "in-flight") {
        this.#remark(`step ${step.seq} is still under way: finish the run with apply, then undo again`);
      }
      return;
    }
    switch (step.kind) {
      case "transfer":
        if (result.outcome === "applied" || result.outcome === "confirmed") {
          this.#remark(
            `the transfer of everything ${step.from.email} owned to ${step.to.email} cannot be taken back: moving it back would move ${step.to.email}'s own assets too`,
          );
        }
        return;
      case "by-hand":
        return;
      case "edit":
        if (!isEmpty(result.changed) || result.newOwner !== undefined) await this.#reverseEdit(step, result);
    }
  }

  async #reverseEdit(step: EditStep, done: StepResult): Promise<void> {
    const oldOwner = done.newOwner === undefined ? undefined : step.owner;
    const actors = [...new Set([done.newOwner ?? done.actor, done.actor, step.actor, ...step.alternates])];
    const wanted = inverse(done.changed);
    // An owner keeps the right to act whatever else is taken away.
    const able = actors.filter(
      (actor) =>
        actor === step.owner ||
        actor === done.newOwner ||
        !wanted.remove.some((pair) => samePair(pair, { role: EDITOR, member: userMember(actor) })),
    );
    const seen = await this.#readAs(able.length > 0 ? able : actors, step);
    if (seen === undefined) return;
    const delta = need(seen.permissions.roles, wanted);
    const attemptOwner = ownerOf(seen.permissions.roles) === done.newOwner ? oldOwner : undefined;
    if (isEmpty(delta) && attemptOwner === undefined) {
      this.#laterChanged += 1;
      const [place] = step.sources;
      if (place !== undefined && this.#noActions.length < noActionsMax) {
        this.#noActions.push({ place, why: "already-so", assets: 1 });
      }
      return;
    }
    const shield = this.#shieldOf(step, ownerOf(seen.permissions.roles), delta);
    if (shield !== undefined) return this.#totals.refused(shield);
    const hazards = editHazards(this.#tenant, seen.permissions.roles, delta, {
      attemptsOwner: attemptOwner !== undefined,
      movesReport: false,
      keepsCredentials: false,
    });
    const draft: Omit<EditStep, "seq"> = {
      kind: "edit",
      after: undefined,
      actor: seen.actor,
      alternates: able.filter((actor) => actor !== seen.actor),
      hazards,
      sources: step.sources,
      asset: step.asset,
      owner: ownerOf(seen.permissions.roles),
      delta,
      attemptOwner,
      base: seen.permissions,
    };
    await this.#writer.add([draft]);
    const { roles } = seen.permissions;
    this.#totals.exposure(roles, applyDelta(roles, delta));
    this.#totals.asset(
      seen,
      { edit: draft, byHand: undefined, refusals: [], diagnostics: [], rolesAfter: undefined },
      false,
    );
  }

  #shieldOf(step: EditStep, owner: Email | undefined, delta: Delta): Refusal | undefined {
    const asset = { ...step.asset, owner };
    const whole = protectedBy(this.#protections, asset);
    const rule = whole ?? memberProtectedBy(this.#protections, asset, delta)?.rule;
    if (rule === undefined) return undefined;
    return {
      rule: "protected",
      places: step.sources,
      problem: `${described(step.asset)} is protected by ${rule.id} (${placeText(rule.place)})`,
      remedy: "take the change back by hand, or lift the rule and undo again",
    };
  }

  async #readAs(
    actors: readonly Email[],
    step: EditStep,
  ): Promise<{ readonly actor: Email; readonly permissions: Permissions } | undefined> {
    let reason = "nobody left to act as";
    for (const actor of actors) {
      try {
        const permissions = await this.#s.api.dataStudio.getPermissions(actor, step.asset.name);
        this.#read += 1;
        return { actor, permissions };
      } catch (error) {
        if (!(error instanceof ApiError) || error.disposition === "halt-run") throw error;
        reason = error.message;
      }
    }
    this.#unreadable += 1;
    const name = described(step.asset);
    const refusal: Refusal = {
      rule: "unreadable",
      places: step.sources,
      problem: `${name} cannot be read now: ${reason}`,
      remedy: "take the change back in the web UI, or undo again once somebody can act on it",
    };
    this.#totals.refused(refusal);
    return undefined;
  }

  #remark(text: string): void {
    if (this.#remarks.length < remarksMax) this.#remarks.push(text);
  }

  #header(): RunHeader {
    const { header } = this.#done;
    if (this.#laterChanged > 0) {
      this.#remark(`${counted(this.#laterChanged, "asset")} need nothing: somebody has taken the change back already`);
    }
    const now = this.#s.clock.now();
    return {
      runId: this.#input.runId,
      toolVersion: this.#input.toolVersion,
      tenant: header.tenant,
      domains: header.domains,
      admin: this.#input.admin,
      planner: this.#input.planner,
      createdAt: now,
      snapshotAt: now,
      planFiles: header.planFiles,
      undoOf: { runId: header.runId, digest: this.#done.digest },
      limits: this.#input.guards?.limits ?? {},
      guards: this.#input.guards === undefined ? undefined : frozenGuards(this.#input.guards),
      totals: this.#totals.totals(0, 0),
      hazards: this.#totals.hazards,
      refusals: this.#totals.refusals,
      noActions: this.#noActions,
      coverage: {
        usersTried: 0,
        usersRead: 0,
        usersFailed: [],
        assetsRead: this.#read + this.#unreadable,
        permissionsRead: this.#read,
        permissionsUnreadable: this.#unreadable,
        trashedRead: false,
      },
      exposureBefore: this.#totals.exposureBefore,
      exposureAfter: this.#totals.exposureAfter,
      remarks: this.#remarks,
    };
  }
}
