/** Which tests judge a mutant: those of the folder that mirrors the mutated one, in one process. */
import { readFileSync } from "node:fs";
import type { ViteUserConfig } from "vitest/config";
import { BaseSequencer } from "vitest/node";
import type { TestSpecification } from "vitest/node";

/** Folders and files of `test/` with commas between; all that hold quick tests of one process when nothing is said. */
const judges = (process.env["MUTATION_TESTS"] ?? "engine,google,journal,model,plan").split(",");

/** Tests of whole runs come last: what a test of one part finds first ends the search within milliseconds. */
class PartsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const cost = ({ moduleId }: TestSpecification): number =>
      /\bnew Rig\(|\brigWith\(/.test(readFileSync(moduleId, "utf8")) ? 1 : 0;
    return files.toSorted((a, b) => cost(a) - cost(b) || (a.moduleId < b.moduleId ? -1 : 1));
  }
}

const config: ViteUserConfig = {
  test: {
    include: judges.map((judge) => (judge.endsWith(".test.ts") ? `test/${judge}` : `test/${judge}/**/*.test.ts`)),
    exclude: [
      "**/node_modules/**",
      // Real processes load the built package, which holds no mutant.
      "test/journal/processes.test.ts",
      // Many whole runs each: what they see first, the shorter tests beside them see as well.
      "test/engine/crash.test.ts",
      "test/engine/switches.test.ts",
      "test/engine/pages.test.ts",
      "test/engine/inventory.test.ts",
      // A disk that fills up is a matter of one process for itself.
      "test/engine/store.test.ts",
    ],
    setupFiles: ["test/mutation/setup.ts"],
    environment: "node",
    pool: "threads",
    // Loading the modules anew for each test file would take most of the time.
    isolate: false,
    sequence: { sequencer: PartsFirst },
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
};

export default config;
