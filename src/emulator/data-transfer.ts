/** The Data Transfer API: whole-user jobs that move one asset after another as emulator time passes (api.md 3.1). */
import type { Random } from "../model/clock.ts";
import { instantText } from "../model/clock.ts";
import { emailOrUndefined } from "../model/email.ts";
import { userMember } from "../model/member.ts";
import type { Member } from "../model/member.ts";
import { EDITOR, OWNER } from "../model/permissions.ts";
import type { Role, RoleMap } from "../model/permissions.ts";
import { param } from "./call.ts";
import type { Call } from "./call.ts";
import { checkCustomer, invalidInput, requireAdmin } from "./directory.ts";
import { dataStudioApplication, offered, readTransferRequest } from "./transfer-request.ts";
import type { ApplicationPart } from "./transfer-request.ts";
import type { PersonRecord } from "./directory-state.ts";
import { opaqueText } from "./random.ts";
import { notFound, Refusal } from "./refusal.ts";
import { withOwner } from "./state.ts";
import type { StoredAsset, TenantState } from "./state.ts";
import type { Switches } from "./switches.ts";

export interface TransferPace {
  /** From the request until the first asset begins to move, ms. */
  readonly startMs: number;
  readonly perAssetMs: number;
}

/** How a job goes: `stuck` never ends, `failed` stops after a share of the assets, `partial` completes without some. */
export interface TransferFate {
  readonly outcome: "normal" | "stuck" | "failed" | "partial";
  /** Share of the assets that move, 0 to 1. */
  readonly share: number;
}

export interface TransferRecord {
  readonly id: string;
  readonly oldOwnerUserId: string;
  readonly newOwnerUserId: string;
  readonly requestedAt: number;
  readonly parts: readonly ApplicationPart[];
  readonly fate: TransferFate;
  status: string;
  /** Names of the assets to move, in order; undefined until the job begins. */
  queue: readonly string[] | undefined;
  /** How many of the queue are done. */
  moved: number;
}

export class TransferService {
  readonly #random: Random;
  /** In order of request. */
  readonly jobs: Map<string, TransferRecord> = new Map();
  pace: TransferPace;
  #running = 0;

  constructor(random: Random, pace: TransferPace) {
    this.#random = random;
    this.pace = pace;
  }

  /** Replaces every job. */
  restore(jobs: readonly TransferRecord[]): void {
    this.jobs.clear();
    this.#running = 0;
    for (const job of jobs) {
      this.jobs.set(job.id, job);
      if (job.status === "inProgress") this.#running += 1;
    }
  }

  listApplications(call: Call): object {
    requireAdmin(call);
    const customer = call.query.get("customerId");
    if (customer !== null && customer !== "") checkCustomer(call, customer);
    return {
      kind: "admin#datatransfer#applicationsList",
      etag: '"emulated/applications"',
      applications: offered(call.switches),
    };
  }

  getApplication(call: Call): object {
    requireAdmin(call);
    const found = offered(call.switches).find((application) => application.id === param(call, 0));
    if (found === undefined) throw notFound("Application not found");
    return found;
  }

  /** transfers.insert: the job starts at once; `fate` comes from a scripted fault. */
  insert(call: Call, fate: TransferFate): object {
    requireAdmin(call);
    const { oldOwner, newOwner, parts } = readTransferRequest(call);
    this.#checkConflict(oldOwner, newOwner, call.switches);
    const heirSuspended = (newOwner.suspended || newOwner.archived) && call.switches.suspendedHeirTransfer === "fail";
    const job: TransferRecord = {
      id: `AKrEtIY${opaqueText(this.#random, 93)}`,
      oldOwnerUserId: oldOwner.id,
      newOwnerUserId: newOwner.id,
      requestedAt: call.now,
      parts,
      fate: heirSuspended ? { outcome: "failed", share: 0 } : fate,
      status: "inProgress",
      queue: undefined,
      moved: 0,
    };
    this.jobs.set(job.id, job);
    this.#running += 1;
    return jobJson(job);
  }

  get(call: Call): object {
    requireAdmin(call);
    const job = this.jobs.get(param(call, 0));
    if (job === undefined) throw notFound("Transfer not found");
    return jobJson(job);
  }

  /** transfers.list, newest first; the page token is the id of the page's last job. */
  list(call: Call): object {
    requireAdmin(call);
    const { query } = call;
    const status = query.get("status") ?? "";
    if (status !== "" && !["inProgress", "completed", "failed"].includes(status)) throw invalidInput("status");
    const asked = Number(query.get("maxResults") ?? "100");
    if (!Number.isInteger(asked) || asked < 1 || asked > 500) throw invalidInput("maxResults");
    const wanted = [...this.jobs.values()]
      .toReversed()
      .filter(
        (job) =>
          (status === "" || job.status === status) &&
          [job.oldOwnerUserId, ""].includes(query.get("oldOwnerUserId") ?? "") &&
          [job.newOwnerUserId, ""].includes(query.get("newOwnerUserId") ?? ""),
      );
    const token = query.get("pageToken") ?? "";
    const at = wanted.findIndex((job) => job.id === token);
    if (token !== "" && at < 0) throw invalidInput("pageToken");
    const page = wanted.slice(at + 1, at + 1 + asked);
    const more = at + 1 + asked < wanted.length;
    return {
      kind: "admin#datatransfer#dataTransfersList",
      etag: '"emulated/transfers"',
      ...(page.length === 0 ? {} : { dataTransfers: page.map(jobJson) }),
      ...(more ? { nextPageToken: page.at(-1)?.id } : {}),
    };
  }

