import { execFileSync, spawnSync } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tarHeader } from "../../src/model/tar.ts";
import { hasSshKeygen } from "../model/signing/openssh.ts";
import {
  approver,
  handover,
  makeApprovedRun,
  packed,
  planText,
  planner,
  rewritten,
  unpacked,
  withSums,
} from "./bundled.ts";
import type { Member } from "./bundled.ts";

let folder: string;
let members: readonly Member[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "handover-bundle-"));
  await makeApprovedRun(folder);
  expect(await handover(folder, "report run --evidence run.tar --sign-key planner.key")).toMatchObject({ code: 0 });
  members = await unpacked(join(folder, "run.tar"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

interface Document {
  readonly sound: boolean;
  readonly findings: readonly {
    readonly check: string;
    readonly verdict: string;
    readonly flaw?: { readonly problem: string; readonly row?: number };
  }[];
  readonly bundle?: { readonly missing: readonly string[]; readonly signedBy?: { readonly principal?: string } };
}

/** How a bundle of these bytes is judged: the exit code, and the first thing that is wrong. */
async function judged(bytes: Buffer, options = ""): Promise<{ code: number; flaw: string; document: Document }> {
  await writeFile(join(folder, "changed.tar"), bytes);
  const { code, out } = await handover(folder, `evidence verify changed.tar --json${options}`);
  const document = JSON.parse(out) as Document;
  const broken = document.findings.find(({ verdict }) => verdict === "broken");
  return { code, document, flaw: broken === undefined ? "" : `${broken.check}: ${broken.flaw?.problem ?? ""}` };
}

const text = (name: string): string =>
  members.find((each) => each.name.endsWith(`/${name}`))?.content.toString("utf8") ?? "";

describe("an evidence bundle", () => {
  it("holds the run, its plan file, approvals, checkpoints, and what people read, under one folder", () => {
    expect(new Set(members.map(({ name }) => name.split("/")[0]))).toEqual(
      new Set(["evidence-01JDSAMPLE0000000000000000"]),
    );
    expect(members.map(({ name }) => name.replace(/^[^/]*\//, ""))).toEqual([
      "README.txt",
      "bundle.json",
      "run.json",
      "pages.txt",
      "steps.ndjson",
      "progress.ndjson",
      "intents.ndjson",
      "audit.ndjson",
      "verdicts.ndjson",
      "checkpoints.ndjson",
      "checkpoint.json",
      "checkpoint.json.sig",
      "before.ndjson",
      "after.ndjson",
      "steps.csv",
      "handover-sheet.md",
      "handover-sheet.csv",
      "summary.json",
      "approvals.json",
      "signers",
      "approvals/1.json",
      "approvals/1.json.sig",
      "plan-files/1-moves.csv",
      "SHA256SUMS",
      "SHA256SUMS.sig",
    ]);
    expect(text("plan-files/1-moves.csv")).toBe(planText);
    expect(JSON.parse(text("summary.json"))).toMatchObject({
      counts: { applied: 3, failed: 2 },
      verification: { verified: 1 },
      approvals: [{ approver: "ben@acme.example", note: "agreed" }],
    });
  });

  it("is the same to the byte whenever it is made of the same run", async () => {
    await handover(folder, "report run --evidence again.tar --sign-key planner.key");
    expect(await readFile(join(folder, "again.tar"))).toEqual(await readFile(join(folder, "run.tar")));
    expect((await stat(join(folder, "again.tar"))).mode & 0o777).toBe(0o600);
  });

  it("is sound, names who signed, and says what that does not prove", async () => {
    const { code, out } = await handover(folder, "evidence verify run.tar --signers signers");
    const said = out.replace(/\s+/g, " ");
    expect(code).toBe(0);
    expect(said).toContain("= files 23 files, each with the hash that its list gives");
    expect(said).toContain("= content 23 files, each as the run itself says");
    expect(said).toMatch(/Signed to the last row, by anna@acme\.example/);
    expect(said).toMatch(/list of hashes is signed by anna@acme\.example/);
    expect(said).toContain("cut it back to an earlier checkpoint");
  });

  it("is judged without the key, the run or the plan beside it", async () => {
    const elsewhere = join(folder, "elsewhere");
    await mkdir(elsewhere);
    await copyFile(join(folder, "run.tar"), join(elsewhere, "run.tar"));
    expect(await handover(elsewhere, "evidence verify run.tar")).toMatchObject({ code: 0, err: "" });
  });

  it("says which plan file it does not hold, when that is not there as it was planned", async () => {
    const other = join(folder, "planless");
    await mkdir(other);
    await copyFile(join(folder, "run.handover"), join(other, "run.handover"));
    await writeFile(join(other, "moves.csv"), `${planText}# changed\n`);
    const made = await handover(other, "report run --evidence run.tar");
    expect([made.code, made.err]).toEqual([
      0,
      expect.stringContaining("Without moves.csv: it is not here as it was planned"),
    ]);
    const { out } = await handover(other, "evidence verify run.tar --json");
    expect(JSON.parse(out)).toMatchObject({ sound: true, bundle: { missing: ["moves.csv"] } });
  });

  it("is not made of a run that was changed, nor over a file that is there, nor of a snapshot's or a report's options", async () => {
    const taken = await handover(folder, "report run --evidence run.tar");
    expect([taken.code, taken.err]).toEqual([3, expect.stringContaining("exists already")]);
    const mixed = await handover(folder, "report run --evidence x.tar --json");
    expect(mixed.code).toBe(3);
    const other = join(folder, "tampered");
    await mkdir(other);
    const bytes = await readFile(join(folder, "run.handover"));
    bytes[bytes.lastIndexOf("not-found")] = 0x4e;
    await writeFile(join(other, "run.handover"), bytes, { mode: 0o600 });
    const ran = await handover(other, "report run --evidence x.tar");
    expect([ran.code, ran.err]).toEqual([6, expect.stringContaining("would prove nothing")]);
  });
});

describe("a bundle that was changed", () => {
  it("is not sound, whichever byte of it was", async () => {
    const bytes = await readFile(join(folder, "run.tar"));
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ mask;
        const before = [changed.toString("latin1", 257, 262) === "ustar"];
        if (!before[0]) return;
        const { code, flaw } = await judged(changed);
        expect([at, code, flaw === ""]).toEqual([at, 6, false]);
      }),
      { numRuns: 150 },
    );
  });

  it("is not sound when bytes are missing or were put in between, at its end or anywhere", async () => {
    const bytes = await readFile(join(folder, "run.tar"));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 600, max: bytes.length - 1 }),
        fc.integer({ min: 1, max: 2000 }),
        async (at, length) => {
          for (const changed of [
            bytes.subarray(0, at),
            Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]),
            Buffer.concat([bytes.subarray(0, at), Buffer.alloc(length, 0x20), bytes.subarray(at)]),
          ]) {
            expect((await judged(changed)).code).toBe(6);
          }
        },
      ),
      { numRuns: 40 },
    );
    expect((await judged(Buffer.concat([bytes, Buffer.alloc(512)]))).flaw).toContain("something follows its end");
  });

  const lines =
    (change: (lines: string[]) => void) =>
    (content: string): string => {
      const all = content.split("\n").slice(0, -1);
      change(all);
      return all.map((each) => `${each}\n`).join("");
    };
  const swapped = lines((all) => all.splice(2, 2, all[3] ?? "", all[2] ?? ""));
  const shortened = lines((all) => all.pop());
  const without = lines((all) => all.splice(3, 1));
  const twice = lines((all) => all.splice(3, 0, all[3] ?? ""));
  const flipped = lines((all) => (all[4] = (all[4] ?? "").replace(/[a-z](?=[^"]*"\}?$)/, "7")));
  const other = lines(
    (all) =>
      (all[4] = (all[4] ?? "")
        .replace('\\"outcome\\":\\"applied\\"', '\\"outcome\\":\\"confirmed\\"')
        .replace("not-found", "found")),
  );

  it.each<readonly [string, string, (content: string) => string, string]>([
    ["a row of the chain flipped", "audit.ndjson", flipped, ""],
    ["a row of the chain changed", "audit.ndjson", other, ""],
    ["a row of the chain taken away", "audit.ndjson", without, "chain: the row is missing"],
    ["a row of the chain there twice", "audit.ndjson", twice, "content: audit.ndjson, line 5"],
    ["rows of the chain exchanged", "audit.ndjson", swapped, "content: audit.ndjson says something else"],
    ["the chain cut off", "audit.ndjson", shortened, "chain: the row is missing"],
    ["a step changed", "steps.ndjson", (content) => content.replace("Report 5", "Report 6"), "steps: "],
    ["a step taken away", "steps.ndjson", without, "steps: "],
    [
      "what is known of a step changed",
      "progress.ndjson",
      (content) => content.replace('"state":6', '"state":2'),
      "results: ",
    ],
    ["what is known of a step taken away", "progress.ndjson", without, ""],
    ["an intent taken away", "intents.ndjson", lines((all) => all.shift()), "attempts: "],
    [
      "the header changed",
      "run.json",
      (content) => content.replace('"steps":12', '"steps":13'),
      "the header or the digests were changed",
    ],
    [
      "a page of the digest changed",
      "pages.txt",
      (content) => content.replace(/^./, (digit) => (digit === "0" ? "1" : "0")),
      "the header or the digests were changed",
    ],
    [
      "a verdict invented",
      "verdicts.ndjson",
      (content) => content.replace("}\n", '}\n{"seq":8,"verdict":"verified","at":1}\n'),
      "content: summary.json",
    ],
    ["the checkpoints taken away", "checkpoints.ndjson", () => "", "signed: the run names the key"],
    ["the approvals taken away", "approvals.json", () => "[]", "approvals: an approval that counted is missing"],
    ["an approval changed", "approvals.json", (content) => content.replace("agreed", "agreeD"), "approvals: "],
    [
      "an asset's past changed",
      "before.ndjson",
      (content) => content.replace("Report 5", "Report 6"),
      "content: before.ndjson says something else",
    ],
    [
      "an asset's present changed",
      "after.ndjson",
      (content) => content.replace('"outcome":"failed"', '"outcome":"applied"'),
      "content: after.ndjson",
    ],
    ["a line of the sheet changed", "handover-sheet.md", (content) => `${content}\n`, "content: handover-sheet.md"],
    [
      "another plan file",
      "plan-files/1-moves.csv",
      (content) => content.replace("heir", "thief"),
      "is not the plan file",
    ],
    ["other instructions", "README.txt", (content) => content.replace("sha256sum -c", "true"), "content: README.txt"],
    ["an index that is none", "bundle.json", () => "{}", "bundle.json is not as it was written"],
    [
      "an index of a later version",
      "bundle.json",
      (content) => content.replace('"version":1', '"version":2'),
      "of a later version",
    ],
    ["a line that is no row", "steps.ndjson", (content) => `${content}[]\n`, "steps.ndjson, line 13"],
    [
      "a value of another type",
      "audit.ndjson",
      (content) => content.replace('"seq":3', '"seq":3.5'),
      "audit.ndjson, line 3",
    ],
  ])("with %s is told from a sound one, although all hashes were written anew", async (_, name, change, says) => {
    const { code, flaw } = await judged(packed(rewritten(members, name, change)));
    expect([code, flaw === ""]).toEqual([6, false]);
    expect(flaw).toContain(says);
  });

  it("with a list of hashes that somebody else signed is refused, when told who may sign", async () => {
    await writeFile(
      join(folder, "others"),
      `${(await readFile(join(folder, "signers"), "utf8")).split("\n")[1] ?? ""}\n`,
      { mode: 0o600 },
    );
    const bytes = await readFile(join(folder, "run.tar"));
    expect((await judged(bytes, " --signers others")).flaw).toContain(
      `key ${planner.key.fingerprint} is not in the signers file`,
    );
    expect(approver.key.fingerprint).not.toBe(planner.key.fingerprint);
  });

  it("refuses the checkpoints, and the approvals, of another run", async () => {
    const another = join(folder, "another");
    await mkdir(another);
    await makeApprovedRun(another, { runId: "01JDOTHER00000000000000000" });
    await handover(another, "report run --evidence run.tar");
    const foreign = await unpacked(join(another, "run.tar"));
    const replayed = (name: string): Buffer =>
      packed(
        rewritten(
          members,
          name,
          () => foreign.find((each) => each.name.endsWith(`/${name}`))?.content.toString("utf8") ?? "",
        ),
      );
    expect((await judged(replayed("checkpoints.ndjson"))).flaw).toContain("it is a checkpoint of another run");
    expect((await judged(replayed("approvals.json"))).code).toBe(6);
  });
});

