/** `handover evidence verify`: checks a run, an evidence bundle or a snapshot against itself, without credentials, network, or a byte written. */
import { Argument } from "commander";
import type { Command } from "commander";
import { UsageError } from "../model/errors.ts";
import type { Examination } from "../model/examination.ts";
import type { Signer } from "../model/signing/signers.ts";
import { printable } from "../model/text.ts";
import { contentJson, contentText, holds } from "../report/content-text.ts";
import { evidenceText } from "../report/evidence-text.ts";
import { evidenceJson } from "../report/json.ts";
import type { Context } from "./context.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { shownPath } from "./files.ts";
import { addJournalOptions } from "./flags.ts";
import type { CommonFlags, JournalFlags } from "./flags.ts";
import { print, styleOf } from "./output.ts";
import { existingNamed } from "./run-store.ts";
import { openFinished } from "./snapshots.ts";

export interface EvidenceFlags extends CommonFlags, JournalFlags {
  readonly json?: boolean;
  readonly head?: string;
  readonly signers?: string;
}

export interface EvidenceOptions {
  readonly run: string;
  readonly json: boolean;
  /** 64 hex digits in lower case. */
  readonly head: string | undefined;
  /** Who may sign; undefined: any key will do, and whose it is stays open. */
  readonly signers: string | undefined;
  readonly color: boolean;
  readonly store: JournalFlags;
}

export function define(command: Command): void {
  addJournalOptions(command)
    .addArgument(new Argument("<action>", "what to do with it").choices(["verify"]))
    .argument("<run>", "the run: friday or friday.handover; its bundle: friday.tar; or a snapshot: october.snapshot")
    .option(
      "--head <hash>",
      "also check that this head, printed earlier, is still in the audit chain; for a snapshot, its digest",
    )
    .option("--signers <file>", "who may sign, as ssh-keygen's allowed_signers: the run must be signed, by one of them")
    .option("--json", "one JSON document")
    .addHelpText(
      "after",
      `
Examples:
  handover evidence verify friday.handover
  handover evidence verify friday --json | jq '.head.hash'
  handover evidence verify friday --signers approvers
  handover evidence verify friday.tar --signers approvers
  handover evidence verify october.snapshot
  handover evidence verify friday --head 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08

Exits 0 when everything agrees, 6 when something was changed, 3 when it is no run file of this version.
A chain that was not signed (apply --sign-key) can be written anew by whoever holds the file. A signed one
cannot, but it can be cut back to an earlier checkpoint. Against both, note the head where they cannot
change it, and check it with --head later.`,
    );
}

export function parse(args: readonly string[], flags: EvidenceFlags): EvidenceOptions {
  return {
    run: args[1] ?? "",
    json: flags.json === true,
    head: flags.head === undefined ? undefined : headHash(flags.head),
    signers: flags.signers,
    color: flags.color,
    store: flags,
  };
}

function headHash(text: string): string {
  const hash = text.trim().toLowerCase();
  if (/^[0-9a-f]{64}$/.test(hash)) return hash;
  throw new UsageError(
    `${JSON.stringify(printable(text))} is not a head`,
    "give the 64 hex digits that handover evidence verify printed",
  );
}

export async function run(context: Context, options: EvidenceOptions): Promise<ExitCode> {
  const named = await existingNamed(context, options.store, options.run);
  const { isBundle } = await import("./bundle-file.ts");
  if (named.kind === "snapshot") return examineSnapshot(context, named.path, options);
  const { place } = named;
  const { name, path } = place;
  const signers = options.signers === undefined ? undefined : await signersIn(context, options.signers);
  const { head } = options;
  const examination =
    path !== undefined && (await isBundle(path))
      ? await examineTheBundle(context, path, head, signers)
      : await place.examine({ head, signers });
  await print(
    context.stdout,
    options.json
      ? [evidenceJson(examination, name)]
      : evidenceText(examination, name, styleOf(context, context.stdout, options.color)),
  );
  return exitCode({ kind: "evidence", examination });
}

async function examineTheBundle(
  context: Context,
  path: string,
  head: string | undefined,
  signers: readonly Signer[] | undefined,
): Promise<Examination> {
  const { examineBundle } = await import("./bundle-check.ts");
  return examineBundle(path, { head, signers, toolVersion: context.version, now: context.clock.now() });
}

async function signersIn(context: Context, file: string): Promise<readonly Signer[]> {
  const { readSigners } = await import("./signing-key.ts");
  return (await readSigners(context, file)).signers;
}

/** The digest of what the snapshot holds now, beside the one it was sealed with and, if given, the one that was noted. */
async function examineSnapshot(context: Context, path: string, options: EvidenceOptions): Promise<ExitCode> {
  const name = shownPath(context, path);
  const { reader, finishedAt } = await openFinished(context, path);
  try {
    const { header, finished } = reader;
    const view = {
      header,
      finishedAt,
      sealed: finished?.digest ?? "",
      noted: options.head,
      found: await reader.contentDigest(),
      assets: await reader.assetCount(),
    };
    await print(
      context.stdout,
      options.json
        ? [contentJson(view, name)]
        : contentText(view, name, styleOf(context, context.stdout, options.color)),
    );
    return exitCode({ kind: "content", holds: holds(view) });
  } finally {
    await reader.close();
  }
}
