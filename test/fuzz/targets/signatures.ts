/** Signatures, keys, lists of signers and evidence bundles: what was not signed never counts, and nothing in a file makes the reader fall. */
import { createHash, createPrivateKey } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { examineBundle } from "../../../src/cli/bundle-check.ts";
import { writeBundle } from "../../../src/cli/bundle-writer.ts";
import { processContext } from "../../../src/cli/context.ts";
import { existingRun } from "../../../src/cli/run-store.ts";
import { isSound } from "../../../src/model/examination.ts";
import { openSshText, parsePrivateKey } from "../../../src/model/signing/private-key.ts";
import { keyLine } from "../../../src/model/signing/public-key.ts";
import { checkSignature, signText } from "../../../src/model/signing/signature.ts";
import type { SigningKey } from "../../../src/model/signing/signature.ts";
import { parseSigners } from "../../../src/model/signing/signers.ts";
import { tarBlock, tarPadding } from "../../../src/model/tar.ts";
import { evidenceText } from "../../../src/report/evidence-text.ts";
import { evidenceJson } from "../../../src/report/json.ts";
import { plainStyle } from "../../../src/report/style.ts";
import { makeFinishedRun } from "../../security/finished-run.ts";
import type { Chance } from "../../simulation/chance.ts";
import { flipped } from "../mutate.ts";
import { inert, inertJson } from "../oracle.ts";
import { mustHold } from "../target.ts";
import type { Target } from "../target.ts";

/** The same key in every process: cases are to be the same again. */
function fixedKey(comment: string, seed: number): SigningKey {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, seed)]);
  const secret = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const parsed = parsePrivateKey(openSshText(secret, comment, 1));
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

const anna = fixedKey("anna@acme.example", 7);
const message = "handover approval 1\nrun: 01JDSAMPLE0000000000000000\n";
const armour = /-----BEGIN SSH SIGNATURE-----([^-]*)-----END SSH SIGNATURE-----/;

/** A signature with bits of what it encodes turned over, in its armour again. */
function rearmoured(input: Buffer, chance: Chance): Buffer {
  const inner = Buffer.from(armour.exec(input.toString("latin1"))?.[1] ?? "", "base64");
  if (inner.length === 0) return flipped(input, chance);
  const cut = chance.hits(0.2) ? inner.subarray(0, chance.whole(0, inner.length)) : inner;
  const lines = (cut.length === 0 ? cut : flipped(cut, chance)).toString("base64").match(/.{1,70}/g) ?? [];
  return Buffer.from(["-----BEGIN SSH SIGNATURE-----", ...lines, "-----END SSH SIGNATURE-----", ""].join("\n"));
}

export const signature = async (): Promise<Target> => {
  const sound = signText(message, anna);
  const other = signText(message, fixedKey("ben@acme.example", 9));
  const plain = (text: string): string => text.replace(/\s+/g, "");
  const ours = plain(sound);
  return {
    corpus: [sound, sound.replaceAll("\n", "\r\n"), other].map((text) => Buffer.from(text)),
    dictionary: ["-----BEGIN SSH SIGNATURE-----", "U1NIU0lH", "AAAA", "handover", "=", "\r\n", "ssh-ed25519"],
    mutate: rearmoured,
    run: async (input) => {
      const text = input.toString("utf8");
      const checked = checkSignature(Buffer.from(message), text);
      const isOurs = checked.ok && checked.key.fingerprint === anna.key.fingerprint;
      mustHold(!isOurs || plain(text) === ours, "a signature that was never made counts");
      if (!checked.ok) inert([checked.problem], "what is wrong with a signature");
    },
  };
};

export const signersFile = async (): Promise<Target> => {
  const line = keyLine(anna.key);
  return {
    corpus: [
      `# approvers\nanna@acme.example ${line}\n`,
      `anna@acme.example,ben@acme.example namespaces="handover" ${line} laptop\r\n\n`,
      `"*@acme.example" valid-after="20260101",valid-before="20270101Z" ${line}`,
      `anna@acme.example cert-authority ${line}\n`,
    ].map((text) => Buffer.from(text)),
    dictionary: [
      'namespaces="',
      'valid-after="',
      "cert-authority",
      "ssh-ed25519 ",
      "ssh-rsa ",
      "AAAA",
      "*",
      "!",
      ",",
      '"',
      "#",
    ],
    run: async (input) => {
      const { signers } = parseSigners(input.toString("utf8"), "signers");
      for (const { key } of signers)
        mustHold(/^SHA256:[\w+/]{43}$/.test(key.fingerprint), "a key has a fingerprint that is none");
    },
  };
};

