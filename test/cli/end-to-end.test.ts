import { readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { wallClock } from "../../src/cli/context.ts";
import { runCommandLine } from "../../src/cli/program.ts";
import { startEmulator } from "../../src/emulator/start.ts";
import type { RunningEmulator } from "../../src/emulator/start.ts";
import { world } from "./world.ts";
import type { World } from "./world.ts";

let google: RunningEmulator;
let folder: string;

beforeAll(async () => {
  const made = await world();
  folder = made.folder;
  google = await startEmulator({
    clock: wallClock,
    seed: 7,
    users: 30,
    assets: 200,
    keyFile: join(folder, "key.json"),
    transferPace: { startMs: 10, perAssetMs: 1 },
  });
  await write(
    "handover.yaml",
    `endpoint: ${google.url}\nkey: key.json\nadmin: ${google.admin}\nrate: 2000/s\nactor_rate: 2000/s\n`,
  );
  await write(
    "moves.csv",
    "from,to,title,keep\nleaver@acme.example,heir@acme.example,,none\nanna@acme.example,emea-bi@acme.example,EMEA *,viewer\n",
  );
});

afterAll(async () => {
  await google.close();
});

async function write(name: string, text: string): Promise<void> {
  await writeFile(join(folder, name), text, { mode: 0o600 });
}

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function handover(line: string, given: { terminal?: boolean; type?: (made: World) => void } = {}): Promise<Ran> {
  const made = await world({ argv: line.split(" "), folder, terminal: given.terminal === true });
  given.type?.(made);
  const code = await runCommandLine(made.context);
  return { code, out: made.out(), err: made.err() };
}

/** Runs a verb and answers how many writes reached the server meanwhile. */
async function writesOf(line: string): Promise<number> {
  const before = google.emulator.log.writes;
  await handover(line);
  return google.emulator.log.writes - before;
}

/** The exact effect on the server of everything so far. */
function changes(): number {
  return google.emulator.history.length;
}

const json = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

describe.sequential("a hand-over from plan to undo", () => {
  it("plan shows the exact effect and makes the run", async () => {
    const { code, out, err } = await handover("plan moves.csv -o friday");
    expect(err).not.toContain("Failed");
    expect(code).toBe(0);
    expect(out).toContain("leaver@acme.example -> heir@acme.example");
    expect(out).toContain("handover apply friday.handover --allow whole-user-transfer");
  });

  it("plan does not write over a run that exists, and with --replace over one that has not begun", async () => {
    expect((await handover("plan moves.csv -o friday")).code).toBe(3);
    expect((await handover("plan moves.csv -o friday --replace")).code).toBe(0);
  });

  it("the detailed exit code tells that there is something to do", async () => {
    expect((await handover("plan moves.csv -o detailed --detailed-exitcode")).code).toBe(2);
  });

  it("a limit that is passed makes no run and names the rule", async () => {
    const { code, err } = await handover("plan moves.csv -o limited --max-changes 1");
    expect(code).toBe(6);
    expect(err).toContain("changes");
    expect((await handover("show limited")).code).toBe(3);
  });

  it("a row that cannot be done makes no run, unless it is skipped by name", async () => {
    await write("bad.csv", "from,to\nleaver@acme.example,guest@partner.example\nben@acme.example,heir@acme.example\n");
    const { code, err } = await handover("plan bad.csv");
    expect(code).toBe(6);
    expect(err).toContain("bad.csv:2");
    expect((await handover("plan bad.csv --skip-refused")).code).toBe(0);
  });

  it.each([
    ["empty.csv", "from,to\n"],
    ["limits.yaml", "version: 1\nlimits: { changes: 5 }\n"],
  ])("a plan file that asks for nothing makes no run: %s", async (name, text) => {
    await write(name, text);
    const { code, err } = await handover(`plan ${name} -o asked`);
    expect(code).toBe(3);
    expect(err).toContain(`${name} asks for nothing`);
    expect((await handover("show asked")).code).toBe(3);
  });

  it("a run is put only where there is a folder", async () => {
    const { code, err } = await handover("plan moves.csv -o missing/friday");
    expect(code).toBe(3);
    expect(err).toContain("there is no folder missing");
    expect(err).toContain("mkdir -p missing");
  });

  it("selectors that match nothing exit with 9", async () => {
    await write("nothing.csv", "from,to,title\nanna@acme.example,ben@acme.example,no such title *\n");
    expect((await handover("plan nothing.csv")).code).toBe(9);
  });

  it("show, status, verify and report write nothing, nor does plan", async () => {
    const lines = [
      "plan moves.csv -o dry",
      "show friday",
      "show friday --json --all",
      "status friday",
      "verify friday",
    ];
    for (const line of [...lines, "report friday", "report friday --csv", "report friday --handover-sheet"]) {
      expect([line, await writesOf(line)]).toEqual([line, 0]);
    }
    expect(changes()).toBe(0);
  });

  it.each([
    ["apply friday", "whole-user-transfer"],
    ["apply friday --yes", "whole-user-transfer"],
    ["apply friday --yes --allow new-public", "whole-user-transfer"],
    ["apply friday --allow whole-user-transfer", "--yes"],
    ["apply friday --yes --allow whole-user-transfer --max-changes 3", "--max-changes"],
    ["apply friday --yes --allow whole-user-transfer --max-age 1ms", "--max-age"],
  ])("a guard stops %s and says how to lift it", async (line, word) => {
    const { code, err } = await handover(line);
    expect(code).toBe(6);
    expect(err).toContain(word);
    expect(changes()).toBe(0);
  });

  it("credentials of another tenant are refused before anything is written", async () => {
    const other = await startEmulator({
      clock: wallClock,
      users: 20,
      assets: 100,
      domain: "other.example",
      keyFile: join(folder, "other.json"),
    });
    try {
      const { code, err } = await handover(
        `apply friday --yes --allow whole-user-transfer --endpoint ${other.url} --key other.json --admin ${other.admin}`,
      );
      expect(err).toContain("planned for acme.example, and these credentials belong to other.example");
      expect(code).toBe(6);
      expect(other.emulator.log.writes).toBe(0);
    } finally {
      await other.close();
    }
  });

  it("credentials that are refused exit with 4 and send nothing", async () => {
    const { code } = await handover("apply friday --yes --allow whole-user-transfer --admin nobody@acme.example");
    expect(code).toBe(4);
    expect(changes()).toBe(0);
  });

  it("a person at the terminal who types something else is asked nothing more, and nothing is sent", async () => {
    const { code, err } = await handover("apply friday", { terminal: true, type: (made) => made.stdin.write("yes\n") });
    expect(err).toContain("Type acme.example to go on");
    expect(code).toBe(7);
    expect(changes()).toBe(0);
  });

  it("apply carries it out when the person types the tenant", async () => {
    const { code, out, err } = await handover("apply friday", {
      terminal: true,
      type: (made) => made.stdin.write("acme.example\n"),
    });
    expect([code, err]).toEqual([0, expect.any(String)]);
    expect(out).toContain("handover verify friday.handover");
    expect(changes()).toBeGreaterThan(0);
  });

  it("applying again finds nothing to do and sends nothing", async () => {
    const sent = google.emulator.log.total;
    const { code, out } = await handover("apply friday --json");
    expect(code).toBe(0);
    expect(google.emulator.log.total).toBe(sent);
    const lines = out.trimEnd().split("\n").map(json);
    expect(lines[0]).toMatchObject({ type: "version" });
    expect(lines.at(-1)).toMatchObject({ type: "summary", exitCode: 0 });
  });

  it("a run that has been carried out is not written over", async () => {
    const { code, err } = await handover("plan moves.csv -o friday --replace");
    expect(code).toBe(6);
    expect(err).toContain("proof");
  });

  it("status and verify say so, and the report proves it", async () => {
    expect(json((await handover("status friday --json")).out)).toMatchObject({ type: "status", counts: { failed: 0 } });
    expect((await handover("verify friday")).code).toBe(0);
    const { out } = await handover("report friday");
    expect(out).toMatch(/Audit .*chain whole/s);
    await handover("report friday --handover-sheet --format md -o sheet.md");
    expect(await readFile(join(folder, "sheet.md"), "utf8")).toContain("anna@acme.example");
  });

  it.each([
    ["the plan file", "moves.csv", "moves.csv exists already"],
    ["the run", "friday.handover", "is a run file"],
    ["the run, replaced", "friday.handover --replace", "is a run file"],
    ["a link", "link.csv --replace", "is not a file"],
  ])("a report does not take the place of %s", async (_name, output, problem) => {
    if (output.startsWith("link.csv")) await symlink("moves.csv", join(folder, "link.csv"));
    const before = await Promise.all(["moves.csv", "friday.handover"].map((name) => readFile(join(folder, name))));
    const { code, err } = await handover(`report friday --csv -o ${output}`);
    expect([code, err]).toEqual([3, expect.stringContaining(problem)]);
    const after = await Promise.all(["moves.csv", "friday.handover"].map((name) => readFile(join(folder, name))));
    expect(after).toEqual(before);
  });

  it("a report takes the place of an older one with --replace", async () => {
    expect((await handover("report friday -o sheet.md --replace")).code).toBe(0);
    expect(await readFile(join(folder, "sheet.md"), "utf8")).toContain("Report of run friday.handover");
  });

  it("a log is not added to a file that holds something else", async () => {
    const { code, err } = await handover("verify friday --log-file moves.csv");
    expect([code, err]).toEqual([3, expect.stringContaining("holds something else than a log")]);
    expect(await readFile(join(folder, "moves.csv"), "utf8")).not.toContain("{");
  });

  it("what people change afterwards is drift", async () => {
    const touched = google.emulator.history.find((change) => change.via === "assets.updatePermissions");
    const asset = touched?.asset ?? "";
    const heir = { role: "EDITOR", member: "user:emea-bi@acme.example" };
    const body = JSON.stringify({
      asset,
      by: "admin@acme.example",
      remove: [heir],
      add: [{ ...heir, member: "user:leaver@acme.example" }],
    });
    await fetch(`${google.url}/_emulator/edit`, { method: "POST", body });
    const { code, out } = await handover("verify friday");
    expect(code).toBe(5);
    expect(out).toContain(asset.slice(0, 8));
    expect((await handover("verify friday --detailed-exitcode")).code).toBe(2);
    expect(json((await handover("verify friday --json")).out)).toMatchObject({ type: "verify" });
  });

  it("undo makes a run that takes back what can be taken back", async () => {
    const sent = google.emulator.log.writes;
    const undone = await handover("undo friday -o friday-undo");
    expect(undone.code).toBe(0);
    expect(undone.out).toContain("cannot be taken back");
    expect(google.emulator.log.writes).toBe(sent);
    expect((await handover("apply friday-undo --yes")).code).toBe(0);
    expect((await handover("verify friday-undo")).code).toBe(0);
  });

  it("an undo of what has changed nothing says so", async () => {
    const { code, out } = await handover("undo dry -o dry-undo");
    expect(code).toBe(0);
    expect(out).toContain("changed nothing that is left to take back");
    expect(out).not.toContain("0 rows");
    expect(out).not.toContain("0/0");
  });

  it("no verb leaves a token or a private key in what it prints or writes", async () => {
    const { private_key: secret } = json(await readFile(join(folder, "key.json"), "utf8"));
    const line = String(secret).split("\n")[3] ?? "-";
    const { out, err } = await handover("plan moves.csv -o logged --json --log-file calls.log");
    for (const text of [out, err, await readFile(join(folder, "calls.log"), "utf8")]) {
      expect(text).not.toContain(line);
      expect(text).not.toMatch(/ya29\.|Bearer|assertion/);
    }
  });
});
