import { mkdtemp, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pageHtml } from "../../src/report/page/page.ts";
import type { PageAssets } from "../../src/report/page/page.ts";
import { hostile, isActing } from "../report/hostile.ts";
import { pageContent, pageNames } from "../report/page-samples.ts";
import type { PageName, PageOptions } from "../report/page-samples.ts";
import { browserPath, launch, noTrouble, watch } from "./chromium.ts";
import type { Trouble } from "./chromium.ts";
import { faintTexts, headings, nameless, sideways, twiceGivenIds } from "./inspection.ts";

const rows = 300;
const hostileTitles = hostile.map(([, text]) => text);
/** The table of each page that the reader works with. */
const mainTable: Readonly<Record<PageName, string>> = {
  audit: "findings",
  readiness: "checklist",
  plan: "steps",
  run: "steps",
};

describe.skipIf(browserPath === undefined)("a page opened from disk", () => {
  let browser: Browser;
  let folder: string;
  let assets: PageAssets;

  beforeAll(async () => {
    const built = new URL("../../dist/report/page/client/", import.meta.url);
    const [script, style] = await Promise.all([
      readFile(new URL("main.js", built), "utf8"),
      readFile(new URL("page.css", built), "utf8"),
    ]);
    assets = { script, style };
    folder = await mkdtemp(join(tmpdir(), "handover-pages-"));
    browser = await launch();
  });

  afterAll(async () => {
    await browser.close();
  });

  async function written(name: PageName, options: PageOptions): Promise<string> {
    const path = join(await mkdtemp(join(folder, name)), `${name}.html`);
    await writeFile(path, pageHtml(await pageContent(name, { rows, ...options }), assets));
    return path;
  }

  async function opened(
    name: PageName,
    options: PageOptions = {},
    context: BrowserContextOptions = {},
  ): Promise<{ readonly page: Page; readonly trouble: Trouble; readonly path: string }> {
    const path = await written(name, options);
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...context });
    const trouble = await watch(page);
    await page.goto(pathToFileURL(path).href);
    await page.waitForSelector("html[data-ready=true]");
    return { page, trouble, path };
  }

  /** The rows drawn in a table, as the texts of one column. */
  function column(page: Page, table: string, place: number): Promise<readonly string[]> {
    return page.locator(`[data-table=${table}] tbody tr[data-at] td:nth-child(${place})`).allTextContents();
  }

  function status(page: Page, table: string): Promise<string> {
    return page.locator(`[data-table=${table}] .table-status`).innerText();
  }

  describe.each(pageNames)("of the kind %s", (name) => {
    const table = mainTable[name];
    /** The place of the column with the titles. */
    const titles = name === "readiness" ? 2 : 3;

    it("asks nobody for anything, breaks no policy and complains about nothing", async () => {
      const { page, trouble } = await opened(name);
      await page.mouse.wheel(0, 2000);
      await page.locator("#theme").click();
      expect(trouble).toEqual(noTrouble);
      await page.close();
    });

    it("fits a desk and a phone, in light and dark colours, with texts that can be read", async () => {
      const { page } = await opened(name);
      await page.locator(`[data-table=${table}] table`).focus();
      await page.keyboard.press("Enter");
      await page.evaluate(`for (const each of document.querySelectorAll("details")) each.open = true`);
      for (const width of [1280, 390]) {
        await page.setViewportSize({ width, height: 844 });
        expect(await sideways(page), `${width} pixels`).toBe(0);
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme });
          expect(await faintTexts(page), `${width} pixels, ${colorScheme}`).toEqual([]);
        }
      }
      await page.close();
    });

    it("fits a phone before anything drawn has heard of the new width", async () => {
      const path = await written(name, {});
      const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
      await page.addInitScript(`addEventListener("resize", (event) => event.stopImmediatePropagation(), true)`);
      await page.goto(pathToFileURL(path).href);
      await page.waitForSelector("html[data-ready=true]");
      await page.setViewportSize({ width: 390, height: 844 });
      expect(await sideways(page)).toBe(0);
      await page.close();
    });

    it("has one title, headings that skip no level, a name for everything to press, and no id twice", async () => {
      const { page } = await opened(name);
      await page
        .locator(`[data-table=${table}] tbody tr[data-at]`)
        .first()
        .click({ position: { x: 4, y: 4 } });
      const levels = (await headings(page)).map((heading) => Number(heading[0]));
      expect(levels[0]).toBe(1);
      expect(levels.filter((level) => level === 1)).toHaveLength(1);
      expect(levels.filter((level, place) => level > (levels[place - 1] ?? 1) + 1)).toEqual([]);
      expect(await nameless(page)).toEqual([]);
      expect(await twiceGivenIds(page)).toEqual([]);
      expect(await page.evaluate("document.documentElement.lang")).toBe("en");
      expect(await page.title()).not.toBe("");
      await page.close();
    });

    it("filters by words, says how many are left, and shows all again", async () => {
      const { page } = await opened(name);
      const search = page.locator(`[data-table=${table}] input`);
      await search.fill("support BACKLOG");
      await expect.poll(() => status(page, table)).toMatch(/ of /);
      const left = await column(page, table, titles);
      expect(left.length).toBeGreaterThan(5);
      expect(left.every((title) => title.startsWith("Support backlog"))).toBe(true);
      await search.fill("nothing is called so");
      await page.waitForSelector(`[data-table=${table}] tr.nothing`);
      expect(await status(page, table)).toMatch(/^0 of 300 /);
      await page.locator(`[data-table=${table}] button`, { hasText: "Clear" }).click();
      expect(await status(page, table)).toMatch(/^300 /);
      await page.close();
    });

    it("sorts up, down and as it was, and says so to those who do not see the arrow", async () => {
      const { page } = await opened(name);
      const head = page.locator(`[data-table=${table}] th`, { hasText: "Asset" });
      const before = await column(page, table, titles);
      await expect.poll(() => head.getAttribute("aria-sort")).toBe("none");
      await head.locator("button").click();
      expect(await head.getAttribute("aria-sort")).toBe("ascending");
      const up = await column(page, table, titles);
      await head.locator("button").click();
      expect(await head.getAttribute("aria-sort")).toBe("descending");
      const down = await column(page, table, titles);
      const collator = new Intl.Collator("en", { numeric: true });
      expect(up).toEqual(up.toSorted((a, b) => collator.compare(a, b)));
      expect(down).toEqual(down.toSorted((a, b) => collator.compare(b, a)));
      expect(up[0]).not.toBe(down[0]);
      await head.locator("button").click();
      expect(await head.getAttribute("aria-sort")).toBe("none");
      expect((await column(page, table, titles)).slice(0, 20)).toEqual(before.slice(0, 20));
      await page.close();
    });

    it("is worked with the keys alone: arrows move, Enter opens, Escape closes and leaves the reader where they were", async () => {
      const { page } = await opened(name);
      const grid = page.locator(`[data-table=${table}] table`);
      const panel = page.locator(`[data-table=${table}] .details`);
      await grid.focus();
      for (const key of ["ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp"]) await page.keyboard.press(key);
      expect(await grid.getAttribute("aria-activedescendant")).toBe(`${table}-row-2`);
      await page.keyboard.press("Enter");
      expect(await panel.isVisible()).toBe(true);
      const third = await page.locator(`#${table}-row-2 a`).innerText();
      expect(await panel.innerText()).toContain(third);
      expect(await panel.locator("a").getAttribute("href")).toMatch(/^https:\/\/lookerstudio\.google\.com\//);
      await page.keyboard.press("End");
      expect(await grid.getAttribute("aria-activedescendant")).toBe(`${table}-row-${rows - 1}`);
      expect(await page.locator(`#${table}-row-${rows - 1}`).isVisible()).toBe(true);
      await page.keyboard.press("Home");
      expect(await page.locator(`#${table}-row-0`).isVisible()).toBe(true);
      await panel.locator("button", { hasText: "Close" }).focus();
      await page.keyboard.press("Escape");
      expect(await panel.isVisible()).toBe(false);
      expect(await page.evaluate("document.activeElement.tagName")).toBe("TABLE");
      await page.close();
    });

    it("shows the rows behind a figure that is pressed", async () => {
      const { page } = await opened(name);
      const figures = page.locator(`.strip button[data-filter=${table}]`);
      const all = await status(page, table);
      let narrowed = 0;
      for (let place = 0; place < (await figures.count()); place += 1) {
        await figures.nth(place).click();
        if ((await status(page, table)) !== all) narrowed += 1;
      }
      expect(narrowed).toBe(await figures.count());
      expect(await page.evaluate("document.activeElement.tagName")).toBe("TABLE");
      await page.close();
    });

    it("prints all the rows, in light colours, with what was folded open", async () => {
      const { page } = await opened(name, {}, { colorScheme: "dark" });
      await page.locator("#theme").click();
      await page.locator("#theme").click();
      await page.evaluate(`addEventListener("beforeprint", () => {
        const drawn = document.querySelectorAll("[data-table=${table}] tbody tr[data-at]").length;
        window.printed = [drawn, document.querySelectorAll("details:not([open])").length];
      })`);
      const pdf = await page.pdf({ format: "A4" });
      expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
      expect(await page.evaluate("window.printed")).toEqual([rows, 0]);
      // 300 rows take more than what is in sight does.
      expect(pdf.toString("latin1").match(/\/Type\s*\/Page\b/g)?.length ?? 0).toBeGreaterThan(4);
      await page.emulateMedia({ media: "print" });
      expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(255, 255, 255)");
      expect(await page.evaluate("getComputedStyle(document.body).color")).toBe("rgb(22, 25, 29)");
      await page.close();
    });

    it("shows hostile titles as nothing but text", async () => {
      const { page, trouble } = await opened(name, { titles: hostileTitles, rows: hostileTitles.length + 5 });
      await page.locator(`[data-table=${table}] table`).focus();
      const [opening] = await column(page, table, titles);
      await page.keyboard.press("Enter");
      expect(await page.locator(`[data-table=${table}] .details`).innerText()).toContain(opening);
      const first = await column(page, table, titles);
      await page.keyboard.press("End");
      const text = [...first, ...(await column(page, table, titles))].join("\n");
      expect(text).toContain("<img src=x onerror=alert(1)><script>");
      expect(text).toContain("invoice\\u{202e}fdp.exe");
      expect(text).toContain("\\u{1b}[2J");
      expect(isActing(text)).toBe(false);
      expect(await page.locator("main img, main script, main iframe, main object").count()).toBe(0);
      expect(trouble).toEqual(noTrouble);
      await page.close();
    });
  });

  it("narrows the assets to a cell of the matrix that is pressed, says by what, and takes it back", async () => {
    const { page } = await opened("audit");
    await page.locator("table.matrix button[data-where^='access=~public LINK_VIEWER']").click();
    expect(await status(page, "assets")).toMatch(/^\d+ of 300 assets$/);
    const access = await column(page, "assets", 5);
    expect(access.length).toBeGreaterThan(3);
    expect(access.every((text) => text.includes("public LINK_VIEWER"))).toBe(true);
    expect(new Set(await column(page, "assets", 8))).toEqual(new Set(["live"]));
    const chip = page.locator("[data-table=assets] .chips button");
    expect(await chip.innerText()).toContain("Who gets in: public LINK_VIEWER");
    await chip.click();
    expect(await chip.count()).toBe(0);
    expect(new Set(await column(page, "assets", 8))).toEqual(new Set(["live"]));
    await page.close();
  });

  it("copies a plan row as CSV, with the names of its columns or without", async () => {
    const { page } = await opened("audit", {}, { permissions: ["clipboard-read", "clipboard-write"] });
    await page.locator("[data-table=findings] table").focus();
    await page.keyboard.press("Enter");
    await page.locator(".details button", { hasText: "Copy with column names" }).click();
    await page.waitForSelector(".details button:has-text('Copied')");
    const whole = await page.evaluate<string>("navigator.clipboard.readText()");
    expect(whole).toMatch(/^action,asset,member,role\nrevoke,[0-9a-f-]{36},user:guest0@partner\.example,EDITOR$/);
    await page.locator(".details button", { hasText: "Copy the row" }).click();
    await expect.poll(() => page.evaluate<string>("navigator.clipboard.readText()")).toBe(whole.split("\n")[1]);
    await page.close();
  });

  it("sets what a step adds and removes below each other", async () => {
    const { page } = await opened("plan");
    await page.locator("[data-table=steps] table").focus();
    for (const key of ["ArrowDown", "ArrowDown", "Enter"]) await page.keyboard.press(key);
    expect(await page.locator(".details .added").allTextContents()).toEqual([
      "+VIEWER user:consultant@partner.example (external)",
      "+LINK_VIEWER allUsers (public link)",
      "+VIEWER domain:acme-labs.example (whole domain)",
    ]);
    expect(await page.locator(".details .removed").allTextContents()).toEqual(["-EDITOR group:bi-team@acme.example"]);
    await page.close();
  });

  it("leaves the words being typed alone when a row is open", async () => {
    const { page } = await opened("plan");
    await page.locator("[data-table=steps] table").focus();
    await page.keyboard.press("Enter");
    const search = page.locator("[data-table=steps] input");
    await search.pressSequentially("pipe", { delay: 150 });
    await expect.poll(() => status(page, "steps")).toMatch(/ of /);
    expect(await page.evaluate("document.activeElement.tagName")).toBe("INPUT");
    expect(await search.inputValue()).toBe("pipe");
    await page.close();
  });

  it("takes the colours of the system until the button says otherwise", async () => {
    const { page } = await opened("run", {}, { colorScheme: "dark" });
    const paper = (): Promise<string> => page.evaluate("getComputedStyle(document.body).backgroundColor");
    expect(await paper()).toBe("rgb(13, 17, 23)");
    expect(await page.locator("#theme").getAttribute("aria-label")).toBe("Show the page in light colours");
    await page.locator("#theme").click();
    expect(await paper()).toBe("rgb(255, 255, 255)");
    await page.close();
  });

  it("still tells its verdict where scripts are turned off, and why its tables are missing", async () => {
    const path = await written("audit", {});
    const page = await browser.newPage({ javaScriptEnabled: false });
    await page.goto(pathToFileURL(path).href);
    expect(await page.locator(".lead").innerText()).toMatch(/^Found in 300 assets/);
    expect(await page.locator("noscript .notice").innerText()).toContain("JavaScript");
    await page.close();
  });

  it("carries 50,000 assets in under 4 MB, and is worked like a small one", async () => {
    const before = performance.now();
    const { page, trouble, path } = await opened("audit", { rows: 50_000 });
    const { size } = await stat(path);
    const readyMs = await page.evaluate<number>("performance.now()");
    const takenMs = performance.now() - before;
    process.stderr.write(
      `50,000 assets and as many findings: ${size} bytes; ready ${Math.round(readyMs)} ms after it is opened, ${Math.round(takenMs)} ms after it is begun\n`,
    );
    expect(size).toBeLessThan(4_000_000);
    expect(await status(page, "assets")).toBe("50,000 assets");
    await page.locator("[data-table=assets] table").focus();
    await page.keyboard.press("End");
    expect(await page.locator("#assets-row-49999").isVisible()).toBe(true);
    // However many there are, only what is in sight is drawn.
    expect(await page.locator("[data-table=assets] tbody tr").count()).toBeLessThan(100);
    await page.locator("[data-table=assets] input").fill("backlog 4999");
    await expect.poll(() => status(page, "assets")).toMatch(/^\d+ of 50,000 assets$/);
    expect(trouble).toEqual(noTrouble);
    await page.close();
  });
});
