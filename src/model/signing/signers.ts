/** The signers file: who may sign with which key, in OpenSSH's `allowed_signers` format. Stricter: every signer has a name. */
import type { Diagnostic } from "../diagnostic.ts";
import { firstForbiddenCharacter, printable } from "../text.ts";
import { keyTypes, publicKeyOf } from "./public-key.ts";
import type { PublicKey } from "./public-key.ts";
import { namespace } from "./signature.ts";
import { WireError, strictBase64 } from "./wire.ts";

/** One line of it. Times are wall ms. */
export interface Signer {
  /** In small letters. */
  readonly principals: readonly string[];
  readonly key: PublicKey;
  readonly from: number | undefined;
  readonly until: number | undefined;
}

const signersMax = 10_000;
const day = /^(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?(Z)?$/;

/** Signers, or everything that is wrong with the file. Lines for other namespaces than ours are left out. */
export function parseSigners(
  text: string,
  file: string,
): { readonly signers: readonly Signer[]; readonly problems: readonly Diagnostic[] } {
  const signers: Signer[] = [];
  const problems: Diagnostic[] = [];
  for (const [index, raw] of text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const read = signers.length < signersMax ? signerIn(line) : trouble("is one too many", "keep to 10,000 lines");
    if ("problem" in read) problems.push({ place: { file, line: index + 1, column: 1 }, ...read });
    else if (read.ours) signers.push(read.signer);
  }
  return { signers, problems };
}

/** The signer a key belongs to under this name, at this time. */
export function signerNamed(
  signers: readonly Signer[],
  key: PublicKey,
  principal: string,
  at: number,
): "known" | "unknown-key" | "other-name" | "outside-its-time" {
  const lines = signers.filter((signer) => signer.key.blob.equals(key.blob));
  if (lines.length === 0) return "unknown-key";
  const named = lines.filter((signer) => signer.principals.includes(principal.toLowerCase()));
  if (named.length === 0) return "other-name";
  return named.some(({ from, until }) => at >= (from ?? -Infinity) && at < (until ?? Infinity))
    ? "known"
    : "outside-its-time";
}

/** The first name a key went by at that time, wall ms; undefined when it was nobody's. */
export function signerOf(signers: readonly Signer[], fingerprint: string, at: number): string | undefined {
  return signers.find(
    ({ key, from, until }) => key.fingerprint === fingerprint && at >= (from ?? -Infinity) && at < (until ?? Infinity),
  )?.principals[0];
}

/** Every name a key goes by. */
export function namesOf(signers: readonly Signer[], fingerprint: string): readonly string[] {
  return signers.filter(({ key }) => key.fingerprint === fingerprint).flatMap(({ principals }) => principals);
}

interface Trouble {
  readonly problem: string;
  readonly remedy: string;
}

const shape = "write a line such as: anna@acme.example ssh-ed25519 AAAA…";

function trouble(problem: string, remedy = shape): Trouble {
  return { problem, remedy };
}

function signerIn(line: string): { readonly ours: boolean; readonly signer: Signer } | Trouble {
  const words = wordsOf(line);
  const [names = "", second = ""] = words;
  const hasOptions = !keyTypes.includes(second);
  const options = hasOptions ? optionsOf(second) : new Map<string, string>();
  const [type = "", base64 = ""] = words.slice(hasOptions ? 2 : 1);
  const principals = names.toLowerCase().split(",");
  const unnamed = principals.find(
    (each) => each === "" || /[*?!]/.test(each) || firstForbiddenCharacter(each) !== undefined,
  );
  if (unnamed !== undefined) {
    return trouble(
      `names nobody in particular: ${JSON.stringify(printable(unnamed, 60))}`,
      "name each signer, without * ? or !",
    );
  }
  if (options === undefined || !keyTypes.includes(type)) {
    return trouble(
      `has no key of a known kind after the name ${printable(names, 60)}`,
      `${shape}; kinds are ${keyTypes.join(", ")}`,
    );
  }
  if (options.has("cert-authority")) {
    return trouble("names an authority for certificates, which are not read here", "write the key of each signer");
  }
  const from = instantIn(options, "valid-after");
  const until = instantIn(options, "valid-before");
  if (Number.isNaN(from) || Number.isNaN(until))
    return trouble("has a time that is none", "write it as 20261130 or 202611301800Z");
  const unknown = [...options.keys()].find((name) => !["namespaces", "valid-after", "valid-before"].includes(name));
  if (unknown !== undefined)
    return trouble(
      `has the option ${JSON.stringify(printable(unknown, 40))}, which is not known here`,
      "leave it out, or keep that key out of this file",
    );
  const spaces = options.get("namespaces");
  const ours = spaces === undefined || spaces.split(",").includes(namespace);
  try {
    const key = publicKeyOf(strictBase64(base64));
    if (key.type !== type) return trouble("has a key of another kind than it says");
    return { ours, signer: { principals, key, from, until } };
  } catch (error) {
    if (error instanceof WireError) return trouble(`has a key that cannot be used: ${error.message}`);
    throw error;
  }
}

/** Blanks end a word, except between quotation marks. */
function wordsOf(line: string): readonly string[] {
  return (line.match(/(?:[^\s"]|"[^"]*")+/g) ?? []).map((word) => (word.startsWith('"') ? word.slice(1, -1) : word));
}

/** Such as `namespaces="file,handover",valid-after="20260101"`; undefined when it is nothing of the kind. */
function optionsOf(text: string): ReadonlyMap<string, string> | undefined {
  const options = new Map<string, string>();
  const found = [...text.matchAll(/([a-z-]+)(?:="([^"]*)")?(?:,|$)/gy)];
  if (text === "" || found.map(([whole]) => whole).join("") !== text) return undefined;
  for (const [, name = "", value = ""] of found) {
    if (options.has(name)) return undefined;
    options.set(name, value);
  }
  return options;
}

/** Wall ms, in UTC: without a Z, ssh-keygen means the zone of the machine, which two machines would read differently. */
function instantIn(options: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = options.get(name);
  if (text === undefined) return undefined;
  const match = day.exec(text);
  if (match === null) return Number.NaN;
  const [year = 0, month = 0, date = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((each) => Number(each ?? 0));
  const at = new Date(Date.UTC(year, month - 1, date, hour, minute, second));
  const isOnCalendar = at.getUTCDate() === date && at.getUTCMonth() === month - 1;
  const isOnClock = at.getUTCHours() === hour && at.getUTCMinutes() === minute;
  return isOnCalendar && isOnClock ? at.getTime() : Number.NaN;
}