interface Member {
  readonly at: number;
  readonly name: string;
  readonly size: number;
}

/** The members of a tar file that was written soundly. */
function membersOf(bundle: Buffer): readonly Member[] {
  const members: Member[] = [];
  for (let at = 0; at + tarBlock <= bundle.length && bundle[at] !== 0;) {
    const text = (from: number, to: number): string =>
      bundle.toString("latin1", at + from, at + to).replace(/\0.*$/s, "");
    const size = Number.parseInt(text(124, 136), 8);
    if (!(size >= 0)) break;
    members.push({ at: at + tarBlock, name: text(0, 100), size });
    at += tarBlock + size + tarPadding(size);
  }
  return members;
}

/** One member changed, and the list of hashes made to fit: what somebody would do who wants it not to be noticed. */
function resummed(input: Buffer, chance: Chance): Buffer {
  const copy = Buffer.from(input);
  const members = membersOf(copy);
  const sums = members.find(({ name }) => name.endsWith("SHA256SUMS"));
  const others = members.filter(({ name, size }) => size > 0 && !name.includes("SHA256SUMS"));
  if (sums === undefined || others.length === 0) return flipped(input, chance);
  const { at, name, size } = chance.pick(others);
  const before = createHash("sha256")
    .update(copy.subarray(at, at + size))
    .digest("hex");
  const changed = flipped(copy.subarray(at, at + size), chance);
  changed.copy(copy, at);
  const after = createHash("sha256").update(changed).digest("hex");
  const list = copy.toString("latin1", sums.at, sums.at + sums.size);
  const file = name.slice(name.indexOf("/") + 1);
  copy.write(list.replace(`${before}  ${file}\n`, `${after}  ${file}\n`), sums.at, "latin1");
  return copy;
}

export const bundle = async (): Promise<Target> => {
  const folder = await mkdtemp(join(tmpdir(), "handover-fuzz-"));
  const silent = { write: () => true } as unknown as NodeJS.WritableStream;
  const context = { ...processContext("0.0.0"), cwd: folder, home: folder, env: {}, stdout: silent, stderr: silent };
  await makeFinishedRun(join(folder, "run.handover"));
  const place = await existingRun(context, {}, "run.handover");
  await writeBundle(context, place, { file: "run.tar", replace: false, signKey: undefined });
  const path = join(folder, "case.tar");
  const input = await readFile(join(folder, "run.tar"));
  const options = { head: undefined, signers: undefined, toolVersion: "0.0.0", now: Date.UTC(2026, 10, 22) };
  const sound = await examineBundle(join(folder, "run.tar"), options);
  if (!isSound(sound)) throw new Error("the bundle that cases are made of is not sound");
  const asItIs = evidenceJson(sound, "case");
  return {
    corpus: [input],
    dictionary: ["ustar\x0000", "SHA256SUMS", "README.md", "../", "0000644\0", '"digest":', '"rows":'],
    mutate: resummed,
    run: async (changed) => {
      await writeFile(path, changed, { mode: 0o600 });
      const examination = await examineBundle(path, options);
      inert(evidenceText(examination, "case", plainStyle), "what is wrong with a bundle");
      const said = evidenceJson(examination, "case");
      inertJson(said);
      // Words are held against those of the version that a bundle names, and of another version's nobody knows them.
      if (!isSound(examination) || examination.bundle?.wordsCompared === false) return;
      mustHold(said === asItIs, "a bundle that was changed is sound, and says something else");
      mustHold(sameContent(changed, input), "a bundle that was changed is sound");
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
};

/** What the members hold; what stands between them says nothing. */
function sameContent(a: Buffer, b: Buffer): boolean {
  const contents = (from: Buffer): string =>
    membersOf(from)
      .map(
        ({ at, name, size }) =>
          `${name} ${createHash("sha256")
            .update(from.subarray(at, at + size))
            .digest("hex")}`,
      )
      .join();
  return contents(a) === contents(b);
}
