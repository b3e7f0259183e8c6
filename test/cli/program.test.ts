import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { exitCodes } from "../../src/cli/exit-code.ts";
import { runCommandLine, wholeProgram } from "../../src/cli/program.ts";
import { topicNames } from "../../src/cli/topic-names.ts";
import { world } from "./world.ts";
import type { World } from "./world.ts";

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(argv: readonly string[], given: Parameters<typeof world>[0] = {}): Promise<Ran> {
  const made: World = await world({ ...given, argv });
  const code = await runCommandLine(made.context);
  return { code, out: made.out(), err: made.err() };
}

describe("a command line that cannot be understood exits with 3 and says what to type", () => {
  it.each<[string, readonly string[], RegExp]>([
    ["help for an unknown verb", ["help", "verfy"], /unknown command 'verfy'\n {2}Did you mean verify\?/],
    ["an unknown verb", ["aply", "x"], /unknown command 'aply'\n {2}Did you mean apply\?\nNext: handover help\n$/],
    [
      "an unknown option",
      ["show", "x", "--jsn"],
      /unknown option '--jsn'\n {2}Did you mean --json\?\nNext: handover help show/,
    ],
    ["an unknown option before any verb", ["--bogus"], /unknown option '--bogus'/],
    ["a missing argument", ["show"], /missing required argument 'run'\nNext: handover help show/],
    ["too many arguments", ["status", "a", "b"], /too many arguments/],
    ["an option without its value", ["report", "x", "-o"], /argument missing/],
    ["a value that is none of the choices", ["report", "x", "--format", "pdf"], /'pdf' is invalid/],
    ["two formats", ["report", "x", "--csv", "--format", "md"], /one format, not md and csv/],
    ["a count that is none", ["apply", "x", "--concurrency", "0"], /whole number of at least 1/],
    ["more at once than can be steered", ["apply", "x", "--concurrency", "1001"], /whole number from 1 to 1000/],
    ["an emulator of no domain", ["emulator", "--domain", ""], /--domain: /],
    ["an emulator whose key is a folder", ["emulator", "--key-file", "/"], /^Failed +\/ cannot be read \(EISDIR\)/],
    ["leavers in a folder", ["audit", "--leavers", "/"], /^Failed +\/ is a folder/],
    ["a rate that is none", ["apply", "x", "--rate", "fast"], /calls per second/],
    ["a duration without unit", ["apply", "x", "--max-duration", "90"], /duration with its unit/],
    ["an unknown hazard", ["apply", "x", "--allow", "everything"], /no hazard "everything".*\n.*whole-user-transfer/],
    ["undo without a name for the new run", ["undo", "x"], /required option '-o, --output <run>'/],
    ["cancel without saying which steps", ["cancel", "x", "--reason", "r"], /one of --step N and --all/],
    ["cancel with both", ["cancel", "x", "--all", "--step", "1", "--reason", "r"], /one of --step N and --all/],
    ["cancel without a reason", ["cancel", "x", "--all"], /required option '--reason <text>'/],
    ["a reason of blanks", ["cancel", "x", "--all", "--reason", " "], /1 to 500 characters/],
    ["a step that is no number", ["cancel", "x", "--step", "0", "--reason", "r"], /"0" is not the number of a step/],
    ["a run that does not exist", ["show", "monday"], /no run monday/],
  ])("%s", async (_name, argv, message) => {
    const { code, out, err } = await run(argv);
    expect(err).toMatch(message);
    expect(out).toBe("");
    expect(code).toBe(3);
  });

  it("a secret cannot be given as an option", async () => {
    expect((await run(["apply", "x", "--token", "ya29"])).code).toBe(3);
    expect((await run(["apply", "x", "--password", "x"])).code).toBe(3);
  });
});

