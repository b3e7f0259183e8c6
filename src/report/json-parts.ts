/** The parts of JSON documents: maps become lists and times RFC 3339, so that nothing is lost or has to be guessed. */
import { assetUrl } from "../model/asset.ts";
import { instantText } from "../model/clock.ts";
import type { Permissions } from "../model/permissions.ts";
import type { RunHeader } from "../model/run.ts";
import type { Step } from "../model/step.ts";
import type { StepProgress } from "./rows.ts";

/** What `JSON.stringify` writes as it stands. A field that is undefined is left out. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function headerJson(header: RunHeader): JsonObject {
  return { ...header, createdAt: instantText(header.createdAt), snapshotAt: instantText(header.snapshotAt) };
}

/** Roles as a list: a role may have any name, `__proto__` too. */
function permissionsJson({ roles, etag }: Permissions): JsonObject {
  return { etag, roles: Array.from(roles, ([role, members]) => ({ role, members })) };
}

function stepJson(step: Step): JsonObject {
  if (step.kind === "transfer") return { ...step };
  const asset = { ...step.asset, url: assetUrl(step.asset.name, step.asset.assetType) };
  if (step.kind === "by-hand") return { ...step, asset };
  return { ...step, asset, base: step.base === undefined ? undefined : permissionsJson(step.base) };
}

/** A step with how far it has come. */
export function rowJson(row: StepProgress): JsonObject {
  return {
    ...stepJson(row.step),
    state: row.state,
    attempts: row.attempts,
    updatedAt: row.updatedAt === undefined ? undefined : instantText(row.updatedAt),
    result: row.result,
  };
}
