/** The program and the styles of the pages, as the build has put them beside the compiled files. */
import { readFile } from "node:fs/promises";
import type { PageAssets } from "../report/page/page.ts";

export async function loadPageAssets(): Promise<PageAssets> {
  const folder = new URL("../report/page/client/", import.meta.url);
  const [script, style] = await Promise.all([
    readFile(new URL("main.js", folder), "utf8"),
    readFile(new URL("page.css", folder), "utf8"),
  ]);
  return { script, style };
}
