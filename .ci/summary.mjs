// Adds up vitest's JSON reports, one for each version of Node, and prints the sum as one line.
import { readFileSync } from 'node:fs';

let passed = 0;
let failed = 0;
let skipped = 0;
for (const file of process.argv.slice(2)) {
  let report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // The runner died before it could write: that is a failure too.
    failed += 1;
    continue;
  }
  // A file that could not be loaded has no tests, but is no success.
  const unloaded = report.testResults.filter((result) => result.status === 'failed' && result.assertionResults.length === 0).length;
  const other = report.success === false && report.numFailedTests + unloaded === 0 ? 1 : 0;
  passed += report.numPassedTests;
  failed += report.numFailedTests + unloaded + other;
  skipped += report.numPendingTests + report.numTodoTests;
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
