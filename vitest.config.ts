/** How the tests are run: in forked processes, away from proxies and from the user's own settings. */
import type { ViteUserConfig } from "vitest/config";
import { CiReporter } from "./test/support/ci-reporter.ts";

// The forks inherit this process's environment. Tests talk to loopback only, which a proxy would answer for,
// and must not find the endpoint or the key of whoever runs them.
const leaking = /^(?:https?_proxy|all_proxy|no_proxy|npm_config_https?_proxy|npm_config_proxy|handover_.*)$/i;
for (const name of Object.keys(process.env)) {
  if (leaking.test(name)) delete process.env[name];
}

const config: ViteUserConfig = {
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "dist/**"],
    environment: "node",
    globalSetup: ["test/support/temporary.ts"],
    pool: "forks",
    // The longest files wait for processes and pauses: every core has work meanwhile.
    maxWorkers: "100%",
    // Far above what anything takes on a busy machine: a limit is there to end a test that hangs.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    // On a shared machine a process may be held up for longer than a test of real processes reckons with. What fails is
    // run once more, and what then passes is counted but named, with its first error: nothing gets quietly better.
    retry: process.env["CI"] === undefined ? 0 : 1,
    // A test left on `.only` hides all the others; on CI that is an error, at the desk it is a tool.
    allowOnly: process.env["CI"] === undefined,
    reporters: process.env["CI"] === undefined ? ["default"] : ["default", new CiReporter()],
  },
};

export default config;