  #checkConflict(oldOwner: PersonRecord, newOwner: PersonRecord, switches: Switches): void {
    if (switches.transferConflict === "accept") return;
    for (const job of this.jobs.values()) {
      const same = job.oldOwnerUserId === oldOwner.id && job.newOwnerUserId === newOwner.id;
      if (!same || job.status !== "inProgress") continue;
      const message = "A transfer for these users is already in progress.";
      if (switches.transferConflict === "409") {
        throw new Refusal({ code: 409, status: "ALREADY_EXISTS", message, reason: "duplicate" });
      }
      throw new Refusal({ code: 400, status: "FAILED_PRECONDITION", message, reason: "failedPrecondition" });
    }
  }

  /** Brings every running job up to `now`: each asset moves at its own instant, however seldom anybody looks. */
  settle(state: TenantState, switches: Switches, now: number): void {
    if (this.#running === 0) return;
    for (const job of this.jobs.values()) {
      if (job.status === "inProgress" && this.#progress(job, state, switches, now)) this.#running -= 1;
    }
  }

  /** True when the job ended. */
  #progress(job: TransferRecord, state: TenantState, switches: Switches, now: number): boolean {
    const begin = job.requestedAt + this.pace.startMs;
    if (now < begin || job.fate.outcome === "stuck") return false;
    if (job.queue === undefined) this.#begin(job, state, switches);
    const queue = job.queue ?? [];
    while (job.moved < queue.length) {
      const due = begin + (job.moved + 1) * this.pace.perAssetMs;
      if (due > now) return false;
      const asset = state.assets.get(queue[job.moved] ?? "");
      job.moved += 1;
      if (asset !== undefined) moveAsset(asset, job, state, switches, due);
    }
    job.status = job.fate.outcome === "failed" ? "failed" : "completed";
    return true;
  }

  #begin(job: TransferRecord, state: TenantState, switches: Switches): void {
    const oldOwner = state.directory.people.get(job.oldOwnerUserId);
    const movesAssets = job.parts.some((part) => part.applicationId === dataStudioApplication);
    const owned = oldOwner === undefined || !movesAssets ? [] : state.ownedBy(oldOwner.email);
    const moving = owned.filter((asset) => !asset.trashed || switches.transferMovesTrash === "true");
    const share = job.fate.outcome === "normal" ? 1 : job.fate.share;
    const names = moving.map((asset) => asset.name).toSorted();
    job.queue = names.slice(0, Math.floor(names.length * share));
  }
}

function moveAsset(asset: StoredAsset, job: TransferRecord, state: TenantState, switches: Switches, at: number): void {
  const oldOwner = emailOrUndefined(state.directory.people.get(job.oldOwnerUserId)?.email);
  const newOwner = emailOrUndefined(state.directory.people.get(job.newOwnerUserId)?.email);
  if (oldOwner === undefined || newOwner === undefined) return;
  const from = userMember(oldOwner);
  if (asset.roles.get(OWNER)?.includes(from) !== true) return;
  const roles = movedRoles(asset.roles, from, userMember(newOwner), switches);
  state.setRoles(asset, roles, { at, actor: `transfer:${job.id}`, via: "transfer" });
}

function movedRoles(roles: RoleMap, from: Member, to: Member, switches: Switches): RoleMap {
  const next = new Map<Role, readonly Member[]>(withOwner(roles, to));
  if (switches.heirKeepsOtherRole === "false") {
    for (const [role, members] of next) {
      if (role === OWNER || !members.includes(to)) continue;
      const kept = members.filter((member) => member !== to);
      if (kept.length > 0) next.set(role, kept);
      else next.delete(role);
    }
  }
  if (switches.oldOwnerAfterTransfer === "EDITOR" && from !== to) {
    const editors = next.get(EDITOR) ?? [];
    if (!editors.includes(from)) next.set(EDITOR, [...editors, from]);
  }
  return next;
}

function jobJson(job: TransferRecord): object {
  const partStatus = job.status === "inProgress" ? "pending" : job.status;
  return {
    kind: "admin#datatransfer#DataTransfer",
    etag: `"emulated/${job.status}-${job.moved}"`,
    id: job.id,
    oldOwnerUserId: job.oldOwnerUserId,
    newOwnerUserId: job.newOwnerUserId,
    applicationDataTransfers: job.parts.map((part) => ({
      applicationId: part.applicationId,
      ...(part.params.length === 0 ? {} : { applicationTransferParams: part.params }),
      applicationTransferStatus: partStatus,
    })),
    overallTransferStatusCode: job.status,
    requestTime: instantText(job.requestedAt),
  };
}
