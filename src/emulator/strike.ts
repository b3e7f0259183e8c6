/** Carrying faults out: what a struck request changes on the server, and what becomes of its answer. */
import { EDITOR, OWNER, VIEWER } from "../model/permissions.ts";
import type { Pair } from "../model/permissions.ts";
import { member } from "../model/member.ts";
import type { TransferFate } from "./data-transfer.ts";
import type { EmulatorReply } from "./exchange.ts";
import { jsonHeaders, textHeaders } from "./exchange.ts";
import type { Fault, WrittenPair } from "./fault-rules.ts";
import { htmlPage, refusalReply, standardRefusal } from "./refusal.ts";
import type { Envelope } from "./refusal.ts";
import type { StoredAsset, TenantState } from "./state.ts";
import type { TokenService } from "./token.ts";

/** How faults bend the real answer. */
export interface Effects {
  readonly searchLagMs: number | undefined;
  readonly fate: TransferFate;
}

export const noEffects: Effects = { searchLagMs: undefined, fate: { outcome: "normal", share: 1 } };

/** The struck request, and what faults may do to the server. */
export interface Struck {
  readonly state: TenantState;
  readonly tokens: TokenService;
  readonly now: number;
  readonly envelope: Envelope;
  /** The asset in the path, or empty. */
  readonly asset: string;
  /** Carries the request out for real. */
  readonly serve: (effects: Effects) => EmulatorReply;
}

/** The answer to a request that these faults strike, in the order of their rules. */
export function shapeReply(struck: Struck, faults: readonly Fault[]): EmulatorReply {
  let effects = noEffects;
  let delayMs = 0;
  let shaping: Fault | undefined;
  for (const fault of faults) {
    if (fault.kind === "delay") delayMs += fault.ms;
    else if (fault.kind === "searchLag") effects = { ...effects, searchLagMs: fault.ms };
    else if (fault.kind === "transfer")
      effects = { ...effects, fate: { outcome: fault.outcome, share: fault.share ?? 0.5 } };
    else if (!disturb(struck, fault)) shaping ??= fault;
  }
  const reply = shaping === undefined ? struck.serve(effects) : shaped(struck, effects, shaping);
  return delayMs > 0 && reply.delivery === undefined ? { ...reply, delivery: { kind: "delay", ms: delayMs } } : reply;
}

/** Changes the server before the request is carried out; false when the fault is about the answer. */
function disturb(struck: Struck, fault: Fault): boolean {
  switch (fault.kind) {
    case "expireTokens":
      struck.tokens.expireAll();
      return true;
    case "revokeDelegation":
      struck.tokens.delegationRevoked = true;
      if (fault.keepTokens !== true) struck.tokens.expireAll();
      return true;
    case "concurrentEditor":
      editByAnother(struck, fault);
      return true;
    case "concurrentTrash": {
      const asset = struck.state.assets.get(struck.asset);
      const actor = fault.by ?? ownerText(asset);
      if (asset !== undefined) struck.state.setTrashed(asset, true, { at: struck.now, actor, via: "fault" });
      return true;
    }
    default:
      return false;
  }
}

function editByAnother(
  struck: Struck,
  fault: {
    readonly by?: string | undefined;
    readonly add?: readonly WrittenPair[] | undefined;
    readonly remove?: readonly WrittenPair[] | undefined;
  },
): void {
  const asset = struck.state.assets.get(struck.asset);
  if (asset === undefined) return;
  const bystander = `user:passer-by-${struck.state.changes}@${struck.state.directory.primaryDomain}`;
  const preset: readonly WrittenPair[] = fault.remove === undefined ? [{ role: VIEWER, member: bystander }] : [];
  struck.state.edit(
    asset.name,
    { add: pairs(fault.add ?? preset), remove: pairs(fault.remove ?? []) },
    { at: struck.now, actor: fault.by ?? ownerText(asset), via: "fault" },
  );
}

function pairs(written: readonly WrittenPair[]): readonly Pair[] {
  return written.map((pair) => ({ role: pair.role, member: member(pair.member) }));
}

function ownerText(asset: StoredAsset | undefined): string {
  const who = asset?.roles.get(OWNER)?.[0] ?? asset?.roles.get(EDITOR)?.[0] ?? "";
  return who.slice(who.indexOf(":") + 1);
}

function shaped(struck: Struck, effects: Effects, fault: Fault): EmulatorReply {
  switch (fault.kind) {
    case "status":
      if (fault.applied === true) struck.serve(effects);
      return scriptedStatus(struck, fault);
    case "sticky":
      return refusalReply(standardRefusal(fault.status ?? 500), struck.envelope);
    case "html":
      if (fault.applied === true) struck.serve(effects);
      return htmlPage(fault.status ?? 502, "Server Error");
    case "quotaText":
      return {
        status: fault.status ?? 403,
        headers: textHeaders,
        body: fault.text ?? "Request rate higher than configured.",
      };
    case "nonsense":
      if (fault.applied !== false) struck.serve(effects);
      return { status: 200, headers: jsonHeaders, body: fault.body ?? '{"unexpected":[' };
    case "oversize": {
      const reply = struck.serve(effects);
      return { ...reply, body: reply.body.padEnd(fault.bytes) };
    }
    case "truncate": {
      const reply = struck.serve(effects);
      const bytes = fault.bytes ?? Math.floor(Buffer.byteLength(reply.body) / 2);
      return { ...reply, delivery: { kind: "truncate", bytes } };
    }
    case "reset": {
      const reply = fault.applied === true ? struck.serve(effects) : unanswered;
      return { ...reply, delivery: { kind: "reset" } };
    }
    case "hang":
      return hanging(struck, effects, fault);
    default:
      throw new Error(`the fault ${fault.kind} shapes no answer`);
  }
}

const unanswered: EmulatorReply = { status: 0, headers: {}, body: "" };

function hanging(
  struck: Struck,
  effects: Effects,
  fault: { readonly applied?: boolean | undefined; readonly lateMs?: number | undefined },
): EmulatorReply {
  if (fault.applied === true) struck.serve(effects);
  if (fault.lateMs === undefined) return { ...unanswered, delivery: { kind: "hang" } };
  const apply = (): void => {
    struck.serve(effects);
  };
  return { ...unanswered, delivery: { kind: "hang", late: { ms: fault.lateMs, apply } } };
}

function scriptedStatus(struck: Struck, fault: Extract<Fault, { kind: "status" }>): EmulatorReply {
  const headers = { ...fault.headers, ...retryAfter(fault, struck.now) };
  if (typeof fault.body === "string")
    return { status: fault.status, headers: { ...textHeaders, ...headers }, body: fault.body };
  if (fault.body !== undefined) {
    return { status: fault.status, headers: { ...jsonHeaders, ...headers }, body: JSON.stringify(fault.body) };
  }
  const facts = standardRefusal(fault.status);
  const status = struck.envelope === "token" ? (fault.reason ?? "internal_failure") : facts.status;
  const message = fault.message ?? (struck.envelope === "token" ? "Backend Error" : facts.message);
  const reason = fault.reason === undefined ? {} : { reason: fault.reason };
  return refusalReply({ ...facts, ...reason, status, message, headers }, struck.envelope);
}

function retryAfter(fault: Extract<Fault, { kind: "status" }>, now: number): Readonly<Record<string, string>> {
  if (fault.retryAfterS === undefined) return {};
  const asDate = fault.retryAfterAs === "date";
  return { "retry-after": asDate ? new Date(now + fault.retryAfterS * 1000).toUTCString() : String(fault.retryAfterS) };
}
