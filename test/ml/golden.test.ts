import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runGoldenFile } from '../golden-runner/run-file.ts';

const folder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../golden');
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

test('there are ten kinds of case files', () => {
  expect(files.length).toBeGreaterThanOrEqual(10);
});

test.each(files)('%s is met within its tolerances', (name) => {
  const report = runGoldenFile(path.join(folder, name));
  expect(report.rows.length).toBeGreaterThan(0);
  expect(report.failures).toEqual([]);
});
