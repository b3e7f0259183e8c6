/** Makes the picture in README anew: the demo is played in a folder of its own, and its run's page is opened and shot. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const demo = resolve("dist/cli/demo.js");
const picture = resolve("src/report/page/run.png");
const browser = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
  existsSync(path),
);
if (browser === undefined) throw new Error("there is no chromium to open the page with");

const folder = mkdtempSync(join(tmpdir(), "handover-picture-"));
try {
  execFileSync(process.execPath, [demo], { cwd: folder, stdio: "ignore" });
  const opened = await chromium.launch({ executablePath: browser, args: ["--headless", "--no-sandbox"] });
  try {
    const page = await opened.newPage({ viewport: { width: 1200, height: 760 }, colorScheme: "light" });
    await page.goto(pathToFileURL(join(folder, "handover-demo", "run.html")).href);
    await page.locator("tbody tr:not(.spacer)").first().waitFor();
    await page.screenshot({ path: picture });
  } finally {
    await opened.close();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(`Written: ${picture}\n`);
