/** The closing lines of a test run for machines: the tests that passed only the second time, then `N passed, N failed`, alone on its line. */
import type { Reporter, SerializedError, TestModule } from "vitest/node";

/** Prints after vitest's own summary. A file that does not load, or a stray rejection, counts as one failure. */
export class CiReporter implements Reporter {
  onTestRunEnd(testModules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    let passed = 0;
    const unsteady: string[] = [];
    let failed = unhandledErrors.length;
    for (const testModule of testModules) {
      failed += testModule.errors().length;
      for (const test of testModule.children.allTests()) {
        const { state, errors = [] } = test.result();
        if (state === "passed") {
          passed += 1;
          if (test.diagnostic()?.flaky === true) {
            unsteady.push(
              `${testModule.relativeModuleId} > ${test.fullName}: ${errors[0]?.message ?? "no error was kept"}`,
            );
          }
        }
        // A test still pending when the run ends was cut off: it has not passed.
        else if (state !== "skipped") failed += 1;
      }
      for (const suite of testModule.children.allSuites()) failed += suite.errors().length;
    }
    if (unsteady.length > 0) {
      process.stdout.write(
        `\nPassed only when run again, which is a defect of the test or of what it tests:\n${unsteady.join("\n")}\n`,
      );
    }
    process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  }
}
