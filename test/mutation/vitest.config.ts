/** Which tests judge a mutant: those of the folder that mirrors the mutated one, in one process. */
import type { ViteUserConfig } from "vitest/config";

/** A folder of `test/`, or several with commas between; all that hold quick tests of one process when nothing is said. */
const folders = (process.env["MUTATION_TESTS"] ?? "engine,google,journal,model,plan").split(",");

const config: ViteUserConfig = {
  test: {
    include: folders.map((folder) => `test/${folder}/**/*.test.ts`),
    exclude: [
      "**/node_modules/**",
      // Real processes load the built package, which holds no mutant.
      "test/journal/processes.test.ts",
      // Many whole runs each: what they see first, the shorter tests beside them see as well.
      "test/engine/crash.test.ts",
      "test/engine/switches.test.ts",
    ],
    setupFiles: ["test/mutation/setup.ts"],
    environment: "node",
    pool: "threads",
    // Loading the modules anew for each test file would take most of the time.
    isolate: false,
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
};

export default config;
