/** The program and the styles of the pages, as the build has put them beside the compiled files. */
import { readFile } from "node:fs/promises";
import type { PageAssets } from "../report/page/page.ts";

/** `live`: of the page that follows an apply. */
export async function loadPageAssets(kind: "page" | "live" = "page"): Promise<PageAssets> {
  const folder = new URL("../report/page/client/", import.meta.url);
  const [script, style] = await Promise.all([
    readFile(new URL(kind === "live" ? "live.js" : "main.js", folder), "utf8"),
    readFile(new URL(kind === "live" ? "live.css" : "page.css", folder), "utf8"),
  ]);
  return { script, style };
}
