/** The command line of the mutants: puts each bug of the table into a copy of the tree and says whether it is found. */
import { parseArgs } from "node:util";
import { hunt, huntInSimulation, huntInTests, typesProblem } from "./hunt.ts";
import type { Finding } from "./hunt.ts";
import type { Mutant } from "./mutant.ts";
import { markdown, sums } from "./print.ts";
import type { Verdict } from "./print.ts";
import { mutants } from "./table.ts";
import { Workshop } from "./workshop.ts";

const { values } = parseArgs({
  options: {
    /** Those of these names; may be said again. */
    only: { type: "string", multiple: true },
    /** The figures alone. */
    json: { type: "boolean", default: false },
    /** Seeds after which the simulation counts as having missed a bug. */
    seeds: { type: "string", default: "1000" },
    /** Copies of the tree worked in at once. */
    workers: { type: "string", default: "2" },
  },
});

const out = (text: string): void => void process.stdout.write(`${text}\n`);
const seedsMax = Number(values.seeds);

process.exitCode = await main();

async function main(): Promise<number> {
  const startedAt = performance.now();
  const chosen = mutants.filter((mutant) => values.only === undefined || values.only.includes(mutant.name));
  const unknown = values.only?.find((name) => !mutants.some((mutant) => mutant.name === name));
  if (unknown !== undefined) {
    process.stderr.write(`there is no mutant ${unknown}\n`);
    return 2;
  }
  const workshops: Workshop[] = [];
  const closeAll = async (): Promise<void> => {
    await Promise.all(workshops.map((workshop) => workshop.close()));
  };
  const onSignal = (): void => void closeAll().finally(() => process.exit(130));
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  try {
    for (let count = Math.min(Number(values.workers), chosen.length); count > 0; count -= 1) {
      workshops.push(await Workshop.open(process.cwd()));
    }
    const unsound = await checkSound(workshops, chosen);
    if (unsound !== undefined) {
      process.stderr.write(`without any mutant: ${unsound}\n`);
      return 2;
    }
    const verdicts = await huntAll(workshops, chosen);
    const figures = { ...sums(verdicts), seconds: Math.round((performance.now() - startedAt) / 1000) };
    if (!values.json) out(markdown(verdicts));
    out(JSON.stringify(figures));
    return figures.found === figures.mutants ? 0 : 1;
  } finally {
    await closeAll();
  }
}

/** A bug is only found by what says nothing against the sound tree: every seed and every test file is asked first. */
async function checkSound(workshops: readonly Workshop[], chosen: readonly Mutant[]): Promise<string | undefined> {
  const [first, second = first] = workshops;
  if (first === undefined || second === undefined) throw new Error("there is no copy of the tree");
  const files = [...new Set(chosen.map((mutant) => mutant.hunt).filter((where) => where !== "sim"))];
  const isSimulated = chosen.some((mutant) => mutant.hunt === "sim");
  const simulated = async (): Promise<string | undefined> => {
    const types = await typesProblem(first.folder);
    if (types !== undefined || !isSimulated) return types;
    return complaint(await huntInSimulation(first.folder, seedsMax));
  };
  const tested = async (): Promise<string | undefined> =>
    files.length === 0 ? undefined : complaint(await huntInTests(second.folder, files));
  const [one, other] = await Promise.all([simulated(), tested()]);
  return one ?? other;
}

function complaint(finding: Finding): string | undefined {
  switch (finding.kind) {
    case "survived":
      return undefined;
    case "found":
      return `${finding.where}: ${finding.said}`;
    case "broken":
      return finding.said;
  }
}

async function huntAll(workshops: readonly Workshop[], chosen: readonly Mutant[]): Promise<readonly Verdict[]> {
  const verdicts = new Map<Mutant, Verdict>();
  const left = [...chosen];
  await Promise.all(
    workshops.map(async (workshop) => {
      for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
        const verdict = await judge(workshop, mutant);
        verdicts.set(mutant, verdict);
        if (!values.json) process.stderr.write(`${verdict.kind}\t${mutant.name}\n`);
      }
    }),
  );
  return chosen.flatMap((mutant) => verdicts.get(mutant) ?? []);
}

async function judge(workshop: Workshop, mutant: Mutant): Promise<Verdict> {
  const startedAt = performance.now();
  const found = await workshop.with(mutant, async (): Promise<Finding> => {
    const problem = await typesProblem(workshop.folder);
    if (problem !== undefined) return { kind: "broken", said: problem };
    return hunt(workshop.folder, mutant.hunt, seedsMax);
  });
  const finding = found === "stale" ? { kind: "stale" as const } : found;
  return { mutant, ...finding, seconds: (performance.now() - startedAt) / 1000 };
}
