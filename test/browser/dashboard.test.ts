/** The dashboard as its reader sees it: a real apply of a real process against the emulator, in a real browser. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openDashboard } from "../../src/cli/dashboard.ts";
import type { Dashboard } from "../../src/cli/dashboard.ts";
import { Telemetry } from "../../src/model/telemetry.ts";
import { steeringOf } from "../cli/steered.ts";
import { world } from "../cli/world.ts";
import { hostile, isActing } from "../report/hostile.ts";
import { facts } from "../report/sample.ts";
import { Stage, until } from "../support/process.ts";
import type { Underway } from "../support/process.ts";
import { browserPath, launch, watch } from "./chromium.ts";
import type { Trouble } from "./chromium.ts";

interface Opened {
  readonly page: Page;
  readonly trouble: Trouble;
}

async function opened(browser: Browser, address: string, context: BrowserContextOptions = {}): Promise<Opened> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...context });
  const trouble = await watch(page);
  await page.goto(address);
  await page.waitForSelector("html[data-ready=true]");
  return { page, trouble };
}

/** Whom it has talked to beside the process it came from. */
function strangers({ requests }: Trouble, address: string): readonly string[] {
  return requests.filter((url) => new URL(url).origin !== new URL(address).origin);
}

function text(page: Page, id: string): Promise<string> {
  return page.locator(`#${id}`).innerText();
}

/** Waits until the text of a place holds what is wanted. */
async function shows(page: Page, id: string, wanted: string): Promise<void> {
  await page.locator(`#${id}`, { hasText: wanted }).waitFor({ timeout: 60_000 });
}

