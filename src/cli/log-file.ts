/** The lines of a log file: JSON of calls and events, made only of fields that are named here. */
import { pino } from "pino";
import type { CallRecord } from "../google/send.ts";
import type { EngineEvent } from "../model/event.ts";
import { printable } from "../model/text.ts";
import { slownessText } from "../report/slowness-text.ts";
import { inked } from "../report/style.ts";
import { appendTo, closed, openAppending } from "./appending.ts";
import type { Context } from "./context.ts";

export interface Log {
  event(event: EngineEvent): void;
  call(record: CallRecord): void;
  close(): Promise<void>;
}

/** A log that can no longer be written is given up with one line on stderr and never stops the work. */
export function openLogFile(context: Context, file: string, verb: string, runId: string): Log {
  const destination = appendTo(openAppending(file, "--log-file", "a log"), 4096);
  let broken = false;
  destination.on("error", (error: NodeJS.ErrnoException) => {
    if (!broken)
      context.stderr.write(`The log file cannot be written any more (${error.code ?? "error"}); going on.\n`);
    broken = true;
  });
  const logger = pino(
    { base: { verb, runId }, timestamp: () => `,"time":${Math.trunc(context.clock.now())}` },
    destination,
  );
  return {
    event: (event) => {
      if (!broken) logger.info(eventFields(event));
    },
    call: (record) => {
      if (!broken) logger.info(callFields(record));
    },
    close: () => closed(destination),
  };
}

function callFields(record: CallRecord): object {
  return {
    service: record.service,
    call: record.route,
    actor: text(record.actor),
    status: record.status,
    ms: Math.round(record.ms),
    failure: text(record.failure),
  };
}

function eventFields(event: EngineEvent): object {
  switch (event.type) {
    case "survey":
      return {
        event: event.type,
        usersDone: event.usersDone,
        usersTotal: event.usersTotal,
        assets: event.assets,
        permissions: event.permissions,
      };
    case "user-unreadable":
      return { event: event.type, user: event.user, reason: text(event.reason) };
    case "apply-started":
      return { event: event.type, steps: event.steps, open: event.open, resumed: event.resumed };
    case "step":
      return {
        event: event.type,
        seq: event.seq,
        outcome: event.outcome,
        failure: text(event.failure),
        reason: text(event.reason),
        asset: text(event.asset),
      };
    case "retry":
      return { event: event.type, seq: event.seq, failure: text(event.failure), waitMs: Math.round(event.waitMs) };
    case "conflict":
      return { event: event.type, seq: event.seq, conflicts: event.conflicts };
    case "transfer":
      return {
        event: event.type,
        seq: event.seq,
        transferId: text(event.transferId),
        status: text(event.status),
        attached: event.attached,
      };
    case "pace":
      return { event: event.type, perSecond: event.perSecond, reason: text(event.reason) };
    case "actor-halted":
      return { event: event.type, actor: event.actor, failure: text(event.failure), reason: text(event.reason) };
    case "wave":
      return {
        event: event.type,
        wave: event.wave,
        of: event.of,
        steps: event.steps,
        state: event.state,
        problems: event.problems?.map((problem) => text(problem)),
      };
    case "stopping":
      return { event: event.type, why: text(event.why) };
    case "steered":
      return { event: event.type, act: event.act, via: event.via, uid: event.uid, value: event.value };
    case "slowness":
      return { event: event.type, kind: event.kind, why: text(slownessText(event)) };
    case "apply-ended":
      return { event: event.type, counts: event.counts };
  }
}

function text(value: string | undefined): string | undefined {
  return value === undefined ? undefined : inked(printable(value, 300));
}
