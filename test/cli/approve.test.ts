import { chmod, copyFile, mkdir, readFile, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import Database from "better-sqlite3";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { runCommandLine } from "../../src/cli/program.ts";
import { openReader } from "../../src/journal/sqlite/reader.ts";
import { approvalText, parseApproval } from "../../src/model/signing/approval.ts";
import type { Approval } from "../../src/model/signing/approval.ts";
import { parsePrivateKey } from "../../src/model/signing/private-key.ts";
import { signText } from "../../src/model/signing/signature.ts";
import type { SigningKey } from "../../src/model/signing/signature.ts";
import { ManualClock } from "../support/clock.ts";
import { hasSshKeygen, sshKeygen } from "../model/signing/openssh.ts";
import { recordedEncryptedKey } from "../model/signing/recorded.ts";
import { Scene } from "./scene.ts";
import { world } from "./world.ts";

let scene: Scene;
const dayMs = 86_400_000;

beforeAll(async () => {
  scene = await Scene.start({ seed: 7, users: 20, assets: 100 });
  await scene.write(
    "moves.csv",
    "action,from,title,member,role\ngrant,anna@acme.example,EMEA *,heir@acme.example,VIEWER\n",
  );
  await scene.prints("plan moves.csv -o master");
  const lines: string[] = [];
  for (const name of ["anna", "ben", "cleo", "planner"])
    lines.push(await scene.prints(`key new ${name}.key --as ${name}@acme.example`));
  await scene.write("signers", lines.slice(0, 2).join("") + (lines[3] ?? ""));
});
afterAll(async () => {
  await scene.close();
});

/** A fresh copy of the run in a folder of its own, which nothing has approved. */
let run: string;
let copies = 0;
beforeEach(async () => {
  copies += 1;
  run = `copy-${copies}/friday`;
  await mkdir(scene.path(`copy-${copies}`));
  await copyFile(scene.path("master.handover"), scene.path(`${run}.handover`));
});

const approvalOf = (name: string): string => `${run}.approval-${name}@acme.example.json`;

async function approve(name: string, more = ""): Promise<void> {
  await scene.prints(`approve ${run} --key ${name}.key --yes${more}`);
}

/** How an apply that asks for approvals ends, and what it sent to the server. */
async function apply(required = 1, more = ""): Promise<{ code: number; said: string; out: string; requests: number }> {
  const before = scene.requests();
  const line = `apply ${run} --yes --require-approvals ${required} --signers signers --max-age 9999d${more}`;
  const { code, err, out } = await scene.handover(line);
  return { code, out, said: err.replace(/\s+/g, " "), requests: scene.requests() - before };
}

async function keyOf(name: string): Promise<SigningKey> {
  const parsed = parsePrivateKey(await scene.read(`${name}.key`));
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

/** Signs, with a key that is right, an approval that says something else. */
async function forged(by: string, change: (approval: Approval) => Approval): Promise<void> {
  await approve(by);
  const parsed = parseApproval(await scene.read(approvalOf(by)));
  if (!parsed.ok) throw new Error(parsed.problem);
  const text = approvalText(change(parsed.value));
  await scene.write(approvalOf(by), text);
  await scene.write(`${approvalOf(by)}.sig`, signText(text, await keyOf(by)));
}

describe("an approved run", () => {
  it("is carried out, and keeps who approved it in its chain and the approvals themselves", async () => {
    await approve("anna");
    await approve("ben");
    const { code, said } = await apply(2);
    expect([code, said]).toEqual([0, expect.stringContaining("Approved by anna@acme.example, ben@acme.example.")]);
    const reader = await openReader(scene.path(`${run}.handover`));
    const bodies = (await reader.audit(0, 10)).map(({ body }) => body);
    expect(bodies[1]).toContain('"approvers":"anna@acme.example,ben@acme.example"');
    expect(JSON.parse((await reader.kept("approvals")) ?? "")).toMatchObject([
      { text: await scene.read(approvalOf("anna")), signature: await scene.read(`${approvalOf("anna")}.sig`), row: 2 },
      { text: await scene.read(approvalOf("ben")) },
    ]);
    expect(await reader.kept("signers")).toBe(await scene.read("signers"));
    await reader.close();
  });

  it("may have its approvals elsewhere, when they are named", async () => {
    await approve("anna", " -o elsewhere.json --replace");
    expect((await apply(1)).code).toBe(6);
    expect((await apply(1, " --approval elsewhere.json")).code).toBe(0);
  });

  it("is neither touched nor sent anywhere by approving it", async () => {
    const path = scene.path(`${run}.handover`);
    const before = [await readFile(path), (await stat(path)).mtimeMs, scene.requests()];
    await approve("anna");
    expect([await readFile(path), (await stat(path)).mtimeMs, scene.requests()]).toEqual(before);
    expect((await readdir(scene.path(`copy-${copies}`))).toSorted()).toEqual([
      "friday.approval-anna@acme.example.json",
      "friday.approval-anna@acme.example.json.sig",
      "friday.handover",
    ]);
    expect((await stat(scene.path(approvalOf("anna")))).mode & 0o777).toBe(0o600);
  });

  it("that stands half-way goes on with approvals that have expired meanwhile, and a new run does not begin on them", async () => {
    await approve("anna", " --expires 1h");
    const late = new ManualClock(Date.now() + 2 * dayMs);
    const line = `apply ${run} --yes --require-approvals 1 --signers signers --max-age 9999d`;
    const fresh = await scene.handover(line, { clock: late });
    expect([fresh.code, fresh.err.replace(/\s+/g, " ")]).toEqual([6, expect.stringContaining("it expired on")]);
    await scene.handover(
      `apply ${run} --yes --require-approvals 1 --signers signers --max-age 9999d --max-duration 1ms`,
    );
    const { code } = await scene.handover(line);
    expect(code).toBe(0);
  });
});

describe("an apply that asks for approvals", () => {
  const cases: readonly (readonly [string, () => Promise<unknown>, string])[] = [
    ["there is none", async () => undefined, "none of them is there"],
    [
      "it is not signed",
      async () => {
        await approve("anna");
        await rm(scene.path(`${approvalOf("anna")}.sig`));
      },
      "it is not signed",
    ],
    [
      "it expired",
      () => forged("anna", (a) => ({ ...a, issuedAt: a.issuedAt - 9 * dayMs, expiresAt: a.issuedAt - dayMs })),
      "it expired on",
    ],
    ["it is from the future", () => forged("anna", (a) => ({ ...a, issuedAt: a.issuedAt + dayMs })), "still to come"],
    [
      "it is for another run",
      () => forged("anna", (a) => ({ ...a, run: "01JDOTHER00000000000000000" })),
      "it approves the run 01JDOTHER",
    ],
    [
      "the run was changed since",
      () => forged("anna", (a) => ({ ...a, digest: "0".repeat(64) })),
      "with another content",
    ],
    [
      "it is for another tenant",
      () => forged("anna", (a) => ({ ...a, tenant: "evil.example" })),
      "for the tenant evil.example",
    ],
    [
      "it is for another administrator",
      () => forged("anna", (a) => ({ ...a, admin: "x@acme.example" })),
      "it approves acting as x@acme.example",
    ],
    [
      "it is for fewer changes",
      () => forged("anna", (a) => ({ ...a, limits: { changes: 0 } })),
      "it approves 0 changes at most",
    ],
    ["its signer is not known", () => approve("cleo"), "is not in the signers file"],
    [
      "its signer goes by another name",
      () => forged("anna", (a) => ({ ...a, approver: "ben@acme.example" })),
      "belongs to somebody else than ben@acme.example",
    ],
    [
      "it names another key than signed it",
      () => forged("anna", (a) => ({ ...a, key: `SHA256:${"A".repeat(43)}` })),
      "it says it is signed by the key SHA256:AAAA",
    ],
    ["its approver planned the run", () => approve("planner"), "planner@acme.example planned this run"],
    [
      "a byte of it was changed",
      async () => {
        await approve("anna", " --note agreed");
        await scene.write(approvalOf("anna"), (await scene.read(approvalOf("anna"))).replace("agreed", "agreee"));
      },
      "the signature does not fit the text",
    ],
    [
      "it says the same in another spelling",
      async () => {
        await approve("anna");
        const text = (await scene.read(approvalOf("anna"))).replace("{", '{"run":"01JDOTHER00000000000000000",');
        await scene.write(approvalOf("anna"), text);
        await scene.write(`${approvalOf("anna")}.sig`, signText(text, await keyOf("anna")));
      },
      "it is not an approval as handover writes it",
    ],
    [
      "it is nonsense",
      () => scene.write(approvalOf("anna"), '{"type":'),
      "it is not an approval as handover writes it",
    ],
    [
      "it is of a later version",
      () => scene.write(approvalOf("anna"), '{"type":"handover approval","version":2}\n'),
      "a version that is not known here",
    ],
    ["it is too large", () => scene.write(approvalOf("anna"), "x".repeat(70_000)), "is too large"],
    ["it is a link", () => symlink("/etc/passwd", scene.path(approvalOf("anna"))), "is a symbolic link"],
    [
      "its signature is nonsense",
      async () => {
        await approve("anna");
        await scene.write(`${approvalOf("anna")}.sig`, "x");
      },
      "it is no signature that counts",
    ],
  ];
  it.each(cases)("is refused when %s, and nothing is sent", async (_, given, says) => {
    await given();
    const { code, said, requests } = await apply();
    expect(said).toContain(says);
    expect([code, requests]).toEqual([6, 0]);
    expect(said).toMatch(/--require-approvals asks for 1 approval/);
    const reader = await openReader(scene.path(`${run}.handover`));
    expect(await reader.audit(0, 1)).toEqual([]);
    await reader.close();
  });

  it("counts a person once, however many keys and names they sign with", async () => {
    await approve("anna");
    await approve("anna", " --as ben@acme.example -o copy.json --replace");
    const other = await scene.prints("key new second.key --as anna@acme.example");
    const [line = ""] = (await scene.read("signers")).split("\n");
    const both = `${(await scene.read("signers")).replace(line, line.replace(" ", ",ben@acme.example "))}${other}`;
    await scene.write("both", both);
    const line2 = `apply ${run} --yes --require-approvals 2 --signers both --max-age 9999d`;
    const sameKey = await scene.handover(`${line2} --approval copy.json`);
    expect([sameKey.code, sameKey.err.replace(/\s+/g, " ")]).toEqual([
      6,
      expect.stringContaining("one key counts once"),
    ]);
    await scene.prints(`approve ${run} --key second.key --yes -o second.json --replace`);
    const samePerson = await scene.handover(`${line2} --approval second.json`);
    expect([samePerson.code, samePerson.err.replace(/\s+/g, " ")]).toEqual([
      6,
      expect.stringContaining("who counts once"),
    ]);
  });

  it("does not mind an old approval that lies there too, and says that it does not count", async () => {
    await forged("ben", (a) => ({ ...a, issuedAt: a.issuedAt - 9 * dayMs, expiresAt: a.issuedAt - dayMs }));
    await approve("anna");
    const { code, said } = await apply();
    expect([code, said]).toEqual([0, expect.stringContaining("Not counted:")]);
    expect(said).toContain("rests on an account name, planner@tests");
  });

  it.each([
    ["no signers file", "--require-approvals 1", 3, "who may give them is not said"],
    [
      "a signers file that is not there",
      "--require-approvals 1 --signers nobody",
      3,
      "there is no signers file nobody",
    ],
    [
      "an approval that is not there",
      "--require-approvals 1 --signers signers --approval x.json",
      3,
      "there is no approval x.json",
    ],
    ["approvals that nobody asks for", "--approval x.json", 3, "none is asked for"],
    ["a count that is none", "--require-approvals many", 3, "whole number"],
  ])("needs to be told the whole of it: with %s nothing is sent", async (_, options, code, says) => {
    const before = scene.requests();
    const ran = await scene.handover(`apply ${run} --yes --max-age 9999d ${options}`);
    expect([ran.code, ran.err.replace(/\s+/g, " "), scene.requests()]).toEqual([
      code,
      expect.stringContaining(says),
      before,
    ]);
  });

  it("asks for as many as the settings do, by their signers file, whatever the options say", async () => {
    const settings = await scene.read("handover.yaml");
    await scene.write("handover.yaml", `${settings}approvals: { require: 2, signers: signers }\n`);
    try {
      await approve("anna");
      const said = async (options: string): Promise<readonly [number, string]> => {
        const { code, err } = await scene.handover(`apply ${run} --yes --max-age 9999d${options}`);
        return [code, err.replace(/\s+/g, " ")];
      };
      expect(await said(" --require-approvals 1")).toEqual([
        6,
        expect.stringMatching(/handover\.yaml:\d+\S* asks for 2 approvals/),
      ]);
      expect(await said(" --signers signers")).toEqual([3, expect.stringContaining("--signers does not change it")]);
      await approve("ben");
      expect(await said("")).toEqual([0, expect.stringContaining("Approved by anna@acme.example, ben@acme.example.")]);
    } finally {
      await scene.write("handover.yaml", settings);
    }
  });

  it("trusts no signers file that others can write", async () => {
    await approve("anna");
    await scene.write("open", await scene.read("signers"));
    await chmod(scene.path("open"), 0o666);
    const ran = await scene.handover(`apply ${run} --yes --require-approvals 1 --signers open`);
    expect([ran.code, ran.err.replace(/\s+/g, " ")]).toEqual([3, expect.stringContaining("can be changed by others")]);
  });
});

describe("approving", () => {
  it("shows what is approved, asks, and signs nothing when the answer is no", async () => {
    const made = await world({
      argv: ["approve", run, "--key", "anna.key"],
      folder: scene.folder,
      terminal: true,
      stdin: "n\n",
    });
    expect(await runCommandLine(made.context)).toBe(7);
    const said = stripVTControlCharacters(made.err()).replace(/ +/g, " ");
    for (const text of [
      "Totals",
      "Digest",
      "Planned by planner@tests",
      "Approval by anna@acme.example",
      "Approve this run? [y/N]",
      "Nothing was signed.",
    ]) {
      expect(said).toContain(text);
    }
    expect(await readdir(scene.path(`copy-${copies}`))).toEqual(["friday.handover"]);
  });

  it.each([
    ["nobody is there to ask", "approve RUN --key anna.key", 6, "--yes is not given"],
    ["the key is not there", "approve RUN --key nobody.key --yes", 3, "there is no key file"],
    ["the key has a passphrase", "approve RUN --key encrypted.key --yes", 3, "protected by a passphrase"],
    ["the key can be read by others", "approve RUN --key open.key --yes", 3, "can be read or changed by others"],
    ["the key is a link", "approve RUN --key link.key --yes", 3, "is a symbolic link"],
    ["the run makes more changes", "approve RUN --key anna.key --yes --max-changes 0", 6, "--max-changes permits 0"],
    ["it would hold for ever", "approve RUN --key anna.key --yes --expires 9999d", 3, "a year at most"],
    ["the name is a pattern", "approve RUN --key anna.key --yes --as *", 3, "is not the name of a signer"],
    [
      "the key is not in the signers file",
      "approve RUN --key cleo.key --yes --signers signers",
      3,
      "is not in signers",
    ],
    ["there is no such run", "approve nowhere --key anna.key --yes", 3, "there is no run nowhere"],
  ])("is refused when %s", async (_, line, code, says) => {
    await scene.write("encrypted.key", recordedEncryptedKey);
    await writeFile(scene.path("open.key"), await scene.read("anna.key"), { mode: 0o644 });
    await symlink("anna.key", scene.path("link.key")).catch(() => undefined);
    const ran = await scene.handover(line.replace("RUN", run));
    expect([ran.code, ran.err.replace(/\s+/g, " ")]).toEqual([code, expect.stringContaining(says)]);
    expect(await readdir(scene.path(`copy-${copies}`))).toEqual(["friday.handover"]);
  });

  it("takes the place of an earlier approval only when told to", async () => {
    await approve("anna");
    const again = await scene.handover(`approve ${run} --key anna.key --yes`);
    expect([again.code, again.err]).toEqual([3, expect.stringContaining("exists already")]);
    await approve("anna", " --replace");
  });

  it.skipIf(!hasSshKeygen)("can be done with ssh-keygen over the printed text, as with a key on hardware", async () => {
    const folder = scene.path(`copy-${copies}`);
    sshKeygen(folder, ["-q", "-t", "ecdsa", "-N", "", "-C", "dora@acme.example", "-f", "dora"]);
    await writeFile(join(folder, "signers"), await scene.prints(`key show copy-${copies}/dora.pub`), { mode: 0o600 });
    const file = `friday.approval-dora.json`;
    const printed = await scene.handover(
      `approve ${run} --key copy-${copies}/dora.pub --print -o copy-${copies}/${file}`,
    );
    expect([printed.code, printed.err]).toEqual([0, expect.stringContaining("ssh-keygen -Y sign -n handover -f")]);
    sshKeygen(folder, ["-q", "-Y", "sign", "-n", "handover", "-f", "dora", file]);
    const ran = await scene.handover(
      `apply ${run} --yes --max-age 9999d --require-approvals 1 --signers copy-${copies}/signers`,
    );
    expect([ran.code, ran.err]).toEqual([0, expect.stringContaining("Approved by dora@acme.example.")]);
    const verify = ["-Y", "verify", "-f", "signers", "-I", "dora@acme.example", "-n", "handover", "-s", `${file}.sig`];
    expect(sshKeygen(folder, verify, await readFile(join(folder, file), "utf8"))).toContain("Good");
  });
});

describe("a run whose planner signed it", () => {
  beforeAll(async () => {
    const row = "grant,anna@acme.example,EMEA *,emea-bi@acme.example,VIEWER";
    await scene.write("others.csv", `action,from,title,member,role\n${row}\n`);
    await scene.prints("plan others.csv -o signed --sign-key anna.key");
  });
  const line = "apply signed --yes --require-approvals 1 --signers signers --sign-key ben.key";

  it("cannot be approved by that key, nor by that person with another one", async () => {
    const own = await scene.handover("approve signed --key anna.key --yes");
    expect([own.code, own.err]).toEqual([6, expect.stringContaining("this key planned the run")]);
    const second = await scene.prints("key new other.key --as anna@acme.example");
    await scene.write("more", (await scene.read("signers")) + second);
    await scene.prints("approve signed --key other.key --yes -o own.json");
    const ran = await scene.handover(`${line.replace("signers signers", "signers more")} --approval own.json`);
    expect([ran.code, ran.err]).toEqual([6, expect.stringContaining("anna@acme.example planned this run")]);
  });

  it("is refused when the signature of its planner was taken away", async () => {
    await copyFile(scene.path("signed.handover"), scene.path("taken.handover"));
    const db = new Database(scene.path("taken.handover"));
    db.exec("delete from kept where name like 'checkpoint-%'");
    db.close();
    await scene.prints("approve taken --key ben.key --yes --as ben@acme.example");
    const ran = await scene.handover(line.replace("signed", "taken"));
    expect([ran.code, ran.err]).toEqual([6, expect.stringContaining("that key has not signed it")]);
  });

  it("is carried out when somebody else approves, is signed to its end, and says so offline", async () => {
    await scene.prints("approve signed --key ben.key --yes");
    const ran = await scene.handover(line);
    expect([ran.code, ran.err]).toEqual([0, expect.not.stringContaining("rests on an account name")]);
    const head = /Audit head, row \d+, signed with SHA256:\S+: ([0-9a-f]{64})/.exec(ran.err)?.[1] ?? "";
    const found = await scene.prints(`evidence verify signed --signers signers --head ${head}`);
    expect(found.replace(/\s+/g, " ")).toMatch(
      /Signed to the last row, by anna@acme\.example \(SHA256:\S+\) and ben@acme\.example/,
    );
    expect(found).toMatch(/= approvals +1 approval that counted/);
    expect(found.replace(/\s+/g, " ")).not.toContain("not signed");
    const strangers = await scene.handover(`evidence verify signed --signers second`);
    expect(strangers.code).toBe(3);
    await scene.write("second", await scene.prints("key show cleo.key"));
    expect((await scene.handover(`evidence verify signed --signers second`)).code).toBe(6);
  });

  it("may be signed only with a key that is one, before anything is sent", async () => {
    const before = scene.requests();
    const ran = await scene.handover("apply master --yes --sign-key moves.csv");
    expect([ran.code, ran.err, scene.requests()]).toEqual([3, expect.stringContaining("is not a private key"), before]);
  });
});
