/** An approval: what an approver signs about one run, byte for byte, and how such a text is read back. */
import { canonicalJson } from "../canonical.ts";
import { instantText } from "../clock.ts";
import { firstForbiddenCharacter } from "../text.ts";
import type { Digest, RunHeader } from "../run.ts";

export interface Approval {
  readonly run: string;
  readonly digest: Digest;
  readonly tenant: string;
  /** The administrator acted as. */
  readonly admin: string;
  /** Who approves, as the signers file names them. In small letters. */
  readonly approver: string;
  /** The fingerprint of the key that signs. */
  readonly key: string;
  /** Wall ms. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly limits: {
    /** The run may change no more than this. */
    readonly changes: number | undefined;
  };
  readonly note: string | undefined;
  readonly toolVersion: string;
}

const type = "handover approval";
const version = 1;
/** No approval is longer, whatever the note. */
export const approvalCharactersMax = 16_384;
export const noteCharactersMax = 2_000;

/** The exact text that is signed; a file of it ends with the line feed. */
export function approvalText(approval: Approval): string {
  const { issuedAt, expiresAt, toolVersion, ...said } = approval;
  const times = { issued: instantText(issuedAt), expires: instantText(expiresAt) };
  return `${canonicalJson({ type, version, ...said, ...times, tool: toolVersion })}\n`;
}

/** The approval in a text, or what is wrong with it. Only the exact text counts: nothing can hide in another spelling. */
export function parseApproval(
  text: string,
): { readonly ok: true; readonly value: Approval } | { readonly ok: false; readonly problem: string } {
  if (text.length > approvalCharactersMax) return { ok: false, problem: "it is too large to be an approval" };
  const read = fieldsOf(text);
  if (read === undefined) return { ok: false, problem: "it is not an approval as handover writes it" };
  if (read["type"] === type && read["version"] !== version) {
    return {
      ok: false,
      problem: "it is of a version that is not known here: use the handover that wrote it, or a newer one",
    };
  }
  const approval = approvalOf(read);
  if (approval === undefined || approvalText(approval) !== text) {
    return { ok: false, problem: "it is not an approval as handover writes it" };
  }
  return { ok: true, value: approval };
}

/** Whether a name can stand for an approver: a word, as a signers file holds it. */
export function isPrincipal(name: string): boolean {
  return name.length <= 200 && /^[^\s",*?!#]+$/.test(name) && firstForbiddenCharacter(name) === undefined;
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(text: string): Fields | undefined {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === "object" && read !== null && !Array.isArray(read) ? (read as Fields) : undefined;
  } catch {
    return undefined;
  }
}

function approvalOf(read: Fields): Approval | undefined {
  const { run, digest, tenant, admin, approver, key, issued, expires, limits, note, tool } = read;
  const issuedAt = instantIn(issued);
  const expiresAt = instantIn(expires);
  if (read["type"] !== type || issuedAt === undefined || expiresAt === undefined) return undefined;
  if (!isText(run) || !isText(digest) || !isText(tenant) || !isText(admin) || !isText(key) || !isText(tool))
    return undefined;
  if (!isText(approver) || !isPrincipal(approver) || approver !== approver.toLowerCase()) return undefined;
  if (note !== undefined && (!isText(note) || note.length > noteCharactersMax)) return undefined;
  if (typeof limits !== "object" || limits === null) return undefined;
  const { changes } = limits as Fields;
  if (changes !== undefined && !(typeof changes === "number" && Number.isSafeInteger(changes) && changes >= 0))
    return undefined;
  return {
    run,
    digest,
    tenant,
    admin,
    approver,
    key,
    issuedAt,
    expiresAt,
    limits: { changes },
    note,
    toolVersion: tool,
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function instantIn(value: unknown): number | undefined {
  const at = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) || instantText(at) !== value ? undefined : at;
}

/** What of a run an approval is bound to. */
export type ApprovedRun = {
  readonly header: Pick<RunHeader, "runId" | "tenant" | "admin" | "totals" | "planner">;
  readonly digest: Digest;
};
