// npm test: set-up, types, lint, unit and architecture tests, end-to-end tests. Ends with one line: N passed, N failed.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { main, setUp } from './setup/index.mjs';
import { findNode24, modules, root } from './setup/paths.mjs';

const results = mkdtempSync(path.join(os.tmpdir(), 'encnet-test-'));
const totals = { passed: 0, failed: 0, skipped: 0 };

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
  totals[run(title, program, args) ? 'passed' : 'failed']++;
}

/** A runner's own counts, from its JSON report; a runner that left none counts as one failure. */
function count(file, read, succeeded) {
  let counts;
  try {
    counts = read(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    counts = { passed: 0, failed: 0, skipped: 0 };
  }
  // A runner that fails outside its tests, or runs none, has failed.
  if ((!succeeded || counts.passed === 0) && counts.failed === 0) counts.failed = 1;
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
  count(unit, (report) => ({ passed: report.numPassedTests, failed: report.numFailedTests, skipped: report.numPendingTests }), unitPassed);
  const e2e = path.join(results, 'e2e.json');
  const e2ePassed = run('end-to-end tests in Chromium', '@playwright/test/cli.js', ['test'], { PLAYWRIGHT_JSON_OUTPUT_NAME: e2e });
  count(e2e, ({ stats }) => ({ passed: stats.expected, failed: stats.unexpected + stats.flaky, skipped: stats.skipped }), e2ePassed);
  rmSync(results, { recursive: true, force: true });
  if (totals.skipped > 0) console.log(`\n${totals.skipped} skipped: the reasons are above`);
  console.log(`\n${totals.passed} passed, ${totals.failed} failed`);
  if (totals.failed > 0) process.exitCode = 1;
});
