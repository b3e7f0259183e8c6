/** What a worker is told on its command line, and what is stored with a run that is handed over. */
import { describe, expect, it } from "vitest";
import { handedIn, handedText } from "../../src/cli/handing.ts";
import type { Handed } from "../../src/cli/handing.ts";
import { parseHealthAddress } from "../../src/cli/worker-health.ts";
import { parse } from "../../src/cli/worker.ts";
import { RunFileError } from "../../src/model/errors.ts";
import { parseTimeWindow } from "../../src/model/window.ts";

describe("the options of a worker", () => {
  it.each([
    [{ lease: 100 }, "--lease: 100 ms is no lease"],
    [{ lease: 7_200_000 }, "is no lease"],
    [{ exitWhenDone: true }, "--exit-when-done waits for the end of one run"],
    [{ exitWhenDone: true, untilIdle: true, run: "friday" }, "two ways to end"],
  ])("refuse %j", (flags, problem) => {
    expect(() => parse([], { color: true, ...flags })).toThrow(problem);
  });

  it("keep steps half a minute with a silent worker where nothing is said", () => {
    expect(parse([], { color: true }).leaseMs).toBe(30_000);
  });
});

describe("the address of the health endpoint", () => {
  it.each([
    ["127.0.0.1:8080", { host: "127.0.0.1", port: 8080 }],
    [":8080", { host: "0.0.0.0", port: 8080 }],
    ["[::1]:0", { host: "::1", port: 0 }],
  ])("is read from %s", (text, address) => {
    expect(parseHealthAddress(text)).toEqual(address);
  });

  it.each(["8080", "host:", "host:99999", "a:b:c"])("is not %s", (text) => {
    expect(() => parseHealthAddress(text)).toThrow("is no address to listen on");
  });
});

describe("what is stored with a run that is handed over", () => {
  const window = parseTimeWindow("Sat 00:00-Sun 24:00 Europe/Berlin");
  const handed: Handed = {
    guards: {
      failures: { value: 3, from: "--max-failures" },
      failureRate: { value: { percent: 2, over: 200, least: 20 }, from: "handover.yaml:3:1" },
      drift: { value: { percent: 5 }, from: "--max-drift" },
    },
    calls: { value: 100, from: "--max-calls" },
    durationMs: 3_600_000,
    windows: window.ok ? [{ value: [window.value], from: "--window" }] : [],
    pausesAfterWave: true,
    acceptsDrift: false,
    protect: [],
    concurrency: 4,
    perActor: undefined,
    rate: 8,
    actorRate: undefined,
  };

  it("comes back as it was, its windows open when they were", () => {
    const read = handedIn(handedText(handed), "friday");
    expect(JSON.parse(handedText(read))).toEqual(JSON.parse(handedText(handed)));
    const [rule] = read.windows;
    expect(rule?.value[0]?.isOpen(Date.UTC(2026, 10, 21, 12))).toBe(true);
    expect(rule?.value[0]?.isOpen(Date.UTC(2026, 10, 23, 12))).toBe(false);
  });

  it.each(["", "{}", '{"version":2}', handedText(handed).replace("Sat 00:00", "Sat 99:00")])(
    "is refused when this version cannot keep to it: %s",
    (text) => {
      expect(() => handedIn(text, "friday")).toThrow(RunFileError);
    },
  );
});
