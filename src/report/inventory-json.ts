/** An inventory as a versioned JSON document. */
import { instantText } from "../model/clock.ts";
import { isWhole } from "../model/inventory.ts";
import type { InventoryView } from "./inventory-text.ts";
import { jsonText } from "./json.ts";

/** Grows when a field changes its meaning or goes; new fields may come without. */
const version = 1;

/** One `inventory` document. */
export function inventoryJson({ header, finished, coverage, held }: InventoryView, name: string): string {
  const { oldestReadAt, ...counts } = coverage;
  return jsonText({
    type: "inventory",
    version,
    snapshot: name,
    header: { ...header, startedAt: instantText(header.startedAt) },
    finishedAt: finished === undefined ? undefined : instantText(finished.at),
    digest: finished?.digest,
    held,
    whole: isWhole(coverage),
    coverage: { ...counts, oldestReadAt: oldestReadAt === undefined ? undefined : instantText(oldestReadAt) },
  });
}