describe.skipIf(browserPath === undefined)("the page of an apply under way", () => {
  let browser: Browser;
  let stage: Stage;
  const members = ["heir", "anna", "ben", "admin"];
  let run = "";
  let apply: Underway | undefined;
  let said = "";

  beforeAll(async () => {
    stage = await Stage.start(["--seed", "7", "--users", "30", "--assets", "300"]);
    browser = await launch();
  });

  afterAll(async () => {
    await browser.close();
    await stage.close();
  });

  /** Every test has a run of its own: everything that is not in the trash, opened to somebody else each time. */
  beforeEach(async () => {
    const member = members.shift() ?? "";
    run = `for-${member}`;
    const { assets } = await stage.tenant();
    const rows = assets
      .filter(({ trashed }) => !trashed)
      .map(({ name }) => `grant,${name},${member}@acme.example,VIEWER`);
    await writeFile(join(stage.folder, `${run}.csv`), `action,asset,member,role\n${rows.join("\n")}\n`);
    const made = await stage.handover("plan", `${run}.csv`, "-o", run, "--skip-refused");
    expect(made.code, made.stderr).toBe(0);
  });

  afterEach(async () => {
    if (apply?.hasEnded() === false) apply.child.kill("SIGKILL");
    await apply?.ended;
    for (const context of browser.contexts()) await context.close();
  });

  /** Slow enough to be looked at. */
  async function begin(rate: string): Promise<{ readonly address: string; readonly control: string }> {
    said = "";
    apply = stage.begin(["apply", run, "--yes", "--dashboard", "--rate", rate, "--actor-rate", rate]);
    apply.child.stderr?.on("data", (piece: string) => (said += piece));
    return until(async () => {
      const [, address, control] = /Dashboard\s+(\S+)\nControl\s+(\S+)/.exec(said) ?? [];
      if (apply?.hasEnded() === true) throw new Error(said);
      return address === undefined || control === undefined ? undefined : { address, control };
    });
  }

  it("follows it to its end, and stays readable when the process has gone", async () => {
    const { address } = await begin("60");
    const { page, trouble } = await opened(browser, address);
    expect(page.url()).toBe(address.replace(/#.*$/, ""));
    await page.locator("#live-steps tr").nth(20).waitFor();
    await page.locator("[data-timeline=calls] canvas").waitFor();
    const ended = await apply?.ended;
    expect(ended?.code, said).toBe(0);
    await shows(page, "live-verdict", "Finished: every step has ended.");
    const applied = await page.locator("#live-figures li", { hasText: "applied" }).locator(".figure").innerText();
    const report = JSON.parse((await stage.handover("report", run, "--json")).stdout) as {
      readonly counts: { readonly applied: number };
      readonly telemetry: { readonly buckets: readonly { readonly calls: number }[] };
    };
    expect(Number(applied.replace(",", ""))).toBe(report.counts.applied);
    expect(await page.locator("#live-steps tr").count()).toBe(Math.min(200, report.counts.applied));
    const calls = report.telemetry.buckets.reduce((sum, bucket) => sum + bucket.calls, 0);
    expect(await text(page, "live-calls")).toContain(`${calls.toLocaleString("en")} calls`);
    expect(await text(page, "live-link")).toContain("stays as it is");
    expect(await page.locator("#live-steering").isVisible()).toBe(false);
    expect([strangers(trouble, address), trouble.errors, trouble.dialogs]).toEqual([[], [], []]);
  });

  it("steers nothing without the control token, and everything with it", async () => {
    const { address, control } = await begin("10");
    const { page, trouble } = await opened(browser, address);
    await page.click("#live-pause");
    await shows(page, "live-answer", "That is not the control token.");
    await page.fill("#live-control", "guessed");
    await page.click("#live-pause");
    await shows(page, "live-answer", "That is not the control token.");
    expect(await text(page, "live-verdict")).toContain("Under way");
    await page.fill("#live-control", control);
    await page.click("#live-pause");
    await shows(page, "live-verdict", "Paused");
    const settled = await until(async () => {
      const before = (await stage.counts()).total;
      await page.waitForTimeout(1500);
      return (await stage.counts()).total === before ? before : undefined;
    });
    await page.waitForTimeout(1500);
    expect((await stage.counts()).total).toBe(settled);
    await page.fill("#live-rate", "no number");
    await page.click("#live-set-rate");
    await shows(page, "live-answer", "Write calls a second");
    await page.fill("#live-rate", "40");
    await page.click("#live-set-rate");
    await shows(page, "live-facts", "at most 39.6 calls a second");
    await page.click("#live-pause");
    await shows(page, "live-verdict", "Under way");
    await page.click("#live-drain");
    expect(await text(page, "live-drain")).toBe("Press again to stop");
    await page.click("#live-drain");
    await shows(page, "live-verdict", "Stopped: as asked.");
    const ended = await apply?.ended;
    expect(ended?.code, said).toBe(7);
    expect(ended?.stderr).toContain("Resume with: handover apply");
    // The browser itself tells its console of each answer that is a refusal.
    expect(trouble.errors.every((line) => line.includes("401"))).toBe(true);
    expect([trouble.errors.length, strangers(trouble, address), trouble.dialogs]).toEqual([2, [], []]);
  });

  it("says so when the process is killed, and does not take what it shows for news", async () => {
    const { address } = await begin("10");
    const { page } = await opened(browser, address);
    await page.locator("#live-steps tr").first().waitFor();
    apply?.child.kill("SIGKILL");
    await shows(page, "live-link", "Connection lost");
    expect(await page.locator("#live-steps tr").count()).toBeGreaterThan(0);
    expect(await text(page, "live-verdict")).not.toContain("Finished");
  });

  it("is closed to a reader without the token, and open again after a reload", async () => {
    const { address } = await begin("10");
    const { page } = await opened(browser, address);
    await page.reload();
    await page.waitForSelector("html[data-ready=true]");
    const other = await browser.newContext();
    const stranger = await other.newPage();
    await stranger.goto(address.replace(/#.*$/, ""));
    await shows(stranger, "live-link", "Open the address that apply has printed");
    expect(await stranger.locator("#live-steps tr").count()).toBe(0);
    expect(await stranger.content()).not.toContain(run);
  });
});

describe.skipIf(browserPath === undefined)("the page of an apply that is told hostile texts", () => {
  let browser: Browser;
  let dashboard: Dashboard;

  beforeAll(async () => {
    browser = await launch();
    const built = new URL("../../dist/report/page/client/", import.meta.url);
    const [script, style] = await Promise.all([
      readFile(new URL("live.js", built), "utf8"),
      readFile(new URL("live.css", built), "utf8"),
    ]);
    const { context } = await world();
    const { steering } = steeringOf(context.clock);
    const { header, digest, counts } = facts();
    const telemetry = new Telemetry();
    telemetry.called(context.clock.now(), 30, true, true);
    const given = { port: 0, runName: "<b>friday</b>", header, digest, counts, telemetry, steering };
    dashboard = await openDashboard(context, { ...given, assets: { script, style } });
  });

  afterAll(async () => {
    await dashboard.close("Stopped: as asked.");
    await browser.close();
  });

  it.each<[string, BrowserContextOptions]>([
    ["on a desk", {}],
    ["on a phone, in the dark", { viewport: { width: 390, height: 800 }, colorScheme: "dark" }],
  ])("shows them as they are, and none of them acts: %s", async (_, context) => {
    const { page, trouble } = await opened(browser, dashboard.address, context);
    for (const [index, [, foreign]] of hostile.entries()) {
      dashboard.onEvent({
        type: "step",
        seq: index + 1,
        outcome: "failed",
        failure: "not-found",
        reason: foreign,
        asset: foreign,
      });
      dashboard.onEvent({ type: "pace", perSecond: 1, reason: foreign, untilMs: 9e12 });
    }
    await page
      .locator("#live-steps tr")
      .nth(hostile.length - 1)
      .waitFor();
    expect(await page.locator("main img, main script, main b, main iframe").count()).toBe(0);
    const words = await page.locator("main td, main li, main dd, main h1").allTextContents();
    expect(words.length).toBeGreaterThan(hostile.length * 4);
    expect(words.filter(isActing)).toEqual([]);
    const wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
    expect(wide).toBe(0);
    expect([strangers(trouble, dashboard.address), trouble.errors, trouble.dialogs]).toEqual([[], [], []]);
    await page.close();
  });
});
