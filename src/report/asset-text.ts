/** The line that says which asset is meant: type, title, the beginning of its id, and a remark at the right margin. */
import type { StepAsset } from "../model/step.ts";
import { cells, fit, paint, shown, sigil, spread } from "./style.ts";
import type { Sigil, Style } from "./style.ts";

const titleCellsMin = 12;

/** The first eight characters of an id: enough to tell assets apart on a screen. */
function shortId(id: string, style: Style): string {
  const safe = shown(id, style);
  return safe.length <= 10 ? safe : `${safe.slice(0, 8)}${style.unicode ? "…" : "..."}`;
}

export function assetLine(mark: Sigil, asset: StepAsset, right: string, style: Style): string {
  return assetText(`  ${sigil(mark, style)} `, asset, right, style);
}

/** The same after any beginning. */
export function assetText(first: string, asset: StepAsset, right: string, style: Style): string {
  const before = `${first}${shown(asset.assetType, style, 24)} `;
  const id = shortId(asset.name, style);
  const room = style.width - cells(before) - cells(id) - cells(right) - 6;
  const title = fit(shown(asset.title, style), Math.max(titleCellsMin, room), style);
  return spread(`${before}"${title}"  ${paint(id, "dim", style)}`, paint(right, "dim", style), style);
}
