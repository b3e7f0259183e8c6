/** The demo's tenant and weather: quotas, what goes wrong on the way, and who is about to leave. */
import { dayMs } from "../model/clock.ts";

export const emulatorOptions: readonly string[] = (
  "--seed 7 --users 200 --assets 5000 --quotas project-reads=180000,project-writes=30000,user=90000,retry-after=seconds " +
  "--faults faults.json --key-file key.json --transfer-duration 2s --latency 1"
).split(" ");

/** As Google words it; the figure is the quota that the pacer then keeps to. */
const throttled = {
  kind: "status",
  status: 429,
  retryAfterS: 1,
  body: {
    error: {
      code: 429,
      status: "RESOURCE_EXHAUSTED",
      message: "Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute'",
      details: [
        {
          "@type": "type.googleapis.com/google.rpc.ErrorInfo",
          reason: "RATE_LIMIT_EXCEEDED",
          domain: "googleapis.com",
          metadata: { quota_limit: "WriteRequestsPerMinutePerProject", quota_limit_value: "3000" },
        },
      ],
    },
  },
};

/** What goes wrong on the way: answers lost before and after the change, errors, throttling, and people who edit meanwhile. */
export const faults: readonly object[] = [
  { route: "assets.updatePermissions", every: 17, fault: { kind: "reset", applied: true } },
  { route: "assets.updatePermissions", every: 23, fault: { kind: "reset", applied: false } },
  { route: "assets.updatePermissions", every: 29, fault: { kind: "html", status: 502, applied: true } },
  { route: "assets.updatePermissions", every: 31, fault: { kind: "concurrentEditor" } },
  { route: "assets.updatePermissions", every: 37, times: 4, fault: throttled },
  { route: "assets.getPermissions", every: 397, fault: { kind: "status", status: 503 } },
  { route: "assets.search", every: 41, fault: { kind: "html", status: 502 } },
];

/** Rates of the emulator's quotas: Google's defaults would be a matter of hours, which is not for a demo. */
export const settings: string = "rate: 2500/s\nactor_rate: 1200/s\n";

/** A list of leavers as the people department writes it: the next ones go in two weeks. */
export function leaversCsv(nowMs: number): string {
  const day = (days: number): string => new Date(nowMs + days * dayMs).toISOString().slice(0, 10);
  return [
    "email,suspended_on,deleted_on,heir",
    `leaver@acme.example,${day(14)},${day(44)},heir@acme.example`,
    `anna@acme.example,${day(14)},,`,
    `ben@acme.example,${day(30)},,anna@acme.example`,
    "suspended.sam@acme.example,,,",
    "",
  ].join("\n");
}
