/** How Google says no: the error envelopes of the three services, and the refusals that several of them share (api.md 2). */
import { htmlHeaders, jsonHeaders } from "./exchange.ts";
import type { EmulatorReply } from "./exchange.ts";

/** `v2` for Data Studio, `v1` (with `errors[]`) for the Admin SDK, `token` for the token endpoint. */
export type Envelope = "v2" | "v1" | "token";

export interface RefusalFacts {
  readonly code: number;
  /** The canonical name (`PERMISSION_DENIED`), or for the token endpoint the error (`invalid_grant`). */
  readonly status: string;
  readonly message: string;
  /** `errors[].reason` of the v1 envelope. */
  readonly reason?: string;
  readonly errorDomain?: string;
  readonly location?: string;
  readonly details?: readonly object[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown by the services; the front turns it into an answer. */
export class Refusal extends Error {
  override readonly name: string = "Refusal";
  readonly facts: RefusalFacts;
  constructor(facts: RefusalFacts) {
    super(facts.message);
    this.facts = facts;
  }
}

const defaultReasons: Readonly<Record<number, string>> = {
  400: "badRequest",
  401: "authError",
  403: "forbidden",
  404: "notFound",
  409: "conflict",
  412: "conditionNotMet",
  429: "rateLimitExceeded",
  500: "internalError",
  503: "backendError",
};

/** The answer a refusal makes in the envelope of its service. */
export function refusalReply(facts: RefusalFacts, envelope: Envelope): EmulatorReply {
  const headers = facts.headers === undefined ? jsonHeaders : { ...jsonHeaders, ...facts.headers };
  return { status: facts.code, headers, body: JSON.stringify(refusalBody(facts, envelope)) };
}

function refusalBody(facts: RefusalFacts, envelope: Envelope): object {
  if (envelope === "token") return { error: facts.status, error_description: facts.message };
  const details = facts.details === undefined ? {} : { details: facts.details };
  if (envelope === "v2") {
    return { error: { code: facts.code, message: facts.message, status: facts.status, ...details } };
  }
  const entry = {
    message: facts.message,
    domain: facts.errorDomain ?? "global",
    reason: facts.reason ?? defaultReasons[facts.code] ?? "backendError",
    ...(facts.location === undefined ? {} : { location: facts.location, locationType: "header" }),
  };
  return { error: { code: facts.code, message: facts.message, errors: [entry], status: facts.status, ...details } };
}

/** An `ErrorInfo` detail (api.md 2.1). */
export function errorInfo(reason: string, metadata: Readonly<Record<string, string>>): object {
  return { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain: "googleapis.com", metadata };
}

function violation(field: string, description: string): object {
  return {
    "@type": "type.googleapis.com/google.rpc.BadRequest",
    fieldViolations: [field === "" ? { description } : { field, description }],
  };
}

export function invalidArgument(message = "Request contains an invalid argument."): Refusal {
  return new Refusal({ code: 400, status: "INVALID_ARGUMENT", message, reason: "invalid" });
}

/** A field of the body that the request message does not have, or a value of the wrong type. */
export function badField(field: string, message: string): Refusal {
  return new Refusal({
    code: 400,
    status: "INVALID_ARGUMENT",
    message,
    reason: "badRequest",
    details: [violation(field, message)],
  });
}

export function failedPrecondition(message = "Precondition check failed."): Refusal {
  return new Refusal({ code: 400, status: "FAILED_PRECONDITION", message, reason: "failedPrecondition" });
}

export function permissionDenied(message = "The caller does not have permission"): Refusal {
  return new Refusal({ code: 403, status: "PERMISSION_DENIED", message, reason: "forbidden" });
}

export function notFound(message = "Requested entity was not found."): Refusal {
  return new Refusal({ code: 404, status: "NOT_FOUND", message, reason: "notFound" });
}

/** Plain bodies for scripted statuses: what Google says with each (api.md 2.2). */
export function standardRefusal(code: number): RefusalFacts {
  return standard.get(code) ?? { code, status: "UNKNOWN", message: `Error ${code}` };
}

const standard: ReadonlyMap<number, RefusalFacts> = new Map(
  [
    { code: 400, status: "INVALID_ARGUMENT", message: "Request contains an invalid argument." },
    { code: 401, status: "UNAUTHENTICATED", message: "Request had invalid authentication credentials." },
    { code: 403, status: "PERMISSION_DENIED", message: "The caller does not have permission" },
    { code: 404, status: "NOT_FOUND", message: "Requested entity was not found." },
    { code: 408, status: "DEADLINE_EXCEEDED", message: "The request timed out." },
    { code: 409, status: "ABORTED", message: "The operation was aborted." },
    { code: 412, status: "FAILED_PRECONDITION", message: "Precondition check failed." },
    { code: 429, status: "RESOURCE_EXHAUSTED", message: "Resource has been exhausted (e.g. check quota)." },
    { code: 500, status: "INTERNAL", message: "Internal error encountered." },
    { code: 503, status: "UNAVAILABLE", message: "The service is currently unavailable." },
    { code: 504, status: "DEADLINE_EXCEEDED", message: "Deadline exceeded." },
  ].map((facts) => [facts.code, facts]),
);

/** A page such as a front end in between answers with. */
export function htmlPage(status: number, title: string): EmulatorReply {
  const body = `<!DOCTYPE html>\n<html lang=en>\n<title>Error ${status} (${title})!!1</title>\n<p><b>${status}.</b> That is an error.\n`;
  return { status, headers: htmlHeaders, body };
}
