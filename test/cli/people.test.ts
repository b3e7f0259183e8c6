import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { LiveLine } from "../../src/cli/live-line.ts";
import { openLog } from "../../src/cli/logging.ts";
import { printText, styleOf } from "../../src/cli/output.ts";
import { canAsk, confirm, confirmByTyping } from "../../src/cli/prompt.ts";
import { drainMaxMs, stopOnSignals } from "../../src/cli/signals.ts";
import type { Email } from "../../src/model/email.ts";
import type { EngineEvent } from "../../src/model/event.ts";
import { ManualClock } from "../support/clock.ts";
import { world } from "./world.ts";

describe("colour", () => {
  it.each<[string, boolean, Record<string, string>, boolean, boolean]>([
    ["a terminal has it", true, {}, true, true],
    ["a pipe has none", false, {}, true, false],
    ["NO_COLOR turns it off", true, { NO_COLOR: "1" }, true, false],
    ["an empty NO_COLOR does not", true, { NO_COLOR: "" }, true, true],
    ["a dumb terminal has none", true, { TERM: "dumb" }, true, false],
    ["--no-color turns it off", true, {}, false, false],
  ])("%s", async (_name, terminal, env, flag, color) => {
    const { context } = await world({ terminal, env });
    expect(styleOf(context, context.stdout, flag).color).toBe(color);
  });
});

describe("questions", () => {
  it.each([
    ["y\n", true],
    ["YES\n", true],
    ["\n", false],
    ["yep\n", false],
    ["n\n", false],
  ])("%j to a confirmation", async (typed, agreed) => {
    const made = await world({ terminal: true });
    const answer = confirm(made.context, "Go on?");
    made.stdin.write(typed);
    expect(await answer).toBe(agreed);
    expect(made.err()).toContain("Go on? [y/N]");
    expect(made.out()).toBe("");
  });

  it.each([
    ["acme.example\n", true],
    ["y\n", false],
    ["ACME.EXAMPLE\n", false],
  ])("%j where the tenant is to be typed", async (typed, agreed) => {
    const made = await world({ terminal: true });
    const answer = confirmByTyping(made.context, "Irreversible.", "acme.example");
    made.stdin.write(typed);
    expect(await answer).toBe(agreed);
  });

  it("the end of input is no", async () => {
    const made = await world({ terminal: true });
    const answer = confirm(made.context, "Go on?");
    made.stdin.end();
    expect(await answer).toBe(false);
  });

  it("Ctrl-C at a question is no", async () => {
    const made = await world({ terminal: true });
    const answer = confirm(made.context, "Go on?");
    made.signal("SIGINT");
    expect(await answer).toBe(false);
  });

  it("nobody is asked without a terminal", async () => {
    expect(canAsk((await world()).context)).toBe(false);
    expect(canAsk((await world({ terminal: true })).context)).toBe(true);
  });
});

