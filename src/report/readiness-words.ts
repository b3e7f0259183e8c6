/** What readiness says in words, wherever it is shown. */
import type { LeaverReadiness, LeaverState, ReadinessConcern, ReadinessView } from "../model/readiness.ts";
import { counted, thousands } from "../model/text.ts";

export const concernWords: Readonly<Record<ReadinessConcern, string>> = {
  "only-reachable": "nobody else gets in",
  "sole-editor": "nobody else can edit",
  credentials: "reconnect its credentials",
  ownership: "needs another owner",
  unreadable: "permissions unread",
};

const concernRemedies: Readonly<Record<ReadinessConcern, string>> = {
  "only-reachable": "Share it with whoever takes over before the account is suspended: afterwards nobody can.",
  "sole-editor": "Give whoever takes over the role EDITOR.",
  credentials: "Let the new owner reconnect the data source with their own credentials.",
  ownership: "Transfer it, or let the leaver hand it over in the web UI.",
  unreadable: "Open it as the leaver and look who has access.",
};

export function concernRemedy(concern: ReadinessConcern): string {
  return concernRemedies[concern];
}

export const stateWords: Readonly<Record<LeaverState, string>> = {
  active: "active",
  suspended: "suspended already",
  archived: "archived already",
  deleted: "DELETED already",
  missing: "not in the Directory",
  outside: "outside the organisation",
  "not a person": "not a person",
};

/** One sentence about everybody on the list. */
export function readinessVerdict({ leavers }: ReadinessView): string {
  const sum = (of: (leaver: LeaverReadiness) => number): number => leavers.reduce((total, each) => total + of(each), 0);
  const owned = sum(({ reports, dataSources }) => reports + dataSources);
  const dark = leavers.filter(({ wasRead, state }) => !wasRead && state !== "outside").length;
  const parts = [
    `${counted(leavers.length, "person leaves", "people leave")} with ${counted(owned, "asset")}`,
    `${thousands(sum(({ concerns }) => concerns["only-reachable"]))} that nobody else gets into`,
    `${counted(
      sum(({ concerns }) => concerns.credentials),
      "data source",
    )} to reconnect`,
  ];
  const unseen =
    dark === 0 ? "" : ` ${counted(dark, "of them was", "of them were")} not read: what only they see is missing.`;
  return `${parts.join(", ")}.${unseen}`;
}

export function deadlineText({ suspendedOn, deletedOn, lastDay }: LeaverReadiness): string {
  const parts = [
    suspendedOn === undefined ? "" : `suspended on ${suspendedOn}: credentials and deliveries stop`,
    deletedOn === undefined ? "" : `deleted on ${deletedOn}`,
    lastDay === undefined ? "" : `can be restored until ${lastDay}`,
  ].filter((part) => part !== "");
  return parts.length === 0 ? "no day is given" : parts.join("; ");
}

export function heirsText({ heirs, heir }: LeaverReadiness): string {
  const named = heir === undefined ? "" : `the list names ${heir.email}${heir.isActive ? "" : ", who cannot sign in"}`;
  const suggested = heirs.map(({ email, edits }) => `${email} (edits ${thousands(edits)})`).join(", ");
  const by = suggested === "" ? "nobody who stays edits any of it" : `by who edits it today: ${suggested}`;
  return named === "" ? by : `${named}; ${by}`;
}
