/** The page of a large run: how much of a file it is, and how soon a reader can use it. */
import { stat } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { atMost, brief, figure } from "./figure.ts";
import type { Figure } from "./figure.ts";
import { mainFile, measure } from "./measured.ts";
import { sized } from "./setting.ts";
import type { Setting } from "./setting.ts";

/** One HTML file with every asset in it. */
export async function report(setting: Setting): Promise<readonly Figure[]> {
  const assets = sized(setting, 10_000, 50_000);
  const rounds = sized(setting, 1, 3);
  const { workshop } = setting;
  const sizes: number[] = [];
  const seconds: number[] = [];
  const usable: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const run = await workshop.run(assets, assets);
    const page = `${run}.html`;
    const args = ["report", run, "--format", "html", "-o", page];
    const { wallMs } = await measure({ file: mainFile, args, cwd: workshop.folder });
    sizes.push((await stat(page)).size / 2 ** 20);
    seconds.push(wallMs / 1000);
    const shownMs = await opened(page);
    if (shownMs !== undefined) usable.push(shownMs / 1000);
    await workshop.drop(run);
    await workshop.drop(page);
  }
  const interactive = "from opening it to a page that answers";
  return [
    figure("report", `page of ${brief(assets)} assets`, "MB", sizes, atMost(4)),
    usable.length === 0
      ? figure("report", interactive, "s", [NaN], undefined, "not measured: there is no browser on this machine")
      : figure("report", interactive, "s", usable, atMost(1.5)),
    figure("report", "time to write it", "s", seconds, undefined),
  ];
}

/** Ms until the page says that it is ready; undefined without a browser. */
async function opened(path: string): Promise<number | undefined> {
  const { browserPath, launch } = await import("../browser/chromium.ts");
  if (browserPath === undefined) return undefined;
  const browser = await launch();
  try {
    const page = await browser.newPage();
    await page.goto("about:blank");
    const startedAt = performance.now();
    await page.goto(pathToFileURL(path).href, { waitUntil: "commit" });
    await page.waitForSelector("html[data-ready=true]");
    return performance.now() - startedAt;
  } finally {
    await browser.close();
  }
}
