/** The command line of the fuzzer: targets in, findings as files with the command that replays each, figures as the last line. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { caseOf } from "./mutate.ts";
import { openTarget, targets } from "./targets.ts";
import { watched } from "./watch.ts";
import type { Found } from "./watch.ts";
import type { Work } from "./work.ts";

const { values } = parseArgs({
  options: {
    target: { type: "string", default: "all" },
    /** For each target. */
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: "1" },
    /** At the most, for each target. */
    cases: { type: "string", default: "Infinity" },
    from: { type: "string", default: "0" },
    /** A file of an earlier finding, instead of cases. */
    replay: { type: "string" },
    /** For one case. */
    "deadline-ms": { type: "string", default: "10000" },
    "rss-mib": { type: "string", default: "1024" },
    /** Where findings are written. */
    out: { type: "string", default: join(tmpdir(), "handover-fuzz-findings") },
  },
});

const bounds = { deadlineMs: Number(values["deadline-ms"]), rssMiB: Number(values["rss-mib"]) };
/** Processes that may die before a target is given up. */
const deathsMax = 5;
const out = (text: string): void => void process.stdout.write(`${text}\n`);

const folder = await mkdtemp(join(tmpdir(), "handover-fuzz-"));
const names = values.target === "all" ? [...targets.keys()] : values.target.split(",");
const sums: Record<string, { readonly cases: number; readonly perSecond: number; readonly findings: number }> = {};
for (const name of names) sums[name] = await runTarget(name);
await rm(folder, { recursive: true, force: true });
const findings = Object.values(sums).reduce((sum, each) => sum + each.findings, 0);
out(JSON.stringify({ seed: Number(values.seed), findings, targets: sums }));
process.exitCode = findings > 0 ? 1 : 0;

async function runTarget(name: string): Promise<(typeof sums)[string]> {
  const until = performance.now() + Number(values.seconds) * 1000;
  const first = Number(values.from);
  const casesMax = Number(values.cases);
  const known = new Set<string>();
  let next = first;
  let spentMs = 0;
  for (let deaths = 0; deaths < deathsMax; deaths += 1) {
    const work: Work = {
      target: name,
      seed: Number(values.seed),
      from: next,
      // JSON has no Infinity.
      cases: Math.min(Number.MAX_SAFE_INTEGER, first + casesMax - next),
      seconds: (until - performance.now()) / 1000,
      progressFile: join(folder, name),
      replay: values.replay,
    };
    const { findings: found, cases, ms, diedAt } = await watched(work, bounds);
    next += cases;
    spentMs += ms;
    for (const finding of found) if (!known.has(finding.kind)) await report(name, work, finding);
    for (const { kind } of found) known.add(kind);
    if (diedAt === undefined || values.replay !== undefined || performance.now() >= until) break;
    if (next >= first + casesMax) break;
  }
  const cases = next - first;
  const perSecond = Math.round((1000 * cases) / Math.max(1, spentMs));
  out(`${name}: ${cases} cases, ${perSecond} a second, ${known.size} findings`);
  return { cases, perSecond, findings: known.size };
}

async function report(name: string, work: Work, finding: Found): Promise<void> {
  out(`${name}, case ${finding.case}: ${finding.kind}\n${finding.message}`);
  if (work.replay !== undefined) return;
  const input = finding.input ?? (await again(name, work.seed, finding.case));
  await mkdir(values.out, { recursive: true, mode: 0o700 });
  const path = join(values.out, `${name}-${work.seed}-${finding.case}`);
  await writeFile(path, input, { mode: 0o600 });
  out(`  npm run fuzz -- --target ${name} --replay ${path}`);
}

async function again(name: string, seed: number, number: number): Promise<Buffer> {
  const target = await openTarget(name);
  const input = caseOf(name, target, seed, number);
  await target.close?.();
  return input;
}
