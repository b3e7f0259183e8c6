/** The doctor's checks of given runs: readable, as they were sealed, of this tenant, and what Google last asked of them. */
import { isRunHeld } from "../journal/sqlite/held.ts";
import { openReader } from "../journal/sqlite/reader.ts";
import type { SealedRunReader } from "../journal/opening.ts";
import { parsePacerMemory } from "../google/pacer-memory.ts";
import type { Check, CheckFinding } from "../model/doctor.ts";
import { advised, failed, passed } from "../model/doctor.ts";
import type { Domain } from "../model/email.ts";
import { RunFileError, UsageError } from "../model/errors.ts";
import { counted, printable, thousands } from "../model/text.ts";
import { durationText, timeText } from "../report/words.ts";
import type { Context } from "./context.ts";
import { existingRunPath } from "./files.ts";
import { pacingName } from "./run-facts.ts";

const subject = { group: "runs", area: "setup", isNeeded: true } as const;

export function runChecks(context: Context, name: string, tenant: () => Domain | undefined): readonly Check[] {
  const shown = printable(name);
  return [
    { ...subject, id: `run:${name}`, title: shown, needs: [], look: () => withRun(context, name, lookRun) },
    {
      ...subject,
      id: `run-tenant:${name}`,
      title: "its tenant",
      area: "guard",
      needs: [`run:${name}`, "right:domains"],
      look: () => withRun(context, name, async ({ header }) => lookTenant(header.tenant, tenant())),
    },
    {
      ...subject,
      id: `run-pace:${name}`,
      title: "its pace",
      isNeeded: false,
      needs: [`run:${name}`],
      look: () => withRun(context, name, (reader) => lookPace(context, reader)),
    },
  ];
}

async function withRun(
  context: Context,
  name: string,
  look: (reader: SealedRunReader, path: string) => Promise<CheckFinding>,
): Promise<CheckFinding> {
  try {
    const path = await existingRunPath(context, name);
    const reader = await openReader(path);
    try {
      return await look(reader, path);
    } finally {
      await reader.close();
    }
  } catch (error) {
    if (error instanceof RunFileError) {
      const isGuarded = error.kind === "tampered";
      return { ...failed(error.message, { action: error.remedy }), ...(isGuarded ? { area: "guard" } : {}) };
    }
    if (error instanceof UsageError) return failed(error.message, { action: error.remedy });
    throw error;
  }
}

async function lookRun(reader: SealedRunReader, path: string): Promise<CheckFinding> {
  await reader.verifyDigest();
  const { header } = reader;
  const counts = await reader.counts();
  const open = counts.planned + counts["in-flight"];
  const held = isRunHeld(path) ? "; a process is carrying it out now" : "";
  return passed(
    `as it was sealed: ${counted(header.totals.steps, "step")}, ${thousands(open)} open, made ${timeText(header.createdAt)} by ${printable(header.toolVersion, 40)}${held}`,
  );
}

function lookTenant(ofRun: Domain, found: Domain | undefined): CheckFinding {
  if (ofRun === found) return passed(ofRun);
  return failed(
    `it was planned for ${printable(ofRun)}, and these credentials belong to ${found ?? "nobody knows whom"}: apply refuses`,
    {
      action: "use the key and administrator the run was planned with",
    },
  );
}

/** What the pacer of the last process left: limits learned, and waits the server asked for. */
async function lookPace(context: Context, reader: SealedRunReader): Promise<CheckFinding> {
  const gates = parsePacerMemory(parsed(await reader.kept(pacingName)));
  const learned = gates
    .filter(({ actor, limitPerMinute }) => actor === undefined && limitPerMinute !== undefined)
    .map(({ gate, limitPerMinute }) => `${printable(gate, 40)} ${Math.floor(limitPerMinute ?? 0)} a minute`);
  const limits = learned.length === 0 ? "" : `learned: ${learned.join(", ")}`;
  const until = Math.max(0, ...gates.map(({ notBeforeMs = 0 }) => notBeforeMs));
  const waitMs = until - context.clock.now();
  if (waitMs <= 0) return passed(limits === "" ? "Google has not slowed it down" : limits);
  return advised(`Google asked for no calls until ${timeText(until)}${limits === "" ? "" : `; ${limits}`}`, {
    action: `wait ${durationText(waitMs)}; apply waits by itself`,
  });
}

function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
