/** The key a verb signs with what it writes into a run: who planned it, and how far the audit chain had come. */
import type { Command } from "commander";
import type { SigningJournal } from "../journal/opening.ts";
import { RunFileError, RunLockedError } from "../model/errors.ts";
import type { Planner } from "../model/run.ts";
import type { CheckpointSigner } from "../model/signing/checkpoint.ts";
import { thousands } from "../model/text.ts";
import type { Context } from "./context.ts";
import { print } from "./output.ts";

export interface SignKeyFlags {
  readonly signKey?: string;
}

export function addSignKey(command: Command): Command {
  return command.option(
    "--sign-key <file>",
    "sign the run with this key (Ed25519), against later changes [HANDOVER_SIGN_KEY]",
  );
}

/** Undefined when nothing is to be signed. */
export async function checkpointSigner(
  context: Context,
  flag: string | undefined,
): Promise<CheckpointSigner | undefined> {
  const file = flag ?? (context.env["HANDOVER_SIGN_KEY"] || undefined);
  if (file === undefined) return undefined;
  const { readSigningKey } = await import("./signing-key.ts");
  return { signing: await readSigningKey(context, file), toolVersion: context.version };
}

/** What a header says of who planned. */
export function plannerOf(context: Context, signer: CheckpointSigner | undefined): Planner {
  return { account: context.account, key: signer?.signing.key.fingerprint };
}

/**
 * What to note elsewhere: with it, a chain that is later cut short or written anew is found out. A store that takes no
 * more writes has been told of already.
 */
export async function checkpointAtEnd(
  context: Context,
  journal: SigningJournal,
  signer: CheckpointSigner | undefined,
  json: boolean,
): Promise<void> {
  try {
    await journal.checkpoint();
  } catch (error) {
    if (error instanceof RunFileError || error instanceof RunLockedError) return;
    throw error;
  }
  // Whoever reads JSON finds the head in report --json.
  if (json) return;
  const { row, hash } = await journal.head();
  const signed = signer === undefined ? "" : `, signed with ${signer.signing.key.fingerprint}`;
  await print(context.stderr, [`Audit head, row ${thousands(row)}${signed}: ${hash}`]);
}
