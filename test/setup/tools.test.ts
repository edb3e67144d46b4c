// Scripts of their own that no other test runs: that they can be begun at all.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../helpers/workbench.ts';

test.each(['bench.ts', 'soak.ts', 'fuzz.ts'])('%s tells what it does', (script) => {
  const told = execFileSync(process.execPath, [path.join(root, 'scripts', script), '--help'], { cwd: root, encoding: 'utf8' });
  expect(told).toContain('Usage:');
});

/** What a file imports by its place or as a package, types left out. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/^(?:import|export)\s(?!type\s)[^'"`;]*'([^']+)'|\bimport\('([^']+)'\)/gm)].map((found) => found[1] ?? found[2]);
}

/** The files on the way from a file to the test runner, none where no way leads to it. */
function wayToRunner(file: string, seen: Set<string>): string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  for (const name of importsOf(file)) {
    if (name === 'vitest') return [file];
    const way = name.startsWith('.') && name.endsWith('.ts') ? wayToRunner(path.join(path.dirname(file), name), seen) : [];
    if (way.length > 0) return [file, ...way];
  }
  return [];
}

// A suite's hook is refused outside of the runner: commands that are loaded when they are called would end at their first import.
test('no script reaches the test runner by what it imports', () => {
  const scripts = readdirSync(path.join(root, 'scripts'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const ways = scripts.map((name) => wayToRunner(path.join(root, 'scripts', name), new Set()));
  expect(scripts.length).toBeGreaterThan(20);
  expect(ways.filter((way) => way.length > 0).map((way) => way.map((file) => path.relative(root, file)))).toEqual([]);
});
