/** The browser that pages are opened in: the system's own, kept from talking to anybody by itself. */
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import type { Browser, Page } from "playwright-core";

const places = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
];

/** Where it is installed; undefined, and said once, where there is none. */
export const browserPath: string | undefined = places.find((path) => existsSync(path));
if (browserPath === undefined) {
  process.stderr.write(
    `Tests in a browser are skipped: there is none of ${places.join(", ")}. Install chromium to run them.\n`,
  );
}

export function launch(): Promise<Browser> {
  if (browserPath === undefined) throw new Error("there is no browser");
  return chromium.launch({
    executablePath: browserPath,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** What a page did beside showing itself: all of it must stay empty. */
export interface Trouble {
  /** Addresses it asked for, its own file and data in it apart. */
  readonly requests: string[];
  /** Lines on the console that are warnings or errors, and exceptions. */
  readonly errors: string[];
  readonly dialogs: string[];
}

/** Begins to listen; call it before the page is opened. */
export async function watch(page: Page): Promise<Trouble> {
  const trouble: Trouble = { requests: [], errors: [], dialogs: [] };
  let documents = 0;
  page.on("request", (request) => {
    const isOwn = request.isNavigationRequest() && request.url().startsWith("file:") && documents++ === 0;
    if (!isOwn && !request.url().startsWith("data:")) trouble.requests.push(request.url());
  });
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") trouble.errors.push(message.text());
  });
  page.on("pageerror", (error) => trouble.errors.push(String(error)));
  page.on("dialog", (dialog) => {
    trouble.dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  await page.exposeFunction("reportViolation", (what: string) => trouble.errors.push(`policy: ${what}`));
  await page.addInitScript(
    `document.addEventListener("securitypolicyviolation", (event) => window.reportViolation(event.violatedDirective + " " + event.blockedURI));`,
  );
  return trouble;
}

export const noTrouble: Trouble = { requests: [], errors: [], dialogs: [] };
