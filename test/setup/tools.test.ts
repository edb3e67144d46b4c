// Scripts of their own that no other test runs: that they can be begun at all.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../helpers/workbench.ts';

test.each(['bench.ts', 'soak.ts', 'fuzz.ts'])('%s tells what it does', (script) => {
  const told = execFileSync(process.execPath, [path.join(root, 'scripts', script), '--help'], { cwd: root, encoding: 'utf8' });
  expect(told).toContain('Usage:');
});
