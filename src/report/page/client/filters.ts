/** Parts of the pictures that filter a table when they are pressed: `data-filter="table"`, `data-where` as `column=value` pairs. */
import { copyOn } from "./copying.ts";
import type { Table } from "./table.ts";

export function mountFilters(tables: ReadonlyMap<string, Table>): void {
  for (const button of document.querySelectorAll<HTMLElement>("[data-filter]")) {
    const table = tables.get(button.dataset["filter"] ?? "");
    if (table === undefined) continue;
    button.addEventListener("click", () => {
      table.filter(new URLSearchParams(button.dataset["where"] ?? ""));
      table.show();
    });
  }
  for (const button of document.querySelectorAll<HTMLElement>("[data-copy]")) {
    copyOn(button, button.dataset["copy"] ?? "");
  }
}
