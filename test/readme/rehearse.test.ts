/** Guides typed into a real shell: what is found, at which line, and that nothing stays behind. */
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { rehearse } from "./rehearse.ts";
import type { Rehearsal } from "./rehearse.ts";

async function typed(
  lines: readonly string[],
  path = process.env["PATH"] ?? "",
): Promise<Rehearsal & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), "guide-"));
  await writeFile(join(folder, "GUIDE.md"), lines.join("\n"));
  const standing = { folder: async () => folder, env: { PATH: path } };
  const rest = { ground: "clone", scratch: folder, isSlowToo: false, say: () => {} } as const;
  return { ...(await rehearse({ checkout: folder, guide: "GUIDE.md", standing, ...rest })), folder };
}

function block(info: string, ...lines: readonly string[]): readonly string[] {
  return [`\`\`\`${info}`, ...lines, "```"];
}

function transcript(...lines: readonly string[]): readonly string[] {
  return block("console run", ...lines);
}

describe("a guide that is typed", () => {
  it("keeps folder, settings and files from one block to the next", async () => {
    const { problems, ...sums } = await typed([
      ...block("csv file=in/moves.csv", "from,to"),
      ...block("sh run", "cd in", "export WHO=reader"),
      ...transcript("$ cat moves.csv; echo $WHO", "from,to", "reader", "$ echo out; echo err >&2", "out", "err"),
    ]);
    expect(problems).toEqual([]);
    expect(sums).toMatchObject({ commands: 4, compared: 2, files: 1, leftOut: 0 });
  });

  it("makes the file that it shows with cat, and leaves one alone that is there", async () => {
    const { problems, folder } = await typed(transcript("$ cat a.csv", "a,b", "$ wc -l < a.csv", "1"));
    expect(problems).toEqual([]);
    expect(await readFile(join(folder, "a.csv"), "utf8")).toBe("a,b\n");
    const other = await typed(transcript("$ echo x > a.csv", "$ cat a.csv", "a,b"));
    expect(other.problems).toEqual([expect.stringMatching(/^GUIDE\.md:4: shown "a,b", printed "x"/)]);
  });

  it.each([
    ["another output", ["$ echo one", "$ echo two", "three"], /^GUIDE\.md:4: shown "three", printed "two"/],
    ["another exit code", ["$ true", "$ (exit 6)"], /^GUIDE\.md:3: ended with 6 instead of 0/],
    ["a shell that ends", ["$ echo bye", "$ exit 0"], /^GUIDE\.md:3: Error: the shell has ended/],
    ["a shell that is killed", ["$ true", "$ kill -KILL $$"], /^GUIDE\.md:3: Error: the shell has ended/],
  ])("stops at the line with %s", async (_, lines, problem) => {
    const { problems, commands } = await typed(transcript(...lines, "$ echo never"));
    expect(problems).toEqual([expect.stringMatching(problem)]);
    expect(commands).toBe(2);
  });

  it("names the line it stands at where no shell can be started", async () => {
    const { problems } = await typed(transcript("$ true"), "/nowhere");
    expect(problems).toEqual([
      expect.stringMatching(/^GUIDE\.md:2: Error: the shell does not start: spawn bash ENOENT/),
    ]);
  });

  it("types the settings that a command in the background prints, and ends it", async () => {
    const stay = `sh -c 'echo "  export PLACE=here"; echo $$ > pid; touch ready; exec sleep 600' --ready-file ready`;
    const { problems, folder } = await typed([
      ...block("sh run background", stay),
      ...transcript("$ echo $PLACE", "here"),
    ]);
    expect(problems).toEqual([]);
    const pid = Number(await readFile(join(folder, "pid"), "utf8"));
    await expect.poll(() => isThere(pid), { timeout: 20_000 }).toBe(false);
  });

  it("leaves out what is slow, or meant for another place", async () => {
    const { commands, leftOut } = await typed([
      ...block("sh run slow", "false"),
      ...block("sh run tarball", "false"),
      ...block("sh run clone", "true"),
    ]);
    expect({ commands, leftOut }).toEqual({ commands: 1, leftOut: 2 });
  });
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