describe("help", () => {
  it("handover alone shows a first screen that fits 24 lines of 80 columns", async () => {
    const { code, out, err } = await run([]);
    expect(code).toBe(0);
    expect(err).toBe("");
    const lines = out.trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(24);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines.at(-1)).toBe("Next: handover help plan");
  });

  it("a port that is none is bad usage", async () => {
    const { code, err } = await run(["emulator", "--port", "99999"]);
    expect([code, err]).toEqual([3, expect.stringContaining("write a port from 0 to 65535")]);
  });

  it.each(["plan", "show", "apply", "status", "verify", "undo", "report", "emulator"])(
    "%s has examples, on stdout",
    async (verb) => {
      const { code, out, err } = await run([verb, "--help"]);
      expect(code).toBe(0);
      expect(err).toBe("");
      expect(out).toMatch(new RegExp(`^Usage: handover ${verb} `));
      expect(out).toContain(`\nExamples:\n  handover ${verb} `);
      expect((await run(["help", verb])).out).toBe(out);
    },
  );

  it.each(topicNames)("the topic %s fits 100 columns and begins with a sentence", async (topic) => {
    const { code, out } = await run(["help", topic]);
    expect(code).toBe(0);
    expect(out).toMatch(/^[A-Z].*(?:\n\S.*)*[.:,]\n/);
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(out).not.toContain("undefined");
  });

  it("the sentences of every verb and topic are set to the width of the terminal", async () => {
    const { context } = await world();
    const verbs = (await wholeProgram(context)).commands.map((command) => command.name());
    for (const argv of [...verbs.map((verb) => [verb, "--help"]), ...topicNames.map((topic) => ["help", topic])]) {
      const { out } = await run(argv);
      // What is indented is an example to copy, a line of a table, or an option that commander has set already.
      const wide = out.split("\n").filter((line) => /^\S/.test(line) && line.length > 80);
      expect(wide, argv.join(" ")).toEqual([]);
    }
  });

  it("every exit code is explained", async () => {
    const { out } = await run(["help", "exit-codes"]);
    for (const code of Object.values(exitCodes)) expect(out).toMatch(new RegExp(`^ +${code}  [a-z].*\n {7}[a-z]`, "m"));
  });

  it("settings are listed with every place they can stand in", async () => {
    const { code, out } = await run(["help", "settings"]);
    expect(code).toBe(0);
    for (const name of ["HANDOVER_KEY", "--admin", "endpoint:", "XDG_CONFIG_HOME"]) expect(out).toContain(name);
  });

  it("the version is printed alone", async () => {
    expect(await run(["--version"])).toEqual({ code: 0, out: "0.0.0-test\n", err: "" });
  });
});

describe("streams", () => {
  it("what cannot be printed is a failure, and a reader that has gone is none", async () => {
    const refusing = (code: string): Writable =>
      new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })) });
    const printed = async (code: string): Promise<Ran> => {
      const made = await world({ argv: ["help", "settings"] });
      const ended = await runCommandLine({ ...made.context, stdout: refusing(code) });
      return { code: ended, out: "", err: made.err() };
    };
    const full = await printed("ENOSPC");
    expect([full.code, full.err]).toEqual([1, expect.stringContaining("not all of it could be printed")]);
    expect(await printed("EPIPE")).toMatchObject({ code: 0, err: "" });
  });

  it("an error goes to stderr, and with --json a document of it to stdout", async () => {
    const { code, out, err } = await run(["show", "monday", "--json"]);
    expect(code).toBe(3);
    expect(err).toContain("no run monday");
    expect(JSON.parse(out)).toMatchObject({ type: "error", exitCode: 3 });
  });

  it("there is no colour without a terminal, nor with --no-color", async () => {
    expect((await run(["show", "monday"])).err).not.toContain("\u001b");
    expect((await run(["show", "monday", "--no-color"], { terminal: true })).err).not.toContain("\u001b");
    expect((await run(["show", "monday"], { terminal: true })).err).toContain("\u001b[");
  });

  it("what the user typed is shown without its control characters", async () => {
    const { err } = await run(["show", "a\u001b[31mb"]);
    expect(err).not.toContain("\u001b");
  });
});

it("a file that is no run is refused", async () => {
  const made = await world({ argv: ["show", "notes.handover"] });
  await writeFile(join(made.folder, "notes.handover"), "these are my notes, and they are long enough".repeat(100), {
    mode: 0o600,
  });
  expect(await runCommandLine(made.context)).toBe(3);
  expect(made.err()).toMatch(/is not a run file/);
});

it("an unchecked TLS connection is refused before anything else", async () => {
  const { code, err } = await run(["show", "monday"], { env: { NODE_TLS_REJECT_UNAUTHORIZED: "0" } });
  expect(code).toBe(3);
  expect(err).toContain("NODE_TLS_REJECT_UNAUTHORIZED=0");
});
