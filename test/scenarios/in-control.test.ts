/**
 * One weekend from the first look to the last proof, as a security officer would want it: checked, planned, approved by a
 * second person, begun small, held, slowed, ended and taken up again, proven offline. Real processes throughout.
 */
import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Stage, until } from "../support/process.ts";
import type { Ended, Underway } from "../support/process.ts";

const planner = "planner@acme.example";
const officer = "officer@acme.example";

/** Every report of the tenant gets one more viewer: enough steps to be interrupted in. */
const plan = `action,from,title,member,role
grant,anna@acme.example,*,heir@acme.example,VIEWER
grant,ben@acme.example,*,heir@acme.example,VIEWER
grant,leaver@acme.example,*,heir@acme.example,VIEWER
`;

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start(["--seed", "7", "--users", "30", "--assets", "200"]);
  await writeFile(join(stage.folder, "moves.csv"), plan);
  await writeFile(join(stage.folder, "approvers"), "");
});

afterAll(async () => {
  await stage.close();
});

const apply = ["apply", "friday", "--yes", "--require-approvals", "1", "--signers", "approvers", "--sign-key", "p.key"];

async function ran(...args: readonly string[]): Promise<Ended> {
  return stage.handover(...args);
}

/** The live state of the apply, as `ctl status` tells it; undefined while there is none. */
async function live(): Promise<Record<string, unknown> | undefined> {
  const { code, stdout } = await ran("ctl", "friday", "status", "--json");
  return code === 0 ? (JSON.parse(stdout) as Record<string, unknown>) : undefined;
}

async function openSteps(): Promise<number> {
  const { counts } = JSON.parse((await ran("status", "friday", "--json")).stdout) as {
    counts: { planned: number; "in-flight": number };
  };
  return counts.planned + counts["in-flight"];
}

// One story: each part stands on the one before.
describe.sequential("a weekend in control", () => {
  it("begins with a tenant in which nothing stands in the way", async () => {
    const { code, stdout } = await ran("doctor", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ type: "doctor", tenant: "acme.example", sums: { fail: 0 } });
    expect(code).toBe(0);
  });

  it("is planned and signed by one person", async () => {
    for (const [file, who] of [
      ["p.key", planner],
      ["o.key", officer],
    ] as const) {
      const made = await ran("key", "new", file, "--as", who);
      expect(made.stderr + made.stdout).toContain("ssh-ed25519");
      await appendFile(join(stage.folder, "approvers"), (await ran("key", "show", file, "--as", who)).stdout);
    }
    const made = await ran("plan", "moves.csv", "-o", "friday", "--sign-key", "p.key");
    expect(made).toMatchObject({ code: 0 });
  });

  it("is not begun without an approval, nor with the planner's own", async () => {
    const before = (await stage.counts()).writes;
    expect(await ran(...apply)).toMatchObject({ code: 6, stderr: expect.stringContaining("approv") as string });
    await ran("approve", "friday", "--key", "p.key", "--signers", "approvers", "--yes");
    expect(await ran(...apply)).toMatchObject({ code: 6, stderr: expect.stringContaining("approv") as string });
    expect((await stage.counts()).writes).toBe(before);
  });

  it("is approved by a second person, and begins with a small wave that is read back", async () => {
    const approved = await ran("approve", "friday", "--key", "o.key", "--signers", "approvers", "--yes");
    expect(approved).toMatchObject({ code: 0 });
    const first = await ran(...apply, "--canary", "1,10%,100%", "--pause-after-wave");
    expect(first).toMatchObject({ code: 7 });
    expect((await stage.counts()).writes).toBe(1);
  });

  it("is held, slowed, let go and ended from another shell, each act on record", async () => {
    const before = (await stage.counts()).writes;
    const underway: Underway = stage.begin([...apply, "--rate", "4/s"]);
    await until(async () => ((await stage.counts()).writes > before ? true : undefined));
    expect(await ran("ctl", "friday", "pause")).toMatchObject({ code: 0 });
    // What was on its way arrives; after that nothing is sent.
    const still = await until(async () => {
      const { total } = await stage.counts();
      const status = await live();
      return (await stage.counts()).total === total && status !== undefined ? total : undefined;
    });
    expect(JSON.stringify(await live())).toContain("paused");
    await ran("ctl", "friday", "rate", "40/s");
    expect((await stage.counts()).total).toBe(still);
    expect(await ran("ctl", "friday", "resume")).toMatchObject({ code: 0 });
    await until(async () => ((await stage.counts()).total > still ? true : undefined));
    expect(await ran("ctl", "friday", "drain")).toMatchObject({ code: 0 });
    expect(await underway.ended).toMatchObject({ code: 7 });
    expect(await openSteps()).toBeGreaterThan(0);
  });

  it("goes on where it ended, to the end", async () => {
    const last = await ran(...apply);
    expect(last).toMatchObject({ code: 0 });
    expect(await openSteps()).toBe(0);
    const pairs = (await stage.history()).map(({ asset, via }) => `${asset} ${via}`);
    expect(new Set(pairs).size).toBe(pairs.length);
    expect(await ran("verify", "friday")).toMatchObject({ code: 0 });
  });

  it("is proven from a bundle, without credentials", async () => {
    expect(await ran("report", "friday", "--evidence", "friday.tar", "--sign-key", "p.key")).toMatchObject({ code: 0 });
    const blind = { env: { HANDOVER_ENDPOINT: "http://127.0.0.1:1", HANDOVER_KEY: "", HANDOVER_ADMIN: "" } };
    const verify = async (what: string): Promise<Ended> =>
      stage.begin(["evidence", "verify", what, "--signers", "approvers"], blind).ended;
    expect(await verify("friday.tar")).toMatchObject({ code: 0 });
    expect(await verify("friday")).toMatchObject({ code: 0 });
    const bundle = await readFile(join(stage.folder, "friday.tar"), "latin1");
    for (const [act, trace] of [
      ["the officer's approval", officer],
      ["the pause", '"pause'],
      ["the waves", "wave"],
    ]) {
      expect(bundle.includes(trace ?? ""), act).toBe(true);
    }
    const changed = bundle.replace("heir@acme.example", "hair@acme.example");
    await writeFile(join(stage.folder, "changed.tar"), changed, "latin1");
    expect(await verify("changed.tar")).toMatchObject({ code: 6 });
  });
});
