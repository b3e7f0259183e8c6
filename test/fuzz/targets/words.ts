/** What people write by hand: addresses, members, assets, domains, titles, endpoints, rates and durations. */
import { parseDuration, parseRate } from "../../../src/cli/units.ts";
import { parseEndpoint } from "../../../src/google/route.ts";
import { assetUrl, parseAssetReference } from "../../../src/model/asset.ts";
import type { Parsed } from "../../../src/model/brand.ts";
import { parseDomain, parseEmail } from "../../../src/model/email.ts";
import { UsageError } from "../../../src/model/errors.ts";
import { isExternal } from "../../../src/model/tenant.ts";
import { member, memberDomain, memberEmail, parseMember } from "../../../src/model/member.ts";
import { firstForbiddenCharacter, printable, quoted } from "../../../src/model/text.ts";
import { parsePerson } from "../../../src/plan/build.ts";
import { parseTitleGlob, titleMatcher } from "../../../src/plan/glob.ts";
import { csvRecord } from "../../../src/report/csv.ts";
import { escaped } from "../../../src/report/document-markdown.ts";
import { attempted, inert } from "../oracle.ts";
import { mustHold } from "../target.ts";
import type { Target } from "../target.ts";

const texts: readonly string[] = [
  "anna@acme.example",
  " User:Anna.O'Neil+x@Acme.Example ",
  "group:bi@acme.example",
  "serviceAccount:x@project.iam.gserviceaccount.com",
  "domain:acme.example",
  "allUsers",
  "2b606487-42c2-416f-98a1-0d8e5a1f0c11",
  "assets/abc",
  "https://lookerstudio.google.com/u/0/reporting/abc-d_e/page/p_1?params=%7B%7D#x",
  "datastudio.google.com/c/u/1/datasources/abc",
  "https://lookerstudio.google.com/embed/reporting/create?c.reportId=abc",
  "Board ** EMEA ?? *",
  "http://127.0.0.1:8080",
  "https://user:pass@[::1]:443/x?y#z",
  "480/m",
  "1h30m",
  "xn--bcher-kva.example",
];

const tenant = { primaryDomain: domainOf("acme.example"), domains: new Set([domainOf("acme.example")]) };

function domainOf(text: string): Extract<ReturnType<typeof parseDomain>, { ok: true }>["value"] {
  const parsed = parseDomain(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

export const words = async (): Promise<Target> => ({
  corpus: texts.map((text) => Buffer.from(text)),
  dictionary: [
    "@",
    ":",
    "/",
    "..",
    "//",
    "https://",
    "http://",
    "HTTPS:\\\\",
    "lookerstudio.google.com",
    "lookerstudio.google.com.evil.example",
    "reporting/",
    "datasources/",
    "create",
    "s/",
    "%2f",
    "%00",
    "user:",
    "group:",
    "domain:",
    "USER:",
    "martian:",
    "acme.example",
    "*",
    "?",
    "**",
    "#",
    "[::1]",
    "127.0.0.1",
    "localhost",
    "xn--",
    "\u0430",
    "\u00e9",
    "e\u0301",
    "/s",
    "/m",
    "/h",
    "1e3",
    "ms",
  ],
  run: async (input) => {
    const text = input.toString("utf8");
    parsers(text);
    globs(text);
    await attempted(() => {
      const origin = parseEndpoint(text);
      mustHold(new URL(origin).origin === origin, "an endpoint is more than an origin");
    }, UsageError);
    const rate = parseRate(text);
    mustHold(rate === undefined || (rate > 0 && rate < Infinity), "a rate is no number");
    const ms = parseDuration(text);
    mustHold(ms === undefined || (ms > 0 && ms < Infinity), "a duration is no number");
    shown(text);
  },
});

function parsers(text: string): void {
  const address = read(parseEmail(text));
  if (address !== undefined) mustHold(read(parseEmail(address)) === address, "an address is not itself again");
  const domain = read(parseDomain(text));
  if (domain !== undefined) mustHold(read(parseDomain(domain)) === domain, "a domain is not itself again");
  read(parsePerson(text));
  const written = read(parseMember(text));
  if (written !== undefined) {
    const again = read(parseMember(written.member))?.member;
    mustHold(again === written.member, "a member is not itself again");
  }
  const asset = read(parseAssetReference(text));
  if (asset !== undefined) {
    mustHold(/^[A-Za-z0-9_-]+$/.test(asset.name), "an asset's name could bend a path");
    for (const type of ["REPORT", "DATA_SOURCE"]) {
      const again = read(parseAssetReference(assetUrl(asset.name, type)));
      mustHold(again?.name === asset.name || asset.name === "create", "an asset's address is not its own");
    }
  }
  const raw = member(text);
  memberEmail(raw);
  memberDomain(raw);
  isExternal(tenant, raw);
}

function read<T>(answer: Parsed<T>): T | undefined {
  if (answer.ok) return answer.value;
  const forbidden = firstForbiddenCharacter(answer.problem + answer.remedy);
  mustHold(forbidden === undefined && answer.remedy !== "", `a problem holds ${forbidden}`);
  return undefined;
}

function globs(text: string): void {
  const glob = read(parseTitleGlob(text.slice(0, 1500)));
  if (glob === undefined) return;
  const matches = titleMatcher(glob);
  const literal = glob.normalize("NFC");
  if (!/[*?]/.test(literal)) mustHold(matches(literal), "a title does not match itself");
  mustHold(titleMatcher(`*${glob}*`)(`|${literal.replaceAll(/[*?]/g, "x")}|`), "a title does not match within another");
  matches(text);
  matches("a".repeat(2000));
}

function shown(text: string): void {
  inert([printable(text), quoted(text), printable(text, 3)], "printable text");
  const [line = "", ...more] = csvRecord([text, "end"]).split("\r\n");
  mustHold(more.length === 1 && more[0] === "", "a record is more than one line");
  mustHold(!/^"?[=+\-@\t\uff1d\uff0b\uff0d\uff20]/.test(line), "a cell could be a formula");
  mustHold(!/(?<!\\)[<>|]/.test(escaped(text).replaceAll("\\\\", "")), "Markdown is not escaped");
}