describe("a hostile tar file", () => {
  const block = (name: string, size: number, change: (header: Buffer) => void = () => undefined): Buffer => {
    const made = tarHeader("x", size, 0);
    made.write(name.padEnd(100, "\0"), 0, "latin1");
    change(made);
    made.write("        ", 148, "latin1");
    let sum = 0;
    for (const byte of made) sum += byte;
    made.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
    return made;
  };
  const end = Buffer.alloc(1024);
  const good = "evidence-01JDSAMPLE0000000000000000/";
  it.each<readonly [string, () => Buffer, string]>([
    [
      "climbs out of its folder",
      () => Buffer.concat([block(`${good}../../etc/passwd`, 0), end]),
      "holds what no bundle holds",
    ],
    ["names a place on the machine", () => Buffer.concat([block("/etc/passwd", 0), end]), "holds what no bundle holds"],
    ["hides a file", () => Buffer.concat([block(`${good}.ssh`, 0), end]), "holds what no bundle holds"],
    [
      "holds a link",
      () => Buffer.concat([block(`${good}run.json`, 0, (header) => header.write("2", 156)), end]),
      "something else than plain files",
    ],
    [
      "holds a device",
      () => Buffer.concat([block(`${good}run.json`, 0, (header) => header.write("3", 156)), end]),
      "something else than plain files",
    ],
    [
      "holds a folder",
      () => Buffer.concat([block(good, 0, (header) => header.write("5", 156)), end]),
      "something else than plain files",
    ],
    [
      "has extended headers",
      () => Buffer.concat([block(`${good}x`, 0, (header) => header.write("x", 156)), end]),
      "something else than plain files",
    ],
    [
      "claims eight gigabytes",
      () => Buffer.concat([block(`${good}run.json`, 8 ** 11 - 1), end]),
      "ends within run.json",
    ],
    [
      "has a size that is none",
      () => Buffer.concat([block(`${good}run.json`, 0, (header) => header.write("99999999999", 124)), end]),
      "not a tar file as handover writes it",
    ],
    [
      "has a size below nothing",
      () => Buffer.concat([block(`${good}run.json`, 0, (header) => header.fill(0xff, 124, 136)), end]),
      "not a tar file as handover writes it",
    ],
    [
      "sets rights that nobody asked for",
      () => Buffer.concat([block(`${good}run.json`, 0, (header) => header.write("0004755", 100)), end]),
      "not a tar file as handover writes it",
    ],
    [
      "holds a member twice",
      () => Buffer.concat([block(`${good}run.json`, 0), block(`${good}run.json`, 0), end]),
      "holds run.json twice",
    ],
    [
      "holds two folders",
      () => Buffer.concat([block(`${good}run.json`, 0), block(`evidence-${"9".repeat(26)}/x`, 0), end]),
      "two folders",
    ],
    [
      "hides bytes behind a member",
      () => Buffer.concat([block(`${good}run.json`, 1), Buffer.from("{"), Buffer.alloc(511, 0x41), end]),
      "something is hidden behind run.json",
    ],
    ["ends after its first block", () => block(`${good}run.json`, 0), "ends too early"],
    [
      "has no list of hashes",
      () => packed([{ name: `${good}run.json`, content: Buffer.from("{}") }]),
      "SHA256SUMS is missing",
    ],
    [
      "has only a list of hashes",
      () => packed(withSums([{ name: `${good}x`, content: Buffer.from("") }])),
      "is missing",
    ],
    [
      "holds more files than any bundle",
      () => Buffer.concat([...Array.from({ length: 10_001 }, (_, index) => block(`${good}x${index}`, 0)), end]),
      "more files than any bundle",
    ],
    [
      "has a header that was damaged",
      () => Buffer.concat([tarHeader(`${good}run.json`, 0, 0).fill(0x41, 0, 3), end]),
      "a header in it is damaged",
    ],
  ])("that %s is told in a sentence", async (_, make, says) => {
    const { code, flaw } = await judged(make());
    expect([code, flaw]).toEqual([6, expect.stringContaining(says)]);
  });

  it("of nonsense with a list of hashes that fits never makes more than a finding of it", async () => {
    const names = [
      "bundle.json",
      "run.json",
      "pages.txt",
      "steps.ndjson",
      "audit.ndjson",
      "approvals.json",
      "signers",
      "checkpoints.ndjson",
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.json().map((each) => `${each}\n`),
        ),
        async (name, content) => {
          const { code, document } = await judged(
            packed(rewritten(members, name, (before) => (before === content ? `${content}x` : content))),
          );
          expect([code, document.sound]).toEqual([6, false]);
        },
      ),
      { numRuns: 80 },
    );
  });

  it("that is none at all is no run either", async () => {
    await writeFile(join(folder, "none.tar"), "not a tar file");
    expect((await handover(folder, "evidence verify none.tar")).code).toBe(3);
  });
});

