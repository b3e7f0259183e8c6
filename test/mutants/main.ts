/** The command line of the mutants: puts each bug of the table into a copy of the tree and says whether it is found. */
import { parseArgs } from "node:util";
import { hunt, huntInSimulation, huntInTests } from "./hunt.ts";
import type { Finding } from "./hunt.ts";
import type { Mutant } from "./mutant.ts";
import { markdown, sums } from "./print.ts";
import { mutants } from "./table.ts";
import { illTyped, typesProblem } from "./compiles.ts";
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
    const [workshop] = workshops;
    if (workshop === undefined) throw new Error("there is no copy of the tree");
    const fitting: Mutant[] = [];
    for (const mutant of chosen) if (await workshop.fits(mutant)) fitting.push(mutant);
    const prepared = await prepare(workshop, workshops[1] ?? workshop, fitting);
    if (typeof prepared === "string") {
      process.stderr.write(`without any mutant: ${prepared}\n`);
      return 2;
    }
    const findings = await huntAll(workshops, fitting, prepared);
    const verdicts = chosen.map((mutant) => ({ mutant, ...(findings.get(mutant) ?? { kind: "stale" as const }) }));
    const figures = { ...sums(verdicts), seconds: Math.round((performance.now() - startedAt) / 1000) };
    if (!values.json) out(markdown(verdicts));
    out(JSON.stringify(figures));
    return figures.found === figures.mutants ? 0 : 1;
  } finally {
    await closeAll();
  }
}

/**
 * A bug is only found by what says nothing against the sound tree: every seed and every test file is asked first. Answers
 * what they say, or else which mutants do not compile.
 */
async function prepare(
  one: Workshop,
  other: Workshop,
  fitting: readonly Mutant[],
): Promise<string | ReadonlyMap<Mutant, string>> {
  const files = [...new Set(fitting.map((mutant) => mutant.hunt).filter((where) => where !== "sim"))];
  const simulated = async (): Promise<string | undefined> =>
    fitting.some((mutant) => mutant.hunt === "sim")
      ? complaint(await huntInSimulation(one.folder, seedsMax))
      : undefined;
  const tested = async (): Promise<string | ReadonlyMap<Mutant, string>> => {
    const wrong =
      (await typesProblem(other.folder)) ??
      (files.length === 0 ? undefined : complaint(await huntInTests(other.folder, files)));
    return wrong ?? illTyped(other, fitting);
  };
  if (one === other) return (await simulated()) ?? tested();
  const [said, found] = await Promise.all([simulated(), tested()]);
  return said ?? found;
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

async function huntAll(
  workshops: readonly Workshop[],
  fitting: readonly Mutant[],
  uncompiled: ReadonlyMap<Mutant, string>,
): Promise<ReadonlyMap<Mutant, Finding>> {
  const findings = new Map<Mutant, Finding>();
  const left = [...fitting];
  await Promise.all(
    workshops.map(async (workshop) => {
      for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
        const { hunt: where, name } = mutant;
        const said = uncompiled.get(mutant);
        const finding: Finding =
          said === undefined
            ? await workshop.with([mutant], () => hunt(workshop.folder, where, seedsMax))
            : { kind: "broken", said };
        findings.set(mutant, finding);
        if (!values.json) process.stderr.write(`${finding.kind}\t${name}\n`);
      }
    }),
  );
  return findings;
}
