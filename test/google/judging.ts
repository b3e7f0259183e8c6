/** What the classifier's tests share: Google's envelopes, kinds of calls, and a table of answers with their verdicts. */
import { expect, it } from "vitest";
import { classify } from "../../src/google/classify.ts";
import type { Unsuccessful } from "../../src/google/classify.ts";

export const wallMs: number = Date.UTC(2026, 10, 21, 9);

/** The v2 envelope (api.md 2.1). */
export function v2(code: number, status: string, message: string, ...details: readonly object[]): string {
  return JSON.stringify({ error: { code, message, status, details } });
}

/** The v1 envelope of the Admin SDK. */
export function v1(code: number, reason: string, message: string): string {
  return JSON.stringify({ error: { code, message, errors: [{ domain: "global", reason, message }] } });
}

export function errorInfo(reason: string, metadata: object = {}): object {
  return { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain: "googleapis.com", metadata };
}

export const htmlPage: string = "<!DOCTYPE html><html><title>Error 502 (Server Error)!!1</title></html>";
export const read: Unsuccessful = { service: "data-studio", isWrite: false };
export const write: Unsuccessful = { service: "data-studio", isWrite: true };
export const directory: Unsuccessful = { service: "directory", isWrite: false };
export const transferRead: Unsuccessful = { service: "data-transfer", isWrite: false };
export const transferWrite: Unsuccessful = { service: "data-transfer", isWrite: true };
export const token: Unsuccessful = { service: "token", isWrite: false };

export type Row = [name: string, call: Unsuccessful, disposition: string, failure: string];

export function judged(rows: readonly Row[]): void {
  it.each(rows)("%s", (_name, call, disposition, failure) => {
    const verdict = classify(call, wallMs);
    expect({ disposition: verdict.disposition, failure: verdict.failure }).toEqual({ disposition, failure });
  });
}
