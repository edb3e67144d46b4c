// npm test: set-up, types, lint, unit and architecture tests, end-to-end tests. Ends with one line: N passed, N failed.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { main, setUp } from './setup/index.mjs';
import { findNode24, modules, root } from './setup/paths.mjs';

const results = mkdtempSync(path.join(os.tmpdir(), 'encnet-test-'));
const totals = { passed: 0, failed: 0, skipped: 0 };
/** What failed and the first lines of why: the end of a log is what is left of it where it is cut. */
const failures = [];

/** Runs a package's program with Node 24. @returns whether it ended with 0 */
function run(title, program, args, env = {}) {
  console.log(`\n== ${title}`);
  const begin = Date.now();
  const { status } = spawnSync(findNode24(), [path.join(modules, program), ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2', ...env },
  });
  console.log(`== ${title}: ${status === 0 ? 'passed' : 'FAILED'} in ${((Date.now() - begin) / 1000).toFixed(0)} s`);
  return status === 0;
}

/** A check that counts as one test. */
function check(title, program, args) {
  const passed = run(title, program, args);
  totals[passed ? 'passed' : 'failed']++;
  if (!passed) failures.push(title);
}

const firstLines = (text) => text.split('\n').slice(0, 12).join('\n');

/** A failed test of Vitest's report: its file, its name and the first lines of why. */
function* failedUnits({ testResults }) {
  for (const { name, message, assertionResults } of testResults) {
    const file = path.relative(root, name);
    if (message) yield `${file}: ${firstLines(message)}`;
    for (const { status, fullName, failureMessages } of assertionResults)
      if (status === 'failed') yield `${file} › ${fullName}: ${firstLines(failureMessages.join('\n'))}`;
  }
}

/** A failed test of Playwright's report likewise, and what failed outside of tests. */
function* failedFlows({ errors = [], suites = [], specs = [], file = '' }) {
  for (const { message } of errors) yield firstLines(message);
  for (const suite of suites) yield* failedFlows(suite);
  for (const { title, tests } of specs) {
    if (tests.every(({ status }) => status === 'expected' || status === 'skipped')) continue;
    const why = tests.flatMap((test) => test.results).find(({ error }) => error)?.error.message ?? '';
    yield `${file} › ${title}: ${firstLines(why)}`;
  }
}

/** A runner's own counts and failures, from its JSON report; a runner that left none counts as one failure. */
function count(title, file, read, failed, succeeded) {
  let counts = { passed: 0, failed: 0, skipped: 0 };
  const told = [];
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    counts = read(report);
    told.push(...failed(report));
  } catch (error) {
    told.push(`${title}: its report cannot be read: ${error.message}`);
  }
  // A runner that fails outside its tests, or runs none, has failed.
  if ((!succeeded || counts.passed === 0) && counts.failed === 0) {
    counts.failed = 1;
    if (told.length === 0) told.push(`${title}: failed outside its tests, or ran none`);
  }
  failures.push(...told);
  for (const key of Object.keys(totals)) totals[key] += counts[key];
}

await main(async () => {
  await setUp();
  check('types of main, trainer and tests', 'typescript/bin/tsc', ['-p', 'tsconfig.node.json']);
  check('types of the end-to-end tests', 'typescript/bin/tsc', ['-p', 'tsconfig.e2e.json']);
  check('types of the renderer', 'svelte-check/bin/svelte-check', [
    '--tsconfig',
    'tsconfig.web.json',
    '--fail-on-warnings',
    '--output',
    'human',
  ]);
  check('lint', 'eslint/bin/eslint.js', ['.', '--max-warnings', '0']);
  check('format', 'prettier/bin/prettier.cjs', ['--check', '--log-level=warn', '.']);
  const unit = path.join(results, 'unit.json');
  const unitPassed = run('unit and architecture tests', 'vitest/vitest.mjs', [
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${unit}`,
  ]);
  const unitCounts = (report) => ({ passed: report.numPassedTests, failed: report.numFailedTests, skipped: report.numPendingTests });
  count('unit and architecture tests', unit, unitCounts, failedUnits, unitPassed);
  const e2e = path.join(results, 'e2e.json');
  const e2ePassed = run('end-to-end tests in Chromium', '@playwright/test/cli.js', ['test'], { PLAYWRIGHT_JSON_OUTPUT_NAME: e2e });
  const flowCounts = ({ stats }) => ({ passed: stats.expected, failed: stats.unexpected + stats.flaky, skipped: stats.skipped });
  count('end-to-end tests', e2e, flowCounts, failedFlows, e2ePassed);
  rmSync(results, { recursive: true, force: true });
  if (totals.skipped > 0) console.log(`\n${totals.skipped} skipped: the reasons are above`);
  for (const failure of failures) console.log(`\nFAILED ${failure}`);
  console.log(`\n${totals.passed} passed, ${totals.failed} failed`);
  if (totals.failed > 0) process.exitCode = 1;
});
