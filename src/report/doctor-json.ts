/** An examination as one versioned document. */
import { instantText } from "../model/clock.ts";
import type { CheckResult, Checkup } from "../model/doctor.ts";
import { hindrances, sumsOf } from "../model/doctor.ts";
import { jsonText } from "./json.ts";
import type { JsonObject } from "./json-parts.ts";

/** Grows when a field changes its meaning or goes; new fields may come without. */
const version = 1;

/** One `doctor` document; `hindrances` is what the exit code tells, most serious first. */
export function doctorJson(checkup: Checkup): string {
  const { checks, hosts, scopes, admin, tenant, toolVersion, at } = checkup;
  return jsonText({
    type: "doctor",
    version,
    toolVersion,
    at: instantText(at),
    tenant,
    admin,
    sums: sumsOf(checks),
    hindrances: hindrances(checks),
    hosts,
    scopes,
    checks: checks.map(checkJson),
  });
}

function checkJson(check: CheckResult): JsonObject {
  const { id, group, area, title, verdict, isNeeded, isAdvice, evidence, because, fixes } = check;
  return { id, group, area, title, verdict, isNeeded, isAdvice: isAdvice === true, evidence, because, fixes };
}
