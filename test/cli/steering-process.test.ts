/** Steering real processes: what the emulator's own log says of a pause, a drain, and a kill that leaves a socket behind. */
import { access, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { askControl } from "../../src/cli/control-client.ts";
import type { ControlAnswer } from "../../src/cli/control-words.ts";
import { Stage, until } from "../support/process.ts";

let stage: Stage;
let steps: number;

beforeAll(async () => {
  stage = await Stage.start(["--seed", "7", "--users", "30", "--assets", "200"]);
  const { assets } = await stage.tenant();
  const rows = assets
    .filter(({ trashed, roles }) => {
      const owner = new Map(roles).get("OWNER")?.[0] ?? "";
      return (
        !trashed && ["user:anna@acme.example", "user:ben@acme.example", "user:leaver@acme.example"].includes(owner)
      );
    })
    .slice(0, 40)
    .map(({ name }) => `grant,${name},emea-bi@acme.example,VIEWER`);
  await writeFile(join(stage.folder, "grants.csv"), `action,asset,member,role\n${rows.join("\n")}\n`);
});

afterAll(async () => {
  await stage.close();
});

async function planned(name: string): Promise<void> {
  const { code, stderr } = await stage.handover("plan", "grants.csv", "-o", name, "--skip-refused");
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  const shown = JSON.parse((await stage.handover("status", name, "--json")).stdout) as { counts: { planned: number } };
  steps = shown.counts.planned;
  expect(steps).toBeGreaterThan(10);
}

/** As `ctl` asks, without a process for each time. */
async function ask(name: string, wish: object): Promise<ControlAnswer | undefined> {
  return askControl(join(stage.folder, `${name}.handover.ctl/socket`), wish);
}

it("a paused apply sends nothing, another rate and number hold, a drain ends it, and the same command goes on", async () => {
  await planned("friday");
  const before = (await stage.history()).length;
  const applying = stage.begin(["apply", "friday", "--yes", "--rate", "4/s", "--events", "events.ndjson"]);
  expect(await stage.reaches("writes", 3, applying)).toBe(true);
  expect((await stage.handover("ctl", "friday", "pause")).stdout).toMatch(/^Paused/);
  await until(async () => {
    const sent = (await stage.counts()).total;
    // Answers on their way are awaited; from then on the log stands still.
    await new Promise((resolve) => {
      setTimeout(resolve, 300);
    });
    return (await stage.counts()).total === sent ? true : undefined;
  });
  const sent = (await stage.counts()).total;
  const standing = { standing: "paused", slowness: { kind: "paused", by: "ctl" } };
  expect(await ask("friday", { action: "status" })).toMatchObject({ live: standing });
  expect((await stage.handover("status", "friday")).stdout).toMatch(/Held up +paused by ctl since/);
  await ask("friday", { action: "rate", perSecond: 1000 });
  await ask("friday", { action: "concurrency", steps: 1 });
  // At four a second some six would have left since; at a thousand, all.
  expect((await stage.counts()).total).toBe(sent);
  await ask("friday", { action: "rate", perSecond: 8 });
  await ask("friday", { action: "resume" });
  expect(await stage.reaches("total", sent + 2, applying)).toBe(true);
  expect((await stage.handover("ctl", "friday", "drain")).code).toBe(0);
  expect((await applying.ended).code).toBe(7);
  await expect(access(join(stage.folder, "friday.handover.ctl"))).rejects.toThrow("ENOENT");
  const again = await stage.handover("apply", "friday", "--yes", "--events", "events.ndjson");
  expect(again.code).toBe(0);
  expect((await stage.history()).length - before).toBe(steps);
  const report = JSON.parse((await stage.handover("report", "friday", "--json")).stdout) as {
    readonly audit: { readonly firstBad?: number };
  };
  expect(report.audit.firstBad).toBeUndefined();
});

it("a killed apply leaves a socket behind that the next one takes over, and who watches sees both", async () => {
  await stage.handover("undo", "friday", "-o", "back");
  const watching = stage.begin(["watch", "back", "--json"]);
  const seesItLive = new Promise<void>((resolve) => {
    watching.child.stdout?.on("data", (text: string) => {
      if (text.includes('"type":"live"')) resolve();
    });
  });
  const first = stage.begin(["apply", "back", "--yes", "--rate", "4/s"]);
  const writes = (await stage.counts()).writes;
  expect(await stage.reaches("writes", writes + 2, first)).toBe(true);
  await ask("back", { action: "pause" });
  await seesItLive;
  first.child.kill("SIGKILL");
  await first.ended;
  await access(join(stage.folder, "back.handover.ctl/socket"));
  const gone = await stage.handover("ctl", "back", "resume");
  expect([gone.code, gone.stderr]).toEqual([9, expect.stringContaining("no apply of back.handover is under way")]);
  const second = await stage.handover("apply", "back", "--yes");
  expect([second.code, second.stderr.includes("No control socket")]).toEqual([0, false]);
  const seen = await watching.ended;
  expect(seen.code).toBe(0);
  const types = new Set(
    seen.stdout
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { type: string }).type),
  );
  expect(types.has("live")).toBe(true);
  expect(seen.stdout.trim().split("\n").at(-1)).toContain('"type":"ended"');
});

it("abort leaves at once with 130, on record, and the same command goes on", async () => {
  await planned("again");
  const applying = stage.begin(["apply", "again", "--yes", "--rate", "4/s"]);
  const { writes } = await stage.counts();
  expect(await stage.reaches("writes", writes + 2, applying)).toBe(true);
  expect(await ask("again", { action: "abort" })).toMatchObject({ said: "Leaving at once." });
  expect((await applying.ended).code).toBe(130);
  expect((await stage.handover("apply", "again", "--yes")).code).toBe(0);
  const report = JSON.parse((await stage.handover("report", "again", "--json")).stdout) as {
    readonly audit: { readonly firstBad?: number };
  };
  expect(report.audit.firstBad).toBeUndefined();
});
