/** `handover key`: makes a key to sign approvals and evidence with, and prints the line of it for the signers file. */
import { Argument } from "commander";
import type { Command } from "commander";
import { UsageError } from "../model/errors.ts";
import { isPrincipal } from "../model/signing/approval.ts";
import { keyLine } from "../model/signing/public-key.ts";
import { printable } from "../model/text.ts";
import type { Context } from "./context.ts";
import { exitCode } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import type { CommonFlags } from "./flags.ts";
import { print } from "./output.ts";
import { makeSigningKey, readPublicKey } from "./signing-key.ts";

export interface KeyFlags extends CommonFlags {
  readonly as?: string;
}

export interface KeyOptions {
  readonly action: "new" | "show";
  readonly file: string;
  /** Undefined: what the key itself is called. */
  readonly principal: string | undefined;
}

export function define(command: Command): void {
  command
    .addArgument(new Argument("<action>", "make a key, or show the public half of one").choices(["new", "show"]))
    .argument("<file>", "the private key; with show, also the public one")
    .option("--as <name>", "who signs with it, such as anna@acme.example", principal)
    .addHelpText(
      "after",
      `
Examples:
  handover key new anna.key --as anna@acme.example
  handover key show ~/.ssh/id_ed25519.pub --as anna@acme.example >> signers

The line printed belongs in the signers file, which has the format of ssh-keygen's allowed_signers.
Keys that ssh-keygen -t ed25519 made are as good; those on hardware sign with ssh-keygen itself:
handover approve RUN --print says how.`,
    );
}

/** A name of a signer, as it is typed. */
export function principal(text: string): string {
  if (isPrincipal(text)) return text.toLowerCase();
  throw new UsageError(
    `${JSON.stringify(printable(text))} is not the name of a signer`,
    "write one word, such as anna@acme.example",
  );
}

export function parse(args: readonly string[], flags: KeyFlags): KeyOptions {
  const action = args[0] === "new" ? "new" : "show";
  if (action === "new" && flags.as === undefined) {
    throw new UsageError("a new key belongs to somebody", "add --as NAME, such as --as anna@acme.example");
  }
  return { action, file: args[1] ?? "", principal: flags.as };
}

export async function run(context: Context, options: KeyOptions): Promise<ExitCode> {
  const { action, file } = options;
  const made = action === "new" ? await makeSigningKey(context, file, options.principal ?? "") : undefined;
  const { comment, ...key } =
    made === undefined ? await readPublicKey(context, file) : { ...made.key, comment: made.comment };
  const name = options.principal ?? (isPrincipal(comment) ? comment.toLowerCase() : undefined);
  if (name === undefined) throw new UsageError(`${printable(file)} does not say whose key it is`, "add --as NAME");
  await print(context.stdout, [`${name} ${keyLine(key)}`]);
  const written =
    made === undefined
      ? []
      : [`Written: ${printable(file)}   keep it to yourself; the line above is for the signers file.`];
  await print(context.stderr, [...written, `Fingerprint ${key.fingerprint}`]);
  return exitCode({ kind: "done" });
}