const hasTools = ["tar", "sha256sum", "bash"].every((tool) => spawnSync(tool, ["--version"]).error === undefined);

describe.skipIf(!hasTools)("the instructions in a bundle", () => {
  const shell = (script: string, cwd: string): string =>
    execFileSync("bash", ["-euo", "pipefail", "-c", script], { cwd, encoding: "utf8" });

  it("work with tar, sha256sum and ssh-keygen alone", async () => {
    const place = join(folder, "unpacked");
    await mkdir(place);
    shell(`tar xf ${join(folder, "run.tar")}`, place);
    const inside = join(place, "evidence-01JDSAMPLE0000000000000000");
    const readme = await readFile(join(inside, "README.txt"), "utf8");
    const command = (begin: string): string =>
      readme.split("\n").find((line) => line.trim().startsWith(begin)) ?? "false";
    expect(shell(command("sha256sum -c"), inside)).not.toContain("FAILED");
    const digest = /with the digest ([0-9a-f]{64})/.exec(readme)?.[1];
    expect(shell(command('{ echo "handover run 1"'), inside)).toContain(digest);
    const genesis = shell(command("printf 'handover audit 1"), inside).slice(0, 64);
    const first = JSON.parse(text("audit.ndjson").split("\n")[0] ?? "") as { body: string; hash: string };
    expect(shell(`printf '%s%s' ${genesis} '${first.body}' | sha256sum`, inside)).toContain(first.hash);
    if (!hasSshKeygen) return;
    expect(shell(command("ssh-keygen -Y verify -f signers"), inside)).toContain("Good");
    for (const line of readme.split("\n").filter((each) => each.includes("-f YOUR-SIGNERS"))) {
      const own = line.replace("YOUR-SIGNERS", join(folder, "signers")).replace("NAME", planner.comment);
      expect(shell(own, inside)).toContain("Good");
    }
  });
});
