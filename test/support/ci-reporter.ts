/** The closing line of a test run for machines: `N passed, N failed`, alone on its line. */
import type { Reporter, SerializedError, TestModule } from "vitest/node";

/** Prints after vitest's own summary. A file that does not load, or a stray rejection, counts as one failure. */
export class CiReporter implements Reporter {
  onTestRunEnd(testModules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    for (const testModule of testModules) {
      failed += testModule.errors().length;
      for (const test of testModule.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") passed += 1;
        // A test still pending when the run ends was cut off: it has not passed.
        else if (state !== "skipped") failed += 1;
      }
      for (const suite of testModule.children.allSuites()) failed += suite.errors().length;
    }
    process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  }
}
