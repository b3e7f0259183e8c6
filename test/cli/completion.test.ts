import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommandLine } from "../../src/cli/program.ts";
import { world } from "./world.ts";

const exec = promisify(execFile);

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "handover-completion-"));
  await Promise.all(
    ["friday.handover", "monday plan.handover", "october.snapshot", "moves.csv", "weekend.yaml", "key.json"].map(
      (name) => writeFile(join(folder, name), ""),
    ),
  );
  for (const shell of ["bash", "zsh", "fish"]) {
    const made = await world({ argv: ["completion", shell] });
    expect(await runCommandLine(made.context)).toBe(0);
    await writeFile(join(folder, `script.${shell}`), made.out());
  }
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function has(shell: string): Promise<boolean> {
  return exec(shell, ["-c", "true"]).then(
    () => true,
    () => false,
  );
}

/** What a shell offers for a line that ends where the cursor stands. */
type Offer = (line: readonly string[]) => Promise<readonly string[]>;

const offers: Readonly<Record<"bash" | "fish", Offer>> = {
  bash: async (words) => {
    // bash takes `=` for a word of its own.
    const split = words.flatMap((word) => word.split(/(=)/).filter((part, index) => part !== "" || index === 0));
    const given = split.map((word) => `'${word}'`).join(" ");
    const body = `source script.bash; COMP_WORDS=(${given}); COMP_CWORD=${split.length - 1}; _handover; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await exec("bash", ["--norc", "-c", body], { cwd: folder });
    return stdout.split("\n").filter((line) => line !== "");
  },
  fish: async (words) => {
    const line = words.map((word) => word.replaceAll(" ", "\\ ")).join(" ");
    const { stdout } = await exec("fish", ["--no-config", "-c", `source script.fish; complete -C '${line}'`], {
      cwd: folder,
      env: { ...process.env, HOME: folder },
    });
    return stdout
      .split("\n")
      .filter((each) => each !== "")
      .map((each) => (each.split("\t")[0] ?? "").replaceAll("\\ ", " "));
  },
};

const cases: readonly (readonly [
  name: string,
  line: readonly string[],
  some: readonly string[],
  none: readonly string[],
])[] = [
  ["verbs", ["handover", ""], ["plan", "apply", "completion", "help"], ["friday.handover", "--key"]],
  ["a verb that has begun", ["handover", "ver"], ["verify"], ["plan"]],
  ["plan files", ["handover", "plan", ""], ["moves.csv", "weekend.yaml"], ["friday.handover", "apply"]],
  ["more plan files", ["handover", "plan", "moves.csv", ""], ["weekend.yaml"], ["key.json"]],
  ["runs, also with blanks", ["handover", "apply", ""], ["friday.handover", "monday plan.handover"], ["moves.csv"]],
  ["options of the verb", ["handover", "apply", "--"], ["--allow", "--max-failures"], ["--skip-refused", "--output"]],
  ["options after a run", ["handover", "apply", "friday.handover", "--al"], ["--allow"], ["--key"]],
  ["choices of an option", ["handover", "report", "x", "--format", ""], ["csv", "html"], ["friday.handover"]],
  ["hazards", ["handover", "apply", "x", "--allow", "new-"], ["new-external", "new-public"], ["whole-user-transfer"]],
  ["files of an option", ["handover", "plan", "--key", ""], ["key.json", "moves.csv"], ["apply"]],
  ["choices of an argument", ["handover", "completion", ""], ["bash", "zsh", "fish"], ["plan"]],
  ["kinds of failures", ["handover", "help", "failure", "th"], ["throttled"], ["plan"]],
  ["several hazards", ["handover", "help", "hazard", "new-public", "new-"], ["new-external"], ["plan"]],
  ["topics of help", ["handover", "help", ""], ["exit-codes", "limits", "plan"], ["friday.handover"]],
];

describe.each(["bash", "fish"] as const)("%s completes", (shell) => {
  it.each(cases)("%s", async (_name, line, some, none) => {
    // Debian's image of Node has bash alone; what cannot be asked says so.
    if (!(await has(shell))) {
      expect(shell).not.toBe("bash");
      return;
    }
    const offered = await offers[shell](line);
    expect(offered).toEqual(expect.arrayContaining([...some]));
    for (const word of none) expect(offered).not.toContain(word);
  });
});

it("bash completes the value of an option that is written with =", async () => {
  expect(await offers.bash(["handover", "plan", "--key=k"])).toEqual(["key.json"]);
  expect(await offers.bash(["handover", "plan", "--format=csv", ""])).toContain("moves.csv");
});

it("bash counts no value of an option for an argument", async () => {
  expect(await offers.bash(["handover", "evidence", "--head", "verify", ""])).toEqual(["verify"]);
  expect(await offers.bash(["handover", "evidence", "verify", ""])).toContain("october.snapshot");
});

it.each(["zsh", "fish", "bash"])("%s can read its script", async (shell) => {
  if (!(await has(shell))) return;
  await exec(shell, [shell === "fish" ? "--no-execute" : "-n", join(folder, `script.${shell}`)]);
});

it("a shell that is not known exits with 3", async () => {
  const made = await world({ argv: ["completion", "tcsh"] });
  expect(await runCommandLine(made.context)).toBe(3);
  expect(made.err()).toContain("Allowed choices are bash, fish, zsh");
});
