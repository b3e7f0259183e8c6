/** A signed checkpoint: what somebody's key says the audit chain of one run held, up to one of its rows. */
import { canonicalJson } from "../canonical.ts";
import { instantText } from "../clock.ts";
import type { ChainHead } from "../examination.ts";
import type { Digest } from "../run.ts";
import type { SignedText } from "./judge.ts";
import type { PublicKey } from "./public-key.ts";
import { checkSignature, signText } from "./signature.ts";
import type { SigningKey } from "./signature.ts";

/** Rows after which the chain is signed again. */
export const rowsPerCheckpoint = 1000;

export interface ChainOf {
  readonly runId: string;
  readonly digest: Digest;
}

/** Who signs, and with which version. */
export interface CheckpointSigner {
  readonly signing: SigningKey;
  readonly toolVersion: string;
}

export interface Checkpoint {
  readonly head: ChainHead;
  /** RFC 3339. */
  readonly at: string;
  readonly key: PublicKey;
}

const type = "handover checkpoint";
const kept = /^checkpoint-(\d{12})$/;

/** Under which name a run keeps the checkpoint at this row. Names sort as their rows do. */
export function checkpointName(row: number): string {
  return `checkpoint-${String(row).padStart(12, "0")}`;
}

export function isCheckpointName(name: string): boolean {
  return kept.test(name);
}

/** The checkpoint as a run keeps it. `at`: wall ms. */
export function signedCheckpoint(chain: ChainOf, head: ChainHead, at: number, signer: CheckpointSigner): string {
  const { signing, toolVersion } = signer;
  const said = {
    type,
    version: 1,
    run: chain.runId,
    digest: chain.digest,
    row: head.row,
    head: head.hash,
    at: instantText(at),
    key: signing.key.fingerprint,
    tool: toolVersion,
  };
  const text = `${canonicalJson(said)}\n`;
  return JSON.stringify({ text, signature: signText(text, signing) });
}

/** What was signed, and the signature, in a text that `signedCheckpoint` made; undefined for any other. */
export function signedTextOf(body: string): SignedText | undefined {
  const read = parsed(body);
  const { text, signature } = read ?? {};
  return typeof text === "string" && typeof signature === "string" ? { text, signature } : undefined;
}

/** The checkpoint in what a run keeps, or why it is none of this run. Whether its row bears that hash is for the chain to say. */
export function checkCheckpoint(
  body: string,
  chain: ChainOf,
): { readonly ok: true; readonly checkpoint: Checkpoint } | { readonly ok: false; readonly problem: string } {
  const signed = signedTextOf(body);
  const said = signed === undefined ? undefined : parsed(signed.text);
  if (
    signed === undefined ||
    said === undefined ||
    said["type"] !== type ||
    `${canonicalJson(said)}\n` !== signed.text
  ) {
    return { ok: false, problem: "it is not a checkpoint as it was written" };
  }
  const checked = checkSignature(Buffer.from(signed.text, "utf8"), signed.signature);
  if (!checked.ok) return checked;
  const { version, run, digest, row, head, at, key } = said;
  if (version !== 1) return { ok: false, problem: "it is of a version that is not known here" };
  if (run !== chain.runId || digest !== chain.digest)
    return { ok: false, problem: "it is a checkpoint of another run" };
  if (key !== checked.key.fingerprint) return { ok: false, problem: "it names another key than signed it" };
  if (!Number.isSafeInteger(row) || Number(row) < 0 || typeof head !== "string" || typeof at !== "string") {
    return { ok: false, problem: "it is not a checkpoint as it was written" };
  }
  return { ok: true, checkpoint: { head: { row: Number(row), hash: head }, at, key: checked.key } };
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === "object" && read !== null && !Array.isArray(read)
      ? (read as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