describe("stopping", () => {
  it("the first signal asks to stop, the second leaves at once, and both say how to resume", async () => {
    const made = await world({ clock: new ManualClock() });
    const stopping = stopOnSignals(made.context, "handover apply friday.handover");
    expect(stopping.stop.aborted).toBe(false);
    made.signal("SIGINT");
    expect(stopping.stop.aborted).toBe(true);
    expect(stopping.why()).toBe("SIGINT");
    expect(made.exits).toEqual([]);
    made.signal("SIGINT");
    expect(made.exits).toEqual([130]);
    expect(made.err().match(/handover apply friday\.handover/g)).toHaveLength(2);
  });

  it("a terminal that goes away asks only once", async () => {
    const made = await world({ clock: new ManualClock() });
    stopOnSignals(made.context, undefined);
    made.signal("SIGHUP");
    made.signal("SIGHUP");
    expect(made.exits).toEqual([]);
  });

  it("a reader that has gone asks to stop", async () => {
    const made = await world({ clock: new ManualClock() });
    const stopping = stopOnSignals(made.context, undefined);
    made.context.stdout.emit("error", Object.assign(new Error("broken"), { code: "EPIPE" }));
    expect(stopping.why()).toBe("EPIPE");
  });

  it("what does not end in time is left, resumable", async () => {
    const clock = new ManualClock();
    const made = await world({ clock });
    stopOnSignals(made.context, "handover apply friday");
    made.signal("SIGTERM");
    await clock.advance(drainMaxMs + 1);
    expect(made.exits).toEqual([7]);
  });

  it("calls that wait for their turn are cut off some seconds after the stop, and not at all once the verb has ended", async () => {
    const clock = new ManualClock();
    for (const ends of [false, true]) {
      const made = await world({ clock });
      const stopping = stopOnSignals(made.context, "handover apply friday");
      made.signal("SIGINT");
      if (ends) stopping.dispose();
      await clock.advance(9_000);
      expect([stopping.stop.aborted, stopping.late.aborted]).toEqual([true, false]);
      await clock.advance(2_000);
      expect(stopping.late.aborted).toBe(!ends);
      stopping.dispose();
    }
  });

  it("a verb that ended in time is not left a second time", async () => {
    const clock = new ManualClock();
    const made = await world({ clock });
    const stopping = stopOnSignals(made.context, "handover apply friday");
    made.signal("SIGTERM");
    stopping.dispose();
    await clock.advance(drainMaxMs + 1);
    made.signal("SIGTERM");
    expect(made.exits).toEqual([]);
  });
});

describe("the live line", () => {
  it("makes way for lines that stay, and is gone in the end", async () => {
    const made = await world({ terminal: true });
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    let n = 0;
    const line = new LiveLine(made.context, () => `at ${(n += 1)}`);
    vi.advanceTimersByTime(250);
    line.say("a step failed");
    line.close();
    vi.advanceTimersByTime(250);
    const [before, ...parts] = made.err().split("\r\u001b[K");
    expect(before).toBe("");
    expect(parts.slice(0, 2)).toEqual(["at 1", "at 2"]);
    expect(parts.at(-1)).toBe("a step failed\n");
  });

  it("uses no control characters without a terminal", async () => {
    const made = await world();
    const line = new LiveLine(made.context, () => "at 1");
    line.say("a step failed");
    line.close();
    expect(made.err()).toBe("a step failed\n");
  });

  it("does not repeat one fault without end", async () => {
    const made = await world();
    const line = new LiveLine(made.context, () => undefined);
    for (let i = 0; i < 500; i += 1) line.say(`retry ${i}`);
    line.close();
    expect(made.err().split("\n")).toHaveLength(202);
    expect(made.err()).toContain("--log-file keeps all of it");
  });
});

describe("the log file", () => {
  it("holds JSON lines of named fields only, for its owner only", async () => {
    const made = await world({ clock: new ManualClock() });
    const file = join(made.folder, "run.log");
    const log = await openLog(made.context, file, "apply", "01RUN");
    const secret = "ya29.secret";
    const event: EngineEvent = {
      type: "actor-halted",
      actor: "a@acme.example" as Email,
      failure: "x",
      reason: "no\u001b[31m",
    };
    log.event(Object.assign(event, { token: secret }));
    const call = {
      service: "data-studio" as const,
      route: "assets.get",
      actor: "a@acme.example" as Email,
      status: 200,
      isWrite: false,
      ms: 1.6,
      failure: undefined,
    };
    log.call(Object.assign(call, { authorization: secret }));
    await log.close();
    const text = await readFile(file, "utf8");
    expect(text).not.toContain(secret);
    expect(text).not.toContain("\u001b");
    const [first, second] = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(first).toMatchObject({ verb: "apply", runId: "01RUN", event: "actor-halted", actor: "a@acme.example" });
    expect(second).toMatchObject({ call: "assets.get", status: 200, ms: 2 });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it("that cannot be opened is told before anything is sent", async () => {
    const { context, folder } = await world();
    await expect(openLog(context, join(folder, "none", "run.log"), "apply", "01RUN")).rejects.toThrow(
      /cannot be opened as a log \(ENOENT\)/,
    );
  });
});

it("printing to a reader that has gone ends silently", async () => {
  const { context } = await world();
  context.stdout.end();
  await printText(context.stdout, "too late");
  expect(context.stdout.writable).toBe(false);
});
