/** The program of every page: unpacks its data, puts tables and time lines in their places, and offers the other theme. */
import { mountPrinting } from "./printing.ts";
import { mountTable } from "./table.ts";
import type { Table } from "./table.ts";
import { mountFilters } from "./filters.ts";
import { mountTheme } from "./theme.ts";
import { mountTimeLine } from "./time-line.ts";
import { unpack } from "./unpack.ts";

async function start(): Promise<void> {
  mountTheme();
  mountPrinting();
  const data = await unpack();
  const tables = new Map<string, Table>();
  for (const place of document.querySelectorAll<HTMLElement>("[data-table]")) {
    const table = data.tables.find((each) => each.id === place.dataset["table"]);
    if (table !== undefined) tables.set(table.id, mountTable(place, table, data.pools));
  }
  for (const place of document.querySelectorAll<HTMLElement>("[data-timeline]")) {
    const line = data.timeLines.find((each) => each.id === place.dataset["timeline"]);
    if (line !== undefined) mountTimeLine(place, line);
  }
  mountFilters(tables);
  document.documentElement.dataset["ready"] = "true";
}

start().catch((error: unknown) => {
  const notice = document.createElement("p");
  notice.className = "notice";
  notice.textContent = `The tables of this page cannot be shown: ${String(error)}`;
  document.querySelector("main")?.prepend(notice);
});
