/** Opening the page that follows a run, and saying where it is. */
import type { Context } from "./context.ts";
import type { Dashboard, DashboardOptions } from "./dashboard.ts";
import { print } from "./output.ts";

/** Says where the page is, and apart from that what steers the run. */
export async function startDashboard(context: Context, options: Omit<DashboardOptions, "assets">): Promise<Dashboard> {
  const { openDashboard } = await import("./dashboard.ts");
  const { loadPageAssets } = await import("./page-assets.ts");
  const dashboard = await openDashboard(context, { ...options, assets: await loadPageAssets("live") });
  await print(context.stderr, [
    `Dashboard  ${dashboard.address}`,
    `Control    ${dashboard.controlToken}   to pause, set the rate or stop on that page`,
  ]);
  return dashboard;
}
